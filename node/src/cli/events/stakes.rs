//! Events of the stakes.

use alloy::rpc::types::Log;
use alloy_primitives::Address;
use alloy_sol_types::SolEventInterface as _;
use rota_staking::bindings::{StakeManager, StakeManager::StakeManagerEvents};
use serde_json::json;

use super::Told;
use crate::cli::amount::Token;

/// What is told of an event, if it is for whoever sent the transaction.
pub(super) fn tell(token: &Token, log: &Log) -> Option<Told> {
    let units = |amount: u128| amount.to_string();
    Some(match StakeManagerEvents::decode_log(&log.inner).ok()?.data {
        StakeManagerEvents::Bonded(event) => (
            format!(
                "bonded {}; the bond of {} is {}",
                token.show(event.amount),
                event.validator,
                token.show(event.bonded)
            ),
            json!({ "event": "Bonded", "validator": event.validator, "amount": units(event.amount),
                "bonded": units(event.bonded) }),
        ),
        StakeManagerEvents::Delegated(event) => delegated(token, &event),
        StakeManagerEvents::UnbondingBegun(event) => unbonding(token, &event),
        StakeManagerEvents::UndelegationBegun(event) => undelegation(token, &event),
        StakeManagerEvents::UnbondingCancelled(event) => (
            format!("unbonding {} is bonded again; the bond is {}", event.id, token.show(event.bonded)),
            json!({ "event": "UnbondingCancelled", "id": event.id, "validator": event.validator,
                "bonded": units(event.bonded) }),
        ),
        StakeManagerEvents::Redelegated(event) => (
            format!("{} of {} went on to {}", token.show(event.amount), event.account, event.to),
            json!({ "event": "Redelegated", "id": event.id, "to": event.to, "account": event.account,
                "amount": units(event.amount) }),
        ),
        StakeManagerEvents::Withdrawn(event) => (
            format!("paid {} to {}", token.show(event.amount), event.account),
            json!({ "event": "Withdrawn", "id": event.id, "account": event.account, "amount": units(event.amount) }),
        ),
        StakeManagerEvents::Released(event) => (
            format!("paid {} to {}", token.show(event.amount), event.account),
            json!({ "event": "Released", "validator": event.validator, "account": event.account,
                "amount": units(event.amount) }),
        ),
        StakeManagerEvents::Collected(event) => (
            format!("paid {} to {}", token.show(event.amount), event.account),
            json!({ "event": "Collected", "account": event.account, "amount": units(event.amount) }),
        ),
        StakeManagerEvents::RewardsFunded(event) => (
            format!("{} came for rewards; there are {}", token.show(event.amount), token.show(event.reserve)),
            json!({ "event": "RewardsFunded", "amount": units(event.amount), "reserve": units(event.reserve) }),
        ),
        StakeManagerEvents::ValidatorResumed(event) => returned("ValidatorResumed", event.validator),
        StakeManagerEvents::ValidatorExpelled(event) => expelled("ValidatorExpelled", event.validator),
        // The deployer's and the slasher's; and what the rewards tell better.
        StakeManagerEvents::Opened(_)
        | StakeManagerEvents::Slashed(_)
        | StakeManagerEvents::Settled(_)
        | StakeManagerEvents::Credited(_)
        | StakeManagerEvents::RewardPaid(_)
        | StakeManagerEvents::ValidatorSuspended(_) => return None,
    })
}

fn delegated(token: &Token, event: &StakeManager::Delegated) -> Told {
    let (amount, position) = (token.show(event.amount), token.show(event.position));
    let text = format!(
        "delegated {amount} to {}; {} has {position} there; the amount counts from the epoch after next on",
        event.validator, event.account
    );
    let value = json!({ "event": "Delegated", "validator": event.validator, "account": event.account,
        "amount": event.amount.to_string(), "position": event.position.to_string() });
    (text, value)
}

fn unbonding(token: &Token, event: &StakeManager::UnbondingBegun) -> Told {
    let text = format!(
        "unbonding {} of {} began; due {} epochs after its power has ceased to serve; still bonded {}",
        event.id,
        token.show(event.amount),
        event.delay,
        token.show(event.bonded)
    );
    let value = json!({ "event": "UnbondingBegun", "id": event.id, "validator": event.validator,
        "amount": event.amount.to_string(), "bonded": event.bonded.to_string(), "delayEpochs": event.delay });
    (text, value)
}

fn undelegation(token: &Token, event: &StakeManager::UndelegationBegun) -> Told {
    let towards = (event.to != Address::ZERO).then_some(event.to);
    let way = towards.map_or_else(String::new, |to| format!(" towards {to}"));
    let text = format!(
        "unbonding {} of {}{way} began; due {} epochs after its power has ceased to serve; {} stay with {}",
        event.id,
        token.show(event.amount),
        event.delay,
        token.show(event.position),
        event.validator,
    );
    let value = json!({ "event": "UndelegationBegun", "id": event.id, "validator": event.validator,
        "account": event.account, "towards": towards, "amount": event.amount.to_string(),
        "position": event.position.to_string(), "delayEpochs": event.delay });
    (text, value)
}

fn returned(event: &str, validator: Address) -> Told {
    (
        format!("{validator} is back: its power rises from the epoch after next on"),
        json!({ "event": event, "validator": validator }),
    )
}

fn expelled(event: &str, validator: Address) -> Told {
    (format!("{validator} is sent out, for ever"), json!({ "event": event, "validator": validator }))
}
