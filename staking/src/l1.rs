//! What the registry reads of L1: final blocks and the changes in them.

use alloy_primitives::{Address, B256};
use rota_proto::{Epoch, L1Origin, Place, VotingPower};
use serde::{Deserialize, Serialize};

/// A final block of L1 with the changes that the staking contract announced in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// The hash of the block before it.
    pub parent_hash: B256,
    /// Its time, in seconds since 1970.
    pub timestamp: u64,
    /// Its randomness.
    pub prevrandao: B256,
    /// The changes, in the order of their logs.
    pub changes: Vec<ValidatorChange>,
}

/// The contract's `ValidatorChanged`: from `effective_epoch` on, `place` holds this validator with this power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorChange {
    /// The first epoch in which it counts.
    pub effective_epoch: Epoch,
    /// The numbered place.
    pub place: Place,
    /// The account that registered the validator.
    pub operator: Address,
    /// The ed25519 key as it was registered: the contract does not decode it.
    pub consensus_key: B256,
    /// Its stake in gwei; 0 empties the place.
    pub power: VotingPower,
    /// Receives its priority fees.
    pub fee_recipient: Address,
}

/// A final block of L1 as batches refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Its number.
    pub number: u64,
    /// Its hash; `parentBeaconBlockRoot` of the batches that build on it.
    pub hash: B256,
    /// Its time, in seconds since 1970.
    pub timestamp: u64,
    /// Its randomness; `mixHash` of the batches that build on it.
    pub prevrandao: B256,
}

impl Origin {
    /// Its number and hash, as a header names them.
    #[must_use]
    pub const fn id(&self) -> L1Origin {
        L1Origin { number: self.number, hash: self.hash }
    }
}

impl From<&L1Block> for Origin {
    fn from(block: &L1Block) -> Self {
        Self { number: block.number, hash: block.hash, timestamp: block.timestamp, prevrandao: block.prevrandao }
    }
}
