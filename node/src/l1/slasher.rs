//! The slasher on L1: whom it has slashed, and whether it would take a report.

use alloy::{eips::BlockId, providers::Provider as _, rpc::types::TransactionRequest};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall as _, SolInterface};
use rota_proto::VotePair;
use rota_staking::bindings::{
    Slasher::{SlasherErrors, offenceOfCall, slashVotesCall},
    vote_evidence,
};

use super::{CallError, L1Client, L1Error, transport};

/// The call that reports a pair of votes.
#[must_use]
pub fn report(pair: &VotePair) -> Bytes {
    slashVotesCall { evidence: vote_evidence(pair) }.abi_encode().into()
}

/// Why the slasher does not take a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The contract refuses it.
    #[error("the slasher refuses: {}", refusal_text(.0))]
    Refused(Box<SlasherErrors>),
    /// The call fails for another reason.
    #[error("the report would fail: {0}")]
    Failed(String),
}

impl From<CallError> for ReportError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::L1(error) => Self::L1(error),
            CallError::Reverted { message, data } => match SlasherErrors::abi_decode(&data) {
                Ok(refusal) => Self::Refused(Box::new(refusal)),
                Err(_) if data.is_empty() => Self::Failed(message),
                Err(_) => Self::Failed(format!("{message} ({data})")),
            },
        }
    }
}

impl L1Client {
    /// Whether the slasher has slashed a validator, as of a block.
    ///
    /// # Errors
    /// [`L1Error`]; [`L1Error::NoSlasher`] if nothing there answers.
    pub async fn is_slashed(&self, slasher: Address, validator: Address, at: BlockId) -> Result<bool, L1Error> {
        let input = offenceOfCall { validator }.abi_encode();
        let call = TransactionRequest::default().to(slasher).input(input.into());
        let answer = self.provider.call(call).block(at).await.map_err(transport)?;
        let offence = offenceOfCall::abi_decode_returns(&answer);
        offence.map(|offence| offence.power > 0).map_err(|_| L1Error::NoSlasher(slasher))
    }

    /// Tries a report at the newest block, and says the gas it takes.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn try_report(&self, from: Address, slasher: Address, report: Bytes) -> Result<u64, ReportError> {
        Ok(self.try_call(from, slasher, report).await?)
    }
}

/// A refusal of the slasher for people: what it means, or its name and its numbers.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "the contract has more errors than a report can meet")]
pub fn refusal_text(refusal: &SlasherErrors) -> String {
    use SlasherErrors as Errors;
    match refusal {
        Errors::AlreadySlashed(error) => {
            format!("{} was slashed already, for an offence in epoch {}", error.validator, error.offenceEpoch)
        }
        Errors::EvidenceExpired(error) => format!(
            "evidence of epoch {} was taken up to epoch {}, and L1 is in epoch {}",
            error.epoch, error.lastEpoch, error.currentEpoch
        ),
        Errors::FutureEpoch(error) => {
            format!("epoch {} has not begun, L1 is in epoch {}", error.epoch, error.currentEpoch)
        }
        Errors::NoMember(error) => format!("nobody held place {} in epoch {}", error.place, error.epoch),
        Errors::InvalidSignature(error) => {
            format!("the key of that place did not sign vote {} (digest {})", error.number, error.digest)
        }
        Errors::NotSlashable(error) => format!(
            "who follows the rules may cast votes of kinds {} and {} in one view",
            error.firstKind, error.secondKind
        ),
        other => format!("{other:?}"),
    }
}
