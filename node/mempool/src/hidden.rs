//! The transactions of notarized batches that are not final (rule M13): a tree of which any branch may be built on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::{Address, B256};
use rota_proto::Transaction;

/// More notarized batches than the pool hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} notarized batches are hidden already; release those that were abandoned")]
pub struct TooManyHidden {
    /// The limit.
    pub limit: usize,
}

/// Notarized batches that are not final.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    batches: BTreeMap<B256, Vec<Arc<Transaction>>>,
    /// By sender and batch, the nonce that follows the sender's transactions in the batch.
    senders: BTreeMap<Address, BTreeMap<B256, u64>>,
}

impl Hidden {
    pub(crate) fn len(&self) -> usize {
        self.batches.len()
    }

    /// How many senders the batches have, each counted in each of its batches.
    pub(crate) fn senders(&self) -> usize {
        self.senders.values().map(BTreeMap::len).sum()
    }

    pub(crate) fn contains(&self, batch: &B256) -> bool {
        self.batches.contains_key(batch)
    }

    /// All hidden batches.
    pub(crate) fn all(&self) -> Vec<B256> {
        self.batches.keys().copied().collect()
    }

    /// Hides a batch; returns its senders.
    pub(crate) fn insert(&mut self, batch: B256, transactions: &[Arc<Transaction>]) -> BTreeSet<Address> {
        for transaction in transactions {
            let next = self.senders.entry(transaction.sender()).or_default().entry(batch).or_default();
            *next = (*next).max(transaction.nonce().saturating_add(1));
        }
        self.batches.insert(batch, transactions.to_vec());
        transactions.iter().map(|transaction| transaction.sender()).collect()
    }

    /// Forgets a batch; returns its transactions.
    pub(crate) fn remove(&mut self, batch: &B256) -> Vec<Arc<Transaction>> {
        let transactions = self.batches.remove(batch).unwrap_or_default();
        for transaction in &transactions {
            let sender = transaction.sender();
            if let Some(batches) = self.senders.get_mut(&sender) {
                batches.remove(batch);
                if batches.is_empty() {
                    self.senders.remove(&sender);
                }
            }
        }
        transactions
    }

    /// The first nonce of the sender that no hidden batch has used; 0 if none has one of it.
    pub(crate) fn until(&self, sender: &Address) -> u64 {
        self.senders.get(sender).and_then(|batches| batches.values().max()).copied().unwrap_or_default()
    }

    /// The same, of the batches of one branch alone.
    pub(crate) fn until_on(&self, branch: &BTreeSet<B256>, sender: &Address) -> u64 {
        let batches = self.senders.get(sender).into_iter().flatten();
        batches.filter(|(batch, _)| branch.contains(*batch)).map(|(_, next)| *next).max().unwrap_or_default()
    }

    /// The senders of batches that are not of the branch.
    pub(crate) fn senders_off(&self, branch: &BTreeSet<B256>) -> BTreeSet<Address> {
        let others = self.batches.iter().filter(|(batch, _)| !branch.contains(*batch));
        others.flat_map(|(_, transactions)| transactions.iter().map(|transaction| transaction.sender())).collect()
    }
}
