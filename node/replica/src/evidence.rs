//! Evidence against validators: found here, or heard of and verified; once for each (rules E).

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::Address;
use rota_proto::{Epoch, Place, ValidatorSet, Vote, VotePair};
use rota_staking::{Evidence, Offence};

use crate::{Effect, Replica, words::Unverified};

/// Validators that are accused at a time (rule E4): all places of eight epochs, each held by somebody else in every
/// one, are 1,024; with the newest epochs and to spare.
pub(crate) const ACCUSED_MAX: usize = 2_048;

/// Who is accused, with the epoch of the offence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accused(BTreeMap<Address, Epoch>);

impl Accused {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Why evidence came to nothing (rules E1, E2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceRefusal {
    /// Who follows the rules may cast these two votes.
    #[error("{first} and {second} are no slashable pair")]
    NoConflict {
        /// The first vote.
        first: Vote,
        /// The second.
        second: Vote,
    },
    /// L1 does not take it any more.
    #[error("evidence of epoch {epoch} is too old in epoch {newest} of L1: it is taken for {window} epochs")]
    Expired {
        /// Its epoch.
        epoch: Epoch,
        /// The epoch of the newest final L1 block.
        newest: Epoch,
        /// `evidence_epochs`.
        window: u64,
    },
    /// Who could vote then is not known here yet.
    #[error("the set of epoch {epoch} is not known in epoch {newest} of L1")]
    UnknownSet {
        /// Its epoch.
        epoch: Epoch,
        /// The epoch of the newest final L1 block.
        newest: Epoch,
    },
    /// Nobody could sign it.
    #[error("place {place} is empty in the set of epoch {epoch}")]
    EmptyPlace {
        /// The place.
        place: Place,
        /// The epoch.
        epoch: Epoch,
    },
    /// One slash is the end of a validator.
    #[error("validator {0} is accused already")]
    Accused(Address),
    /// There are too many.
    #[error("{0} validators are accused already")]
    TooMany(usize),
}

impl EvidenceRefusal {
    /// Its name, for metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoConflict { .. } => "no-conflict",
            Self::Expired { .. } => "expired",
            Self::UnknownSet { .. } => "unknown-set",
            Self::EmptyPlace { .. } => "empty-place",
            Self::Accused(_) => "accused",
            Self::TooMany(_) => "too-many",
        }
    }

    /// Whether whoever sent it made it up: all nodes have one set of an epoch, and nobody who verified it passes on
    /// what is none.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::NoConflict { .. } | Self::EmptyPlace { .. } => true,
            Self::Expired { .. } | Self::UnknownSet { .. } | Self::Accused(_) | Self::TooMany(_) => false,
        }
    }
}

impl Replica {
    /// Rules E2, E3: what is worth it is verified by the set of its epoch.
    pub(crate) fn receive_evidence(&mut self, pair: Box<VotePair>) {
        self.effects.push(match self.admit_evidence(&pair) {
            Ok(set) => Effect::Verify { what: Unverified::Evidence(pair), set },
            Err(refusal) => Effect::EvidenceRefused(refusal),
        });
    }

    /// Rule E1: the first evidence against a validator is kept and told, whoever found it.
    pub(crate) fn accuse(&mut self, evidence: Box<Evidence>, heard: bool) {
        let validator = evidence.validator();
        self.effects.push(match self.may_be_accused(validator) {
            Ok(()) => {
                self.accused.0.insert(validator, evidence.round().epoch);
                Effect::Evidence { evidence, heard }
            }
            Err(refusal) => Effect::EvidenceRefused(refusal),
        });
    }

    /// Rule E4: those whom the host keeps evidence against.
    pub(crate) fn recall_accused(&mut self, accused: &[(Address, Epoch)]) {
        self.accused.0.extend(accused.iter().copied());
        self.forget_expired();
    }

    /// Rule E4: an epoch of L1 has begun.
    pub(crate) fn forget_expired(&mut self) {
        let (newest, window) = (self.registry.newest_epoch(), self.config.times.evidence_epochs);
        self.accused.0.retain(|_, epoch| !is_expired(*epoch, newest, window));
    }

    /// Rule E2, the cheap checks first: putting an old set together costs about as much as a signature.
    fn admit_evidence(&self, pair: &VotePair) -> Result<Arc<ValidatorSet>, EvidenceRefusal> {
        let [first, second] = pair.votes().map(|signed| signed.vote);
        if Offence::of(&first, &second).is_none() {
            return Err(EvidenceRefusal::NoConflict { first, second });
        }
        let (epoch, place, newest) = (pair.round().epoch, pair.signer(), self.registry.newest_epoch());
        let window = self.config.times.evidence_epochs;
        if is_expired(epoch, newest, window) {
            return Err(EvidenceRefusal::Expired { epoch, newest, window });
        }
        let set = self.registry.set(epoch).map_err(|_| EvidenceRefusal::UnknownSet { epoch, newest })?;
        let validator = set.get(place).ok_or(EvidenceRefusal::EmptyPlace { place, epoch })?;
        self.may_be_accused(validator.operator)?;
        Ok(set)
    }

    fn may_be_accused(&self, validator: Address) -> Result<(), EvidenceRefusal> {
        if self.accused.0.contains_key(&validator) {
            return Err(EvidenceRefusal::Accused(validator));
        }
        let count = self.accused.len();
        if count < ACCUSED_MAX { Ok(()) } else { Err(EvidenceRefusal::TooMany(count)) }
    }
}

/// Whether L1 takes no evidence of an epoch any more, when its newest epoch is this one.
const fn is_expired(epoch: Epoch, newest: Epoch, window: u64) -> bool {
    epoch.0.saturating_add(window) < newest.0
}
