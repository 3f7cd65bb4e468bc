//! Verifying what comes from others.

use rota_proto::{Certificate, JustificationError, Proposal, SignedVote, ValidatorSet, Verified, VerifyError};

use super::Host;
use crate::sim::outside::Outside;

impl Host {
    /// Whether this node may use verdicts of others: its sets are the true ones.
    fn shares(&self) -> bool {
        self.conduct.is_none()
    }

    pub(super) fn verify_vote(
        &self,
        one: SignedVote,
        set: &ValidatorSet,
        out: &mut Outside,
    ) -> Result<Verified<SignedVote>, VerifyError> {
        if self.shares() {
            return out.verdicts.vote(one, set, &out.keys);
        }
        one.verify(out.keys.domain(), set, &out.keys)
    }

    pub(super) fn verify_certificate(
        &self,
        one: Certificate,
        set: &ValidatorSet,
        out: &mut Outside,
    ) -> Result<Verified<Certificate>, VerifyError> {
        if self.shares() {
            return out.verdicts.certificate(one, set, &out.keys);
        }
        one.verify(out.keys.domain(), set, &out.keys)
    }

    pub(super) fn verify_proposal(
        &self,
        one: Proposal,
        set: &ValidatorSet,
        out: &mut Outside,
    ) -> Result<Verified<Proposal>, JustificationError> {
        if self.shares() {
            return out.verdicts.proposal(one, set, &out.keys);
        }
        one.verify(out.keys.domain(), set, &out.keys)
    }
}
