//! The server's metrics. Every label is a name from the source, so no client can add to them.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Method {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Reason {
    reason: &'static str,
}

/// Everything the server counts; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: Family<Request, Counter>,
    seconds: Family<Method, Histogram, fn() -> Histogram>,
    refused: Family<Reason, Counter>,
    transactions: Counter,
    pub(crate) connections: Gauge,
    pub(crate) sockets: Gauge,
    pub(crate) subscriptions: Gauge,
    pub(crate) filters: Gauge,
}

/// From 0.1 ms to 6.5 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 4.0, 9))
}

impl Metrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let m = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(latencies as fn() -> Histogram),
            refused: Family::default(),
            transactions: Counter::default(),
            connections: Gauge::default(),
            sockets: Gauge::default(),
            subscriptions: Gauge::default(),
            filters: Gauge::default(),
        };
        let metrics = m.clone();
        let registry = registry.sub_registry_with_prefix("rpc");
        registry.register("requests", "Requests, by method and outcome", m.requests);
        registry.register("request_seconds", "How long requests took, by method", m.seconds);
        registry.register("refused", "Requests and connections refused, by reason", m.refused);
        registry.register("transactions_accepted", "Transactions of users that the pool took", m.transactions);
        registry.register("connections", "Open connections, WebSockets among them", m.connections);
        registry.register("sockets", "Open WebSockets", m.sockets);
        registry.register("subscriptions", "Live subscriptions", m.subscriptions);
        registry.register("filters", "Live filters", m.filters);
        metrics
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &'static str, success: bool, took: Duration) {
        let outcome = if success { "ok" } else { "error" };
        self.requests.get_or_create(&Request { method, outcome }).inc();
        self.seconds.get_or_create(&Method { method }).observe(took.as_secs_f64());
    }

    /// Something was refused.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// The pool took so many transactions.
    pub(crate) fn accepted(&self, transactions: usize) {
        self.transactions.inc_by(transactions as u64);
    }
}

/// A gauge that counts how many of these there are.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
