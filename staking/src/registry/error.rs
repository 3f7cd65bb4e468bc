//! What can be wrong with L1's facts, or missing of them.

use alloy_primitives::B256;
use rota_proto::{Epoch, KeyError, Place, ScheduleError};

use crate::ChangeHash;

/// Why a block is not taken. The node stops: L1, or the endpoint that tells of it, does not do what it promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The block has no epoch.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Blocks are missing before it.
    #[error("L1 block {number} came where {expected} is next")]
    Gap {
        /// The number that came.
        number: u64,
        /// The next number.
        expected: u64,
    },
    /// It does not build on the final block before it.
    #[error("L1 block {number} builds on {parent}, but the final block before it is {known}")]
    WrongParent {
        /// Its number.
        number: u64,
        /// Its parent's hash.
        parent: B256,
        /// The hash of the final block before it.
        known: B256,
    },
    /// A final block has become another one.
    #[error("L1 block {number} was final as {known} and is now {hash}")]
    Reorganized {
        /// The number of both.
        number: u64,
        /// The hash it was final with.
        known: B256,
        /// The hash it has now.
        hash: B256,
    },
    /// It is older than what is remembered.
    #[error("L1 block {number} came again, but blocks before {oldest} are forgotten")]
    Forgotten {
        /// Its number.
        number: u64,
        /// The oldest block remembered.
        oldest: u64,
    },
    /// Its number is the genesis origin's, its hash is not: the endpoint serves another L1.
    #[error("L1 block {number} is {hash}, but genesis names {genesis}")]
    NotGenesisOrigin {
        /// The number of both.
        number: u64,
        /// Its hash.
        hash: B256,
        /// The hash in the genesis.
        genesis: B256,
    },
    /// A change of a set that may no longer change.
    #[error("L1 block {number} changes the set of epoch {effective}, but the first that may change is {changeable}")]
    SetFixed {
        /// The number of the block.
        number: u64,
        /// The epoch of the change.
        effective: Epoch,
        /// The first epoch whose set may still change.
        changeable: Epoch,
    },
    /// A change beyond the one lag that all changes have.
    #[error("L1 block {number} changes the set of epoch {effective} instead of {changeable}")]
    BeyondLag {
        /// The number of the block.
        number: u64,
        /// The epoch of the change.
        effective: Epoch,
        /// The epoch in which changes of this block take effect.
        changeable: Epoch,
    },
    /// The contract has announced other changes than those that reached us: logs were held back, or made up.
    #[error(
        "L1 block {number}: the changes up to epoch {epoch} hash to {ours} here and to {contract} in the contract: the \
         L1 endpoint gave wrong logs. Take another endpoint, and remove the stored registry"
    )]
    OtherChanges {
        /// The number of the block.
        number: u64,
        /// The epoch whose set they make.
        epoch: Epoch,
        /// The hash over the changes that reached us.
        ours: ChangeHash,
        /// The hash that the contract has.
        contract: ChangeHash,
    },
    /// The first block is not the one in which the contracts were opened, or seeds nobody who can vote.
    #[error("L1 block {0} seeds no validator with a valid key: is it the block in which the contracts were opened?")]
    NoSeeds(u64),
    /// The first block does not lie in epoch 0.
    #[error("L1 block {number} lies in epoch {epoch}, but the contract is deployed in epoch 0")]
    NotInFirstEpoch {
        /// Its number.
        number: u64,
        /// Its epoch.
        epoch: Epoch,
    },
    /// The genesis builds on a block before the contract.
    #[error("the genesis origin {origin} lies before the contract's deployment in L1 block {deployment}")]
    OriginBeforeDeployment {
        /// The number of the genesis origin.
        origin: u64,
        /// The number of the block of deployment.
        deployment: u64,
    },
}

/// Something on L1 that people should know of. All nodes meet the same in the same block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A place is empty because its key could not sign anything that stands (rule R7).
    #[error("place {place} is empty from epoch {effective} on: {error}")]
    BadKey {
        /// The place.
        place: Place,
        /// From which epoch on.
        effective: Epoch,
        /// What is wrong with the key.
        error: KeyError,
    },
    /// A place is left out of a set because a lower place has its key (rule R7).
    #[error("place {place} is left out of the set of epoch {epoch}: its key {key} is that of place {holder}")]
    SharedKey {
        /// The place left out.
        place: Place,
        /// The place that votes.
        holder: Place,
        /// The key of both.
        key: B256,
        /// The epoch.
        epoch: Epoch,
    },
    /// Nobody can vote in an epoch (rule R8).
    #[error("nobody can vote in epoch {0}: it is passed over")]
    NoVoters(Epoch),
}

/// Why something of an epoch is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EpochError {
    /// It depends on an L1 block that is not final yet.
    #[error("epoch {epoch} depends on L1 block {needs}; the newest final one is {newest}")]
    NotYet {
        /// The epoch asked for.
        epoch: Epoch,
        /// The block it depends on.
        needs: u64,
        /// The newest final block.
        newest: u64,
    },
    /// Nobody can vote in it; it is never entered (rule R8).
    #[error("nobody can vote in epoch {0}")]
    NoVoters(Epoch),
    /// Its seed is older than what is remembered.
    #[error("the seed of epoch {epoch} is forgotten; the oldest kept is of epoch {oldest}")]
    Forgotten {
        /// The epoch asked for.
        epoch: Epoch,
        /// The oldest epoch whose seed is kept.
        oldest: Epoch,
    },
}
