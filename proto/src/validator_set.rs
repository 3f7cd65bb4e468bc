//! The validator set of an epoch and its quorums.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::{ConsensusKey, Epoch, Place, Signers, VotingPower};

/// A validator as the set of an epoch knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    /// The account that registered it on L1.
    pub operator: Address,
    /// The key that signs its votes.
    pub consensus_key: ConsensusKey,
    /// The weight of its votes, above zero.
    pub power: VotingPower,
    /// Receives the priority fees of the batches it proposes.
    pub fee_recipient: Address,
}

/// Who may vote in an epoch. Never empty; at most 128 validators, each in a numbered place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet {
    epoch: Epoch,
    validators: BTreeMap<Place, Validator>,
    total: u128,
}

/// Why validators form no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// No validator at all.
    #[error("the validator set of epoch {0} is empty")]
    Empty(Epoch),
    /// A validator without power.
    #[error("place {place} of epoch {epoch} has no voting power")]
    NoPower {
        /// The place.
        place: Place,
        /// The epoch.
        epoch: Epoch,
    },
    /// Two places with one key: its votes would count twice.
    #[error("places {first} and {second} of epoch {epoch} share a consensus key")]
    SharedKey {
        /// The lower place.
        first: Place,
        /// The higher place.
        second: Place,
        /// The epoch.
        epoch: Epoch,
    },
}

impl ValidatorSet {
    /// The set of these validators (rule Q3).
    ///
    /// # Errors
    /// [`ValidatorSetError`] if it is empty, or a validator has no power or another's key.
    pub fn new(epoch: Epoch, validators: BTreeMap<Place, Validator>) -> Result<Self, ValidatorSetError> {
        if validators.is_empty() {
            return Err(ValidatorSetError::Empty(epoch));
        }
        let mut keys = BTreeMap::new();
        for (place, validator) in &validators {
            if validator.power == VotingPower(0) {
                return Err(ValidatorSetError::NoPower { place: *place, epoch });
            }
            if let Some(first) = keys.insert(validator.consensus_key, *place) {
                return Err(ValidatorSetError::SharedKey { first, second: *place, epoch });
            }
        }
        let total = validators.values().map(|validator| u128::from(validator.power.0)).sum();
        Ok(Self { epoch, validators, total })
    }

    /// The epoch it is the set of.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The validator in a place.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&Validator> {
        self.validators.get(&place)
    }

    /// The validators in rising order of place.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &Validator)> {
        self.validators.iter().map(|(place, validator)| (*place, validator))
    }

    /// How many validators there are, at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.validators.len()
    }

    /// The place of the validator with this key.
    #[must_use]
    pub fn place_of(&self, key: &ConsensusKey) -> Option<Place> {
        self.iter().find(|(_, validator)| validator.consensus_key == *key).map(|(place, _)| place)
    }

    /// The power of all: at most 128 times `u64::MAX`.
    #[must_use]
    pub const fn total_power(&self) -> u128 {
        self.total
    }

    /// The power of those among `signers` who are members.
    #[must_use]
    pub fn power_of(&self, signers: Signers) -> u128 {
        signers.iter().filter_map(|place| self.get(place)).map(|validator| u128::from(validator.power.0)).sum()
    }

    /// Rule Q1: a quorum is more than two thirds of the epoch's power.
    #[must_use]
    pub const fn is_quorum(&self, power: u128) -> bool {
        3 * power > 2 * self.total
    }
}
