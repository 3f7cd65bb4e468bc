//! Bugs that the simulator found, each with its seed.

use rota_testnet::sim::{
    Cut, L1Plan, LinkPlan, Scenario, Time, Way, adversaries::Silent, finalized, sets::Changes, sound,
};

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

/// Seeds 206 and 100236 of chaos: n0 led two views in a row. Its batch for the first came too late and was forgotten,
/// after the same batch had been built for the second: the others made it final, and n0 stopped (rule B12 of the
/// replica). What is left of the second seed when it is shrunk.
#[test]
fn leader_that_builds_the_same_batch_twice_keeps_it() {
    let scenario = Scenario::seed(100_236).stake([165, 110, 115, 85]).crash(162, 0, 22, 1_112);
    let scenario = scenario.crash(1_661, 0, 4, 1_306).clock(1, 1_263, -242).clock_is_set(3_029, 1, -1_105);
    let scenario = scenario.with(|plan| {
        plan.changing = Changes::Stakes;
        plan.l1 = L1Plan { interval_ms: 460, epoch_blocks: 5 };
        plan.l1_lags_ms = vec![213, 153, 304, 138];
        plan.links =
            LinkPlan { latency_us: 14_033, jitter_us: 14_164, loss_permille: 250, ordered: false, ..plan.links };
        plan.work.interval_ms = 56;
        (plan.settings.flush_us, plan.settings.execution_us) = (500, 20_000);
        let timings = &mut plan.settings.config.timings;
        (timings.view_timeout_ms, timings.retry_ms, timings.batch_interval_ms) = (846, 481, 53);
        let ms = |from, to| Time::from_ms(from)..Time::from_ms(to);
        plan.work.pauses = vec![ms(2_311, 3_707), ms(5_018, 7_905)];
        plan.cuts.push(Cut { during: ms(1_586, 2_328), side: vec![0], way: Way::Both });
        plan.cuts.push(Cut { during: ms(5_368, 6_000), side: vec![3], way: Way::Out });
    });
    scenario.run_until(finalized(9)).expect(sound());
    for seed in [206, 100_236] {
        Scenario::chaos(seed).run().expect(sound());
    }
}
