//! The slasher on L1: whom it has slashed, and whether it would take a report.

use alloy::{eips::BlockId, providers::Provider as _, rpc::types::TransactionRequest};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall as _, SolError as _};
use rota_proto::{SignedAttestation, VotePair};
use rota_staking::bindings::{
    Slasher::{AlreadySlashed, offenceOfCall, slashAttestationsCall, slashVotesCall},
    attestation_evidence, refusal, vote_evidence,
};

use super::{
    CallError, L1Client,
    error::{L1Error, transport},
};

/// The call that reports a pair of votes.
#[must_use]
pub fn report(pair: &VotePair) -> Bytes {
    slashVotesCall { evidence: vote_evidence(pair) }.abi_encode().into()
}

/// The call that reports two attestations of one validator.
#[must_use]
pub fn report_attestations(pair: &[SignedAttestation; 2]) -> Bytes {
    slashAttestationsCall { evidence: attestation_evidence(pair) }.abi_encode().into()
}

/// Why the slasher does not take a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The validator was slashed already.
    #[error("the validator was slashed already")]
    AlreadySlashed,
    /// The contract refuses it; the text is the contract's error with its values, or L1's words.
    #[error("the slasher refuses: {0}")]
    Refused(String),
}

impl From<CallError> for ReportError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::L1(error) => Self::L1(error),
            CallError::Reverted { data, .. } if AlreadySlashed::abi_decode(&data).is_ok() => Self::AlreadySlashed,
            CallError::Reverted { message, data } => Self::Refused(refusal(&data).unwrap_or(message)),
        }
    }
}

impl L1Client {
    /// Whether the slasher has slashed a validator, as of a block.
    ///
    /// # Errors
    /// [`L1Error`]; [`L1Error::NoSlasher`] if nothing there answers.
    pub async fn is_slashed(&self, validator: Address, at: BlockId) -> Result<bool, L1Error> {
        let slasher = self.chain.settings.contracts.slasher;
        let input = offenceOfCall { validator }.abi_encode();
        let call = TransactionRequest::default().to(slasher).input(input.into());
        let answer = self.chain.provider.call(call).block(at).await.map_err(transport)?;
        let offence = offenceOfCall::abi_decode_returns(&answer);
        offence.map(|offence| offence.power > 0).map_err(|_| L1Error::NoSlasher(slasher))
    }

    /// Tries a report at the newest block, and says the gas it takes.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn try_report(&self, from: Address, report: Bytes) -> Result<u64, ReportError> {
        Ok(self.try_call(from, self.chain.settings.contracts.slasher, report).await?)
    }
}
