//! What is counted of evidence. Every label is a name from the source.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::Totals;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Step {
    step: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// The metrics of evidence; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pieces: Family<Step, Counter>,
    refused: Family<Reason, Counter>,
    open: Gauge,
    confirmed: Gauge,
}

impl Metrics {
    /// Metrics registered under `evidence`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let m = metrics.clone();
        let registry = registry.sub_registry_with_prefix("evidence");
        registry.register("pieces", "Pieces of evidence, by the step that they took", m.pieces);
        registry.register("refused", "Evidence that came to nothing, by reason", m.refused);
        registry.register("open", "Pieces that L1 has not finally slashed for", m.open);
        registry.register("confirmed", "Pieces for which a final block of L1 has the validator slashed", m.confirmed);
        metrics
    }

    /// A piece took a step: `found` or `heard`, `posted`, `slashed`, `vanished`, `confirmed` or `expired`.
    pub(crate) fn step(&self, step: &'static str) {
        self.pieces.get_or_create(&Step { step }).inc();
    }

    /// Evidence came to nothing.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// How many pieces there are.
    pub(crate) fn show(&self, totals: Totals) {
        self.open.set(i64::try_from(totals.open).unwrap_or(i64::MAX));
        self.confirmed.set(i64::try_from(totals.confirmed).unwrap_or(i64::MAX));
    }
}
