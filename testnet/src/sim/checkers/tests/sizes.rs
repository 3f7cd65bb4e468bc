use std::collections::BTreeSet;

use super::{Watch, watch};
use crate::sim::{checkers::Sizes, facts::Fact};

/// Four validators whose pools hold 100 transactions of 10,000 bytes.
fn four() -> Watch<Sizes> {
    watch(Sizes::new(4, [100, 10_000]))
}

/// So many views that are not final, in epoch 5 of L1.
fn sizes_after(unfinal_views: u64, name: &'static str, count: usize) -> Fact {
    Fact::Sizes { sizes: vec![("views", 1), (name, count)], unfinal_views, l1_epoch: 5 }
}

/// What there may be with ten views that are not final.
const BOUNDS: [(&str, usize); 41] = [
    ("views", 44),
    ("view votes", 516),
    ("certificates", 33),
    ("batches", 139),
    ("proposals", 149),
    ("wanted", 256),
    ("to finalize", 10),
    ("final chain", 8_192),
    ("past epochs", 4),
    ("silence", 4),
    ("answers", 4),
    ("record", 128),
    ("votes", 4_236),
    ("proven", 48),
    ("final views", 2),
    ("l1 blocks", 4_096),
    ("holders", 28),
    ("seeds", 1_024),
    ("sets", 4),
    ("pool", 100),
    ("pool bytes", 10_000),
    ("senders", 100),
    ("places", 100),
    ("locals", 100),
    ("indexed", 300),
    ("authorizations", 52),
    ("recent", 65_536),
    ("hidden", 256),
    ("hidden senders", 16_777_216),
    ("live", 686),
    ("builds", 10),
    ("checks", 139),
    ("early", 8),
    ("early bytes", 33_554_432),
    ("pieces", 64),
    ("piece batches", 64),
    ("offered", 16),
    ("origins", 4_096),
    ("lines", 4_096),
    ("accused", 4),
    ("lined up", 65_536),
];

#[test]
fn everything_may_be_as_large_as_its_bound_and_no_larger() {
    let names: BTreeSet<&str> = BOUNDS.map(|(name, _)| name).into();
    assert_eq!(names.len(), BOUNDS.len(), "each thing has a name of its own");
    for (name, most) in BOUNDS {
        four().see(0, sizes_after(10, name, most)).holds();
        let too_many = sizes_after(10, name, most + 1);
        four().see(2, too_many).fires(&format!("n2 holds {} {name}, at most {most}", most + 1));
    }
}

#[test]
fn what_has_no_bound_is_a_violation() {
    four().see(0, sizes_after(10, "hopes", 1)).fires("n0 tells of hopes, for which no bound stands here");
}

#[test]
fn views_that_are_not_final_are_kept_and_their_strays_are_not() {
    for (name, most) in [("views", 1_034), ("batches", 1_291), ("certificates", 3_003), ("proposals", 2_291)] {
        four().see(0, sizes_after(1_000, name, most)).holds();
        four().see(0, sizes_after(1_000, name, most + 1)).fires(&format!("{} {name}", most + 1));
    }
}

/// Rule R3 of staking.
#[test]
fn holders_of_places_grow_with_the_epochs_of_l1_alone() {
    let held = |l1_epoch, count| Fact::Sizes { sizes: vec![("holders", count)], unfinal_views: 1, l1_epoch };
    four().see(0, held(100, 408)).holds();
    four().see(0, held(100, 409)).fires("409 holders");
    four().see(0, held(0, 9)).fires("9 holders");
}
