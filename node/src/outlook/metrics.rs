//! What is counted of rewards and proposals on L1.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use rota_staking::Leaf;

use super::{Earnings, Outlook, State};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

/// The metrics of an outlook; clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    points: Gauge<f64, AtomicU64>,
    duties: Gauge<u64, AtomicU64>,
    duties_done: Gauge<u64, AtomicU64>,
    unpaid_stake: Gauge<f64, AtomicU64>,
    unpaid_commission: Gauge<f64, AtomicU64>,
    bad_periods: Gauge<u64, AtomicU64>,
    proposals: Family<StateLabel, Gauge>,
}

impl Metrics {
    /// Metrics registered among those of the node.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let m = metrics.clone();
        registry.register("own_points", "Points of our validator in the last attested period", m.points);
        registry.register("own_duties", "Duties of our validator in the last attested period", m.duties);
        registry.register("own_duties_done", "Those of them that it did", m.duties_done);
        registry.register(
            "own_unpaid_stake",
            "What our validator's stake earned and was not paid, in token units",
            m.unpaid_stake,
        );
        registry.register(
            "own_unpaid_commission",
            "What our commission brought and was not paid, in token units",
            m.unpaid_commission,
        );
        registry.register(
            "own_bad_periods",
            "Leaves of our validator in a row that were below the least",
            m.bad_periods,
        );
        registry.register("governance_proposals", "The newest proposals on L1, by state", m.proposals);
        metrics
    }

    /// Shows an outlook, and of our own validator what it has earned and its last leaf.
    pub(super) fn show(&self, outlook: &Outlook, earnings: Option<&Earnings>, leaf: Option<&Leaf>) {
        self.points.set(leaf.map_or(0.0, |leaf| approximate(leaf.points)));
        self.duties.set(leaf.map_or(0, |leaf| leaf.duties.due));
        self.duties_done.set(leaf.map_or(0, |leaf| leaf.duties.done));
        self.unpaid_stake.set(earnings.map_or(0.0, |earnings| approximate(earnings.stake)));
        self.unpaid_commission.set(earnings.map_or(0.0, |earnings| approximate(earnings.commission)));
        self.bad_periods.set(earnings.map_or(0, |earnings| earnings.bad_in_a_row.into()));
        for state in State::ALL {
            let count = outlook.proposals.iter().filter(|(_, standing)| standing.state == state).count();
            let gauge = self.proposals.get_or_create(&StateLabel { state: state.name() });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// Metrics are of 53 bits.
#[expect(clippy::cast_precision_loss, reason = "for people")]
const fn approximate(amount: u128) -> f64 {
    amount as f64
}
