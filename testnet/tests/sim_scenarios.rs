//! Scenarios with a name: what the network promises, one sentence each.

use rota_testnet::sim::{
    LinkPlan, Named, Scenario, Way,
    adversaries::{Accomplice, DoubleVoter, Equivocator, Silent, Skipper},
    checkers::SAFETY,
    finalized,
    random::Random,
    seconds,
    sets::{Changes, Sets},
    slashed, sound,
};

/// Links across a continent that lose one message in ten.
const LOSSY: LinkPlan =
    LinkPlan { latency_us: 15_000, jitter_us: 30_000, loss_permille: 100, duplicate_permille: 50, ..LinkPlan::CALM };

/// Rule D1.
#[test]
fn equal_seeds_give_equal_traces_and_other_seeds_others() {
    let mut traces = std::collections::BTreeSet::new();
    for seed in 1..21 {
        let first = Scenario::chaos(seed).run();
        let second = Scenario::chaos(seed).run();
        assert_eq!(first.trace_hash, second.trace_hash, "seed {seed} ran differently the second time");
        assert_eq!(first.stats, second.stats, "seed {seed}");
        traces.insert(first.trace_hash);
    }
    assert_eq!(traces.len(), 20, "every seed has its own trace");
}

#[test]
fn telling_the_story_changes_nothing() {
    let scenario = Scenario::chaos(7);
    let (quiet, told) = (scenario.clone().run(), scenario.clone().run_told());
    assert_eq!(quiet.trace_hash, told.1.trace_hash);
    assert!(told.0.len() > 100, "a story has a line for every event");
}

#[test]
fn four_calm_nodes_finalize() {
    let outcome = Scenario::seed(1).run_until(finalized(100)).expect(sound());
    assert_eq!(outcome.stats.crashes + outcome.stats.forged + outcome.stats.refused, 0);
}

#[test]
fn one_node_is_its_own_quorum() {
    Scenario::seed(2).stake([7]).run_until(finalized(50)).expect(sound());
}

/// Rules D8, D10: the sentence of the README.
#[test]
fn equivocating_leader_is_slashed_and_stops_nothing() {
    let scenario = Scenario::seed(7).stake([40, 30, 20, 10]).adversary(3, Equivocator::default());
    scenario.partition(2..5, [0, 1]).run_until(finalized(50)).expect(slashed(3));
}

#[test]
fn every_slashable_pair_of_the_double_voter_is_seen() {
    let scenario = Scenario::seed(3).adversary(1, DoubleVoter).links(LOSSY, 8);
    scenario.run_until(finalized(50)).expect(slashed(1));
}

#[test]
fn accomplice_that_agrees_with_everybody_splits_nobody() {
    let scenario = Scenario::seed(4).stake([30, 30, 30, 14, 15]).leaders([3, 0, 1, 2]);
    let scenario = scenario.adversary(3, Equivocator::default()).adversary(4, Accomplice::default());
    scenario.run_until(finalized(50)).expect(slashed(3));
}

#[test]
fn leader_that_passes_over_a_notarized_batch_is_not_followed() {
    Scenario::seed(5).adversary(2, Skipper).links(LOSSY, 8).run_until(finalized(50)).expect(sound());
}

#[test]
fn silent_leader_is_skipped() {
    Scenario::seed(6).adversary(0, Silent::default()).run_until(finalized(50)).expect(sound());
}

#[test]
fn finality_needs_stake_and_not_heads() {
    let without_the_40 = Scenario::seed(8).stake([40, 30, 20, 10]).adversary(0, Silent::default());
    let outcome = without_the_40.watched_by(SAFETY).run_until(seconds(20)).expect(sound());
    assert_eq!(outcome.stats.heights, 0, "60 of 100 is no quorum");
    let without_the_30 = Scenario::seed(8).stake([40, 30, 20, 10]).adversary(1, Silent::default());
    without_the_30.run_until(finalized(50)).expect(sound());
}

#[test]
fn halves_of_the_stake_finalize_nothing_apart_and_go_on_together() {
    let scenario = Scenario::seed(9).partition(1..8, [0, 1]);
    scenario.run_until(finalized(50)).expect(sound());
}

#[test]
fn node_that_hears_but_is_not_heard_does_not_stop_the_others() {
    Scenario::seed(10).cut(1..8, [2], Way::Out).run_until(finalized(100)).expect(sound());
}

#[test]
fn node_that_is_heard_but_does_not_hear_catches_up() {
    Scenario::seed(11).cut(1..8, [2], Way::In).changing_sets(400).run_until(finalized(100)).expect(sound());
}

/// Rule D6.
#[test]
fn whole_network_crashes_and_resumes_by_itself() {
    for seed in 1..40 {
        let scenario = Scenario::seed(seed).with(|plan| plan.settings.flush_us = 4_000);
        let crash = |all: Scenario, node: usize| all.crash(1_000 + 7 * seed, node, seed % 17, 50 + 400 * node as u64);
        (0..4).fold(scenario, crash).run_until(finalized(40)).expect(sound());
    }
}

/// Rule D12.
#[test]
fn node_that_was_away_for_epochs_catches_up_by_certificates() {
    let scenario = Scenario::seed(12).changing_sets(300).crash(500, 1, 3, 12_000);
    let outcome = scenario.run_until(finalized(150)).expect(sound());
    assert!(outcome.stats.epochs >= 5 && outcome.stats.catch_ups > 0, "{}", outcome.stats);
}

#[test]
fn idle_network_says_little_and_wakes_up() {
    let idle = Scenario::seed(13).pause(2..22).with(|plan| plan.settings.times.heartbeat_ms = 60_000);
    let outcome = idle.run_until(finalized(100)).expect(sound());
    assert!(outcome.stats.virtual_ms > 22_000, "the pause was part of the run");
}

/// Rule D9.
#[test]
fn epochs_pass_though_nobody_sends_anything() {
    let scenario = Scenario::seed(14).changing_sets(400).pause(1..30);
    let outcome = scenario.run_until(seconds(31)).expect(sound());
    assert!(outcome.stats.epochs >= 15, "{}", outcome.stats);
}

/// Rule D5: it waits with its verdicts on what others build until it has seen their L1 blocks.
#[test]
fn leader_that_sees_l1_late_holds_nobody_up() {
    let scenario = Scenario::seed(15).changing_sets(500).with(|plan| plan.l1_lags_ms = vec![3_000, 0, 0, 100]);
    scenario.run_until(finalized(100)).expect(sound());
}

/// Rule D3.
#[test]
fn everything_travels_in_the_production_encoding() {
    let outcome = Scenario::seed(16).on_the_wire().links(LOSSY, 8).run_until(finalized(50)).expect(sound());
    assert!(outcome.stats.wire_bytes > 0);
}

/// Rule D3: chaos sends bytes in a quarter of its seeds.
#[test]
fn a_quarter_of_chaos_travels_on_the_wire() {
    let on_the_wire = (1..1_001).filter(|seed| Scenario::chaos(*seed).plan().settings.wire).count();
    assert!((200..300).contains(&on_the_wire), "{on_the_wire} of 1,000");
}

/// Rule D9.
#[test]
fn stakes_change_from_epoch_to_epoch_and_the_faulty_keep_less_than_a_third() {
    let base = [40, 30, 20, 12];
    let mut seen = std::collections::BTreeSet::new();
    for seed in 1..101 {
        let mut sets = Sets::new(base.to_vec(), Changes::Stakes, vec![1], Random::of(seed, 0));
        for epoch in 1..40 {
            let before = sets.stakes(epoch - 1).to_vec();
            let after = sets.stakes(epoch);
            let changed = || before.iter().zip(after).enumerate().filter(|(_, (before, after))| before != after);
            assert!(changed().count() <= 1, "seed {seed}: one node at a time");
            seen.extend(changed().map(|(node, (_, after))| (node, *after)));
            assert!(3 * after[1] < after.iter().sum::<u64>(), "seed {seed}: {after:?}");
        }
    }
    let expected = base
        .iter()
        .enumerate()
        .flat_map(|(node, stake)| [0, *stake, stake + stake / 4, stake - stake / 4].map(|stake| (node, stake)));
    let expected: std::collections::BTreeSet<(usize, u64)> = expected.collect();
    assert_eq!(seen, expected, "each node left, came back, gained and lost a quarter");
}

/// Rule D5.
#[test]
fn production_execution_and_the_ledger_finalize_what_clients_send() {
    for seed in 1..4 {
        let ledger = Scenario::seed(seed).run_until(finalized(40)).expect(sound());
        let evm = Scenario::seed(seed).with_evm().run_until(finalized(40)).expect(sound());
        assert!(ledger.stats.transactions > 100 && evm.stats.transactions > 100, "{} {}", ledger.stats, evm.stats);
        assert_ne!(ledger.trace_hash, evm.trace_hash, "their state roots differ, and so do all hashes");
    }
}

/// Rule D5: crashes, lossy links and a leader that equivocates, with the EVM.
#[test]
fn production_execution_survives_crashes_and_an_equivocator() {
    let scenario = Scenario::seed(21).with_evm().adversary(3, Equivocator::default()).links(LOSSY, 5);
    scenario.crash(800, 0, 5, 500).crash(1_900, 1, 9, 700).run_until(finalized(50)).expect(slashed(3));
}

/// Rule D14.
#[test]
fn twins_of_one_key_break_nothing() {
    for seed in 1..9 {
        let scenario = Scenario::seed(seed).twin(3).leaders([3, 0, 1, 2]);
        let outcome = scenario.partition(1..3, [0, 3]).run_until(finalized(50)).expect(sound());
        assert_eq!(outcome.scenario.plan().nodes(), 5);
    }
}

/// Rule D4.
#[test]
fn real_ed25519_gives_the_same_verdicts_as_the_table() {
    for seed in 1..9 {
        let table = Scenario::named(Named::Chaos, seed, Some(4));
        let real = table.clone().with_ed25519().run().expect(sound());
        let table = table.run().expect(sound());
        assert_eq!(real.trace_hash, table.trace_hash, "seed {seed}");
    }
}
