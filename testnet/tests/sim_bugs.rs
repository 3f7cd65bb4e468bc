//! Negative controls: planted bugs that a checker must catch. One that is not caught fails the build.

use std::ops::Range;

use rota_testnet::sim::{
    Goal, LinkPlan, Outcome, Scenario, Time,
    adversaries::{Accomplice, Equivocator, Silent, Skipper},
    bugs::{
        CandidateNotDurable, FinalizeAfterNullify, HeadCount, NullificationsNotRequired, OldCopy, QuorumOffByOne,
        RecordNotDurable, StaleSet, TimerNotRearmed,
    },
    caught, finalized, seconds, sound,
};

/// What must hold even where nothing can become final.
const SAFETY: [&str; 5] = ["agreement", "chain", "quorum", "signatures", "innocence"];

/// Runs a scenario with many seeds; one checker alone watches, and catches something in at least one of them.
#[track_caller]
fn is_caught(checker: &'static str, seeds: Range<u64>, scenario: impl Fn(u64) -> Scenario) {
    let count = seeds.end - seeds.start;
    let run = |seed| scenario(seed).watched_by([checker]).run();
    let fired = |outcome: &Outcome| outcome.violation.as_ref().is_some_and(|seen| seen.checker == checker);
    let all: Vec<_> = seeds.map(run).filter(fired).collect();
    println!("{checker} fired in {} of {count} seeds", all.len());
    let first = all.into_iter().next().expect("a planted bug is caught");
    println!("{:?}", first.expect(caught(checker)).violation);
}

/// Links on which views fail now and then.
const ROUGH: LinkPlan =
    LinkPlan { latency_us: 20_000, jitter_us: 300_000, loss_permille: 150, ordered: false, ..LinkPlan::CALM };

/// Three equal stakes, the last of which equivocates: exactly a third is faulty, which a quorum of more than two
/// thirds withstands, though nothing becomes final.
fn a_third_is_faulty(seed: u64) -> Scenario {
    Scenario::seed(seed).stake([10, 10, 10]).leaders([2]).adversary(2, Equivocator::default())
}

/// Two of four are faulty, with a quarter of the stake.
fn half_the_heads_are_faulty(seed: u64) -> Scenario {
    let scenario = Scenario::seed(seed).stake([60, 60, 20, 20]).leaders([2, 0, 1]);
    scenario.adversary(2, Equivocator::default()).adversary(3, Accomplice::default())
}

/// Everybody crashes again and again on rough links.
fn crashing(seed: u64) -> Scenario {
    let mut scenario = Scenario::seed(seed).links(ROUGH, 6);
    for at in 0..12 {
        let node = usize::try_from((seed + at) % 4).unwrap_or(0);
        scenario = scenario.crash(300 + 450 * at, node, (seed * 7 + at * 5) % 16, 50 + (seed * 31) % 300);
    }
    scenario
}

/// Rules D7, D8: the cores count wrongly, and the checker does not.
#[test]
fn quorum_that_is_off_by_one_breaks_agreement() {
    is_caught("agreement", 1..5, |seed| a_third_is_faulty(seed).plant(QuorumOffByOne));
}

#[test]
fn a_third_that_is_faulty_breaks_nothing_without_the_bug() {
    for seed in 1..5 {
        a_third_is_faulty(seed).watched_by(SAFETY).run_until(seconds(10)).expect(sound());
    }
}

/// Rules D7, D8.
#[test]
fn heads_counted_for_stake_break_agreement() {
    is_caught("agreement", 1..5, |seed| half_the_heads_are_faulty(seed).plant(HeadCount));
}

#[test]
fn half_the_heads_that_are_faulty_break_nothing_without_the_bug() {
    for seed in 1..5 {
        half_the_heads_are_faulty(seed).run_until(finalized(20)).expect(sound());
    }
}

#[test]
fn finalize_after_nullify_is_a_signature_that_no_honest_key_makes() {
    is_caught("signatures", 1..20, |seed| Scenario::seed(seed).links(ROUGH, 20).plant(FinalizeAfterNullify::default()));
}

/// All crash in the first view, so that nobody remembers what anybody signed.
fn crashing_together(seed: u64) -> Scenario {
    let slow = LinkPlan { latency_us: 50_000, ..LinkPlan::CALM };
    (0..4).fold(Scenario::seed(seed).links(slow, 0), |all, node| all.crash(20 + 10 * seed, node, 0, 50))
}

/// Rule D6: what was not flushed is lost in a crash.
#[test]
fn record_that_is_not_durable_lets_a_key_sign_twice() {
    is_caught("signatures", 1..40, |seed| crashing_together(seed).plant(RecordNotDurable));
}

#[test]
fn crashing_together_breaks_nothing_without_the_bug() {
    for seed in 1..40 {
        crashing_together(seed).run_until(finalized(20)).expect(sound());
    }
}

#[test]
fn record_that_is_not_durable_is_missed_by_its_own_core() {
    is_caught("memory", 1..40, |seed| crashing(seed).plant(RecordNotDurable));
}

/// Rule S3: one node after the other comes back with an old copy of its record, again and again, on rough links.
#[test]
fn old_copies_of_the_record_let_no_key_sign_twice() {
    let old = |seed| crashing(seed).plant(OldCopy).watched_by(SAFETY).run_until(seconds(15)).expect(sound());
    let found: u64 = (1..100).map(|seed| old(seed).stats.old_records).sum();
    println!("99 seeds, {found} old copies were noticed");
    assert!(found > 0, "no copy was old enough to prove anything");
}

/// Rule S3: the network goes on without the owner of an old copy, and then with it.
#[test]
fn owner_of_an_old_copy_comes_back() {
    for seed in 1..40 {
        let twice = Scenario::seed(seed).crash(1_000, 3, seed % 16, 500).crash(3_000, 3, seed % 13, 500 + 20 * seed);
        let outcome = twice.plant(OldCopy).watched_by(SAFETY.into_iter().chain(["liveness"])).run_until(finalized(100));
        assert!(outcome.expect(sound()).stats.old_records > 0, "seed {seed}: its record had lost votes");
    }
}

#[test]
fn candidate_that_is_not_durable_is_lost_when_all_crash() {
    is_caught("liveness", 1..40, |seed| {
        let slow = LinkPlan { latency_us: 30_000, ..LinkPlan::CALM };
        let calm = Scenario::seed(seed).links(slow, 0);
        let all = (0..4).fold(calm, |all, node| all.crash(1_000 + seed * 13, node, 0, 200));
        all.plant(CandidateNotDurable)
    });
}

#[test]
fn crashes_break_nothing_without_the_bugs() {
    for seed in 1..40 {
        crashing(seed).run_until(finalized(20)).expect(sound());
    }
}

#[test]
fn nullifications_that_are_not_required_break_agreement() {
    is_caught("agreement", 1..60, |seed| {
        Scenario::seed(seed).links(ROUGH, 20).adversary(3, Skipper).plant(NullificationsNotRequired)
    });
}

/// Rule D7: the cores are given another set, and the checker asks L1.
#[test]
fn stale_set_makes_final_what_the_stake_did_not_sign() {
    is_caught("quorum", 1..20, |seed| {
        let scenario = Scenario::seed(seed).stake([10, 20, 30, 40]).changing_sets(400);
        scenario.with(|plan| plan.goal = Goal::After(Time::from_ms(20_000))).plant(StaleSet)
    });
}

#[test]
fn timer_that_is_not_armed_again_stops_the_network() {
    is_caught("liveness", 1..5, |seed| {
        Scenario::seed(seed).adversary(0, Silent::default()).plant(TimerNotRearmed::default())
    });
}
