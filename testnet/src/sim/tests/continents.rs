use crate::sim::{continents::Globe, links::Bandwidth};

/// Two validators, the first of which has exactly two thirds of the stake, 17 ms from each other: a quorum needs both.
/// Whoever leads has both notarize votes after 34 ms and the other after 17. Then the leader waits for a vote that was
/// cast after 17 ms, and the other for one that was cast after 34.
#[test]
fn three_hops_of_two_validators_are_those_on_paper() {
    let hops = Globe::of(2).three_hops_ms();
    assert_eq!([0, 500, 501, 1_000].map(|permille| hops.permille(permille)), [34, 34, 51, 51]);
    assert_eq!(Globe::of(1).three_hops_ms().permille(1_000), 0, "alone there is no way to go");
}

#[test]
fn a_third_of_the_stake_is_just_not_silent() {
    let all = Globe::of(100);
    let silent = all.clone().with_a_third_silent();
    assert_eq!(all.silent_bps(), 0);
    assert!((3_300..=3_333).contains(&silent.silent_bps()), "{}", silent.silent_bps());
    let (all, silent) = (all.three_hops_ms(), silent.three_hops_ms());
    assert!(silent.permille(500) > all.permille(500), "a quorum of those who are left is farther away");
}

#[test]
fn nobody_has_a_third_of_the_stake_and_everybody_has_a_line() {
    let scenario = Globe::of(100).scenario(1, 10);
    let plan = scenario.plan();
    assert!(3 * plan.stakes[0] < plan.stakes.iter().sum() && plan.stakes.is_sorted_by(|one, next| one > next));
    assert_eq!(plan.links.bandwidth, Some(Bandwidth { up: 12_500_000, down: 12_500_000 }));
    let distances = plan.distances.as_ref().unwrap();
    assert_eq!((distances.between(0, 1), distances.between(10, 1), distances.between(0, 10)), (17_000, 17_000, 1_000));
}
