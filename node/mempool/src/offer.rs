//! What the pool offers: to the builder of a batch, to the leader who asks whether there is work, to peers.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256};
use rota_proto::{InOrder, Transaction};

use crate::{
    ChainFrom, Mempool, Origin, Pooled, Status,
    candidate::Price,
    chain::{Chain, Key},
    limits::WIDE_SHARE,
};

/// Whether there is something to do for a leader (rule M12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// A transaction waits that a batch at this base fee can take.
    pub payable: bool,
    /// A transaction waits until the base fee has fallen.
    pub below_base_fee: bool,
}

impl Mempool {
    /// Rule M11: the transactions for a batch on `parent` with this base fee, in the order of rule O1. `branch` are the
    /// hidden batches that the parent stands on, itself included: their transactions are left out and what follows
    /// those is offered; transactions of other hidden batches are offered as if nothing had happened to them.
    ///
    /// With more senders than the limit of [`offered_senders`](crate::MempoolLimits::offered_senders), only those
    /// whose next transaction pays most take part: leaving senders out is no breach of the order. Of those that begin
    /// with a wide one ([`WIDE_SHARE`](crate::limits::WIDE_SHARE)) an eighth of that may.
    #[must_use]
    pub fn in_order(&self, base_fee: u64, parent: B256, branch: &[B256]) -> InOrder<ChainFrom<'_>> {
        let starts = self.starts(base_fee, branch);
        let chains = starts
            .into_iter()
            .filter_map(|(sender, nonce)| Some(self.chains.get(&sender)?.from(nonce, self.rules.gas_limit)));
        InOrder::new(chains, base_fee, parent)
    }

    /// Whether a transaction waits that no notarized batch holds, by its price. Those that are notarized and not final
    /// are work of another kind, which consensus sees itself.
    #[must_use]
    pub fn has_work(&self, base_fee: u64) -> Work {
        let heads = self.indices.heads();
        let pays = |((fee, _), _): (&(u128, u64), _)| *fee >= u128::from(base_fee);
        Work {
            payable: heads.last_key_value().is_some_and(pays),
            below_base_fee: heads.first_key_value().is_some_and(|head| !pays(head)),
        }
    }

    /// Transactions to tell peers again (rule M17), at most so many and so many bytes: executable, in no notarized
    /// batch, able to pay this base fee; local ones first in the order they came, then those that pay most.
    #[must_use]
    pub fn sample(&self, base_fee: u64, count: usize, bytes: usize) -> Vec<Arc<Transaction>> {
        let mut sample = Vec::new();
        let mut bytes_left = bytes;
        let locals = self.local_transactions().filter(|pooled| pooled.status == Status::Pending);
        let locals =
            locals.map(|pooled| pooled.transaction).filter(|transaction| self.is_offered(transaction, base_fee));
        let mut others = self.in_order(base_fee, B256::ZERO, &self.hidden.all());
        let others = std::iter::from_fn(|| others.place());
        let others = others
            .filter(|transaction| self.get(&transaction.hash()).is_some_and(|pooled| pooled.origin == Origin::Remote));
        for transaction in locals.cloned().chain(others).take(count) {
            let Some(left) = bytes_left.checked_sub(transaction.length()) else { break };
            bytes_left = left;
            sample.push(transaction);
        }
        sample
    }

    /// The local ones of these transactions, a piece at a time, for who was away (rule M17): of those admitted after
    /// the number `after` the first `count` are looked at. With them comes the number to go on after, if there are
    /// more. There is no end if a single one is longer than `bytes`.
    #[must_use]
    pub fn locals_after(
        &self,
        after: u64,
        base_fee: u64,
        count: usize,
        bytes: usize,
    ) -> (Vec<Arc<Transaction>>, Option<u64>) {
        let (mut piece, mut bytes_left, mut last) = (Vec::new(), bytes, after);
        for (number, hash) in self.locals.range(after + 1..).take(count) {
            let pending = self.get(hash).filter(|pooled| pooled.status == Status::Pending);
            let offered = pending.filter(|pooled| self.is_offered(pooled.transaction, base_fee));
            if let Some(Pooled { transaction, .. }) = offered {
                let Some(left) = bytes_left.checked_sub(transaction.length()) else { return (piece, Some(last)) };
                bytes_left = left;
                piece.push(Arc::clone(transaction));
            }
            last = *number;
        }
        let more = self.locals.range(last + 1..).next().is_some();
        (piece, more.then_some(last))
    }

    /// Whether a pending transaction is in no hidden batch and can pay.
    fn is_offered(&self, transaction: &Transaction, base_fee: u64) -> bool {
        let start = self.chains.get(&transaction.sender()).map(Chain::start);
        let free = start.is_some_and(|start| transaction.nonce() >= start);
        free && transaction.envelope().max_fee_per_gas() >= u128::from(base_fee)
    }

    /// The senders that take part, each with the nonce it goes on from.
    fn starts(&self, base_fee: u64, branch: &[B256]) -> Vec<(Address, u64)> {
        let branch: BTreeSet<B256> = branch.iter().copied().collect();
        // The index of heads takes all hidden batches as built on. The senders of others are looked at one by one.
        let off_branch = self.hidden.senders_off(&branch);
        let indexed = self.indices.heads().range((u128::from(base_fee), 0)..);
        let indexed = indexed.filter(|(_, head)| !off_branch.contains(&head.sender));
        let indexed = indexed.map(|((fee, sequence), head)| {
            let price = Reverse(Price { fee: *fee, tip: head.tip }.at(base_fee));
            Starter { price, sequence: *sequence, sender: head.sender, start: None, gas: head.gas }
        });
        let single = off_branch.iter().filter_map(|sender| {
            let chain = self.chains.get(sender)?;
            let start = self.hidden.until_on(&branch, sender).max(chain.account().nonce);
            let head = chain.entry(start)?;
            let (Key { price, sequence }, gas) = (head.key(), head.gas());
            let pays = price.fee >= u128::from(base_fee);
            let price = Reverse(price.at(base_fee));
            pays.then_some(Starter { price, sequence, sender: *sender, start: Some(start), gas })
        });
        let (limit, wide_gas) = (self.limits.offered_senders, self.rules.gas_limit / u64::from(WIDE_SHARE));
        let (mut wide, mut starters): (Vec<_>, Vec<_>) =
            indexed.chain(single).partition(|starter| starter.gas > wide_gas);
        keep_best(&mut wide, limit.div_ceil(WIDE_SHARE.into()));
        starters.append(&mut wide);
        keep_best(&mut starters, limit);
        let start = |starter: &Starter| starter.start.or_else(|| self.chains.get(&starter.sender).map(Chain::start));
        starters.iter().filter_map(|starter| Some((starter.sender, start(starter)?))).collect()
    }
}

/// A sender that may take part in a batch: those that pay most, and of equals those that came first, come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Starter {
    price: Reverse<u128>,
    sequence: u64,
    sender: Address,
    /// The nonce it goes on from, where that is not its chain's own.
    start: Option<u64>,
    /// The gas that its first transaction may use.
    gas: u64,
}

/// Lets the worst go until so many are left, in any order.
fn keep_best(starters: &mut Vec<Starter>, most: usize) {
    if starters.len() > most {
        starters.select_nth_unstable(most);
        starters.truncate(most);
    }
}
