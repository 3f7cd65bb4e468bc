//! The poster's metrics. Every label is a name from the source.

use std::sync::atomic::AtomicU64;

use alloy_primitives::U256;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::status::Posted;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

type HeightGauge = Gauge<u64, AtomicU64>;

/// Everything the poster counts; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    posted: HeightGauge,
    posted_final: HeightGauge,
    backlog: HeightGauge,
    balance: HeightGauge,
    conflict: Gauge,
    transactions: Family<Kind, Counter>,
    failures: Family<Reason, Counter>,
}

impl Metrics {
    /// Metrics registered under `poster`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let m = metrics.clone();
        let registry = registry.sub_registry_with_prefix("poster");
        registry.register("posted_height", "The highest height that L1's newest block has", m.posted);
        registry.register("posted_final_height", "The highest height that L1's newest final block has", m.posted_final);
        registry.register("backlog_batches", "Final batches that L1 does not have", m.backlog);
        registry.register("submitter_balance_gwei", "What the submitter can pay with", m.balance);
        registry.register("conflict", "1 while L1 holds what differs from our final chain", m.conflict);
        registry.register("transactions", "Transactions given to L1, by kind", m.transactions);
        registry.register("failures", "What went wrong or came to nothing, by reason", m.failures);
        metrics
    }

    pub(super) fn heights(&self, posted: Posted) {
        self.posted.set(posted.safe);
        self.posted_final.set(posted.finalized);
    }

    pub(super) fn backlog(&self, batches: u64) {
        self.backlog.set(batches);
    }

    pub(super) fn balance(&self, wei: U256) {
        self.balance.set((wei / U256::from(1_000_000_000)).saturating_to());
    }

    pub(super) fn conflict(&self, conflict: bool) {
        self.conflict.set(i64::from(conflict));
    }

    pub(super) fn transaction(&self, kind: &'static str) {
        self.transactions.get_or_create(&Kind { kind }).inc();
    }

    pub(super) fn failure(&self, reason: &'static str) {
        self.failures.get_or_create(&Reason { reason }).inc();
    }
}
