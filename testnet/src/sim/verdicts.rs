//! Verdicts on signatures, remembered: what one node verified, another need not verify again.

use std::collections::{BTreeMap, VecDeque};

use rota_proto::{Certificate, JustificationError, Proposal, SignedVote, ValidatorSet, Verified, VerifyError};
use rota_replica::{CheckError, Checked, Unverified};

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
    /// Verifies what a replica asked about, as [`rota_replica::check`] does.
    ///
    /// # Errors
    /// As [`rota_replica::check`].
    pub fn check(&mut self, what: Unverified, set: &ValidatorSet, keys: &Keys) -> Result<Checked, CheckError> {
        Ok(match what {
            Unverified::Vote(vote) => Checked::Vote(self.vote(vote, set, keys)?),
            Unverified::Certificate(certificate) => Checked::Certificate(self.certificate(certificate, set, keys)?),
            Unverified::CatchUp(certificate) => Checked::CatchUp(self.certificate(certificate, set, keys)?),
            Unverified::Proposal(proposal) => Checked::Proposal(self.proposal(*proposal, set, keys)?),
            other @ (Unverified::RoundAnswer { .. } | Unverified::Evidence(_)) => {
                rota_replica::check(other, keys.domain(), set, keys)?
            }
        })
    }

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

    fn certificate(
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

    fn proposal(
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
