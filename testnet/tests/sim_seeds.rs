//! Ten thousand seeds of chaos and storm: whatever the seed draws, the rules hold.

use rota_testnet::sim::{Named, Scenario, sweep};

/// Rule D11.
#[test]
fn nine_thousand_seeds_of_chaos_stay_safe_and_come_alive_again() {
    let sum = sweep(1..9_001, |seed| Scenario::chaos(seed).run()).all_hold("chaos");
    for (what, count) in [
        ("heights", sum.heights),
        ("epochs", sum.epochs),
        ("crashes", sum.crashes),
        ("messages", sum.messages),
        ("bytes on the wire", sum.wire_bytes),
        ("signatures", sum.signatures),
        ("catch-ups", sum.catch_ups),
        ("transactions", sum.transactions),
        ("failed disks", sum.stops),
        ("torn writes to a guard's file", sum.torn.len() as u64),
        ("guilty", sum.accused.len() as u64),
    ] {
        assert!(count > 0, "no {what}: the runs prove nothing");
    }
}

/// Rule D11: a storm promises safety alone.
#[test]
fn a_thousand_seeds_of_storm_stay_safe() {
    let sum = sweep(1..1_001, |seed| Scenario::named(Named::Storm, seed, None).run()).all_hold("storm");
    assert!(sum.heights > 0 && sum.crashes > 0, "the runs prove nothing");
}

/// Rule D4: the same rules with real ed25519.
#[test]
fn three_hundred_seeds_of_chaos_hold_with_real_signatures() {
    let run = |seed| Scenario::chaos(seed).with_ed25519().run();
    let sum = sweep(10_001..10_301, run).all_hold("chaos with ed25519");
    assert!(sum.heights > 0 && sum.accused.len() > 1, "the runs prove nothing");
}
