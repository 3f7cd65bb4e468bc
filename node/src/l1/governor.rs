//! Governance on L1: which proposals were made, and how each stands.

use alloy::{
    eips::BlockId,
    providers::Provider as _,
    rpc::types::{Filter, Log, TransactionRequest},
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent as _};
use rota_staking::bindings::{StakeGovernor, StakeGovernor::ProposalCreated};

use super::{
    L1Client, L1Tip,
    error::{L1Error, transport},
};
use crate::outlook::{Proposal, Standing, State};

/// The logs of proposals.
#[must_use]
pub fn proposals_made(governor: Address) -> Filter {
    Filter::new().address(governor).event_signature(ProposalCreated::SIGNATURE_HASH)
}

/// The proposals of logs.
///
/// # Errors
/// [`L1Error::Log`] for one that is none.
pub fn proposals_in(logs: &[Log]) -> Result<Vec<Proposal>, L1Error> {
    let read = |log: &Log| {
        let unreadable = |error: alloy_sol_types::Error| L1Error::Log {
            block: log.block_number.unwrap_or_default(),
            reason: error.to_string(),
        };
        Ok(ProposalCreated::decode_log(&log.inner).map_err(unreadable)?.data.into())
    };
    logs.iter().map(read).collect()
}

impl L1Client {
    /// The proposals that were made in these blocks, the oldest first.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn proposals(&self, from: u64, to: u64) -> Result<Vec<Proposal>, L1Error> {
        let filter = proposals_made(self.chain.settings.contracts.governor).from_block(from).to_block(to);
        proposals_in(&self.chain.provider.get_logs(&filter).await.map_err(transport)?)
    }

    /// How a proposal stands as of a block, by its number and its snapshot.
    ///
    /// # Errors
    /// [`L1Error`]; [`L1Error::NoGovernor`] if nothing there answers.
    pub async fn standing(&self, id: U256, snapshot: u64, tip: &L1Tip) -> Result<Standing, L1Error> {
        let at = BlockId::hash(tip.hash);
        let state = self.ask_governor(StakeGovernor::stateCall { proposalId: id }, at).await?;
        let votes = self.ask_governor(StakeGovernor::proposalVotesCall { proposalId: id }, at).await?;
        let eta = self.ask_governor(StakeGovernor::proposalEtaCall { proposalId: id }, at).await?;
        let quorum = if tip.number > snapshot {
            let timepoint = U256::from(snapshot);
            Some(self.ask_governor(StakeGovernor::quorumCall { timepoint }, at).await?)
        } else {
            None
        };
        let unknown = || self.no_governor(format!("state {state} is none"));
        Ok(Standing {
            state: State::ALL.get(usize::from(state)).copied().ok_or_else(unknown)?,
            against: votes.againstVotes,
            for_it: votes.forVotes,
            abstain: votes.abstainVotes,
            quorum,
            eta_s: eta.saturating_to(),
        })
    }

    async fn ask_governor<C: SolCall>(&self, call: C, at: BlockId) -> Result<C::Return, L1Error> {
        let governor = self.chain.settings.contracts.governor;
        let request = TransactionRequest::default().to(governor).input(call.abi_encode().into());
        let answer = self.chain.provider.call(request).block(at).await.map_err(transport)?;
        C::abi_decode_returns(&answer).map_err(|error| self.no_governor(error.to_string()))
    }

    fn no_governor(&self, reason: String) -> L1Error {
        L1Error::NoGovernor { address: self.chain.settings.contracts.governor, reason }
    }
}
