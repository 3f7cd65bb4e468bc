//! What L1 says of validators.

use std::collections::BTreeSet;

use alloy::rpc::types::Filter;
use alloy_primitives::Address;
use alloy_sol_types::SolEvent as _;
use eyre::ensure;
use rota_staking::bindings::{
    IStakeManager::Stake, IValidatorSets::Seat, StakeManager, StakeManager::UnbondingBegun, ValidatorRegistry,
    ValidatorRegistry::Registered, ValidatorSets,
};
use serde_json::{Value, json};

use super::{ListArguments, StatusArguments, keys::metadata};
use crate::cli::{amount::Token, l1::Connected};

/// `IStakeManager.Status` by its numbers.
const STATUS: [&str; 4] = ["none", "live", "slashed", "settled"];

/// `IValidatorSets.State` by its numbers.
const STATE: [&str; 4] = ["none", "waiting", "active", "removed"];

/// The greatest number: an unbonding whose power still serves has no epoch yet.
const NOT_KNOWN: u64 = u64::MAX;

/// An unbonding that is not paid yet.
struct Open {
    id: u64,
    amount: u128,
    due_epoch: Option<u64>,
}

pub(super) async fn status(arguments: &StatusArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let validator = arguments.validator;
    let contracts = *connected.contracts();
    let token = connected.token().await?;
    let accounts = connected.ask(contracts.registry, ValidatorRegistry::accountsOfCall { validator }).await?;
    ensure!(accounts.operator != Address::ZERO, "nobody registered as {validator}");
    let keys = connected.ask(contracts.registry, ValidatorRegistry::keysOfCall { validator }).await?;
    let stake = connected.ask(contracts.stakes, StakeManager::stakeOfCall { validator }).await?;
    let seat = connected.ask(contracts.sets, ValidatorSets::seatOfCall { validator }).await?;
    let epoch = connected.ask(contracts.sets, ValidatorSets::currentEpochCall {}).await?;
    let serves = connected.ask(contracts.sets, ValidatorSets::powerOfCall { validator, epoch }).await?;
    let open = unbondings(&connected, validator).await?;
    let said = metadata(&connected, validator).await?;
    let (node_address, words) = said.map_or_else(Default::default, |said| (said.nodeAddress, said.metadata));
    if arguments.l1.json {
        let told = json!({
            "validator": validator, "epoch": epoch,
            "operator": accounts.operator, "withdrawal": accounts.withdrawal, "submitter": accounts.submitter,
            "feeRecipient": accounts.feeRecipient, "nodeAddress": node_address, "metadata": words,
            "consensusKey": keys.consensusKey, "attestationKeyHash": keys.attestationKeyHash,
            "stake": stake_json(&stake), "seat": seat_json(&seat), "powerNow": serves,
            "unbondings": open.iter().map(unbonding_json).collect::<Vec<_>>(),
        });
        println!("{told}");
        return Ok(());
    }
    println!("validator       {validator}");
    println!("operator        {}", accounts.operator);
    println!("withdrawal      {}", accounts.withdrawal);
    println!("submitter       {}", accounts.submitter);
    println!("fee recipient   {}", accounts.feeRecipient);
    println!("consensus key   {}", keys.consensusKey);
    println!("node address    {node_address}");
    println!("metadata        {words}");
    println!("stake           {}", stake_text(&token, &stake));
    println!("seat            {}", seat_text(&seat));
    println!("power now       {serves} in epoch {epoch}");
    for unbonding in &open {
        println!("unbonding {:<5} {}", unbonding.id, unbonding_text(&token, unbonding));
    }
    Ok(())
}

pub(super) async fn list(arguments: &ListArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let contracts = *connected.contracts();
    let token = connected.token().await?;
    let filter = Filter::new().address(contracts.registry).event_signature(Registered::SIGNATURE_HASH);
    let mut told = Vec::new();
    for log in connected.logs(&filter).await? {
        let validator = Registered::decode_log(&log.inner)?.data.validator;
        let stake = connected.ask(contracts.stakes, StakeManager::stakeOfCall { validator }).await?;
        let seat = connected.ask(contracts.sets, ValidatorSets::seatOfCall { validator }).await?;
        if arguments.l1.json {
            told.push(json!({ "validator": validator, "stake": stake_json(&stake), "seat": seat_json(&seat) }));
        } else {
            println!("{validator}  {}; {}", seat_text(&seat), stake_text(&token, &stake));
        }
    }
    if arguments.l1.json {
        println!("{}", Value::Array(told));
    }
    Ok(())
}

/// What of a validator's stake is on its way out.
async fn unbondings(connected: &Connected, validator: Address) -> eyre::Result<Vec<Open>> {
    let stakes = connected.contracts().stakes;
    let filter = Filter::new().address(stakes).event_signature(UnbondingBegun::SIGNATURE_HASH);
    let logs = connected.logs(&filter.topic2(validator.into_word())).await?;
    let begun = logs.iter().map(|log| Ok(UnbondingBegun::decode_log(&log.inner)?.data.id));
    let mut open = Vec::new();
    for id in begun.collect::<eyre::Result<BTreeSet<u64>>>()? {
        let unbonding = connected.ask(stakes, StakeManager::unbondingOfCall { id }).await?;
        // Paid, or bonded again.
        if unbonding.validator == Address::ZERO {
            continue;
        }
        let due = connected.ask(stakes, StakeManager::dueOfCall { id }).await?;
        let due_epoch = (due.dueEpoch != NOT_KNOWN).then_some(due.dueEpoch);
        open.push(Open { id, amount: due.amount, due_epoch });
    }
    Ok(open)
}

fn name<'a>(names: &'a [&'a str], number: u8) -> &'a str {
    names.get(usize::from(number)).copied().unwrap_or("unknown")
}

fn stake_text(token: &Token, stake: &Stake) -> String {
    let status = name(&STATUS, stake.status);
    let (bonded, unbonding) = (token.show(stake.bonded), token.show(stake.unbonding));
    let held = token.show(stake.assets);
    format!("{status}: bonded {bonded}, unbonding {unbonding}, held {held}")
}

fn stake_json(stake: &Stake) -> Value {
    json!({
        "status": name(&STATUS, stake.status), "bonded": stake.bonded.to_string(),
        "unbonding": stake.unbonding.to_string(), "assets": stake.assets.to_string(), "rate": stake.rate.to_string(),
    })
}

fn seat_text(seat: &Seat) -> String {
    let state = name(&STATE, seat.state);
    let place = if seat.power > 0 { format!(" in place {}", seat.place) } else { String::new() };
    let moves = match (seat.pendingUp, seat.pendingDown) {
        (0, 0) => String::new(),
        (up, down) => format!(" (+{up} -{down} to come)"),
    };
    format!("{state}{place} with power {}{moves}", seat.power)
}

fn seat_json(seat: &Seat) -> Value {
    json!({
        "state": name(&STATE, seat.state), "place": (seat.power > 0).then_some(seat.place), "power": seat.power,
        "target": seat.target, "pendingUp": seat.pendingUp, "pendingDown": seat.pendingDown,
    })
}

fn unbonding_text(token: &Token, unbonding: &Open) -> String {
    let amount = token.show(unbonding.amount);
    match unbonding.due_epoch {
        Some(epoch) => format!("{amount}, due in epoch {epoch}"),
        None => format!("{amount}, whose power still serves"),
    }
}

fn unbonding_json(unbonding: &Open) -> Value {
    json!({ "id": unbonding.id, "amount": unbonding.amount.to_string(), "dueEpoch": unbonding.due_epoch })
}
