use crate::sim::{Scenario, finalized, meter::Histogram, sound};

#[test]
fn permille_is_the_least_number_that_so_many_do_not_exceed() {
    let mut histogram = Histogram::default();
    assert_eq!(histogram.permille(500), 0, "nothing was measured");
    for ms in 1..=100 {
        histogram.add(ms, 1);
    }
    assert_eq!([10, 500, 505, 990, 1_000].map(|permille| histogram.permille(permille)), [1, 50, 51, 99, 100]);
    histogram.add(1, 900);
    assert_eq!(histogram.permille(900), 1, "weights count");
}

#[test]
fn finality_on_calm_links_takes_three_hops() {
    let outcome = Scenario::seed(1).with(|plan| plan.measured = true).run_until(finalized(50)).expect(sound());
    let (batch, transaction) = (outcome.stats.batch_ms, outcome.stats.transaction_ms);
    // Three hops of 2 to 5 ms each, and a batch is built, checked and executed within a millisecond each.
    assert!((6..=21).contains(&batch.permille(500)), "{batch:?}");
    assert!(transaction.permille(500) > batch.permille(500), "{transaction:?}");
    let unmeasured = Scenario::seed(1).run_until(finalized(50));
    assert_eq!(unmeasured.trace_hash, outcome.trace_hash, "to measure changes nothing");
    assert_eq!(unmeasured.stats.batch_ms, Histogram::default());
}
