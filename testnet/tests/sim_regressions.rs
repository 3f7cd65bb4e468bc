//! Bugs that the simulator found, each with its seed.

use rota_testnet::sim::{Scenario, adversaries::Silent, finalized, sound};

/// Seeds 180 and 1522 of their day: a restored vote of ours did not count towards a quorum, so that a certificate
/// which it alone completed, lost in the crash, was never formed again (rules S1, Q1).
#[test]
fn lone_validator_that_crashes_between_its_vote_and_its_certificate_goes_on() {
    for fuse in 0..40 {
        let scenario = Scenario::seed(fuse).stake([40]).crash(200, 0, fuse, 300).crash(1_500, 0, fuse / 2, 300);
        scenario.run_until(finalized(20)).expect(sound());
    }
}

/// Every seed: a validator that had been away might not vote in the view that the others were in, and when another
/// died in that view they waited for ever, three quarters of the stake being up (rule S3).
#[test]
fn validator_that_was_away_ends_the_view_in_which_another_dies() {
    for seed in 1..31 {
        let away = Scenario::seed(seed).crash(1_000, 3, seed % 11, 3_000);
        let outcome = away.adversary(2, Silent::after_ms(2_950 + 50 * (seed % 3))).run_until(finalized(100));
        assert!(outcome.stats.held_back > 0, "seed {seed}: it was away for long enough");
        outcome.expect(sound());
    }
}

/// Two of five come back at different times, to views that others have left for dead.
#[test]
fn two_that_were_away_are_both_needed() {
    for seed in 1..21 {
        let away =
            Scenario::seed(seed).stake([10, 10, 10, 10, 10]).crash(1_000, 3, seed, 3_000).crash(1_200, 4, 0, 3_100);
        away.adversary(2, Silent::after_ms(4_050)).run_until(finalized(100)).expect(sound());
    }
}
