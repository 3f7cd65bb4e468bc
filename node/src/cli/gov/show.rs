//! Proposals, for people and for programs.

use serde_json::{Value, json};

use super::{
    ListArguments, ShowArguments,
    proposal::{Now, all, find},
    words::Words,
};
use crate::{
    cli::{
        amount::{Token, wide},
        foreign::shown,
    },
    outlook::{Proposal, Standing},
};

pub(super) async fn list(arguments: &ListArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let words = Words::read(&connected).await?;
    let mut listed = Vec::new();
    for proposal in all(&connected).await? {
        let now = Now::of(&proposal, &connected).await?;
        if !arguments.open || now.standing.state.is_open() {
            listed.push((proposal, now));
        }
    }
    if arguments.l1.json {
        let told = listed.iter().map(|(proposal, now)| told(proposal, now, &words));
        println!("{}", Value::Array(told.collect()));
        return Ok(());
    }
    if listed.is_empty() {
        println!("there are no {}proposals", if arguments.open { "open " } else { "" });
    }
    for (proposal, now) in &listed {
        let state = now.standing.state.name();
        println!("{}  {state:<9}  {}", proposal.short(), shown(proposal.words()));
        println!("{:<23}{}", "", now.next(proposal));
    }
    Ok(())
}

pub(super) async fn show(arguments: &ShowArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let proposal = find(&connected, &arguments.id).await?;
    let words = Words::read(&connected).await?;
    let now = Now::of(&proposal, &connected).await?;
    if arguments.l1.json {
        println!("{}", told(&proposal, &now, &words));
    } else {
        print(&proposal, &now, &words);
    }
    Ok(())
}

fn told(proposal: &Proposal, now: &Now, words: &Words) -> Value {
    let standing = &now.standing;
    let calls =
        proposal.calls.iter().map(|call| json!({ "target": call.target, "data": call.input, "does": words.of(call) }));
    json!({
        "id": proposal.id.to_string(), "state": standing.state.name(), "proposer": proposal.proposer,
        "description": proposal.words(), "descriptionHash": proposal.description_hash(),
        "snapshotBlock": proposal.snapshot, "lastVoteBlock": proposal.deadline,
        "for": standing.for_it.to_string(), "against": standing.against.to_string(),
        "abstain": standing.abstain.to_string(), "quorum": standing.quorum.map(|quorum| quorum.to_string()),
        "etaSeconds": (standing.eta_s != 0).then_some(standing.eta_s), "next": now.next(proposal),
        "calls": calls.collect::<Vec<_>>(),
    })
}

fn print(proposal: &Proposal, now: &Now, words: &Words) {
    let standing = &now.standing;
    println!("proposal        {}", proposal.id);
    println!("state           {}", standing.state.name());
    println!("proposer        {}", proposal.proposer);
    println!("description     {}", shown(proposal.words()));
    for line in proposal.calls.iter().flat_map(|call| words.of(call)) {
        println!("does            {line}");
    }
    println!("votes count     as of the end of L1 block {}", proposal.snapshot);
    println!("votes are cast  until L1 block {}", proposal.deadline);
    let votes = |votes| words.token.show(wide(votes));
    println!("for             {}", votes(standing.for_it));
    println!("against         {}", votes(standing.against));
    println!("abstaining      {}", votes(standing.abstain));
    println!("quorum          {}", quorum(standing, &words.token));
    println!("next            {}", now.next(proposal));
}

/// What for and abstaining together need.
fn quorum(standing: &Standing, token: &Token) -> String {
    let Some(quorum) = standing.quorum else { return "known when voting begins".into() };
    let took_part = standing.for_it.saturating_add(standing.abstain);
    let reached = if took_part >= quorum { "reached" } else { "not reached" };
    format!("{}, for and abstaining together: {reached}", token.show(wide(quorum)))
}
