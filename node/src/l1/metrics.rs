//! What is counted of L1's endpoints. Labels are their places in `l1_rpc`, and names from the source.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::endpoint::Standing;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Which {
    endpoint: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    endpoint: usize,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fault {
    endpoint: usize,
    reason: &'static str,
}

/// The metrics of L1's endpoints; clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    state: Family<State, Gauge>,
    faults: Family<Fault, Counter>,
    answers: Family<Which, Counter>,
    disagreement: Gauge,
}

impl Metrics {
    /// Registers them under `l1`.
    pub(super) fn register(&self, registry: &mut Registry) {
        let m = self.clone();
        let registry = registry.sub_registry_with_prefix("l1");
        registry.register("endpoint_state", "1 for the state that an endpoint of L1 is in", m.state);
        registry.register("endpoint_faults", "What an endpoint of L1 was found at, by reason", m.faults);
        registry.register("endpoint_answers", "Questions that an endpoint of L1 answered for all", m.answers);
        registry.register("disagreement", "1 while no block is taken because endpoints disagree", m.disagreement);
    }

    /// An endpoint stands as this.
    pub(super) fn stands(&self, endpoint: usize, standing: Standing) {
        for known in Standing::ALL {
            let state = State { endpoint, state: known.name() };
            self.state.get_or_create(&state).set(i64::from(known == standing));
        }
    }

    /// An endpoint was found at something.
    pub(super) fn fault(&self, endpoint: usize, reason: &'static str) {
        self.faults.get_or_create(&Fault { endpoint, reason }).inc();
    }

    /// An endpoint answered a question.
    pub(super) fn answered(&self, endpoint: usize) {
        self.answers.get_or_create(&Which { endpoint }).inc();
    }

    /// Whether endpoints disagree.
    pub(super) fn disagree(&self, disagree: bool) {
        self.disagreement.set(i64::from(disagree));
    }
}
