//! Transactions that wait at a node.

use std::collections::BTreeSet;

/// The most a pool holds.
const TRANSACTIONS_MAX: usize = 4_096;

/// Transactions by number; those in notarized batches are hidden.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    waiting: BTreeSet<u64>,
    hidden: BTreeSet<u64>,
}

impl Pool {
    /// Takes a transaction in; false if it is here.
    pub fn add(&mut self, transaction: u64) -> bool {
        self.waiting.len() < TRANSACTIONS_MAX && self.waiting.insert(transaction)
    }

    /// Forgets what became final.
    pub fn remove(&mut self, transactions: &BTreeSet<u64>) {
        for transaction in transactions {
            self.waiting.remove(transaction);
        }
    }

    /// Hides what a notarized batch holds.
    pub fn hide(&mut self, transactions: &BTreeSet<u64>) {
        self.hidden.extend(transactions);
    }

    /// Gives back what was hidden.
    pub fn show_all(&mut self) {
        self.hidden.clear();
    }

    /// Whether a transaction waits that no notarized batch holds.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.waiting.iter().any(|transaction| !self.hidden.contains(transaction))
    }

    /// Everything that waits.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().copied()
    }
}
