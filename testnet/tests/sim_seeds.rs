//! A thousand seeds of chaos and some hundred of storm: whatever the seed draws, the rules hold.

use rota_testnet::sim::{Named, Scenario, sweep};

/// Rule D11.
#[test]
fn a_thousand_seeds_of_chaos_stay_safe_and_come_alive_again() {
    let sum = sweep(1..1_001, |seed| Scenario::chaos(seed).run()).all_hold("chaos");
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
fn three_hundred_seeds_of_storm_stay_safe() {
    let sum = sweep(1..301, |seed| Scenario::named(Named::Storm, seed, None).run()).all_hold("storm");
    assert!(sum.heights > 0 && sum.crashes > 0, "the runs prove nothing");
}
