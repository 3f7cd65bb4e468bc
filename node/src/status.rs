//! What the rest of the node may know of the replica, without asking it.

use alloy_primitives::B256;
use rota_proto::{BatchHeader, ConsensusKey, Round, VotingPower};

/// Whether a node is well. Each state but the first says what is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It follows the chain.
    #[default]
    Well,
    /// It has not caught up with what its peers say.
    CatchingUp,
    /// There is work, but nothing has become final for a while: less than a quorum may be up.
    NoFinality,
    /// L1 is further ahead than a validator may vote.
    Lagging,
    /// No new block of L1 is taken, because its endpoints disagree (rule Z8 of the client of L1).
    L1Disagreement,
    /// The next epoch's set is awaited from L1.
    AwaitsEpoch,
    /// It follows the chain, and does not vote before it has listened whether its key signs elsewhere.
    Listening,
    /// Two finalizations conflict: the node has stopped, and reports the guilty.
    Conflict,
}

impl Health {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Well,
        Self::CatchingUp,
        Self::NoFinality,
        Self::Lagging,
        Self::L1Disagreement,
        Self::AwaitsEpoch,
        Self::Listening,
        Self::Conflict,
    ];

    /// Whether users are served as they should be; who only does not vote yet serves them well, and so does who takes
    /// no new blocks of L1, until that lasts too long.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Well | Self::Listening | Self::L1Disagreement)
    }

    /// Its name in logs, metrics and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::CatchingUp => "catching-up",
            Self::NoFinality => "no-finality",
            Self::Lagging => "lagging-behind-l1",
            Self::L1Disagreement => "l1-disagreement",
            Self::AwaitsEpoch => "awaits-epoch",
            Self::Listening => "listening",
            Self::Conflict => "conflicting-finalizations",
        }
    }
}

/// A picture of the replica, renewed after every step that changed it.
#[derive(Clone, Debug)]
pub struct ChainStatus {
    /// The last committed batch.
    pub head: BatchHeader,
    /// The highest notarized batch above it, if any.
    pub pending: Option<BatchHeader>,
    /// The round consensus is in.
    pub round: Round,
    /// The key of the validator that leads it.
    pub leader: Option<ConsensusKey>,
    /// The key that this node signs with, if it may become a validator.
    pub validator: Option<ConsensusKey>,
    /// Its power in the epoch, in gwei of stake; none if it does not vote.
    pub power: Option<VotingPower>,
    /// Number and hash of the newest final L1 block seen.
    pub l1: (u64, B256),
    /// Transactions that wait in the pool: executable, and not yet.
    pub pool: (usize, usize),
    /// Connected peers.
    pub peers: usize,
    /// The highest final height that a peer has named.
    pub highest: u64,
    /// How it is.
    pub health: Health,
}

/// What L1 has of the chain. Both are 0 before anything is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// The highest height posted as of L1's newest block; a reorganization of L1 may take it back.
    pub safe: u64,
    /// The highest height posted as of L1's newest final block; it never goes back.
    pub finalized: u64,
}
