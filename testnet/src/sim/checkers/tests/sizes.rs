use super::{Watch, watch};
use crate::sim::{checkers::Sizes, facts::Fact};

/// Four validators whose pools hold 100 transactions of 10,000 bytes.
fn four() -> Watch<Sizes> {
    watch(Sizes::new(4, [100, 10_000]))
}

fn sizes(name: &'static str, count: usize) -> Fact {
    Fact::Sizes { sizes: vec![("views", 1), (name, count)], unfinal_views: 10 }
}

/// What there may be with ten views that are not final.
const BOUNDS: [(&str, usize); 16] = [
    ("views", 44),
    ("batches", 139),
    ("wanted", 256),
    ("live", 686),
    ("checks", 139),
    ("early", 8),
    ("early bytes", 33_554_432),
    ("pieces", 64),
    ("offered", 16),
    ("origins", 4_096),
    ("lines", 4_096),
    ("lined up", 65_536),
    ("votes", 4_236),
    ("pool", 100),
    ("pool bytes", 10_000),
    ("hidden", 256),
];

#[test]
fn everything_may_be_as_large_as_its_bound_and_no_larger() {
    for (name, most) in BOUNDS {
        four().see(0, sizes(name, most)).holds();
        four().see(2, sizes(name, most + 1)).fires(&format!("n2 holds {} {name}, at most {most}", most + 1));
    }
}

#[test]
fn what_has_no_bound_is_a_violation() {
    four().see(0, sizes("hopes", 1)).fires("n0 tells of hopes, for which no bound stands here");
}

#[test]
fn views_that_are_not_final_are_kept_and_their_strays_are_not() {
    let long = |name, count| Fact::Sizes { sizes: vec![(name, count)], unfinal_views: 1_000 };
    four().see(0, long("views", 1_034)).see(0, long("batches", 1_291)).holds();
    four().see(0, long("views", 1_035)).fires("1035 views");
    four().see(0, long("batches", 1_292)).fires("1292 batches");
}
