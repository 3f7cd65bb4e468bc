//! Events of the governor and of the votes.

use alloy::rpc::types::Log;
use alloy_primitives::U256;
use alloy_sol_types::SolEventInterface as _;
use rota_staking::bindings::{StakeGovernor::StakeGovernorEvents, StakeVotes::StakeVotesEvents};
use serde_json::json;

use super::Told;
use crate::cli::{
    amount::{Token, wide},
    gov::Ballot,
};

/// What is told of an event of the governor, if it is for whoever sent the transaction.
pub(super) fn proposals(token: &Token, log: &Log) -> Option<Told> {
    let named = |name: &str, id: U256, text: String| (text, json!({ "event": name, "id": id.to_string() }));
    Some(match StakeGovernorEvents::decode_log(&log.inner).ok()?.data {
        StakeGovernorEvents::ProposalCreated(event) => {
            let (id, start, end) = (event.proposalId, event.voteStart, event.voteEnd);
            let text = format!(
                "proposal {id}\nstands; votes count as of the end of L1 block {start} and are cast until block {end}"
            );
            let value = json!({ "event": "ProposalCreated", "id": id.to_string(), "proposer": event.proposer,
                "snapshotBlock": start.to_string(), "lastVoteBlock": end.to_string() });
            (text, value)
        }
        StakeGovernorEvents::VoteCast(event) => {
            let weight = token.show(wide(event.weight));
            let vote = Ballot::of(event.support).map_or("unknown", Ballot::name);
            let text = format!("{} voted {vote} with {weight}", event.voter);
            let value = json!({ "event": "VoteCast", "id": event.proposalId.to_string(), "voter": event.voter,
                "vote": vote, "weight": event.weight.to_string(), "reason": event.reason });
            (text, value)
        }
        StakeGovernorEvents::ProposalQueued(event) => {
            let (id, eta) = (event.proposalId, event.etaSeconds);
            let text = format!("proposal {id}\nis queued; it can be executed from second {eta} of L1's clock on");
            let value = json!({ "event": "ProposalQueued", "id": id.to_string(), "etaSeconds": eta.to_string() });
            (text, value)
        }
        StakeGovernorEvents::ProposalExecuted(event) => {
            let id = event.proposalId;
            named("ProposalExecuted", id, format!("proposal {id}\nis executed"))
        }
        StakeGovernorEvents::ProposalCanceled(event) => {
            let id = event.proposalId;
            named("ProposalCanceled", id, format!("proposal {id}\nis cancelled, for good"))
        }
        // The cancellation itself is told, too; and nothing else comes of our calls.
        StakeGovernorEvents::CanceledByGuardian(_)
        | StakeGovernorEvents::VoteCastWithParams(_)
        | StakeGovernorEvents::TimelockChange(_)
        | StakeGovernorEvents::EIP712DomainChanged(_) => return None,
    })
}

/// What is told of an event of the votes, if it is for whoever sent the transaction.
pub(super) fn votes(token: &Token, log: &Log) -> Option<Told> {
    Some(match StakeVotesEvents::decode_log(&log.inner).ok()?.data {
        StakeVotesEvents::DelegateChanged(event) => {
            let (owner, voter) = (event.delegator, event.toDelegate);
            let text = format!("{voter} votes with the stake of {owner}; the stake itself stays where it is");
            (text, json!({ "event": "DelegateChanged", "account": owner, "voter": voter }))
        }
        StakeVotesEvents::VotesDropped(event) => {
            let amount = token.show(event.amount);
            let text = format!("{amount} of {} with {} vote no more: it was slashed", event.account, event.validator);
            let value = json!({ "event": "VotesDropped", "validator": event.validator, "account": event.account,
                "amount": event.amount.to_string() });
            (text, value)
        }
        StakeVotesEvents::DelegateVotesChanged(_) | StakeVotesEvents::EIP712DomainChanged(_) => return None,
    })
}
