//! What the registry reads of L1: final blocks and the changes in them.

use alloy_primitives::{Address, B256, FixedBytes, U256, keccak256};
use alloy_sol_types::SolValue as _;
use rota_proto::{Epoch, L1Origin, Place, VotingPower};
use serde::{Deserialize, Serialize};

/// The contract's hash over changes: the first 160 bits of a keccak256, so that it shares a word of L1's storage with
/// the set's power (rule R10).
pub type ChangeHash = FixedBytes<20>;

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
    /// What the contract itself says of all changes up to the epoch after this block's: its `changeHashOf`. Whoever
    /// reads L1 asks for it where an epoch begins, and where the contracts were opened (rule R10).
    pub change_hash: Option<ChangeHash>,
}

/// The contract's `ValidatorChanged`: from `effective_epoch` on, `place` holds this validator with this power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorChange {
    /// The first epoch in which it counts.
    pub effective_epoch: Epoch,
    /// The numbered place.
    pub place: Place,
    /// The validator's name: the account that registered it.
    pub operator: Address,
    /// The ed25519 key.
    pub consensus_key: B256,
    /// Its power, in gwei of the token; 0 empties the place.
    pub power: VotingPower,
    /// Receives its priority fees.
    pub fee_recipient: Address,
}

impl ValidatorChange {
    /// The contract's hash over all changes up to this one, of which `previous` is that up to the one before (rule
    /// R10).
    #[must_use]
    pub fn hash_after(&self, previous: ChangeHash) -> ChangeHash {
        let Self { effective_epoch, place, operator, consensus_key, power, fee_recipient } = self;
        let [effective_epoch, place, power] = [effective_epoch.0, place.number().into(), power.0].map(U256::from);
        let words = (previous, effective_epoch, place, *operator, *consensus_key, power, *fee_recipient);
        ChangeHash::from_slice(&keccak256(words.abi_encode())[..ChangeHash::len_bytes()])
    }
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
