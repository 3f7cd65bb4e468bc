//! Sets that change: hundreds of epochs, keys that rotate, closing batches under faults, L1 far away.

use rota_testnet::sim::{LinkPlan, Outcome, Scenario, Stats, finalized, seconds, sound, sweep};

/// Links on which views fail now and then.
const ROUGH: LinkPlan =
    LinkPlan { latency_us: 5_000, jitter_us: 60_000, loss_permille: 50, ordered: false, ..LinkPlan::CALM };

/// Rule D9: joins, exits, removals and rotated keys; an epoch takes a second.
#[test]
fn five_hundred_epochs_pass_with_joins_exits_and_rotated_keys() {
    let scenario = Scenario::seed(1).stake([40, 30, 20, 10]).rotating_keys(250);
    let outcome = scenario.with(|plan| plan.work.interval_ms = 200).run_until(seconds(510)).expect(sound());
    println!("{}", outcome.stats);
    assert!(outcome.stats.epochs >= 500, "{}", outcome.stats);
}
