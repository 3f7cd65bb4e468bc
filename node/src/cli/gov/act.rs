//! Votes, and what moves a proposal on or ends it.

use alloy_primitives::U256;
use alloy_sol_types::SolCall as _;
use eyre::{WrapErr as _, ensure};
use rota_staking::bindings::{StakeGovernor, StakeVotes};

use super::{
    CancelArguments, DelegateArguments, ProposalArguments, SyncArguments, VoteArguments,
    proposal::{Now, find, parts},
};
use crate::{
    cli::{
        amount::wide,
        events::finish,
        l1::{Sender, Step},
    },
    outlook::{Proposal, State},
};

pub(super) async fn vote(arguments: VoteArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let proposal = find(&sender.connected, &arguments.id).await?;
    let token = sender.connected.token().await?;
    let (id, account) = (proposal.id, sender.address);
    let mut weight = String::new();
    if Now::of(&proposal, &sender.connected).await?.standing.state == State::Active {
        let call = StakeGovernor::getVotesCall { account, timepoint: U256::from(proposal.snapshot) };
        let votes = wide(sender.connected.ask(sender.connected.contracts().governor, call).await?);
        // The governor would take it, and count nothing.
        ensure!(
            votes > 0,
            "{account} had no votes at the end of L1 block {}, as of which they count",
            proposal.snapshot
        );
        weight = format!(", {}", token.show(votes));
    }
    let call = format!("castVote(proposal {}, {}{weight})", proposal.short(), arguments.ballot.name());
    let support = arguments.ballot.number();
    let input = match arguments.reason {
        None => StakeGovernor::castVoteCall { proposalId: id, support }.abi_encode(),
        Some(reason) => StakeGovernor::castVoteWithReasonCall { proposalId: id, support, reason }.abi_encode(),
    };
    go(&sender, &proposal, sender.governor(call, input)).await
}

pub(super) async fn queue(arguments: ProposalArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let proposal = find(&sender.connected, &arguments.id).await?;
    let (targets, values, calldatas) = parts(&proposal.calls);
    let input = StakeGovernor::queueCall { targets, values, calldatas, descriptionHash: proposal.description_hash() };
    let call = format!("queue(proposal {})", proposal.short());
    go(&sender, &proposal, sender.governor(call, input.abi_encode())).await
}

pub(super) async fn execute(arguments: ProposalArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let proposal = find(&sender.connected, &arguments.id).await?;
    let (targets, values, calldatas) = parts(&proposal.calls);
    let input = StakeGovernor::executeCall { targets, values, calldatas, descriptionHash: proposal.description_hash() };
    let call = format!("execute(proposal {})", proposal.short());
    go(&sender, &proposal, sender.governor(call, input.abi_encode())).await
}

pub(super) async fn cancel(arguments: CancelArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let proposal = find(&sender.connected, &arguments.id).await?;
    let (targets, values, calldatas) = parts(&proposal.calls);
    let hash = proposal.description_hash();
    let short = proposal.short();
    let step = if arguments.as_guardian {
        let input = StakeGovernor::cancelByGuardianCall { targets, values, calldatas, descriptionHash: hash };
        sender.governor(format!("cancelByGuardian(proposal {short})"), input.abi_encode())
    } else {
        let input = StakeGovernor::cancelCall { targets, values, calldatas, descriptionHash: hash };
        sender.governor(format!("cancel(proposal {short})"), input.abi_encode())
    };
    go(&sender, &proposal, step).await
}

pub(super) async fn delegate(arguments: DelegateArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let delegatee = arguments.voter;
    let call = format!("delegate(votes of {} to {delegatee})", sender.address);
    let step = sender.votes(call, StakeVotes::delegateCall { delegatee }.abi_encode());
    finish(&sender, &token, &[step]).await
}

pub(super) async fn sync(arguments: SyncArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let SyncArguments { validator, account, .. } = arguments;
    let call = format!("sync(validator {validator}, account {account})");
    let step = sender.votes(call, StakeVotes::syncCall { validator, account }.abi_encode());
    finish(&sender, &token, &[step]).await
}

/// Does it, or says also how the proposal stands.
async fn go(sender: &Sender, proposal: &Proposal, step: Step) -> eyre::Result<()> {
    let token = sender.connected.token().await?;
    let now = Now::of(proposal, &sender.connected).await?;
    let how = format!("the proposal is {}: {}", now.standing.state.name(), now.next(proposal));
    finish(sender, &token, &[step]).await.wrap_err(how)
}
