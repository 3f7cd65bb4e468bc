//! The order of a batch (rule O1), which leaders keep and voters check.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    sync::Arc,
};

use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, keccak256};

use crate::Transaction;

/// Where a transaction stands among those that could come next: by effective tip, the highest first; ties by the
/// lowest keccak256(parent hash || transaction hash), which nobody can know before the parent exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderKey {
    /// min(maxPriorityFee, maxFee - baseFee), in wei per gas.
    pub tip_wei: u128,
    /// The lower goes first.
    pub tie_break: Reverse<B256>,
}

impl OrderKey {
    /// The key of a transaction in a batch on `parent` with this base fee; `None` if it does not pay the base fee.
    #[must_use]
    pub fn of(transaction: &Transaction, base_fee: u64, parent: B256) -> Option<Self> {
        let tip_wei = transaction.envelope().effective_tip_per_gas(base_fee)?;
        let mut bytes = [0u8; 64];
        bytes[..32].copy_from_slice(parent.as_slice());
        bytes[32..].copy_from_slice(transaction.hash().as_slice());
        Some(Self { tip_wei, tie_break: Reverse(keccak256(bytes)) })
    }
}

/// Takes transactions of many senders in the order of rule O1: again and again, of each sender's lowest nonce not
/// yet placed, the one with the highest [`OrderKey`].
///
/// A sender whose next transaction does not pay the base fee is out, with all that follows it.
#[derive(Debug)]
pub struct InOrder<C: Iterator<Item = Arc<Transaction>>> {
    base_fee: u64,
    parent: B256,
    heads: BinaryHeap<Head<C>>,
}

#[derive(Debug)]
struct Head<C: Iterator<Item = Arc<Transaction>>> {
    key: OrderKey,
    transaction: Arc<Transaction>,
    rest: C,
}

impl<C: Iterator<Item = Arc<Transaction>>> InOrder<C> {
    /// Starts with one chain a sender, each in rising order of nonce.
    pub fn new(chains: impl IntoIterator<Item = C>, base_fee: u64, parent: B256) -> Self {
        let mut this = Self { base_fee, parent, heads: BinaryHeap::new() };
        for chain in chains {
            this.push(chain);
        }
        this
    }

    /// The transaction that comes next.
    #[must_use]
    pub fn peek(&self) -> Option<&Arc<Transaction>> {
        self.heads.peek().map(|head| &head.transaction)
    }

    /// Places the transaction that comes next: the sender's following one joins.
    pub fn place(&mut self) -> Option<Arc<Transaction>> {
        let Head { transaction, rest, .. } = self.heads.pop()?;
        self.push(rest);
        Some(transaction)
    }

    /// Passes the transaction that comes next over, and with it all later ones of its sender.
    pub fn pass(&mut self) -> Option<Arc<Transaction>> {
        self.heads.pop().map(|head| head.transaction)
    }

    fn push(&mut self, mut rest: C) {
        let Some(transaction) = rest.next() else { return };
        if let Some(key) = OrderKey::of(&transaction, self.base_fee, self.parent) {
            self.heads.push(Head { key, transaction, rest });
        }
    }
}

impl<C: Iterator<Item = Arc<Transaction>>> PartialEq for Head<C> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<C: Iterator<Item = Arc<Transaction>>> Eq for Head<C> {}

impl<C: Iterator<Item = Arc<Transaction>>> PartialOrd for Head<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C: Iterator<Item = Arc<Transaction>>> Ord for Head<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}
