//! Twins: one key run by two processes that know nothing of each other. Bano et al., "Twins: BFT systems made robust"
//! (2020): partitions and leaders enumerated, two honest copies of one validator play most of what a faulty one can.

use rota_testnet::sim::{Cut, NodeId, Scenario, Time, Way, finalized, random::Random, sweep};

/// How long a phase lasts: a view that fails in it takes 500 ms.
const PHASE_MS: u64 = 700;

/// While it lasts, who is cut off from the others, and who leads.
#[derive(Clone, Debug)]
struct Phase {
    side: Vec<NodeId>,
    leader: NodeId,
}

/// Phase by phase; then all hear each other. Leaders go on in the same turn.
fn twins(validators: usize, twins: impl IntoIterator<Item = NodeId>, phases: &[Phase]) -> Scenario {
    let equal = Scenario::seed(1).stake(vec![25; validators]).leaders(phases.iter().map(|phase| phase.leader));
    let scenario = twins.into_iter().fold(equal, Scenario::twin);
    let cut = |(number, phase): (usize, &Phase)| {
        let from = Time::from_ms(PHASE_MS * number as u64);
        Cut { during: from..from.plus_ms(PHASE_MS), side: phase.side.clone(), way: Way::Both }
    };
    scenario.with(|plan| plan.cuts = phases.iter().enumerate().map(cut).collect())
}

/// A side of a partition by its number; process 0 is on the other, for sides have no names.
fn side(number: usize, processes: usize) -> Vec<NodeId> {
    (1..processes).filter(|process| number >> (process - 1) & 1 == 1).collect()
}

/// Number `index` of all the ways to give `count` phases a partition of the processes and a leader.
fn enumerated(mut index: usize, count: usize, processes: usize, validators: usize) -> Vec<Phase> {
    let mut digit = |base: usize| {
        let digit = index % base;
        index /= base;
        digit
    };
    let sides = 1 << (processes - 1);
    (0..count).map(|_| Phase { side: side(digit(sides), processes), leader: digit(validators) }).collect()
}

/// Four validators, one of them run twice: 16 partitions of five processes times 4 leaders in each of two phases.
#[test]
fn twins_among_four_split_nobody_whatever_the_partitions_and_leaders() {
    let run = |number: u64| {
        let phases = enumerated(usize::try_from(number).expect("below 4,096"), 2, 5, 4);
        twins(4, [3], &phases).run_until(finalized(6))
    };
    let stats = sweep(0..4_096, run).all_hold("twins among four");
    assert!(stats.heights > 0 && stats.accused.contains(&3), "somewhere the twins contradict each other");
}

/// Seven validators, two of them run twice: 256 partitions of nine processes times 7 leaders in each of four phases are
/// too many to be enumerated.
#[test]
fn two_pairs_of_twins_among_seven_split_nobody_in_a_thousand_samples() {
    let run = |number: u64| {
        let mut random = Random::of(number, 7);
        let phases: Vec<Phase> =
            (0..4).map(|_| Phase { side: side(random.index(256), 9), leader: random.index(7) }).collect();
        twins(7, [5, 6], &phases).run_until(finalized(6))
    };
    let stats = sweep(0..1_000, run).all_hold("twins among seven");
    assert!(stats.heights > 0 && !stats.accused.is_empty(), "somewhere the twins contradict each other");
}

/// Negative control: with one pair of twins more than a third allows, the network splits, the checker sees it, and the
/// certificates of all name more than a third of the stake and nobody honest.
#[test]
fn two_pairs_of_twins_among_four_are_caught_and_named() {
    let split = Phase { side: vec![1, 4, 5], leader: 2 };
    let run = |number: u64| {
        let leader = usize::try_from(2 + number % 2).expect("2 or 3");
        let phases = vec![Phase { leader, ..split.clone() }; 1 + usize::try_from(number / 2).expect("small")];
        twins(4, [2, 3], &phases).watched_by(["agreement"]).run_until(finalized(6))
    };
    let caught = sweep(0..8, run).failed;
    println!("agreement fired in {} of 8 runs", caught.len());
    assert!(!caught.is_empty(), "a control that does not fire proves that the checker is blind");
}
