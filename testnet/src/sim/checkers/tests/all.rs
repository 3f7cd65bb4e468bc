use std::collections::BTreeSet;

use super::hash;
use crate::sim::{
    checkers::{Bounds, SAFETY, Setup, all},
    queue::Time,
};

/// Rule D7: every checker has a name of its own, and all of them watch.
#[test]
fn checkers_have_names_of_their_own() {
    let bounds = Bounds { healed: Time::default(), bound_ms: 1, honest_views: 1, honest: BTreeSet::new() };
    let checkers = all(Setup {
        genesis: hash(0),
        genesis_origin: 1_006,
        first_l1_block: 1_000,
        epoch_blocks: 6,
        stakes: vec![10; 4],
        guilty: BTreeSet::new(),
        bounds,
        origin_age_max_s: 60,
        pool: [100, 10_000],
    });
    let names: BTreeSet<&str> = checkers.iter().map(|checker| checker.name()).collect();
    assert_eq!((names.len(), checkers.len()), (15, 15), "{names:?}");
    let others: Vec<&str> = names.difference(&BTreeSet::from(SAFETY)).copied().collect();
    assert_eq!((others, names.is_superset(&SAFETY.into())), (vec!["liveness", "memory"], true));
}
