//! Calls and estimates (rules R12 and R13).

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use alloy::rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride};
use alloy_primitives::{Address, Bytes, TxKind, U64, U256};
use rota_execution::{AccountOverride, CallEnd, CallRequest, CallTerms, ChainRules, Wanted};

use crate::rpc::{arguments::Arguments, backend::Snapshot, context::Context, error::RpcError};

pub(super) async fn call(context: Arc<Context>, arguments: Arguments) -> Result<Bytes, RpcError> {
    let run = |rules: &ChainRules, snapshot: &Snapshot, (request, terms): &(CallRequest, CallTerms)| {
        let outcome = rota_execution::call(rules, snapshot.header.header(), &snapshot.state(), request, terms)?;
        match outcome.end {
            CallEnd::Returned(output) => Ok(output),
            CallEnd::Reverted(data) => Err(RpcError::Reverted(data)),
            CallEnd::OutOfGas => Err(RpcError::Call("out of gas".into())),
            CallEnd::Halted(reason) => Err(RpcError::Call(reason)),
        }
    };
    on_state(&context, &arguments, run).await
}

pub(super) async fn estimate(context: Arc<Context>, arguments: Arguments) -> Result<U64, RpcError> {
    let run = |rules: &ChainRules, snapshot: &Snapshot, (request, terms): &(CallRequest, CallTerms)| {
        let gas = rota_execution::estimate_gas(rules, snapshot.header.header(), &snapshot.state(), request, terms)?;
        Ok(U64::from(gas))
    };
    on_state(&context, &arguments, run).await
}

/// Runs what the arguments ask for on the state that they name, where blocking is allowed.
async fn on_state<T: Send + 'static>(
    context: &Arc<Context>,
    arguments: &Arguments,
    run: impl Fn(&ChainRules, &Snapshot, &(CallRequest, CallTerms)) -> Result<T, RpcError> + Send + 'static,
) -> Result<T, RpcError> {
    let asked = prepare(context, arguments)?;
    let id = arguments.block(1)?;
    let here = Arc::clone(context);
    let read = move || here.read(id, |snapshot| run(here.backend.rules(), snapshot, &asked));
    context.calls.run(read).await
}

/// What is to be called, and on what terms.
fn prepare(context: &Context, arguments: &Arguments) -> Result<(CallRequest, CallTerms), RpcError> {
    let request = request(arguments.required(0)?, context.backend.rules().chain_id)?;
    let overrides = arguments.optional::<StateOverride>(2)?.unwrap_or_default();
    let overrides = overrides.into_iter().map(|(address, account)| Ok((address, overridden(account)?)));
    let overrides: BTreeMap<Address, AccountOverride> = overrides.collect::<Result<_, RpcError>>()?;
    if arguments.optional::<BlockOverrides>(3)?.is_some_and(|block| block != BlockOverrides::default()) {
        return Err(RpcError::Unsupported("block overrides are"));
    }
    // R12: nobody waits longer.
    let until = Instant::now() + context.limits.call_time;
    let wanted = Wanted::as_long_as(move || Instant::now() < until);
    Ok((request, CallTerms { gas_cap: context.limits.call_gas, overrides, wanted }))
}

/// Rule R13: a request whose fields contradict each other is refused, with geth's texts.
fn request(from: TransactionRequest, chain_id: u64) -> Result<CallRequest, RpcError> {
    let wrong = |reason: String| RpcError::Argument { index: 0, reason };
    if let (Some(input), Some(data)) = (&from.input.input, &from.input.data)
        && input != data
    {
        return Err(wrong("both \"data\" and \"input\" are set and not equal".into()));
    }
    if from.gas_price.is_some() && (from.max_fee_per_gas.is_some() || from.max_priority_fee_per_gas.is_some()) {
        return Err(wrong("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified".into()));
    }
    if from.blob_versioned_hashes.is_some() || from.max_fee_per_blob_gas.is_some() || from.sidecar.is_some() {
        return Err(RpcError::Unsupported("blob transactions are"));
    }
    if let Some(have) = from.chain_id.filter(|have| *have != chain_id) {
        return Err(wrong(format!("chainId does not match node's (have={have}, want={chain_id})")));
    }
    // A fee cap alone is one of EIP-1559, whose tip is nothing if not named.
    let tip = from.max_priority_fee_per_gas.or_else(|| from.max_fee_per_gas.map(|_| 0));
    Ok(CallRequest {
        from: from.from.unwrap_or_default(),
        to: from.to.and_then(|kind| match kind {
            TxKind::Call(to) => Some(to),
            TxKind::Create => None,
        }),
        gas: from.gas,
        max_fee_wei: from.max_fee_per_gas.or(from.gas_price),
        max_priority_fee_wei: tip,
        value: from.value.unwrap_or_default(),
        input: from.input.into_input().unwrap_or_default(),
        access_list: from.access_list.unwrap_or_default(),
        authorizations: from.authorization_list.unwrap_or_default(),
    })
}

fn overridden(from: alloy::rpc::types::state::AccountOverride) -> Result<AccountOverride, RpcError> {
    if from.move_precompile_to.is_some() {
        return Err(RpcError::Unsupported("movePrecompileToAddress is"));
    }
    if from.state.is_some() && from.state_diff.is_some() {
        return Err(RpcError::Argument { index: 2, reason: "an account has both 'state' and 'stateDiff'".into() });
    }
    let word =
        |(slot, value): (alloy_primitives::B256, alloy_primitives::B256)| (U256::from_be_bytes(slot.0), value.into());
    Ok(AccountOverride {
        balance: from.balance,
        nonce: from.nonce,
        code: from.code,
        storage: from.state.map(|slots| slots.into_iter().map(word).collect()),
        slots: from.state_diff.unwrap_or_default().into_iter().map(word).collect(),
    })
}
