//! Who has a stake in which epoch.

use super::{random::Random, story::NodeId};

/// The stakes of all nodes by epoch: those of the scenario in the first, then changed a little from epoch to epoch
/// if the scenario says so (rule D9).
#[derive(Clone, Debug)]
pub struct Sets {
    changing: bool,
    faulty: Vec<NodeId>,
    random: Random,
    /// The scenario's, and those of every epoch so far.
    base: Vec<u64>,
    epochs: Vec<Vec<u64>>,
}

impl Sets {
    /// Stakes that begin with `base`; the `faulty` keep less than a third where they have it.
    #[must_use]
    pub fn new(base: Vec<u64>, changing: bool, faulty: Vec<NodeId>, random: Random) -> Self {
        Self { changing, faulty, random, epochs: vec![base.clone()], base }
    }

    /// The stakes in the epoch that comes so many after the first; 0 means no member.
    pub fn stakes(&mut self, epoch: usize) -> &[u64] {
        while self.epochs.len() <= epoch {
            let last = self.epochs.last().cloned().unwrap_or_default();
            let next = if self.changing { self.change(&last) } else { last };
            self.epochs.push(next);
        }
        self.epochs.get(epoch).unwrap_or_else(|| unreachable!("filled above"))
    }

    /// One node joins, leaves or changes its stake; not in every epoch.
    fn change(&mut self, last: &[u64]) -> Vec<u64> {
        let mut next = last.to_vec();
        let node = self.random.index(next.len());
        let base = self.base.get(node).copied().unwrap_or(0).max(1);
        let stake = match self.random.below(6) {
            0 => 0,
            1 | 2 => base,
            3 => base + base / 4,
            4 => (base - base / 4).max(1),
            _ => return next,
        };
        if let Some(slot) = next.get_mut(node) {
            *slot = stake;
        }
        if self.is_sound(&next) { next } else { last.to_vec() }
    }

    /// Somebody honest is left, and the faulty hold less than a third of the stake.
    fn is_sound(&self, stakes: &[u64]) -> bool {
        let total: u64 = stakes.iter().sum();
        let faulty: u64 = self.faulty.iter().filter_map(|node| stakes.get(*node)).sum();
        total > 0 && 3 * faulty < total
    }
}
