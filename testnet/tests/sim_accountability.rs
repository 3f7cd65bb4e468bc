//! Beyond a third: agreement breaks, and the certificates name those who broke it.

use std::ops::Range;

use rota_testnet::sim::{
    LinkPlan, NodeId, Scenario,
    adversaries::{Accomplice, Equivocator},
    random::Random,
    seconds, sound,
};

/// Links on which views fail now and then.
const ROUGH: LinkPlan =
    LinkPlan { latency_us: 20_000, jitter_us: 300_000, loss_permille: 150, ordered: false, ..LinkPlan::CALM };

/// So many seats of equal stake, the first few of them run twice. For some seconds one copy of each twin hears one half
/// of the others, and the other copy the other half.
fn torn_apart(seed: u64, seats: usize, twins: usize) -> Scenario {
    let scenario = (0..twins).fold(Scenario::seed(seed).stake(vec![10; seats]), Scenario::twin);
    let half = twins + (seats - twins) / 2;
    scenario.partition(0..6, 0..half)
}

/// Runs seeds. Where two honest nodes call different batches of a height final, whoever holds the certificates of all
/// nodes finds more than a third of the seats in them, all guilty; in so many seeds at least that happens.
#[track_caller]
fn names_whenever_broken(seeds: Range<u64>, broken_min: usize, scenario: impl Fn(u64) -> (Scenario, Range<NodeId>)) {
    let (count, mut broken) = (seeds.end - seeds.start, 0);
    for (scenario, guilty) in seeds.map(scenario) {
        let (seed, seats) = (scenario.plan().seed, scenario.plan().stakes.len());
        let outcome = scenario.watched_by(["accountability"]).run_until(seconds(12)).expect(sound());
        let named = outcome.stats.accountable;
        broken += usize::from(!named.is_empty());
        assert!(named.iter().all(|seat| guilty.contains(seat)), "seed {seed}: {named:?} of {guilty:?}");
        assert!(named.is_empty() || 3 * named.len() > seats, "seed {seed}: {named:?} of {seats} are too few");
    }
    println!("agreement breaks in {broken} of {count} seeds");
    assert!(broken >= broken_min, "agreement breaks in {broken} of {count} seeds: that proves too little");
}

#[test]
fn half_of_the_stake_that_equivocates_is_named() {
    names_whenever_broken(1..10, 9, |seed| {
        let scenario = Scenario::seed(seed).leaders([2, 0, 1]);
        (scenario.adversary(2, Equivocator::default()).adversary(3, Accomplice::default()), 2..4)
    });
}

#[test]
fn twins_beyond_a_third_are_named() {
    names_whenever_broken(1..10, 9, |seed| (torn_apart(seed, 4, 2), 0..2));
    names_whenever_broken(1..10, 9, |seed| (torn_apart(seed, 7, 3), 0..3));
}

#[test]
fn twins_up_to_two_thirds_are_named() {
    names_whenever_broken(1..10, 9, |seed| (torn_apart(seed, 6, 4), 0..4));
}

/// The two halves fail and succeed in different views, so that guilt lies in nullifications and notarizations, too.
#[test]
fn twins_on_rough_links_are_named() {
    names_whenever_broken(1..40, 30, |seed| (torn_apart(seed, 4, 2).links(ROUGH, 12), 0..2));
}

/// Four to nine seats, more than a third and at most two thirds of them faulty: twins that are torn apart on rough
/// links, or equivocators and those who vote with everybody.
fn drawn(seed: u64) -> (Scenario, Range<NodeId>) {
    let mut random = Random::of(seed, 1);
    let seats = 4 + random.index(6);
    let faulty = seats / 3 + 1 + random.index(2 * seats / 3 - seats / 3);
    if random.chance(500) {
        return (torn_apart(seed, seats, faulty).links(ROUGH, 12), 0..faulty);
    }
    let scenario = Scenario::seed(seed).stake(vec![10; seats]).adversary(0, Equivocator::default());
    let scenario = (1..faulty).fold(scenario, |scenario, node| match random.below(2) {
        0 => scenario.adversary(node, Equivocator::default()),
        _ => scenario.adversary(node, Accomplice::default()),
    });
    (scenario, 0..faulty)
}

#[test]
fn whoever_breaks_agreement_is_named() {
    names_whenever_broken(1..150, 20, drawn);
}
