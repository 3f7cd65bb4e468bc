//! What L1 says of all validators, and how stake and seats are told.

use alloy::rpc::types::Filter;
use alloy_sol_types::SolEvent as _;
use rota_staking::bindings::{
    IStakeManager::Stake, IValidatorSets::Seat, StakeManager, ValidatorRegistry::Registered, ValidatorSets,
};
use serde_json::{Value, json};

use super::ListArguments;
use crate::cli::amount::Token;

/// `IStakeManager.Status` by its numbers.
const STATUS: [&str; 4] = ["none", "live", "slashed", "settled"];

/// `IValidatorSets.State` by its numbers.
const STATE: [&str; 4] = ["none", "waiting", "active", "removed"];

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

fn name(names: &[&'static str], number: u8) -> &'static str {
    names.get(usize::from(number)).copied().unwrap_or("unknown")
}

/// A validator's stake in words.
pub(super) fn stake_text(token: &Token, stake: &Stake) -> String {
    let (own, delegated) = (token.show(stake.own), token.show(stake.bonded.saturating_sub(stake.own)));
    let (unbonding, held) = (token.show(stake.unbonding), token.show(stake.assets));
    let standing = standing(stake).join(", ");
    format!("{standing}: own bond {own}, delegated {delegated}, unbonding {unbonding}, held {held}")
}

/// A validator's stake for programs.
pub(super) fn stake_json(stake: &Stake) -> Value {
    json!({
        "status": name(&STATUS, stake.status), "bonded": stake.bonded.to_string(), "own": stake.own.to_string(),
        "delegated": stake.bonded.saturating_sub(stake.own).to_string(), "unbonding": stake.unbonding.to_string(),
        "assets": stake.assets.to_string(), "rate": stake.rate.to_string(), "suspended": stake.suspended,
        "expelled": stake.expelled,
    })
}

/// All that holds of it at once.
fn standing(stake: &Stake) -> Vec<&'static str> {
    let also = [(stake.suspended, "suspended"), (stake.expelled, "expelled")];
    let mut words = vec![name(&STATUS, stake.status)];
    words.extend(also.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word));
    words
}

/// A validator's seat in words.
pub(super) fn seat_text(seat: &Seat) -> String {
    let state = name(&STATE, seat.state);
    let place = if seat.power > 0 { format!(" in place {}", seat.place) } else { String::new() };
    let moves = match (seat.pendingUp, seat.pendingDown) {
        (0, 0) => String::new(),
        (up, down) => format!(" (+{up} -{down} to come)"),
    };
    format!("{state}{place} with power {}{moves}", seat.power)
}

/// A validator's seat for programs.
pub(super) fn seat_json(seat: &Seat) -> Value {
    json!({
        "state": name(&STATE, seat.state), "place": (seat.power > 0).then_some(seat.place), "power": seat.power,
        "target": seat.target, "pendingUp": seat.pendingUp, "pendingDown": seat.pendingDown,
    })
}
