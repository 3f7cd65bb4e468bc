use core::time::Duration;

use serde_json::json;

use crate::load::tally::{ERROR_KINDS_MAX, OTHER, Tally};

#[test]
fn report_of_nothing_has_null_latencies() {
    let report = Tally::default().report(Duration::from_secs(1));
    let expected = json!({
        "sent": 0, "accepted": 0, "final": 0, "final_per_second": 0.0, "errors": {},
        "latency_ms": {"p50": null, "p90": null, "p99": null, "max": null},
    });
    assert_eq!(serde_json::to_value(report).unwrap(), expected);
}

#[test]
fn kinds_of_errors_beyond_the_limit_are_counted_together() {
    let mut tally = Tally::default();
    for kind in 0..ERROR_KINDS_MAX + 3 {
        tally.fail(format!("kind {kind:03}"), 1);
    }
    tally.fail("kind 000".to_owned(), 4);
    tally.fail("never".to_owned(), 0);
    assert_eq!(tally.errors.len(), ERROR_KINDS_MAX + 1);
    assert_eq!((tally.errors[OTHER], tally.errors["kind 000"]), (3, 5));
}

/// L9.
#[test]
fn percentiles_are_by_nearest_rank() {
    for (count, expected) in [(1, [1.0, 1.0, 1.0, 1.0]), (2, [1.0, 2.0, 2.0, 2.0]), (200, [100.0, 180.0, 198.0, 200.0])]
    {
        let mut tally = Tally::default();
        (1..=count).rev().for_each(|ms| tally.finalize(Duration::from_millis(ms), true));
        let latency = tally.report(Duration::from_secs(1)).latency_ms;
        let found = [latency.p50, latency.p90, latency.p99, latency.max].map(Option::unwrap);
        assert_eq!(found, expected, "{count} latencies");
    }
}

/// L9.
#[test]
fn rate_counts_only_what_was_final_before_sending_ended() {
    let mut tally = Tally::default();
    (tally.sent, tally.accepted) = (12, 11);
    (0..10).for_each(|place| tally.finalize(Duration::from_millis(5), place < 5));
    let report = tally.report(Duration::from_secs(2));
    assert_eq!((report.finalized, report.final_per_second), (10, 2.5));
    let table = report.to_string();
    for line in ["sent                        12", "final per second           2.5", "latency p50             5.0 ms"] {
        assert!(table.contains(line), "{line:?} in\n{table}");
    }
}
