//! What gas costs (rules R14 and R15).

use std::sync::Arc;

use alloy::rpc::types::FeeHistory;
use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, U256};

use crate::rpc::{
    arguments::Arguments,
    backend::Block,
    context::{Context, Place},
    error::RpcError,
};

/// The tip that is suggested when no one has paid any lately: room is not scarce, and a wallet shows it as 0.001 gwei.
const TIP_DEFAULT_WEI: u128 = 1_000_000;

/// Batches that the suggested tip looks at, and transactions of each, the lowest tips first: geth's numbers.
const TIP_BLOCKS: u64 = 20;
const TIP_SAMPLES: usize = 3;

/// Samples below which nothing is concluded: what two batches give. A single sender would else set the price for all.
const TIP_SAMPLES_MIN: usize = 2 * TIP_SAMPLES;

/// The largest tip that is suggested, 10 gwei: a transfer then costs 0.0002 ether. Leaders could pay any tip to
/// themselves by other accounts, and room is not scarce: who wants to pay more says so himself.
const TIP_MAX_WEI: u128 = 10_000_000_000;

/// Of those tips, which one is suggested, in percent: geth's number.
const TIP_PERCENTILE: usize = 60;

/// The gas price has an eighth of the base fee as headroom: legacy transactions cannot say that they pay what it is,
/// and at ten full batches a second it rises by 4 % a second.
const HEADROOM_DIVISOR: u128 = 8;

/// What blobs would cost, of which there are none: rule X10 of execution.
const BLOB_BASE_FEE_WEI: u128 = 1;

pub(super) async fn gas_price(context: Arc<Context>, _: Arguments) -> Result<U256, RpcError> {
    let base_fee = u128::from(context.backend.rules().next_base_fee(context.heads().latest.header()));
    let tip = suggested_tip(&context).await?;
    Ok(U256::from(base_fee + base_fee / HEADROOM_DIVISOR + tip))
}

pub(super) async fn tip(context: Arc<Context>, _: Arguments) -> Result<U256, RpcError> {
    Ok(U256::from(suggested_tip(&context).await?))
}

pub(super) async fn blob_base_fee(_: Arc<Context>, _: Arguments) -> Result<U256, RpcError> {
    Ok(U256::from(BLOB_BASE_FEE_WEI))
}

pub(super) async fn history(context: Arc<Context>, arguments: Arguments) -> Result<FeeHistory, RpcError> {
    let count = arguments.count(0)?;
    let newest: BlockNumberOrTag = arguments.optional(1)?.unwrap_or_default();
    let percentiles = arguments.optional::<Vec<f64>>(2)?.filter(|percentiles| !percentiles.is_empty());
    check_percentiles(percentiles.as_deref().unwrap_or_default(), context.limits.fee_history_percentiles)?;
    let newest = match context.place(BlockId::Number(newest))?.ok_or(RpcError::UnknownBlock)? {
        Place::Final(height) => height,
        Place::Pending => context.latest(),
    };
    let most = match percentiles {
        None => context.limits.fee_history_blocks,
        Some(_) => context.limits.fee_history_reward_blocks,
    };
    let count = count.min(most).min(newest + 1);
    let here = Arc::clone(&context);
    context.calls.run(move || history_of(&here, (newest + 1 - count, newest), percentiles.as_deref())).await
}

fn check_percentiles(percentiles: &[f64], most: usize) -> Result<(), RpcError> {
    if percentiles.len() > most {
        return Err(RpcError::Limit { what: "percentiles", count: percentiles.len() as u64, limit: most as u64 });
    }
    let inside = percentiles.iter().all(|percentile| (0.0..=100.0).contains(percentile));
    if !inside || !percentiles.is_sorted() {
        return Err(RpcError::Argument { index: 2, reason: "invalid reward percentile".into() });
    }
    Ok(())
}

/// The history of these batches, both ends included; none if the first lies beyond the last.
fn history_of(
    context: &Context,
    (first, last): (u64, u64),
    percentiles: Option<&[f64]>,
) -> Result<FeeHistory, RpcError> {
    let mut history = FeeHistory { oldest_block: first, ..FeeHistory::default() };
    if first > last {
        return Ok(history);
    }
    let mut rewards = Vec::new();
    let mut next_base_fee = 0;
    for height in first..=last {
        let header = match percentiles {
            None => context.backend.header(height)?.ok_or(RpcError::UnknownBlock)?,
            Some(percentiles) => {
                let block = context.read_block(height)?.ok_or(RpcError::UnknownBlock)?;
                rewards.push(rewards_of(&block, percentiles));
                block.header.clone()
            }
        };
        let header = header.header();
        history.base_fee_per_gas.push(header.base_fee_per_gas.unwrap_or_default().into());
        history.gas_used_ratio.push(ratio(header.gas_used, header.gas_limit));
        next_base_fee = context.backend.rules().next_base_fee(header);
    }
    history.base_fee_per_gas.push(next_base_fee.into());
    history.base_fee_per_blob_gas = vec![BLOB_BASE_FEE_WEI; history.base_fee_per_gas.len()];
    history.blob_gas_used_ratio = vec![0.0; history.gas_used_ratio.len()];
    history.reward = percentiles.map(|_| rewards);
    Ok(history)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of numbers below 2^53")]
fn ratio(used: u64, limit: u64) -> f64 {
    used as f64 / limit.max(1) as f64
}

/// Effective tips with the gas they paid for, lowest first, of all senders but one.
fn tips(block: &Block, without: Option<Address>) -> Vec<(u128, u64)> {
    let base_fee = block.header.header().base_fee_per_gas.unwrap_or_default();
    let tips = block.transactions.iter().zip(&block.receipts);
    let tips = tips.filter(|(_, receipt)| Some(receipt.from) != without);
    let mut tips: Vec<_> = tips
        .map(|(transaction, receipt)| {
            (transaction.effective_tip_per_gas(base_fee).unwrap_or_default(), receipt.gas_used)
        })
        .collect();
    tips.sort_unstable();
    tips
}

/// The tips at these percentiles of the gas used.
fn rewards_of(block: &Block, percentiles: &[f64]) -> Vec<u128> {
    let tips = tips(block, None);
    let total: u64 = tips.iter().map(|(_, gas)| gas).sum();
    let mut tips = tips.into_iter();
    let mut at = tips.next();
    let mut gas_so_far = at.map_or(0, |(_, gas)| gas);
    let mut rewards = Vec::with_capacity(percentiles.len());
    for percentile in percentiles {
        while ratio(gas_so_far, total) * 100.0 < *percentile {
            let Some(next) = tips.next() else { break };
            gas_so_far += next.1;
            at = Some(next);
        }
        rewards.push(at.map_or(0, |(tip, _)| tip));
    }
    rewards
}

/// Rule R14: what others paid lately. What a beneficiary sends pays itself.
async fn suggested_tip(context: &Arc<Context>) -> Result<u128, RpcError> {
    let latest = context.latest();
    let mut samples = Vec::new();
    for height in latest.saturating_sub(TIP_BLOCKS - 1)..=latest {
        let Some(block) = context.final_block(height).await? else { continue };
        let others = tips(&block, Some(block.header.header().beneficiary));
        samples.extend(others.into_iter().map(|(tip, _)| tip).filter(|tip| *tip > 0).take(TIP_SAMPLES));
    }
    samples.sort_unstable();
    if samples.len() < TIP_SAMPLES_MIN {
        return Ok(TIP_DEFAULT_WEI);
    }
    let chosen = samples.get((samples.len() - 1) * TIP_PERCENTILE / 100);
    Ok(chosen.copied().unwrap_or(TIP_DEFAULT_WEI).min(TIP_MAX_WEI))
}
