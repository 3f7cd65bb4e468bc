//! Batches, transactions, receipts.

use std::sync::Arc;

use alloy::rpc::types as eth;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bytes, U64};

use crate::rpc::{
    arguments::Arguments,
    backend::Block,
    context::{Context, Place},
    convert,
    error::RpcError,
};

pub(super) async fn block_number(context: Arc<Context>, _: Arguments) -> Result<U64, RpcError> {
    Ok(U64::from(context.latest()))
}

pub(super) async fn block(context: Arc<Context>, arguments: Arguments) -> Result<Option<eth::Block>, RpcError> {
    let full = arguments.optional(1)?.unwrap_or(false);
    let block = context.block(arguments.block(0)?).await?;
    Ok(block.map(|block| convert::block(&block, full)))
}

pub(super) async fn block_by_hash(context: Arc<Context>, arguments: Arguments) -> Result<Option<eth::Block>, RpcError> {
    let full = arguments.optional(1)?.unwrap_or(false);
    let block = context.block(arguments.required::<B256>(0)?.into()).await?;
    Ok(block.map(|block| convert::block(&block, full)))
}

pub(super) async fn header(context: Arc<Context>, arguments: Arguments) -> Result<Option<eth::Header>, RpcError> {
    Ok(context.header(arguments.block(0)?)?.map(|header| convert::header(&header)))
}

pub(super) async fn transaction_count(context: Arc<Context>, arguments: Arguments) -> Result<Option<U64>, RpcError> {
    Ok(context.transaction_count(arguments.block(0)?)?.map(U64::from))
}

/// There are no uncles, but libraries ask.
pub(super) async fn uncle_count(context: Arc<Context>, arguments: Arguments) -> Result<Option<U64>, RpcError> {
    Ok(context.place(arguments.block(0)?)?.map(|_| U64::ZERO))
}

/// Rule R2: where a transaction is: in a final batch, in the pending one, or in the pool.
pub(super) async fn transaction(
    context: Arc<Context>,
    arguments: Arguments,
) -> Result<Option<eth::Transaction>, RpcError> {
    let hash = arguments.required(0)?;
    if let Some((block, index)) = context.holding(hash).await? {
        return Ok(convert::transaction(&block, index));
    }
    if let Some(pending) = context.heads().pending {
        let index = pending.receipts().iter().position(|receipt| receipt.transaction == hash);
        if let Some(index) = index {
            return Ok(convert::transaction(&Block::executed(&pending), index));
        }
    }
    Ok(context.backend.pooled(hash).await?.map(|transaction| convert::waiting(&transaction)))
}

pub(super) async fn raw_transaction(context: Arc<Context>, arguments: Arguments) -> Result<Option<Bytes>, RpcError> {
    let hash = arguments.required(0)?;
    if let Some((block, index)) = context.holding(hash).await? {
        return Ok(block.transactions.get(index).map(|transaction| transaction.inner().encoded_2718().into()));
    }
    Ok(context.backend.pooled(hash).await?.map(|transaction| transaction.encode()))
}

pub(super) async fn transaction_at(
    context: Arc<Context>,
    arguments: Arguments,
) -> Result<Option<eth::Transaction>, RpcError> {
    let index = usize::try_from(arguments.count(1)?).unwrap_or(usize::MAX);
    let block = context.block(arguments.block(0)?).await?;
    Ok(block.and_then(|block| convert::transaction(&block, index)))
}

/// Rule R3: receipts speak of final batches only.
pub(super) async fn receipt(
    context: Arc<Context>,
    arguments: Arguments,
) -> Result<Option<eth::TransactionReceipt>, RpcError> {
    let holding = context.holding(arguments.required(0)?).await?;
    Ok(holding.and_then(|(block, index)| convert::receipt(&block, index)))
}

pub(super) async fn receipts(
    context: Arc<Context>,
    arguments: Arguments,
) -> Result<Option<Vec<eth::TransactionReceipt>>, RpcError> {
    let id = arguments.block(0)?;
    // R3: receipts speak of final batches only.
    if id.is_pending() || context.place(id)? == Some(Place::Pending) {
        return Ok(None);
    }
    let block = context.block(id).await?;
    let all =
        |block: Arc<Block>| (0..block.receipts.len()).filter_map(|index| convert::receipt(&block, index)).collect();
    Ok(block.map(all))
}
