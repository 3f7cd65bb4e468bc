//! What a run measures: how long finality takes.

use std::{collections::BTreeMap, ops::AddAssign};

use alloy_primitives::B256;

use super::{
    facts::{Checker, Fact, Scene},
    outcome::Stats,
    queue::Time,
};

/// How often each number of milliseconds was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Adds a measurement as often as it counts.
    pub fn add(&mut self, ms: u64, weight: u64) {
        *self.0.entry(ms).or_default() += weight;
    }

    /// The least number that so many of a thousand measurements do not exceed; 0 if there is none.
    #[must_use]
    pub fn permille(&self, permille: u64) -> u64 {
        let total: u64 = self.0.values().sum();
        let mut below = 0;
        let reaches = |(ms, count): (&u64, &u64)| {
            below += count;
            (below * 1_000 >= total * permille).then_some(*ms)
        };
        self.0.iter().find_map(reaches).unwrap_or(0)
    }
}

impl AddAssign<&Self> for Histogram {
    fn add_assign(&mut self, other: &Self) {
        other.0.iter().for_each(|(ms, count)| self.add(*ms, *count));
    }
}

/// Watches without judging: from a batch's proposal, and from a transaction's submission, to finality at each honest
/// node.
#[derive(Debug, Default)]
pub struct Meter {
    proposed: BTreeMap<B256, Time>,
    submitted: BTreeMap<B256, Time>,
    batches: Histogram,
    transactions: Histogram,
}

impl Checker for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if let Fact::Proposed(batch) = fact {
            self.proposed.entry(*batch).or_insert(scene.now);
        }
        if let Fact::Submitted(transaction) = fact {
            self.submitted.entry(*transaction).or_insert(scene.now);
        }
        let Fact::Final(told) = fact else { return Ok(()) };
        if !scene.honest {
            return Ok(());
        }
        if let Some(since) = self.proposed.get(&told.batch) {
            self.batches.add(scene.now.ms_since(*since), 1);
        }
        for since in told.transactions.iter().filter_map(|hash| self.submitted.get(hash)) {
            self.transactions.add(scene.now.ms_since(*since), 1);
        }
        Ok(())
    }

    fn sum_up(&self, stats: &mut Stats) {
        stats.batch_ms += &self.batches;
        stats.transaction_ms += &self.transactions;
    }
}
