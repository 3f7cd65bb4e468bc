//! The timers and bounds of a network.

use rota_consensus::{Config as ConsensusConfig, Timings};
use rota_replica::Times;
use serde::{Deserialize, Serialize};

/// The timers and bounds of a network, in milliseconds unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each is documented where it is used: rota_consensus::Timings, rota_replica::Times")]
pub struct TimesToml {
    pub view_timeout_ms: u64,
    pub view_timeout_cap_ms: u64,
    pub retry_ms: u64,
    pub batch_interval_ms: u64,
    pub origin_settle_ms: u64,
    pub heartbeat_ms: u64,
    pub trailer_ms: u64,
    pub cheap_interval_ms: u64,
    pub origin_age_max_s: u64,
    pub epoch_lag_max: u64,
    pub clock_ahead_ms: u64,
    pub evidence_epochs: u64,
}

impl Default for TimesToml {
    fn default() -> Self {
        let (timings, times) = (Timings::default(), Times::default());
        Self {
            view_timeout_ms: timings.view_timeout_ms,
            view_timeout_cap_ms: timings.view_timeout_cap_ms,
            retry_ms: timings.retry_ms,
            batch_interval_ms: timings.batch_interval_ms,
            origin_settle_ms: times.origin_settle_ms,
            heartbeat_ms: times.heartbeat_ms,
            trailer_ms: times.trailer_ms,
            cheap_interval_ms: times.cheap_interval_ms,
            origin_age_max_s: times.origin_age_max_s,
            epoch_lag_max: times.epoch_lag_max,
            clock_ahead_ms: times.clock_ahead_ms,
            evidence_epochs: times.evidence_epochs,
        }
    }
}

impl TimesToml {
    /// As consensus takes them.
    #[must_use]
    pub fn consensus(&self) -> ConsensusConfig {
        ConsensusConfig {
            timings: Timings {
                view_timeout_ms: self.view_timeout_ms,
                view_timeout_cap_ms: self.view_timeout_cap_ms,
                retry_ms: self.retry_ms,
                batch_interval_ms: self.batch_interval_ms,
            },
            ..ConsensusConfig::default()
        }
    }

    /// How long a validator listens before it votes, unless its own settings say otherwise: until a heartbeat is due,
    /// so that also in an idle network there is a view to vote in, and two view timeouts at the cap, so that the view
    /// ends, however slow the links are, and what was voted in it arrives.
    #[must_use]
    pub const fn doppelganger_wait_ms(&self) -> u64 {
        self.heartbeat_ms.saturating_add(self.view_timeout_cap_ms.saturating_mul(2))
    }

    /// As the replica takes them.
    #[must_use]
    pub const fn replica(&self) -> Times {
        Times {
            origin_settle_ms: self.origin_settle_ms,
            heartbeat_ms: self.heartbeat_ms,
            trailer_ms: self.trailer_ms,
            cheap_interval_ms: self.cheap_interval_ms,
            origin_age_max_s: self.origin_age_max_s,
            epoch_lag_max: self.epoch_lag_max,
            clock_ahead_ms: self.clock_ahead_ms,
            evidence_epochs: self.evidence_epochs,
        }
    }
}
