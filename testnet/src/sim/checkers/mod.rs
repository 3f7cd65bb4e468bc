//! Checkers: one rule a file, restated in plain numbers without any production predicate.

mod accountability;
mod agreement;
mod chain;
mod evidence;
mod innocence;
mod liveness;
mod memory;
mod once;
mod origins;
mod quorum;
mod roots;
mod sets;
mod signatures;
mod sizes;
mod spread;
mod stops;

use std::collections::BTreeSet;

use alloy_primitives::B256;

pub use accountability::Accountability;
pub use agreement::Agreement;
pub use chain::Chain;
pub use evidence::Evidence;
pub use innocence::Innocence;
pub use liveness::{Bounds, Liveness};
pub use memory::Memory;
pub use once::Once;
pub use origins::Origins;
pub use quorum::Quorum;
pub use roots::Roots;
pub use sets::Sets;
pub use signatures::Signatures;
pub use sizes::Sizes;
pub use spread::Spread;
pub use stops::Stops;

use super::{facts::Checker, story::NodeId};

/// What checkers know of a run before it begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The hash of genesis.
    pub genesis: B256,
    /// The number of its L1 origin.
    pub genesis_origin: u64,
    /// The first L1 block of epoch 0.
    pub first_l1_block: u64,
    /// L1 blocks in an epoch.
    pub epoch_blocks: u64,
    /// How long an epoch lasts.
    pub epoch_ms: u64,
    /// How late the node that sees L1 last sees it.
    pub l1_lag_ms: u64,
    /// L1 takes evidence for so many epochs.
    pub evidence_epochs: u64,
    /// The stakes of the first epoch by seat.
    pub stakes: Vec<u64>,
    /// The seats whose keys do not follow the rules: those of adversaries and of twins.
    pub guilty: BTreeSet<NodeId>,
    /// What liveness is judged by.
    pub bounds: Bounds,
    /// Seconds by which a batch may be younger than its origin.
    pub origin_age_max_s: u64,
    /// Transactions that a pool may hold, and their bytes.
    pub pool: [usize; 2],
}

/// The names of the checkers of what holds whatever happens, also where nothing can become final. Liveness and spread
/// are promised only where faults end, and memory only where no disk gives an old copy of a guard's record.
pub const SAFETY: [&str; 13] = [
    "agreement",
    "chain",
    "roots",
    "once",
    "origins",
    "quorum",
    "sets",
    "signatures",
    "innocence",
    "evidence",
    "stops",
    "sizes",
    "accountability",
];

/// All checkers. Of those that see something wrong in one fact, the first names the violation.
#[must_use]
pub fn all(setup: Setup) -> Vec<Box<dyn Checker>> {
    let (stakes, guilty) = (&setup.stakes, &setup.guilty);
    vec![
        Box::new(Agreement::default()),
        Box::new(Chain::new(setup.genesis)),
        Box::new(Roots::default()),
        Box::new(Once::default()),
        Box::new(Origins::new(&setup)),
        Box::new(Quorum),
        Box::new(Sets::default()),
        Box::new(Signatures::default()),
        Box::new(Innocence::new(guilty.clone())),
        Box::new(Evidence::new(&setup)),
        Box::new(Spread::new(&setup)),
        Box::new(Memory),
        Box::new(Stops::new(stakes, guilty.clone())),
        Box::new(Sizes::new(stakes.len(), setup.pool)),
        Box::new(Accountability::new(stakes.clone(), guilty.clone())),
        Box::new(Liveness::new(setup.bounds)),
    ]
}

/// The stake of those whose bits are set, a bit for each seat.
fn stake_of(stakes: &[u64], bits: u128) -> u64 {
    let is_set = |seat: usize| seat < 128 && (bits >> seat) % 2 == 1;
    stakes.iter().enumerate().filter(|(seat, _)| is_set(*seat)).map(|(_, stake)| stake).sum()
}

/// The seats whose bits are set.
fn seats_of(bits: u128) -> impl Iterator<Item = NodeId> {
    (0..128).filter(move |seat| (bits >> seat) % 2 == 1)
}

/// A bit for each seat.
fn bits_of(seats: &BTreeSet<NodeId>) -> u128 {
    seats.iter().filter(|seat| **seat < 128).map(|seat| 1_u128 << *seat).sum()
}

#[cfg(test)]
mod tests;
