//! Disks: a crash before each of their operations, writes cut short at each byte, disks that are full or broken.

use rota_testnet::sim::{FaultKind, LinkPlan, Outcome, Scenario, finalized, sound};

/// Who crashes, and whose disk fails.
const NODE: usize = 1;

/// Four nodes that make a few batches.
fn short(seed: u64) -> Scenario {
    Scenario::seed(seed).changing_sets(250).with(|plan| plan.l1_lags_ms = vec![0, 20, 40, 60])
}

#[track_caller]
fn crashed_once(outcome: Outcome) -> Outcome {
    assert_eq!(outcome.stats.crashes, 1, "the operation was reached");
    outcome.expect(sound())
}

/// Rule D13.
#[test]
fn crash_before_any_operation_of_a_disk_loses_nothing() {
    let calm = short(1).run_until(finalized(12)).expect(sound());
    let operations = calm.stats.operations[&NODE];
    for operation in 1..=operations {
        crashed_once(short(1).crash_at_operation(NODE, operation, 150).run_until(finalized(12)));
    }
    println!("{operations} operations");
    assert!(operations > 50, "{operations} operations are a short history");
}

/// Rule D13: alone, so that nobody remembers what it voted.
#[test]
fn lone_validator_resumes_after_a_crash_before_any_operation() {
    let alone = |seed| Scenario::seed(seed).stake([7]);
    let operations = alone(1).run_until(finalized(8)).expect(sound()).stats.operations[&0];
    for operation in 1..=operations {
        crashed_once(alone(1).crash_at_operation(0, operation, 150).run_until(finalized(8)));
    }
}

/// Rules D6, D13; G11 of staking.
#[test]
fn write_to_the_guards_file_may_be_cut_short_at_any_byte() {
    let crashing = |operation, bytes| {
        let scenario = short(2).crash_at_operation(NODE, operation, 150).with(|plan| plan.tear = Some(bytes));
        crashed_once(scenario.run_until(finalized(6)))
    };
    let torn = (20..).find_map(|operation| Some((operation, *crashing(operation, 0).stats.torn.first()?)));
    let (operation, length) = torn.expect("some crash falls between a write to the guard's file and its flush");
    println!("operation {operation} flushes {length} bytes");
    for bytes in 0..=usize::try_from(length).expect("a slot") {
        crashing(operation, bytes);
    }
}

/// Rule D13.
#[test]
fn node_whose_disk_fails_stops_and_the_others_go_on() {
    for (seed, kind) in (1..9).zip([FaultKind::Full, FaultKind::Error].into_iter().cycle()) {
        let outcome = Scenario::seed(seed).disk_fails(500 + 70 * seed, NODE, kind).run_until(finalized(60));
        let outcome = outcome.expect(sound());
        assert_eq!((outcome.stats.stops, outcome.stats.crashes), (1, 0), "seed {seed}");
    }
}

/// Rule D13: whoever needs it waits for it.
#[test]
fn node_comes_back_when_its_disk_is_whole_again() {
    for (seed, kind) in (1..9).zip([FaultKind::Full, FaultKind::Error].into_iter().cycle()) {
        let failing = Scenario::seed(seed).stake([40, 30, 20, 10]).disk_fails(700, 0, kind);
        let mended = failing.with(|plan| plan.disk_faults[0].mended_after_ms = Some(1_500 + 200 * seed));
        let outcome = mended.run_until(finalized(60)).expect(sound());
        assert_eq!(outcome.stats.stops, 1, "seed {seed}");
    }
}

/// Rule D13: between failing disks, crashes and slow flushes.
#[test]
fn failing_disks_on_rough_links_let_no_key_sign_twice() {
    let rough =
        LinkPlan { latency_us: 20_000, jitter_us: 200_000, loss_permille: 100, ordered: false, ..LinkPlan::CALM };
    for seed in 1..21 {
        let slow = Scenario::seed(seed).links(rough, 6).with(|plan| plan.settings.flush_us = 5_000);
        let kind = if seed % 2 == 0 { FaultKind::Full } else { FaultKind::Error };
        let failing = slow.crash(900, 2, seed, 400).disk_fails(1_000 + 100 * seed, NODE, kind);
        let outcome = failing.with(|plan| plan.disk_faults[0].mended_after_ms = Some(1_000)).run_until(finalized(30));
        outcome.expect(sound());
    }
}
