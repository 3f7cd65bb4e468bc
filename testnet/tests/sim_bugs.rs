//! Negative controls: planted bugs that a checker must catch, in scenarios in which every rule holds without them. One
//! that is not caught fails the build.

use std::ops::Range;

use rota_testnet::sim::{
    DiskFault, FaultKind, Goal, LinkPlan, Outcome, Scenario, Time,
    adversaries::{
        Accomplice, DoubleVoter, Equivocator, FarFuture, Forger, Impersonator, InvalidProposer, Silent, Skipper,
        Whisperer, Wrong,
    },
    bugs::{
        CandidateNotDurable, CertificateNotDurable, DiskFaultIgnored, EvidenceIgnored, EvidenceRepeated,
        FinalNotDurable, FinalizeAfterNullify, HeadCount, NeverForgets, NonceNotChecked, NullificationsNotRequired,
        OldCopy, OriginNotChecked, ParentNotChecked, QuorumOffByOne, RecordNotDurable, RootNotCompared,
        SignaturesNotChecked, StaleSet, TimerNotRearmed, VotesAddedUp,
    },
    caught,
    checkers::SAFETY,
    conduct::Conduct,
    finalized, seconds, sound,
};

/// Seeds for which a scenario is run without its bug.
const CONTROLS: usize = 6;

/// Runs a scenario with a bug and many seeds; one checker alone watches, and catches something in at least one of them:
/// in how many. Without the bug neither it nor those of safety see anything.
#[track_caller]
fn is_caught(
    checker: &'static str,
    seeds: Range<u64>,
    scenario: impl Fn(u64) -> Scenario,
    bug: impl Conduct + Clone + 'static,
) -> usize {
    let count = seeds.end - seeds.start;
    let run = |seed| scenario(seed).plant(bug.clone()).watched_by([checker]).run();
    let fired = |outcome: &Outcome| outcome.violation.as_ref().is_some_and(|seen| seen.checker == checker);
    let (caught_in, others): (Vec<_>, Vec<_>) = seeds.clone().map(run).partition(fired);
    let asserted = others.iter().filter(|outcome| outcome.violation.is_some()).count();
    let fires = caught_in.len();
    println!("{checker} fired in {fires} of {count} seeds, an assertion in {asserted}");
    let first = caught_in.into_iter().next().expect("a planted bug is caught");
    println!("{:?}", first.expect(caught(checker)).violation);
    for seed in seeds.take(CONTROLS) {
        scenario(seed).watched_by(SAFETY.into_iter().chain([checker])).run().expect(sound());
    }
    fires
}

/// Links on which views fail now and then.
const ROUGH: LinkPlan =
    LinkPlan { latency_us: 20_000, jitter_us: 300_000, loss_permille: 150, ordered: false, ..LinkPlan::CALM };

/// Three equal stakes, the last of which equivocates: exactly a third is faulty, which a quorum of more than two
/// thirds withstands, though nothing becomes final.
fn a_third_is_faulty(seed: u64) -> Scenario {
    let scenario = Scenario::seed(seed).stake([10, 10, 10]).leaders([2]).adversary(2, Equivocator::default());
    scenario.with(|plan| plan.goal = seconds(10))
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

/// One after the other crashes, every half second, and is back soon: the links are calm, so that each has told of some
/// ten batches since its crash before, and hardly anything else waits for a flush.
fn crashing_while_batches_become_final(seed: u64) -> Scenario {
    (0..24).fold(Scenario::seed(seed), |all, number| {
        let node = usize::try_from((seed + number) % 4).unwrap_or(0);
        all.crash(1_000 + 500 * number, node, (seed * 5 + number * 3) % 16, 100)
    })
}

/// All crash in the first view, so that nobody remembers what anybody signed.
fn crashing_together(seed: u64) -> Scenario {
    all_crash(seed, 50_000, 20 + 10 * seed, 50)
}

/// All crash at a time, on slow links.
fn all_crash(seed: u64, latency_us: u64, at_ms: u64, down_ms: u64) -> Scenario {
    let slow = LinkPlan { latency_us, ..LinkPlan::CALM };
    (0..4).fold(Scenario::seed(seed).links(slow, 0), |all, node| all.crash(at_ms, node, 0, down_ms))
}

/// One is cut off, so that every batch needs the votes of all others. Then two of these crash, and the last says
/// nothing more: what the two forgot nobody tells them.
fn without_the_fourth_vote(seed: u64) -> Scenario {
    let at_ms = 1_000 + 13 * seed;
    let slow = LinkPlan { latency_us: 30_000, ..LinkPlan::CALM };
    let scenario = Scenario::seed(seed).links(slow, 0).leaders([3, 0, 1, 2]).partition(0..2, [2]);
    scenario.adversary(3, Silent::after_ms(at_ms)).crash(at_ms, 0, 0, 200).crash(at_ms, 1, 0, 200)
}

/// Stakes change every other second or so.
fn changing(seed: u64) -> Scenario {
    let scenario = Scenario::seed(seed).stake([10, 20, 30, 40]).changing_sets(400);
    scenario.with(|plan| plan.goal = Goal::After(Time::from_ms(20_000)))
}

/// Rules D7, D8: the replicas count wrongly, and the checker does not.
#[test]
fn quorum_that_is_off_by_one_breaks_agreement() {
    is_caught("agreement", 1..5, a_third_is_faulty, QuorumOffByOne);
}

/// Rules D7, D8.
#[test]
fn heads_counted_for_stake_break_agreement() {
    is_caught("agreement", 1..5, half_the_heads_are_faulty, HeadCount);
}

#[test]
fn finalize_after_nullify_is_a_signature_that_no_honest_key_makes() {
    is_caught("signatures", 1..20, |seed| Scenario::seed(seed).links(ROUGH, 20), FinalizeAfterNullify::default());
}

/// Rule D6: what was not flushed is lost in a crash.
#[test]
fn record_that_is_not_durable_lets_a_key_sign_twice() {
    is_caught("signatures", 1..40, crashing_together, RecordNotDurable);
}

#[test]
fn record_that_is_not_durable_is_missed_by_its_own_core() {
    is_caught("memory", 1..40, crashing, RecordNotDurable);
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
    is_caught("liveness", 1..40, |seed| all_crash(seed, 30_000, 1_000 + seed * 13, 200), CandidateNotDurable);
}

/// Rule N2 of consensus: who signed finalize and lost the notarization can neither go on nor nullify.
#[test]
fn certificate_that_is_not_durable_is_missed_by_those_who_finalized() {
    is_caught("liveness", 1..60, without_the_fourth_vote, CertificateNotDurable);
}

/// Rule B7 of replica. Each of 24 crashes takes back the last batch that its node told of, unless chance has it that
/// the write of it is among those that remain.
#[test]
fn final_batch_that_is_told_before_it_is_durable_is_taken_back() {
    let fires = is_caught("chain", 1..20, crashing_while_batches_become_final, FinalNotDurable);
    assert!(fires >= 17, "it fired in {fires} of 19 seeds");
}

#[test]
fn crashes_break_nothing_without_the_bugs() {
    for seed in 1..40 {
        crashing(seed).run_until(finalized(20)).expect(sound());
        crashing_together(seed).run_until(finalized(20)).expect(sound());
    }
}

#[test]
fn nullifications_that_are_not_required_break_agreement() {
    let skipping = |seed| Scenario::seed(seed).links(ROUGH, 20).adversary(3, Skipper);
    is_caught("agreement", 1..60, skipping, NullificationsNotRequired);
}

/// Rule J3 of consensus: a parent passes for notarized that is not.
#[test]
fn parent_that_is_not_checked_breaks_agreement() {
    is_caught("agreement", 1..60, |seed| Scenario::seed(seed).links(ROUGH, 20).adversary(3, Forger), ParentNotChecked);
}

/// Rule Q3 of consensus.
#[test]
fn votes_of_two_views_added_up_break_agreement() {
    is_caught("agreement", 1..60, |seed| Scenario::seed(seed).links(ROUGH, 20), VotesAddedUp::default());
}

/// Rule D7: the replicas are given another set, and the checker asks L1.
#[test]
fn stale_set_makes_final_what_the_stake_did_not_sign() {
    is_caught("quorum", 1..20, changing, StaleSet);
}

#[test]
fn stale_set_is_not_the_one_on_l1() {
    is_caught("sets", 1..5, changing, StaleSet);
}

/// Rule B3 of replica.
#[test]
fn origin_that_is_not_checked_is_no_block_of_l1() {
    let false_origins = |seed| {
        let scenario = Scenario::seed(seed).adversary(1, InvalidProposer::with(Wrong::OriginHash));
        scenario.with(|plan| plan.l1.interval_ms = 300)
    };
    is_caught("origins", 1..10, false_origins, OriginNotChecked::default());
}

#[test]
fn root_that_nobody_compares_differs_from_node_to_node() {
    is_caught("roots", 1..3, Scenario::seed, RootNotCompared);
}

#[test]
fn nonce_that_is_not_checked_lets_a_transaction_run_twice() {
    is_caught("once", 1..3, Scenario::seed, NonceNotChecked::default());
}

/// Rule K2 of proto.
#[test]
fn signatures_that_nobody_checks_accuse_the_innocent() {
    let impersonated = |seed| Scenario::seed(seed).adversary(3, Impersonator::default());
    is_caught("innocence", 1..5, impersonated, SignaturesNotChecked);
}

/// Rule K2 of proto: certificates in everybody's name.
#[test]
fn certificates_that_nobody_checks_name_the_innocent() {
    is_caught("accountability", 1..5, |seed| Scenario::seed(seed).adversary(3, FarFuture), SignaturesNotChecked);
}

/// Rule E1 of replica: whoever contradicts itself to one node alone is known to the others by that node's evidence.
#[test]
fn evidence_that_nobody_listens_to_does_not_get_about() {
    let whispering = |seed| Scenario::seed(seed).adversary(3, Whisperer).with(|plan| plan.goal = seconds(20));
    is_caught("spread", 1..5, whispering, EvidenceIgnored);
}

/// Rule S3 of staking.
#[test]
fn evidence_that_is_brought_again_and_again_is_too_much() {
    is_caught("evidence", 1..3, |seed| Scenario::seed(seed).adversary(3, DoubleVoter), EvidenceRepeated::default());
}

#[test]
fn replica_that_never_forgets_grows_without_bound() {
    is_caught("sizes", 1..3, |seed| Scenario::seed(seed).with(|plan| plan.goal = seconds(60)), NeverForgets);
}

/// Rule B7 of replica: neither its signatures nor its word are worth anything.
#[test]
fn node_that_goes_on_after_its_disk_failed_is_not_to_be_trusted() {
    let failing = |seed| {
        let kind = if seed == 0 { FaultKind::Full } else { FaultKind::Error };
        let fault = DiskFault { node: 1, at: Time::from_ms(1_000), kind, mended_after_ms: Some(1_000) };
        Scenario::seed(seed).with(|plan| plan.disk_faults.push(fault))
    };
    is_caught("stops", 0..2, failing, DiskFaultIgnored);
}

#[test]
fn timer_that_is_not_armed_again_stops_the_network() {
    let silent = |seed| Scenario::seed(seed).adversary(0, Silent::default());
    is_caught("liveness", 1..5, silent, TimerNotRearmed::default());
}
