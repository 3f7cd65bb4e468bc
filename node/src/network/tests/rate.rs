use std::time::{Duration, Instant};

use crate::network::{Rate, rate::Bucket};

const RATE: Rate = Rate { burst: 3.0, per_second: 10.0 };

#[test]
fn what_is_above_the_burst_waits_until_the_debt_is_paid() {
    // N14
    let now = Instant::now();
    let mut bucket = Bucket::new(RATE, now);
    let waits: Vec<_> = (0..5).map(|_| bucket.take(1.0, now)).collect();
    let [a, b] = [100, 200].map(Duration::from_millis);
    assert_eq!(waits, [None, None, None, Some(a), Some(b)]);
    assert_eq!(bucket.take(0.0, now + b), None);
}

#[test]
fn what_is_refused_costs_nothing() {
    let now = Instant::now();
    let mut bucket = Bucket::new(RATE, now);
    assert!(!bucket.try_take(3.1, now));
    assert!(bucket.is_full(now));
    assert!(bucket.try_take(3.0, now));
    assert!(!bucket.try_take(1.0, now));
    assert!(bucket.try_take(1.0, now + Duration::from_millis(101)));
}

#[test]
fn bucket_never_holds_more_than_its_burst() {
    let now = Instant::now();
    let mut bucket = Bucket::new(RATE, now);
    let later = now + Duration::from_secs(3_600);
    assert!(bucket.is_full(later));
    assert!(!bucket.try_take(3.1, later));
}

#[test]
fn clock_that_stands_or_runs_back_fills_nothing() {
    let now = Instant::now() + Duration::from_secs(10);
    let mut bucket = Bucket::new(RATE, now);
    assert!(bucket.try_take(3.0, now));
    assert!(!bucket.try_take(1.0, now));
    assert!(!bucket.try_take(1.0, now - Duration::from_secs(5)));
}
