//! Who has a stake in which epoch, and at which place.

use super::{random::Random, story::NodeId};

/// How sets differ from epoch to epoch (rule D9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Not at all.
    None,
    /// Stakes change: a node joins, leaves, gains or loses a quarter.
    Stakes,
    /// Keys change as well. There are twice as many seats as places; whoever rotates its key moves its stake from a
    /// seat to the other one of its place, and back another time.
    StakesAndKeys,
}

/// The stakes of all seats by epoch: those of the scenario in the first, then changed a little from epoch to epoch.
#[derive(Clone, Debug)]
pub struct Sets {
    changes: Changes,
    faulty: Vec<NodeId>,
    random: Random,
    /// The scenario's, and those of every epoch so far.
    base: Vec<u64>,
    epochs: Vec<Vec<u64>>,
}

impl Sets {
    /// Stakes that begin with `base`; the `faulty` keep less than a third where they have it.
    #[must_use]
    pub fn new(base: Vec<u64>, changes: Changes, faulty: Vec<NodeId>, random: Random) -> Self {
        Self { changes, faulty, random, epochs: vec![base.clone()], base }
    }

    /// How many places there are.
    #[must_use]
    pub const fn places(&self) -> usize {
        match self.changes {
            Changes::None | Changes::Stakes => self.base.len(),
            Changes::StakesAndKeys => self.base.len() / 2,
        }
    }

    /// The stakes by seat in the epoch that comes so many after the first; 0 means no member.
    pub fn stakes(&mut self, epoch: usize) -> &[u64] {
        while self.epochs.len() <= epoch {
            let last = self.epochs.last().cloned().unwrap_or_default();
            let next = match self.changes {
                Changes::None => last,
                Changes::Stakes => self.change(&last),
                Changes::StakesAndKeys if self.random.chance(400) => self.rotate(last),
                Changes::StakesAndKeys => self.change(&last),
            };
            self.epochs.push(next);
        }
        self.epochs.get(epoch).unwrap_or_else(|| unreachable!("filled above"))
    }

    /// One node joins, leaves or changes its stake; not in every epoch.
    fn change(&mut self, last: &[u64]) -> Vec<u64> {
        let mut next = last.to_vec();
        let place = self.random.index(self.places());
        let base = self.base.get(place).copied().unwrap_or(0).max(1);
        let stake = match self.random.below(6) {
            0 => 0,
            1 | 2 => base,
            3 => base + base / 4,
            4 => (base - base / 4).max(1),
            _ => return next,
        };
        let taken = (place..next.len()).step_by(self.places()).find(|seat| last.get(*seat).is_some_and(|one| *one > 0));
        if let Some(slot) = next.get_mut(taken.unwrap_or(place)) {
            *slot = stake;
        }
        if self.is_sound(&next) { next } else { last.to_vec() }
    }

    /// The validator at one place takes its other key.
    fn rotate(&mut self, mut stakes: Vec<u64>) -> Vec<u64> {
        let place = self.random.index(self.places());
        stakes.swap(place, place + self.places());
        stakes
    }

    /// Somebody honest is left, and the faulty hold less than a third of the stake.
    fn is_sound(&self, stakes: &[u64]) -> bool {
        let total: u64 = stakes.iter().sum();
        let faulty: u64 = self.faulty.iter().filter_map(|node| stakes.get(*node)).sum();
        total > 0 && 3 * faulty < total
    }
}
