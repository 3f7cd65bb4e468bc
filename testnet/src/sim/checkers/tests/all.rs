use std::collections::BTreeSet;

use super::setup;
use crate::sim::checkers::{SAFETY, all};

/// Rule D7: every checker has a name of its own, and all of them watch.
#[test]
fn checkers_have_names_of_their_own() {
    let checkers = all(setup());
    let names: BTreeSet<&str> = checkers.iter().map(|checker| checker.name()).collect();
    assert_eq!((names.len(), checkers.len()), (16, 16), "{names:?}");
    let others: Vec<&str> = names.difference(&BTreeSet::from(SAFETY)).copied().collect();
    assert_eq!((others, names.is_superset(&SAFETY.into())), (vec!["liveness", "memory", "spread"], true));
}
