use crate::sim::{
    clocks::{Clock, DRIFT_PPM_MAX, Step},
    l1::BEGIN_S,
    queue::Time,
};

/// What a clock shows at a second, in milliseconds since the beginning.
fn shows_ms(clock: &Clock, second: u64) -> i64 {
    clock.shows(Time::from_ms(second * 1_000)).cast_signed() - (BEGIN_S * 1_000).cast_signed()
}

/// Rule D16.
#[test]
fn right_clock_shows_the_time() {
    assert_eq!([0, 1, 3_600].map(|second| shows_ms(&Clock::default(), second)), [0, 1_000, 3_600_000]);
}

/// Rule D16.
#[test]
fn clocks_are_ahead_or_behind() {
    assert_eq!(shows_ms(&Clock::ahead(250), 2), 2_250);
    assert_eq!(shows_ms(&Clock::ahead(-250), 2), 1_750);
}

/// Rule D16.
#[test]
fn fast_clock_gains_and_slow_clock_loses() {
    let drifts = |ppm| Clock { ppm, ..Clock::default() };
    assert_eq!(shows_ms(&drifts(DRIFT_PPM_MAX), 10_000), 10_005_000);
    assert_eq!(shows_ms(&drifts(-DRIFT_PPM_MAX), 10_000), 9_995_000);
}

/// Rule D16.
#[test]
fn clock_that_is_set_jumps_and_runs_on() {
    let step = |second: u64, by_ms| Step { at: Time::from_ms(second * 1_000), by_ms };
    let clock = Clock { ahead_ms: 100, ppm: 0, steps: vec![step(5, -2_000), step(9, 500)] };
    assert_eq!([4, 5, 8, 9].map(|second| shows_ms(&clock, second)), [4_100, 3_100, 6_100, 7_600]);
}

/// Rule D16.
#[test]
fn timers_run_by_the_pace_of_the_clock_and_do_not_notice_that_it_is_set() {
    let drifts = |ppm| Clock { ahead_ms: 900, ppm, steps: vec![Step { at: Time::default(), by_ms: 5_000 }] };
    assert_eq!(drifts(0).waits_us(1_000), 1_000_000);
    assert_eq!(drifts(500).waits_us(1_000), 999_500, "a fast clock gets there sooner");
    assert_eq!(drifts(-500).waits_us(1_000), 1_000_500);
}
