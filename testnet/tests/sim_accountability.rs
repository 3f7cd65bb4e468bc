//! Beyond a third: agreement breaks, and the certificates name those who broke it.

use std::collections::BTreeSet;

use rota_testnet::sim::{
    LinkPlan, NodeId, Scenario,
    adversaries::{Accomplice, Equivocator},
    caught, seconds, sound,
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

/// Agreement breaks, and whoever holds the certificates of all nodes finds more than a third of the seats, all guilty.
#[track_caller]
fn names(scenario: &Scenario, guilty: &BTreeSet<NodeId>) {
    let seats = scenario.plan().stakes.len();
    scenario.clone().watched_by(["agreement"]).run_until(seconds(15)).expect(caught("agreement"));
    let outcome = scenario.clone().watched_by(["accountability"]).run_until(seconds(15)).expect(sound());
    let named = outcome.stats.accountable;
    assert!(named.is_subset(guilty), "{named:?} of {guilty:?}");
    assert!(3 * named.len() > seats, "{named:?} are not more than a third of {seats}");
}

#[test]
fn half_of_the_stake_that_equivocates_is_named() {
    for seed in 1..10 {
        let scenario = Scenario::seed(seed).leaders([2, 0, 1]);
        let scenario = scenario.adversary(2, Equivocator::default()).adversary(3, Accomplice::default());
        names(&scenario, &[2, 3].into());
    }
}

#[test]
fn twins_beyond_a_third_are_named() {
    for seed in 1..10 {
        names(&torn_apart(seed, 4, 2), &(0..2).collect());
        names(&torn_apart(seed, 7, 3), &(0..3).collect());
    }
}

#[test]
fn twins_up_to_two_thirds_are_named() {
    for seed in 1..10 {
        names(&torn_apart(seed, 6, 4), &(0..4).collect());
    }
}

/// The two halves fail and succeed in different views, so that guilt lies in nullifications and notarizations, too.
#[test]
fn twins_on_rough_links_are_named() {
    for seed in 1..20 {
        names(&torn_apart(seed, 4, 2).links(ROUGH, 15), &(0..2).collect());
    }
}
