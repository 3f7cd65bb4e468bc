//! What happened, counted; and the report made of it (L9).

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use serde::Serialize;

/// Kinds of errors kept apart; the rest is counted as [`OTHER`]. A node has a few dozen texts at most.
pub const ERROR_KINDS_MAX: usize = 64;
/// The kind of errors beyond [`ERROR_KINDS_MAX`].
pub const OTHER: &str = "other";

/// Counters of a run.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Transactions submitted, each once however often it was repeated.
    pub sent: u64,
    /// Of these, taken by a node.
    pub accepted: u64,
    /// Of these, seen in a block.
    pub finalized: u64,
    /// Of these, seen before sending ended.
    pub finalized_in_time: u64,
    /// Failures by kind.
    pub errors: BTreeMap<String, u64>,
    latencies_us: Vec<u32>,
}

impl Tally {
    /// Counts `count` failures of a kind.
    pub fn fail(&mut self, kind: String, count: u64) {
        if count == 0 {
            return;
        }
        let kept = self.errors.contains_key(&kind) || self.errors.len() < ERROR_KINDS_MAX;
        *self.errors.entry(if kept { kind } else { OTHER.to_owned() }).or_default() += count;
    }

    /// Counts a transaction seen in a block `latency` after it was due.
    pub fn finalize(&mut self, latency: Duration, in_time: bool) {
        self.finalized += 1;
        self.finalized_in_time += u64::from(in_time);
        self.latencies_us.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// All failures.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Makes the report; `sending` is how long transactions were sent.
    #[must_use]
    pub fn report(mut self, sending: Duration) -> Report {
        self.latencies_us.sort_unstable();
        let seconds = sending.as_secs_f64().max(f64::MIN_POSITIVE);
        // Counts of one run are far below 2^52, so the quotient is exact enough.
        let in_time = u32::try_from(self.finalized_in_time).map_or(f64::INFINITY, f64::from);
        Report {
            sent: self.sent,
            accepted: self.accepted,
            finalized: self.finalized,
            final_per_second: rounded(in_time / seconds),
            errors: self.errors,
            latency_ms: Latency {
                p50: percentile(&self.latencies_us, 50),
                p90: percentile(&self.latencies_us, 90),
                p99: percentile(&self.latencies_us, 99),
                max: percentile(&self.latencies_us, 100),
            },
        }
    }
}

/// The smallest latency that at least `percent` of all do not exceed (nearest rank), in ms; none of nothing.
fn percentile(sorted_us: &[u32], percent: usize) -> Option<f64> {
    let rank = (sorted_us.len() * percent).div_ceil(100).max(1);
    sorted_us.get(rank - 1).map(|&us| rounded(f64::from(us) / 1_000.0))
}

/// One digit after the point.
fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

/// The result of a run. Its JSON has exactly these fields, `finalized` as `final`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Transactions submitted, each once however often it was repeated.
    pub sent: u64,
    /// Of these, taken by a node.
    pub accepted: u64,
    /// Of these, seen in a block.
    #[serde(rename = "final")]
    pub finalized: u64,
    /// Transactions seen in a block before sending ended, over the seconds of sending.
    pub final_per_second: f64,
    /// Failures by kind.
    pub errors: BTreeMap<String, u64>,
    /// From due to seen in a block.
    pub latency_ms: Latency,
}

/// Percentiles by nearest rank, in ms; null if nothing became final.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half are at most this.
    pub p50: Option<f64>,
    /// Nine in ten.
    pub p90: Option<f64>,
    /// Ninety-nine in a hundred.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<18}{:>12}", "sent", self.sent)?;
        writeln!(out, "{:<18}{:>12}", "accepted", self.accepted)?;
        writeln!(out, "{:<18}{:>12}", "final", self.finalized)?;
        writeln!(out, "{:<18}{:>12.1}", "final per second", self.final_per_second)?;
        let Latency { p50, p90, p99, max } = self.latency_ms;
        for (name, figure) in [("p50", p50), ("p90", p90), ("p99", p99), ("max", max)] {
            let figure = figure.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
            writeln!(out, "latency {name:<10}{figure:>12}")?;
        }
        if self.errors.is_empty() {
            return write!(out, "{:<18}{:>12}", "errors", 0);
        }
        write!(out, "{:<18}{:>12}", "errors", self.errors.values().sum::<u64>())?;
        self.errors.iter().try_for_each(|(kind, count)| write!(out, "\n  {count:>8}  {kind}"))
    }
}
