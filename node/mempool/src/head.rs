//! What batches do to the pool: notarized ones hide, abandoned ones give back, final ones remove (rules M13, M14).

use std::{collections::BTreeSet, sync::Arc};

use alloy_primitives::{Address, B256};
use rota_proto::{Height, Transaction};

use crate::{AccountState, Changes, DropReason, JournalRecord, Mempool, Origin, TooManyHidden, chain::Chain};

impl Mempool {
    /// A batch was notarized: its transactions are not offered on it any more, and what follows them is. Hiding a
    /// batch twice changes nothing. Parents are hidden before their children.
    ///
    /// # Errors
    /// [`TooManyHidden`]: then its transactions are offered still, and a builder passes them over.
    pub fn hide(&mut self, batch: B256, transactions: &[Arc<Transaction>]) -> Result<Changes, TooManyHidden> {
        if self.hidden.contains(&batch) {
            return Ok(Changes::default());
        }
        if self.hidden.len() >= self.limits.hidden_batches {
            return Err(TooManyHidden { limit: self.limits.hidden_batches });
        }
        let senders = self.hidden.insert(batch, transactions);
        Ok(Changes { promoted: self.settle(senders), ..Changes::default() })
    }

    /// A batch was abandoned. Its transactions that the pool holds are offered again; those that it does not hold,
    /// because they came with the batch or were displaced since, are returned, to be [`admit`](Self::admit)ted if they
    /// still can be.
    #[must_use = "the transactions returned are in no pool"]
    pub fn release(&mut self, batch: B256) -> Vec<Arc<Transaction>> {
        let transactions = self.hidden.remove(&batch);
        self.settle(transactions.iter().map(|transaction| transaction.sender()).collect());
        transactions.into_iter().filter(|transaction| !self.contains(&transaction.hash())).collect()
    }

    /// A batch is final: its transactions go, and with them what it made impossible. `accounts` are those it changed,
    /// with nonce, balance and code after it; accounts that have nothing waiting here cost next to nothing.
    ///
    /// Batches that compete with this one are to be [`release`](Self::release)d by the caller, who knows the tree.
    ///
    /// # Panics
    /// If a sender of the batch is not among the accounts.
    pub fn finalized(
        &mut self,
        batch: B256,
        height: Height,
        transactions: &[Arc<Transaction>],
        accounts: impl IntoIterator<Item = (Address, AccountState)>,
    ) -> Changes {
        self.height = self.height.max(height);
        let hidden = self.hidden.remove(&batch);
        let mut changes = Changes::default();
        let mut included: Vec<B256> = transactions.iter().map(|transaction| transaction.hash()).collect();
        included.sort_unstable();
        for (sender, account) in accounts {
            self.recent.note(sender, account);
            self.rebase(sender, account, &included, &mut changes);
        }
        changes.promoted.extend(self.settle(hidden.iter().map(|transaction| transaction.sender()).collect()));
        let missed = transactions.iter().find(|transaction| self.contains(&transaction.hash()));
        assert!(missed.is_none(), "the senders of a final batch are among the accounts it changed: {missed:?}");
        while let Some(sender) = self.indices.expired(self.height) {
            let expired = self.remove_tail(sender);
            assert!(expired.is_some(), "an indexed chain has queued transactions");
            if let Some(expired) = expired {
                Self::depart(&expired.entry, DropReason::Expired, &mut changes);
            }
        }
        changes.promoted.retain(|hash| self.contains(hash));
        changes
    }

    /// A builder found that a transaction cannot be executed where the pool offered it (rule M18), for instance
    /// because others emptied its sender's account: it goes, and what follows it waits. One that a notarized batch
    /// holds stays: it was offered beside that batch.
    pub fn discard(&mut self, hash: &B256) -> Changes {
        let mut changes = Changes::default();
        let place = self.places.get(hash).copied();
        let shown =
            place.filter(|(sender, nonce)| self.chains.get(sender).is_some_and(|chain| *nonce >= chain.start()));
        if let Some(placed) = shown.and_then(|(sender, nonce)| self.remove(sender, nonce)) {
            Self::depart(&placed.entry, DropReason::NotExecutable, &mut changes);
        }
        changes
    }

    /// The base fee of the next batch; until the first call it is the lowest possible. It decides who goes when the
    /// pool is full (rule M9).
    pub const fn set_base_fee(&mut self, base_fee: u64) {
        self.base_fee = base_fee;
    }

    /// Takes over one account, and drops what it no longer allows.
    fn rebase(&mut self, sender: Address, account: AccountState, included: &[B256], changes: &mut Changes) {
        let (height, hidden_until) = (self.height, self.hidden.until(&sender));
        let rebased = self.change(sender, |chain| {
            let gone = chain.rebase(account, height);
            (gone, chain.settle(hidden_until))
        });
        let Some((gone, promoted)) = rebased else { return };
        changes.promoted.extend(promoted);
        for (entry, reason) in &gone {
            self.forget(entry);
            if included.binary_search(&entry.hash()).is_err() {
                Self::depart(entry, *reason, changes);
            } else if entry.origin == Origin::Local {
                changes.journal.push(JournalRecord::Dropped(entry.hash()));
            }
        }
    }

    /// Lets the chains of these senders follow what the hidden batches now hold.
    fn settle(&mut self, senders: BTreeSet<Address>) -> Vec<B256> {
        let mut promoted = Vec::new();
        for sender in senders {
            let hidden_until = self.hidden.until(&sender);
            promoted.extend(self.change(sender, |chain: &mut Chain| chain.settle(hidden_until)).unwrap_or_default());
        }
        promoted
    }
}
