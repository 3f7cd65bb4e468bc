//! Verdicts on signatures, remembered: what one node verified, another need not verify again.

use std::collections::{BTreeMap, VecDeque};

use rota_proto::{Certificate, JustificationError, Proposal, SignedVote, ValidatorSet, Verified, VerifyError};

use super::keys::Keys;

/// Votes and certificates remembered; the oldest rounds are forgotten first.
const VERDICTS_MAX: usize = 512;
/// Proposals remembered.
const PROPOSALS_MAX: usize = 8;

/// What was found to stand. Only good verdicts are kept, and only those by the true set of an epoch.
#[derive(Debug, Default)]
pub struct Verdicts {
    votes: BTreeMap<SignedVote, Verified<SignedVote>>,
    certificates: BTreeMap<Certificate, Verified<Certificate>>,
    proposals: VecDeque<Verified<Proposal>>,
}

impl Verdicts {
    /// Verifies a vote.
    ///
    /// # Errors
    /// As [`SignedVote::verify`].
    pub fn vote(
        &mut self,
        one: SignedVote,
        set: &ValidatorSet,
        keys: &Keys,
    ) -> Result<Verified<SignedVote>, VerifyError> {
        if let Some(known) = self.votes.get(&one) {
            return Ok(*known);
        }
        let verified = one.verify(keys.domain(), set, keys)?;
        self.votes.insert(one, verified);
        if self.votes.len() > VERDICTS_MAX {
            self.votes.pop_first();
        }
        Ok(verified)
    }

    /// Verifies a certificate.
    ///
    /// # Errors
    /// As [`Certificate::verify`].
    pub fn certificate(
        &mut self,
        one: Certificate,
        set: &ValidatorSet,
        keys: &Keys,
    ) -> Result<Verified<Certificate>, VerifyError> {
        if let Some(known) = self.certificates.get(&one) {
            return Ok(known.clone());
        }
        let verified = one.clone().verify(keys.domain(), set, keys)?;
        self.certificates.insert(one, verified.clone());
        if self.certificates.len() > VERDICTS_MAX {
            self.certificates.pop_first();
        }
        Ok(verified)
    }

    /// Verifies a proposal.
    ///
    /// # Errors
    /// As [`Proposal::verify`].
    pub fn proposal(
        &mut self,
        one: Proposal,
        set: &ValidatorSet,
        keys: &Keys,
    ) -> Result<Verified<Proposal>, JustificationError> {
        if let Some(known) = self.proposals.iter().find(|known| ***known == one) {
            return Ok(known.clone());
        }
        let verified = one.verify(keys.domain(), set, keys)?;
        self.proposals.push_back(verified.clone());
        if self.proposals.len() > PROPOSALS_MAX {
            self.proposals.pop_front();
        }
        Ok(verified)
    }
}
