//! Proposals: a leader's batch with what justifies it.

use crate::{
    BatchHeader, Certificate, SignedVote, SigningDomain, ValidatorSet, Verified, Verifier, VerifyError, View, VoteKind,
};

/// A leader's proposal: its own notarize vote, the header it votes for, and why the batch may stand there.
///
/// The leader's signature covers the vote, and through the hash the header and the body, and nothing else: the
/// justification may be replaced by anyone who relays the proposal, so a false one is no fault of the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The leader's vote to notarize the batch in this round.
    pub vote: SignedVote,
    /// The header; its hash is the batch of the vote.
    pub header: BatchHeader,
    /// Why the batch may be proposed in this round.
    pub justification: Justification,
}

/// The notarization a batch is built on, and nullifications for the views between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Justification {
    /// The notarization of the parent, exactly the one the header tells of; of the batch itself where a closing
    /// batch is proposed again; none where the parent opens the epoch.
    pub parent: Option<Certificate>,
    /// Nullifications of views between the parent's and this, the latest
    /// [`NULLIFICATIONS_PER_PROPOSAL_MAX`](crate::limits::NULLIFICATIONS_PER_PROPOSAL_MAX) of them, rising.
    pub nullifications: Vec<Certificate>,
}

/// Why a justification is false, whatever the signatures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JustificationError {
    /// The parent's certificate is not the notarization that the header names.
    #[error("the certificate is not the notarization by which the header names its parent")]
    NotTheParent,
    /// A certificate between is no nullification of a view between the parent's and this.
    #[error("a certificate of view {0} is no nullification between the parent's view and the proposal's")]
    NotBetween(View),
    /// A signature in it does not stand.
    #[error(transparent)]
    Unverified(#[from] VerifyError),
}

impl Proposal {
    /// Checks the shape of the justification, then every signature: the leader's vote and all certificates.
    ///
    /// # Errors
    /// [`JustificationError`]; nothing in it is a fault of the leader.
    pub fn verify(
        self,
        domain: &SigningDomain,
        set: &ValidatorSet,
        verifier: &impl Verifier,
    ) -> Result<Verified<Self>, JustificationError> {
        self.check_shape()?;
        self.vote.verify(domain, set, verifier)?;
        for certificate in self.justification.certificates() {
            certificate.clone().verify(domain, set, verifier)?;
        }
        Ok(Verified(self))
    }

    /// The justification speaks of the header's parent and of views between (rules J1, J2).
    fn check_shape(&self) -> Result<(), JustificationError> {
        let extra = self.header.extra();
        let round = self.vote.vote.round;
        let parent_fits = match &self.justification.parent {
            None => extra.parent_view == View::ZERO && extra.parent_signers.is_empty(),
            Some(parent) if self.justification.renews(&self.header) => {
                parent.vote.kind == VoteKind::Notarize
                    && parent.vote.round.epoch == round.epoch
                    && parent.vote.round.view < round.view
            }
            Some(parent) => {
                parent.vote.kind == VoteKind::Notarize
                    && parent.vote.batch == self.header.parent()
                    && parent.vote.round == self.header.parent_round()
                    && parent.signers == extra.parent_signers
            }
        };
        if !parent_fits {
            return Err(JustificationError::NotTheParent);
        }
        let base = self.justification.base_view(&self.header);
        let between = |certificate: &&Certificate| {
            let vote = certificate.vote;
            vote.kind == VoteKind::Nullify
                && vote.round.epoch == round.epoch
                && base < vote.round.view
                && vote.round.view < round.view
        };
        match self.justification.nullifications.iter().find(|certificate| !between(certificate)) {
            Some(stray) => Err(JustificationError::NotBetween(stray.vote.round.view)),
            None => Ok(()),
        }
    }
}

impl Justification {
    /// Whether it proposes the batch again: the notarization is of the batch itself, which must close its epoch.
    #[must_use]
    pub fn renews(&self, header: &BatchHeader) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.vote.batch == header.hash())
    }

    /// The view whose notarization (0: the opening of the epoch) a proposal of this header stands on; every view
    /// between it and the proposal's must be nullified.
    #[must_use]
    pub fn base_view(&self, header: &BatchHeader) -> View {
        match &self.parent {
            Some(parent) if self.renews(header) => parent.vote.round.view,
            _ => header.extra().parent_view,
        }
    }

    /// Every certificate in it.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.parent.iter().chain(&self.nullifications)
    }
}

impl Verified<Proposal> {
    /// The leader's vote, verified with the whole.
    #[must_use]
    pub fn vote(&self) -> Verified<SignedVote> {
        Verified(self.vote)
    }

    /// The certificates of the justification, verified with the whole.
    pub fn certificates(&self) -> impl Iterator<Item = Verified<Certificate>> {
        self.justification.certificates().cloned().map(Verified)
    }
}
