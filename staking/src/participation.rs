//! Who took part in an epoch, by what its final batches say (rules P1 to P3).

use std::collections::BTreeMap;

use rota_proto::{ExtraData, Place, Signers, ValidatorSet, View};
use serde::{Deserialize, Serialize};

use crate::limits::SKIPPED_VIEWS_COUNTED;

/// Points for one unit of power that did all of its duties in an epoch (rule P2).
pub const POINTS_SCALE: u128 = 1_000_000;
/// What it counts to notarize a batch.
const VOTE: u64 = 1;
/// What it counts to lead a view to a notarized batch: a view that is skipped costs everybody a timeout.
const LEAD: u64 = 4;

/// What a validator had to do, and what it did of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duties {
    /// What was done.
    pub done: u64,
    /// What was to be done, at least as much.
    pub due: u64,
}

impl Duties {
    const fn add(&mut self, weight: u64, done: bool) {
        self.due += weight;
        self.done += if done { weight } else { 0 };
    }
}

/// Participation in one epoch, batch by batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochTally {
    /// The last view that was counted; 0 before the first.
    last_view: u64,
    duties: BTreeMap<Place, Duties>,
}

impl EpochTally {
    /// Counts what a final batch of the epoch says of its parent: who notarized it, who led it, and who led the views
    /// between it and the one before (rule P1). `leader` draws the leader of a view of the epoch.
    ///
    /// Batches come in the order of the chain, each once.
    pub fn count(&mut self, set: &ValidatorSet, extra: &ExtraData, leader: impl Fn(View) -> Place) {
        let ExtraData { parent_view, parent_signers, .. } = *extra;
        // The batch that opens the epoch was notarized in the epoch before, which says nothing of it.
        if parent_view == View::ZERO {
            return;
        }
        self.count_votes(set, parent_signers);
        let first = (self.last_view + 1).max(parent_view.0.saturating_sub(SKIPPED_VIEWS_COUNTED));
        for view in first..=parent_view.0 {
            self.duties.entry(leader(View(view))).or_default().add(LEAD, view == parent_view.0);
        }
        self.last_view = parent_view.0;
    }

    fn count_votes(&mut self, set: &ValidatorSet, signers: Signers) {
        for (place, _) in set.iter() {
            self.duties.entry(place).or_default().add(VOTE, signers.contains(place));
        }
    }

    /// Whether no batch of the epoch has said anything yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.duties.is_empty()
    }

    /// The duties of a validator.
    #[must_use]
    pub fn of(&self, place: Place) -> Duties {
        self.duties.get(&place).copied().unwrap_or_default()
    }

    /// Rule P2: its power, for the part of its duties that it did, in [`POINTS_SCALE`]ths, rounded down.
    #[must_use]
    pub fn points(&self, set: &ValidatorSet, place: Place) -> u128 {
        let Duties { done, due } = self.of(place);
        let power = set.get(place).map_or(0, |validator| u128::from(validator.power.0));
        // Below 2^64 times 10^6 times 2^40: an epoch has fewer batches than L1 has microseconds in a day.
        (power * POINTS_SCALE * u128::from(done)).checked_div(u128::from(due)).unwrap_or(0)
    }
}
