//! What a replica is adjusted by.

use rota_execution::ChainRules;
use rota_mempool::MempoolLimits;
use rota_proto::{Place, SigningDomain};

/// The settings of a replica. All but the pool's limits stand in `network.toml`.
#[derive(Clone, Debug)]
pub struct ReplicaConfig {
    /// What signatures are bound to.
    pub domain: SigningDomain,
    /// Timers and limits of consensus.
    pub consensus: rota_consensus::Config,
    /// The numbers of the chain.
    pub rules: ChainRules,
    /// How much the pool holds.
    pub pool: MempoolLimits,
    /// Times of the replica.
    pub times: Times,
    /// Who leads, in turn, in place of the draw by stake: for simulations that enumerate leaders. A node has none.
    pub leaders: Option<Vec<Place>>,
}

/// Times that are not consensus's own, in milliseconds unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A leader adopts an L1 block as origin so long after it saw it final, so that the others have seen it (rule B3).
    pub origin_settle_ms: u64,
    /// Without other work a batch is made after so long, so that the chain's origin and clock move (rule B5).
    pub heartbeat_ms: u64,
    /// So soon after a batch with transactions, if nothing else comes, an empty one follows: libraries that look for
    /// receipts when a new block comes would otherwise wait for the heartbeat (rule B5).
    pub trailer_ms: u64,
    /// A batch on transactions that only a lower base fee lets in is made so often (rule B5).
    pub cheap_interval_ms: u64,
    /// A batch's timestamp may exceed its origin's by this many seconds (rule B2).
    pub origin_age_max_s: u64,
    /// A validator does not vote once L1 is so many epochs ahead (rule B6).
    pub epoch_lag_max: u64,
    /// A batch may be so far ahead of our clock (rule B1).
    pub clock_ahead_ms: u64,
    /// L1 takes evidence of an offence for so many epochs after that of the offence (rule E2).
    pub evidence_epochs: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            origin_settle_ms: 1_000,
            heartbeat_ms: 60_000,
            trailer_ms: 1_000,
            cheap_interval_ms: 1_000,
            origin_age_max_s: 12 * 3_600,
            epoch_lag_max: 4,
            clock_ahead_ms: 1_000,
            evidence_epochs: 8,
        }
    }
}
