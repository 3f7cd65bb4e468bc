//! What is counted of a signer in another process.

use prometheus_client::{
    metrics::{
        counter::Counter,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// The metrics; clones count together. With a key of the node's own nothing moves them.
#[derive(Clone, Debug)]
pub struct Metrics {
    away: Gauge,
    lost: Counter,
    answer: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        // From 0.1 ms to 3 s: no answer is waited for longer than 2.
        let answer = Histogram::new(exponential_buckets(0.000_1, 2.0, 16));
        Self { away: Gauge::default(), lost: Counter::default(), answer }
    }
}

impl Metrics {
    /// Metrics registered under `signer`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let m = metrics.clone();
        let registry = registry.sub_registry_with_prefix("signer");
        registry.register("away", "1 while the signer's process does not answer", m.away);
        registry.register("lost", "Connections to the signer that ended or were given up", m.lost);
        registry.register_with_unit("answer", "How long the signer took to answer", Unit::Seconds, m.answer);
        metrics
    }

    /// Whether the signer is away.
    pub(super) fn is_away(&self) -> bool {
        self.away.get() != 0
    }

    /// A connection was lost.
    pub(super) fn lost(&self) {
        self.lost.inc();
        self.away.set(1);
    }

    /// There is a connection.
    pub(super) fn back(&self) {
        self.away.set(0);
    }

    /// An answer came.
    pub(super) fn answered(&self, after: std::time::Duration) {
        self.answer.observe(after.as_secs_f64());
    }
}
