//! One kind of adversary at a time, with less than a third of the stake: every rule holds, the network goes on, and
//! whoever signed a slashable pair is found out. A scenario in which the adversary did nothing proves nothing.

use std::collections::BTreeSet;

use rota_proto::{Epoch, Strict, Verifier as _, Vote};
use rota_testnet::sim::{
    ExecutionKind, Expectation, LinkPlan, Outcome, Scenario,
    adversaries::{
        Accomplice, Censor, DoubleVoter, Equivocator, FalseAccuser, FarFuture, Forger, Impersonator, InvalidProposer,
        Late, LyingServer, Mutator, Nuller, Outdated, Replayer, Silent, Skipper, TorsionSigner, Whisperer, Withholder,
        Wrong, drawn, stands_cofactored, torsion_signature,
    },
    conduct::Conduct,
    finalized,
    keys::{public_key, secret_key},
    random::Random,
    seconds, slashed, sound,
};

/// Seeds of each scenario.
const SEEDS: std::ops::Range<u64> = 1..9;

/// Who breaks the rules.
const GUILTY: usize = 1;

/// Links across a continent that lose one message in ten.
const LOSSY: LinkPlan =
    LinkPlan { latency_us: 15_000, jitter_us: 30_000, loss_permille: 100, duplicate_permille: 50, ..LinkPlan::CALM };

/// The adversary has a quarter of the stake in every other seed and three tenths in the others; on calm links and on
/// lossy ones.
fn against(seed: u64, conduct: impl Conduct + 'static) -> Scenario {
    let stakes = if seed.is_multiple_of(2) { [25; 4] } else { [40, 30, 20, 10] };
    let scenario = Scenario::seed(seed).stake(stakes).adversary(GUILTY, conduct).with(|plan| plan.goal = finalized(30));
    if seed % 4 < 2 { scenario } else { scenario.links(LOSSY, 6) }
}

/// Runs the scenario with all seeds; whether the adversary acted in each of them.
#[track_caller]
fn all(expected: Expectation, scenario: impl Fn(u64) -> Scenario) -> Vec<Outcome> {
    let run = |seed| {
        let outcome = scenario(seed).run().expect(expected);
        assert!(outcome.stats.deeds > 0, "the adversary did nothing\n{outcome}");
        outcome
    };
    let outcomes: Vec<Outcome> = SEEDS.map(run).collect();
    println!("{} deeds", outcomes.iter().map(|outcome| outcome.stats.deeds).sum::<u64>());
    outcomes
}

/// Nobody honest accuses anybody.
#[track_caller]
fn nobody_is_accused(outcomes: &[Outcome]) {
    let accused: BTreeSet<usize> = outcomes.iter().flat_map(|outcome| outcome.stats.accused.clone()).collect();
    assert!(accused.is_empty(), "{accused:?} are accused of what nobody did");
}

/// Rule D8.
#[test]
fn equivocating_leader_is_slashed() {
    all(slashed(GUILTY), |seed| against(seed, Equivocator::default()));
}

/// Rules E1 to E4 of replica: found by some, kept by all, one who was away and one who crashes among them.
#[test]
fn evidence_against_an_equivocating_leader_reaches_every_honest_node() {
    let outcomes = all(slashed(GUILTY), |seed| {
        let scenario = against(seed, Equivocator::default()).crash(2_000, 2, seed % 7, 1_000).partition(3..8, [3]);
        scenario.with(|plan| plan.goal = seconds(25))
    });
    for outcome in outcomes {
        let kept: BTreeSet<usize> = outcome.stats.kept.iter().map(|(node, _)| *node).collect();
        assert_eq!(kept, BTreeSet::from([0, 2, 3]), "{outcome}");
    }
}

/// The same while sets and keys change, and epochs pass in a second.
#[test]
fn evidence_of_past_epochs_convicts_by_their_sets() {
    all(slashed(GUILTY), |seed| {
        let scenario = against(seed, DoubleVoter).rotating_keys(400).partition(3..5, [3]);
        scenario.with(|plan| plan.goal = seconds(15))
    });
}

/// Rules E2 to E4 of replica: most is refused unverified, nobody is accused, nothing grows.
#[test]
fn flood_of_false_evidence_accuses_nobody_and_fills_no_memory() {
    let outcomes = all(sound(), |seed| over_epochs(seed, FalseAccuser));
    nobody_is_accused(&outcomes);
    for outcome in outcomes {
        let (forged, refused) = (outcome.stats.forged, outcome.stats.accusations_refused);
        assert!(forged > 0 && refused > forged / 4, "{forged} verified, {refused} refused unverified\n{outcome}");
    }
}

#[test]
fn double_voter_is_slashed() {
    all(slashed(GUILTY), |seed| against(seed, DoubleVoter));
    all(slashed(GUILTY), |seed| against(seed, Whisperer));
}

#[test]
fn accomplice_of_an_equivocating_leader_splits_nobody() {
    all(slashed(3), |seed| {
        let scenario = Scenario::seed(seed).stake([30, 30, 30, 14, 15]).leaders([3, 0, 1, 2]);
        scenario.adversary(3, Equivocator::default()).adversary(4, Accomplice::default())
    });
}

/// Batches follow each other so fast, and messages are so slow, that a leader builds on what is not final yet.
fn in_a_hurry(seed: u64, conduct: impl Conduct + 'static) -> Scenario {
    let hurried = against(seed, conduct).with(|plan| plan.settings.config.timings.batch_interval_ms = 1);
    hurried.links(LOSSY, 6)
}

/// Rule J2 of consensus.
#[test]
fn leader_that_passes_over_a_notarized_batch_is_not_followed() {
    nobody_is_accused(&all(sound(), |seed| in_a_hurry(seed, Skipper)));
}

/// Rules J1, J3 of consensus.
#[test]
fn forged_notarization_of_a_parent_convinces_nobody() {
    nobody_is_accused(&all(sound(), |seed| in_a_hurry(seed, Forger)));
}

/// Rule Q1 of consensus.
#[test]
fn nullifier_of_every_view_holds_up_its_own_views_alone() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Nuller::default())));
}

/// Rule L2 of consensus.
#[test]
fn silent_leader_is_passed_over() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Silent::after_ms(100 * seed))));
}

/// Rules F1, T2 of consensus: the timer has 500 ms.
#[test]
fn votes_and_proposals_just_before_the_timer_stop_nothing() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Late::by_ms(440 + 8 * seed))));
}

#[test]
fn votes_and_proposals_just_after_the_timer_stop_nothing() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Late::by_ms(492 + 8 * seed))));
}

/// Rule J5 of consensus.
#[test]
fn batch_without_a_body_is_not_voted_for() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Withholder::from_all())));
}

/// Rule R3 of consensus.
#[test]
fn body_that_half_of_the_network_has_reaches_the_others() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Withholder::from_half())));
}

/// Rules J1, J4, J5 of consensus, B1 to B3 of replica, X4 to X13 of execution: whatever is wrong with them, before the
/// stand-in and before the production execution.
#[test]
fn invalid_batches_do_not_become_final() {
    for wrong in Wrong::ALL {
        println!("{wrong:?}");
        nobody_is_accused(&all(sound(), |seed| {
            against(seed, InvalidProposer::with(wrong)).with(|plan| {
                (plan.l1.interval_ms, plan.work.interval_ms, plan.goal) = (200, 8, finalized(100));
                plan.settings.execution =
                    if seed.is_multiple_of(4) { ExecutionKind::Evm } else { ExecutionKind::Ledger };
            })
        }));
    }
}

/// Ten epochs or so with changing sets.
fn over_epochs(seed: u64, conduct: impl Conduct + 'static) -> Scenario {
    against(seed, conduct).changing_sets(250).with(|plan| plan.goal = seconds(10))
}

/// Rules J3, E4 of consensus: also proposals of closing batches again.
#[test]
fn false_justifications_are_no_fault_of_the_leader() {
    nobody_is_accused(&all(sound(), |seed| over_epochs(seed, Mutator::default())));
}

/// Rule K2 of proto: the two rules disagree about it, so that one of them must decide alone.
#[test]
fn torsion_signature_stands_for_those_who_clear_the_cofactor_alone() {
    let vote = Vote::nullify(rota_proto::Round::new(Epoch(1), rota_proto::View(7)));
    let domain = rota_proto::SigningDomain::new(1, alloy_primitives::Address::ZERO, 2);
    for seat in 0..4 {
        let digest = domain.vote(&vote);
        let signature = torsion_signature(secret_key(seat), &digest);
        assert!(stands_cofactored(secret_key(seat), &digest, &signature));
        assert!(!Strict.verifies(&public_key(seat), &digest, &signature));
    }
}

/// Rule K2 of proto.
#[test]
fn torsion_signer_is_heard_by_nobody() {
    let outcomes = all(sound(), |seed| against(seed, TorsionSigner).with_ed25519());
    nobody_is_accused(&outcomes);
    assert!(outcomes.iter().all(|outcome| outcome.stats.forged > 0), "its signatures were looked at");
}

/// Rule V3 of consensus.
#[test]
fn rounds_that_nobody_has_reached_fill_no_memory() {
    all(sound(), |seed| over_epochs(seed, FarFuture));
}

/// Rules I1, I4 of replica.
#[test]
fn old_messages_change_nothing() {
    let outcomes = all(sound(), |seed| over_epochs(seed, Replayer::default()));
    assert!(outcomes.iter().all(|outcome| outcome.stats.epochs > 1), "some of them come from epochs past");
}

/// Rule K2 of proto.
#[test]
fn votes_in_the_names_of_others_count_for_nobody_and_accuse_nobody() {
    nobody_is_accused(&all(sound(), |seed| against(seed, Impersonator::default())));
}

/// Rule E5 of consensus.
#[test]
fn validator_that_stays_in_an_old_epoch_stops_nobody() {
    let outcomes = all(sound(), |seed| over_epochs(seed, Outdated::since(Epoch(seed % 3))));
    nobody_is_accused(&outcomes);
    assert!(outcomes.iter().all(|outcome| outcome.stats.epochs > 3), "the others went on");
}

/// Rule L1 of consensus: clients send again what is not final, to one node or another, and rest at last. Then nothing
/// waits.
#[test]
fn what_a_censor_leaves_out_becomes_final_under_other_leaders() {
    for seed in SEEDS {
        let outcome = against(seed, Censor).pause(8..100).run_until(seconds(30)).expect(sound());
        assert!(outcome.stats.deeds > 0, "nobody was left out\n{outcome}");
        assert_eq!(outcome.stats.waiting, 0, "something that was left out is not final\n{outcome}");
    }
}

/// Rules C1 to C3 of replica, S2 of consensus: a node comes back after a while and asks.
#[test]
fn false_answers_lead_nobody_astray() {
    let outcomes = all(sound(), |seed| {
        let scenario = over_epochs(seed, LyingServer::default());
        scenario.crash(500, 2, seed % 7, 5_000).crash(7_000, 3, seed % 5, 300)
    });
    assert!(outcomes.iter().all(|outcome| outcome.stats.catch_ups > 0), "somebody had to catch up");
}

/// Rule D8: two that forge proposals hear each other's, and forge no more of what they forged.
#[test]
fn adversaries_that_answer_each_other_come_to_an_end() {
    for seed in SEEDS {
        let scenario = Scenario::seed(seed).stake([25; 7]).links(LOSSY, 6).with(|plan| plan.settings.flush_us = 5_000);
        let pair = scenario.adversary(1, Mutator::default()).adversary(2, Impersonator::default());
        let outcome = pair.run_until(finalized(30)).expect(sound());
        assert!(outcome.stats.deeds > 0, "they forged nothing\n{outcome}");
    }
}

/// Rule D8.
#[test]
fn chaos_draws_every_adversary() {
    let random = &mut Random::new(1);
    let names: BTreeSet<&str> = (0..1_000).map(|_| drawn(random).name()).collect();
    assert_eq!(names.len(), 20, "{names:?}");
}
