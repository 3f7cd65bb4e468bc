//! What the driver counts: the chain's progress, the pool, and every refusal by its name.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::status::{ChainStatus, Health};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// The driver's metrics; clones count together. Every label is a name from the source.
#[derive(Clone, Debug)]
pub struct Metrics {
    refused: Family<Reason, Counter>,
    health: Family<State, Gauge>,
    batches: Counter,
    transactions: Counter,
    views_skipped: Counter,
    finality_wait: Histogram,
    height: Gauge,
    epoch: Gauge,
    view: Gauge,
    l1_number: Gauge,
    pending: Gauge,
    queued: Gauge,
    dropped: Family<Reason, Counter>,
}

impl Metrics {
    /// Registers them.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let m = Self {
            refused: Family::default(),
            health: Family::default(),
            batches: Counter::default(),
            transactions: Counter::default(),
            views_skipped: Counter::default(),
            // From 10 ms to 160 s.
            finality_wait: Histogram::new(exponential_buckets(0.01, 2.0, 15)),
            height: Gauge::default(),
            epoch: Gauge::default(),
            view: Gauge::default(),
            l1_number: Gauge::default(),
            pending: Gauge::default(),
            queued: Gauge::default(),
            dropped: Family::default(),
        };
        let metrics = m.clone();
        registry.register("refused", "Messages and answers refused, by reason", m.refused);
        registry.register("health", "1 for the state that the node is in", m.health);
        registry.register("final_batches", "Batches that became final here", m.batches);
        registry.register("final_transactions", "Transactions that became final here", m.transactions);
        registry.register("views_skipped", "Views that a quorum gave up", m.views_skipped);
        registry.register_with_unit(
            "finality_wait",
            "How long work waited until something became final",
            Unit::Seconds,
            m.finality_wait,
        );
        registry.register("height", "The last final batch", m.height);
        registry.register("epoch", "The epoch of consensus", m.epoch);
        registry.register("view", "The view of consensus", m.view);
        registry.register("l1_block", "The newest final L1 block seen", m.l1_number);
        registry.register("pool_pending", "Transactions that can be executed now", m.pending);
        registry.register("pool_queued", "Transactions that wait for a lower nonce", m.queued);
        registry.register("pool_dropped", "Transactions that left the pool without being final, by reason", m.dropped);
        metrics
    }

    /// Something was refused.
    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// A transaction left the pool without being final.
    pub(super) fn dropped(&self, reason: &'static str) {
        self.dropped.get_or_create(&Reason { reason }).inc();
    }

    /// A batch became final with so many transactions.
    pub(super) fn finalized(&self, transactions: usize) {
        self.batches.inc();
        self.transactions.inc_by(transactions as u64);
    }

    /// Work had waited so long when something became final.
    pub(super) fn waited(&self, milliseconds: u64) {
        self.finality_wait.observe(std::time::Duration::from_millis(milliseconds).as_secs_f64());
    }

    /// A quorum gave up a view.
    pub(super) fn view_skipped(&self) {
        self.views_skipped.inc();
    }

    /// Where the chain stands.
    pub(super) fn show(&self, status: &ChainStatus) {
        let set = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.height, status.head.height().0);
        set(&self.epoch, status.round.epoch.0);
        set(&self.view, status.round.view.0);
        set(&self.l1_number, status.l1.0);
        set(&self.pending, status.pool.0 as u64);
        set(&self.queued, status.pool.1 as u64);
        for health in Health::ALL {
            let state = State { state: health.name() };
            self.health.get_or_create(&state).set(i64::from(status.health == health));
        }
    }
}
