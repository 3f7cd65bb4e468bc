//! Votes and what it takes to trust one.

use std::{fmt, ops::Deref};

use alloy_primitives::B256;

use crate::{Place, Round, Signature, SigningDomain, ValidatorSet, Verifier};

/// What a vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VoteKind {
    /// This batch may follow its parent in this view. A quorum is a notarization.
    Notarize,
    /// This view may end without a batch. A quorum is a nullification.
    Nullify,
    /// I did not nullify this view and saw this batch notarized in it. A quorum is a finalization.
    Finalize,
}

impl fmt::Display for VoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notarize => "notarize",
            Self::Nullify => "nullify",
            Self::Finalize => "finalize",
        })
    }
}

/// A vote without its signature. A nullify vote names the zero batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote {
    /// The round it belongs to.
    pub round: Round,
    /// What it says.
    pub kind: VoteKind,
    /// The hash of the batch header it speaks of; zero in a nullify vote.
    pub batch: B256,
}

impl Vote {
    /// A vote to notarize `batch` in `round`.
    #[must_use]
    pub const fn notarize(round: Round, batch: B256) -> Self {
        Self { round, kind: VoteKind::Notarize, batch }
    }

    /// A vote to end `round` without a batch.
    #[must_use]
    pub const fn nullify(round: Round) -> Self {
        Self { round, kind: VoteKind::Nullify, batch: B256::ZERO }
    }

    /// A vote to finalize `batch`, notarized in `round`.
    #[must_use]
    pub const fn finalize(round: Round, batch: B256) -> Self {
        Self { round, kind: VoteKind::Finalize, batch }
    }
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            VoteKind::Nullify => write!(f, "nullify({})", self.round),
            VoteKind::Notarize | VoteKind::Finalize => write!(f, "{}({}, {})", self.kind, self.round, self.batch),
        }
    }
}

/// A vote with the place that claims to have signed it. Nothing is known of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedVote {
    /// What was signed.
    pub vote: Vote,
    /// The place of the signer in the set of the vote's epoch.
    pub signer: Place,
    /// The signature over the vote's digest.
    pub signature: Signature,
}

/// Why a signed value is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The set that was asked is of another epoch.
    #[error("a message of epoch {message} cannot be verified by the set of epoch {set}")]
    WrongEpoch {
        /// Epoch of the message.
        message: crate::Epoch,
        /// Epoch of the set.
        set: crate::Epoch,
    },
    /// No validator holds the place.
    #[error("place {place} is empty in the set of epoch {epoch}")]
    EmptyPlace {
        /// The place of the signer.
        place: Place,
        /// Epoch of the set.
        epoch: crate::Epoch,
    },
    /// The strict rule refuses the signature.
    #[error("the signature of place {place} does not stand for {vote}")]
    BadSignature {
        /// The place of the signer.
        place: Place,
        /// What it would have signed.
        vote: Vote,
    },
    /// The signers hold too little power.
    #[error("{power} of {total} is no quorum for {vote}")]
    NoQuorum {
        /// Power of the signers.
        power: u128,
        /// Power of the set.
        total: u128,
        /// What the certificate says.
        vote: Vote,
    },
    /// The number of signatures is not the number of bits.
    #[error("a certificate has {signatures} signatures for {signers} signers")]
    SignatureCount {
        /// Signatures present.
        signatures: usize,
        /// Bits set.
        signers: usize,
    },
    /// A proposal whose vote is not by the leader of its round.
    #[error("place {place} does not lead round {round}")]
    NotLeader {
        /// The place of the signer.
        place: Place,
        /// The round.
        round: Round,
    },
}

impl SignedVote {
    /// Checks the signature against the key that holds the place in `set` (rule K2).
    ///
    /// # Errors
    /// [`VerifyError`] says what is wrong.
    pub fn verify(
        self,
        domain: &SigningDomain,
        set: &ValidatorSet,
        verifier: &impl Verifier,
    ) -> Result<Verified<Self>, VerifyError> {
        check_signature(&self.vote, self.signer, &self.signature, &Against { domain, set, verifier })?;
        Ok(Verified(self))
    }
}

/// What signatures of one epoch are checked against.
pub(crate) struct Against<'a, V> {
    pub(crate) domain: &'a SigningDomain,
    pub(crate) set: &'a ValidatorSet,
    pub(crate) verifier: &'a V,
}

pub(crate) fn check_signature(
    vote: &Vote,
    place: Place,
    signature: &Signature,
    against: &Against<'_, impl Verifier>,
) -> Result<(), VerifyError> {
    let set = against.set;
    if vote.round.epoch != set.epoch() {
        return Err(VerifyError::WrongEpoch { message: vote.round.epoch, set: set.epoch() });
    }
    let validator = set.get(place).ok_or(VerifyError::EmptyPlace { place, epoch: set.epoch() })?;
    if against.verifier.verifies(&validator.consensus_key, &against.domain.vote(vote), signature) {
        Ok(())
    } else {
        Err(VerifyError::BadSignature { place, vote: *vote })
    }
}

/// A value whose signatures stand. Only the `verify` functions of this crate make one; the core takes nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verified<T>(pub(crate) T);

impl<T> Verified<T> {
    /// The value, its trust given up.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
