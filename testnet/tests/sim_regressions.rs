//! Bugs that the simulator found, each with its seed.

use rota_testnet::sim::{Scenario, finalized, sound};

/// Seeds 180 and 1522 of their day: a restored vote of ours did not count towards a quorum, so that a certificate
/// which it alone completed, lost in the crash, was never formed again (rules S1, Q1).
#[test]
fn lone_validator_that_crashes_between_its_vote_and_its_certificate_goes_on() {
    for fuse in 0..40 {
        let scenario = Scenario::seed(fuse).stake([40]).crash(200, 0, fuse, 300).crash(1_500, 0, fuse / 2, 300);
        scenario.run_until(finalized(20)).expect(sound());
    }
}
