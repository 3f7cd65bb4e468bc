//! Rewards and proposals.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use serde_json::{Value, json};

use crate::{
    outlook::{Earnings, Notice, Standing},
    rpc::{arguments::Arguments, context::Context, error::RpcError},
};

/// R26: a period of rewards that is over, with all its leaves.
pub(super) async fn period(context: Arc<Context>, arguments: Arguments) -> Result<Option<Value>, RpcError> {
    let number: u64 = arguments.required(0)?;
    let Some(period) = context.backend.period(number)? else { return Ok(None) };
    Ok(Some(json!({
        "period": number,
        "root": period.root(),
        "totalPoints": U256::from(period.total_points()),
        "leaves": period.leaves(),
    })))
}

/// R27: what validators have earned and were not paid yet, or one of them.
pub(super) async fn rewards(context: Arc<Context>, arguments: Arguments) -> Result<Value, RpcError> {
    let of: Option<Address> = arguments.optional(0)?;
    let outlook = context.backend.outlook();
    let earnings =
        outlook.earnings.iter().filter(|earnings| of.is_none_or(|validator| earnings.validator == validator));
    Ok(json!({
        "l1Block": outlook.block,
        "nextPeriod": outlook.next_period,
        "validators": earnings.map(earned).collect::<Vec<_>>(),
    }))
}

/// R27: the newest proposals and how they stand, or those of which something may still come.
pub(super) async fn proposals(context: Arc<Context>, arguments: Arguments) -> Result<Value, RpcError> {
    let open = arguments.optional(0)?.unwrap_or(false);
    let outlook = context.backend.outlook();
    let chosen = outlook.proposals.iter().filter(|(_, standing)| !open || standing.state.is_open());
    let told: Vec<Value> = chosen.map(|(notice, standing)| proposal(notice, standing)).collect();
    Ok(json!({ "l1Block": outlook.block, "proposals": told }))
}

fn earned(earnings: &Earnings) -> Value {
    json!({
        "validator": earnings.validator,
        "l1Block": earnings.block,
        "unpaidStake": U256::from(earnings.stake),
        "unpaidCommission": U256::from(earnings.commission),
        "nextPeriod": earnings.next_period,
        "badInARow": earnings.bad_in_a_row,
        "mayResumeFrom": earnings.may_resume_from,
    })
}

fn proposal(notice: &Notice, standing: &Standing) -> Value {
    let calls = notice.calls.iter().map(|(target, selector)| json!({ "target": target, "selector": selector }));
    json!({
        // In digits, as `rota gov` takes it and explorers show it.
        "id": notice.id.to_string(),
        "state": standing.state.name(),
        "proposer": notice.proposer,
        "description": notice.description,
        "calls": calls.collect::<Vec<_>>(),
        "snapshotBlock": notice.snapshot,
        "lastVoteBlock": notice.deadline,
        "for": standing.for_it,
        "against": standing.against,
        "abstain": standing.abstain,
        "quorum": standing.quorum,
        "etaSeconds": (standing.eta_s != 0).then_some(standing.eta_s),
    })
}
