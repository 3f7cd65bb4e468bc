//! Bugs that the simulator found, each with its seed.

use rota_testnet::sim::{Scenario, adversaries::Silent, caught, finalized, sound};

/// Seeds 180 and 1522 of their day: a restored vote of ours did not count towards a quorum, so that a certificate
/// which it alone completed, lost in the crash, was never formed again (rules S1, Q1).
#[test]
fn lone_validator_that_crashes_between_its_vote_and_its_certificate_goes_on() {
    for fuse in 0..40 {
        let scenario = Scenario::seed(fuse).stake([40]).crash(200, 0, fuse, 300).crash(1_500, 0, fuse / 2, 300);
        scenario.run_until(finalized(20)).expect(sound());
    }
}

/// A known gap of rule S3, until the rule changes: a node that was away for some views while the others went on comes
/// back with a floor above their round. If another validator is gone by then, the rest of the quorum waits for the
/// one that may not vote, for ever, though more than two thirds of the stake are up and honest.
#[test]
fn node_that_was_away_is_mute_in_the_round_that_needs_it() {
    for seed in 1..6 {
        let scenario = Scenario::seed(seed).crash(1_000, 3, 0, 3_000).adversary(2, Silent::after_ms(3_000));
        scenario.run_until(finalized(100)).expect(caught("liveness"));
    }
}
