//! The pool, as far as it may be looked at (rule R18).

use std::{collections::BTreeMap, sync::Arc};

use alloy::rpc::types as eth;
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U64};
use rota_mempool::Status;
use serde::Serialize;
use serde_json::{Value, json};

use crate::rpc::{arguments::Arguments, backend::Waiting, context::Context, convert, error::RpcError};

/// Something of each transaction, by sender and nonce.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Content<T> {
    pending: BTreeMap<Address, BTreeMap<String, T>>,
    queued: BTreeMap<Address, BTreeMap<String, T>>,
}

pub(super) async fn status(context: Arc<Context>, _: Arguments) -> Result<Value, RpcError> {
    let totals = context.backend.pool_totals().await?;
    Ok(json!({ "pending": U64::from(totals.pending), "queued": U64::from(totals.queued) }))
}

pub(super) async fn content(context: Arc<Context>, _: Arguments) -> Result<Content<eth::Transaction>, RpcError> {
    let waiting = context.backend.pool_content(None, context.limits.pool_entries).await?;
    Ok(sorted(&waiting, |waiting| convert::waiting(&waiting.transaction)))
}

pub(super) async fn content_from(context: Arc<Context>, arguments: Arguments) -> Result<Value, RpcError> {
    let sender: Address = arguments.required(0)?;
    let waiting = context.backend.pool_content(Some(sender), context.limits.pool_entries).await?;
    let mut content = sorted(&waiting, |waiting| convert::waiting(&waiting.transaction));
    let pending = content.pending.remove(&sender).unwrap_or_default();
    let queued = content.queued.remove(&sender).unwrap_or_default();
    Ok(json!({ "pending": pending, "queued": queued }))
}

pub(super) async fn inspect(context: Arc<Context>, _: Arguments) -> Result<Content<String>, RpcError> {
    let waiting = context.backend.pool_content(None, context.limits.pool_entries).await?;
    Ok(sorted(&waiting, |waiting| {
        let envelope = waiting.transaction.envelope();
        let to = envelope.to().map_or_else(|| "contract creation".into(), |to| to.to_string());
        let (value, gas, price) = (envelope.value(), envelope.gas_limit(), envelope.max_fee_per_gas());
        format!("{to}: {value} wei + {gas} gas × {price} wei")
    }))
}

fn sorted<T>(waiting: &[Waiting], show: impl Fn(&Waiting) -> T) -> Content<T> {
    let mut content = Content { pending: BTreeMap::new(), queued: BTreeMap::new() };
    for waiting in waiting {
        let part = match waiting.status {
            Status::Pending => &mut content.pending,
            Status::Queued => &mut content.queued,
        };
        let (sender, nonce) = (waiting.transaction.sender(), waiting.transaction.nonce());
        part.entry(sender).or_insert_with(BTreeMap::new).insert(nonce.to_string(), show(waiting));
    }
    content
}
