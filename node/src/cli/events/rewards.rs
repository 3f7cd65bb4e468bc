//! Events of the rewards.

use alloy::rpc::types::Log;
use alloy_sol_types::SolEventInterface as _;
use rota_staking::bindings::{Rewards, Rewards::RewardsEvents};
use serde_json::json;

use super::Told;
use crate::cli::{
    amount::{Token, wide},
    percent,
};

/// What is told of an event, if it is for whoever sent the transaction.
pub(super) fn tell(token: &Token, log: &Log) -> Option<Told> {
    Some(match RewardsEvents::decode_log(&log.inner).ok()?.data {
        RewardsEvents::Claimed(event) => {
            let (amount, account) = (wide(event.amount), event.account);
            let text = format!("paid {} to {account}, earned with {}", token.show(amount), event.validator);
            let value = json!({ "event": "Claimed", "validator": event.validator, "account": account,
                "amount": amount.to_string() });
            (text, value)
        }
        RewardsEvents::Restaked(event) => {
            let amount = wide(event.amount);
            let text = format!("earned {} with {}, bonded there", token.show(amount), event.validator);
            let value = json!({ "event": "Restaked", "validator": event.validator, "account": event.account,
                "amount": amount.to_string() });
            (text, value)
        }
        RewardsEvents::CommissionClaimed(event) => {
            let (amount, account) = (wide(event.amount), event.withdrawal);
            let text = format!("paid {} to {account}, the commission of {}", token.show(amount), event.validator);
            let value = json!({ "event": "CommissionClaimed", "validator": event.validator, "withdrawal": account,
                "amount": amount.to_string() });
            (text, value)
        }
        RewardsEvents::CommissionSet(event) => {
            let (share, from) = (percent::show(event.commissionBps), event.fromPeriod);
            let text = format!("the commission of {} is {share} from period {from} on", event.validator);
            let value = json!({ "event": "CommissionSet", "validator": event.validator,
                "commissionBps": event.commissionBps, "fromPeriod": from });
            (text, value)
        }
        RewardsEvents::LeafBrought(event) => brought(token, &event),
        RewardsEvents::Suspended(event) => {
            let (validator, from) = (event.validator, event.mayResumeFrom);
            let text = format!("{validator} missed too much and is put out; it may resume from epoch {from} on");
            (text, json!({ "event": "Suspended", "validator": validator, "mayResumeFrom": from }))
        }
        RewardsEvents::RateSet(event) => {
            let rate = wide(event.ratePerPeriod);
            let text = format!("a period brings all validators together at most {}", token.show(rate));
            (text, json!({ "event": "RateSet", "ratePerPeriod": rate.to_string() }))
        }
        RewardsEvents::FunderSet(event) => {
            let text = format!("{} sets the rate of rewards", event.funder);
            (text, json!({ "event": "FunderSet", "funder": event.funder }))
        }
        // Nodes attest periods, no command does.
        RewardsEvents::PeriodAttested(_) => return None,
    })
}

fn brought(token: &Token, event: &Rewards::LeafBrought) -> Told {
    let (reward, commission) = (wide(event.reward), wide(event.commission));
    let text = format!(
        "period {} brought {} {} for its stake and {} commission: it did {} of {} duties",
        event.period,
        event.validator,
        token.show(reward),
        token.show(commission),
        event.done,
        event.duties
    );
    let value = json!({ "event": "LeafBrought", "period": event.period, "validator": event.validator,
        "points": event.points.to_string(), "done": event.done, "due": event.duties,
        "reward": reward.to_string(), "commission": commission.to_string() });
    (text, value)
}
