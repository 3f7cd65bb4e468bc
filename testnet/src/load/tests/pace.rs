use core::time::Duration;

use crate::load::pace::Pace;

fn due_at(pace: &mut Pace, now_ms: u64) -> usize {
    core::iter::from_fn(|| pace.due(Duration::from_millis(now_ms))).count()
}

/// L2.
#[test]
fn slots_that_fell_due_during_a_stall_are_all_given_out_with_their_own_times() {
    let mut pace = Pace::new(100, 10);
    assert_eq!(due_at(&mut pace, 0), 1);
    let late: Vec<_> = core::iter::from_fn(|| pace.due(Duration::from_millis(50))).collect();
    assert_eq!(late, [10, 20, 30, 40, 50].map(Duration::from_millis));
    assert_eq!(due_at(&mut pace, 59), 0);
    assert_eq!(due_at(&mut pace, 60), 1);
}

#[test]
fn number_of_slots_is_rate_times_seconds() {
    for (rate, seconds) in [(1, 1), (3, 7), (300, 60), (99_999, 2)] {
        let mut pace = Pace::new(rate, seconds);
        let slots = due_at(&mut pace, u64::MAX / 2_000_000);
        assert_eq!(slots as u64, u64::from(rate) * seconds);
    }
}
