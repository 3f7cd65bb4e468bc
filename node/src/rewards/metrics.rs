//! What is counted of rewards.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// Everything the clerk counts; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    period: Gauge<u64, AtomicU64>,
    attested: Gauge<u64, AtomicU64>,
    contradictions: Counter,
    accusations: Counter,
    failures: Counter,
}

impl Metrics {
    /// Metrics registered under `rewards`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let m = metrics.clone();
        let registry = registry.sub_registry_with_prefix("rewards");
        registry.register("period", "The period of the final chain", m.period);
        registry.register("attested_periods", "Periods that L1's newest block has", m.attested);
        registry.register("contradictions", "Attestations heard of what we found otherwise", m.contradictions);
        registry.register("accusations", "Members that attested two things of one period", m.accusations);
        registry.register("failures", "Looks that came to nothing", m.failures);
        metrics
    }

    pub(super) fn periods(&self, period: u64, attested: u64) {
        self.period.set(period);
        self.attested.set(attested);
    }

    pub(super) fn contradiction(&self) {
        self.contradictions.inc();
    }

    pub(super) fn accusation(&self) {
        self.accusations.inc();
    }

    pub(super) fn failure(&self) {
        self.failures.inc();
    }
}
