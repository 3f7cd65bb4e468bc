//! Certificates: a quorum of votes for the same thing.

use std::collections::BTreeMap;

use crate::{
    Place, Signature, SignedVote, Signers, SigningDomain, ValidatorSet, Verified, Verifier, VerifyError, Vote,
    vote::{Against, check_signature},
};

/// Signatures of one vote by validators that hold a quorum: a notarization, a nullification or a finalization, as
/// the kind of the vote says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    /// What every signer said.
    pub vote: Vote,
    /// Who signed.
    pub signers: Signers,
    /// Their signatures, in rising order of place.
    pub signatures: Vec<Signature>,
}

impl Certificate {
    /// Checks the count, the quorum and every signature by itself (rules K2, Q1).
    ///
    /// # Errors
    /// [`VerifyError`] names the first thing that is wrong; the cheap checks come first.
    pub fn verify(
        self,
        domain: &SigningDomain,
        set: &ValidatorSet,
        verifier: &impl Verifier,
    ) -> Result<Verified<Self>, VerifyError> {
        if self.vote.round.epoch != set.epoch() {
            return Err(VerifyError::WrongEpoch { message: self.vote.round.epoch, set: set.epoch() });
        }
        if self.signatures.len() != self.signers.len() {
            return Err(VerifyError::SignatureCount { signatures: self.signatures.len(), signers: self.signers.len() });
        }
        if let Some(place) = self.signers.iter().find(|place| set.get(*place).is_none()) {
            return Err(VerifyError::EmptyPlace { place, epoch: set.epoch() });
        }
        let power = set.power_of(self.signers);
        if !set.is_quorum(power) {
            return Err(VerifyError::NoQuorum { power, total: set.total_power(), vote: self.vote });
        }
        let against = Against { domain, set, verifier };
        for (place, signature) in self.signers.iter().zip(&self.signatures) {
            check_signature(&self.vote, place, signature, &against)?;
        }
        Ok(Verified(self))
    }

    /// The votes it is made of.
    pub fn votes(&self) -> impl Iterator<Item = SignedVote> {
        self.signers.iter().zip(&self.signatures).map(|(signer, signature)| SignedVote {
            vote: self.vote,
            signer,
            signature: *signature,
        })
    }
}

impl Verified<Certificate> {
    /// The certificate of verified votes for the same thing, once their power is a quorum of `set` (rule Q1).
    ///
    /// # Panics
    /// If a signature under `vote` comes from a place that is empty in `set`: a verified vote never does.
    #[must_use]
    pub fn assemble(vote: Vote, votes: &BTreeMap<Place, Verified<SignedVote>>, set: &ValidatorSet) -> Option<Self> {
        let agreeing = || votes.iter().filter(|(_, signed)| signed.vote == vote);
        let signers: Signers = agreeing().map(|(place, _)| *place).collect();
        assert!(signers.iter().all(|place| set.get(place).is_some()), "verified votes come from members");
        set.is_quorum(set.power_of(signers))
            .then(|| Self(Certificate { vote, signers, signatures: agreeing().map(|(_, s)| s.signature).collect() }))
    }

    /// This certificate with the signatures of all verified votes for the same thing, also of those that came after
    /// the quorum.
    ///
    /// # Panics
    /// As [`assemble`](Self::assemble).
    #[must_use]
    pub fn widened(&self, votes: &BTreeMap<Place, Verified<SignedVote>>, set: &ValidatorSet) -> Self {
        let mut all = votes.clone();
        all.extend(self.verified_votes().map(|signed| (signed.signer, signed)));
        let wide = Self::assemble(self.vote, &all, set);
        wide.unwrap_or_else(|| unreachable!("a certificate is a quorum, and nobody was left out"))
    }

    /// The votes it is made of, each verified as the whole is.
    pub fn verified_votes(&self) -> impl Iterator<Item = Verified<SignedVote>> {
        self.votes().map(Verified)
    }
}
