//! Sets that change: hundreds of epochs, keys that rotate, closing batches under faults, L1 far away.

use rota_testnet::sim::{LinkPlan, Scenario, checkers::SAFETY, finalized, seconds, sound, sweep};

/// Links on which views fail now and then.
const ROUGH: LinkPlan =
    LinkPlan { latency_us: 5_000, jitter_us: 60_000, loss_permille: 50, ordered: false, ..LinkPlan::CALM };

/// Rule D9: an epoch takes a second.
#[test]
fn five_hundred_epochs_pass_with_joins_exits_and_rotated_keys() {
    let scenario = Scenario::seed(1).stake([40, 30, 20, 10]).rotating_keys(250);
    let outcome = scenario.with(|plan| plan.work.interval_ms = 200).run_until(seconds(510)).expect(sound());
    println!("{}", outcome.stats);
    assert!(outcome.stats.epochs >= 500, "{}", outcome.stats);
}

/// Rules D9; E2, E4 of consensus: sets change while the network is torn apart, whose closing batches become final in
/// different views at different nodes.
#[test]
fn closing_batches_become_final_in_different_views_on_rough_links() {
    let run = |seed: u64| {
        let node = usize::try_from(seed % 4).expect("below 4");
        let scenario = Scenario::seed(seed).stake([40, 30, 20, 10]).rotating_keys(150).links(ROUGH, 12);
        let torn = scenario.partition(2..4, [node]).partition(5..8, [0, 4, node]).partition(9..11, [1, 5]);
        torn.crash(3_000 + 40 * seed, (node + 1) % 4, seed % 13, 500).run_until(finalized(60))
    };
    let stats = sweep(1..61, run).all_hold("closings");
    assert!(stats.closed_apart > 0, "no closing batch was final by two certificates");
}

/// Rule E3 of consensus: while no quorum is together, L1 goes on, and the epochs it passes have no batches.
#[test]
fn epochs_that_pass_while_no_quorum_is_together_are_skipped() {
    let run = |seed: u64| {
        let scenario = Scenario::seed(seed).stake([40, 30, 20, 10]).rotating_keys(100).partition(1..6, [0, 4]);
        scenario.run_until(finalized(40))
    };
    let stats = sweep(1..11, run).all_hold("skipped epochs");
    assert!(stats.skipped_epochs >= 10, "{} epochs were skipped", stats.skipped_epochs);
}

/// Rule B6 of the replica: once L1 is too many epochs ahead, nothing is signed, and nothing becomes final.
#[test]
fn network_that_l1_left_behind_stands_still() {
    let behind = |seed| {
        let scenario = Scenario::seed(seed).changing_sets(100).partition(1..6, [0, 1]);
        scenario.with(|plan| plan.settings.times.epoch_lag_max = 4).watched_by(SAFETY)
    };
    for seed in 1..11 {
        let before = behind(seed).run_until(seconds(6)).expect(sound()).stats;
        let after = behind(seed).run_until(seconds(30)).expect(sound()).stats;
        assert!(before.heights > 0, "seed {seed}: it went on before");
        assert_eq!(before.heights, after.heights, "seed {seed}: 12 epochs of L1 lie between");
    }
}
