//! Logs and filters (rules R16 and R17).

use std::{sync::Arc, time::Instant};

use alloy::rpc::types::{Filter, FilterBlockOption, Log};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use serde::Serialize;

use crate::rpc::{
    arguments::Arguments,
    context::{Context, Place},
    convert,
    error::RpcError,
    filters::Kind,
};

/// What a filter has new.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Changes {
    Logs(Vec<Log>),
    Hashes(Vec<B256>),
}

/// Logs that are looked for: in these batches, both ends included.
#[derive(Clone, Debug)]
struct Query {
    filter: Filter,
    first: u64,
    last: u64,
}

pub(super) async fn logs(context: Arc<Context>, arguments: Arguments) -> Result<Vec<Log>, RpcError> {
    let query = query(&context, criteria(&context, &arguments)?)?;
    find(context, query).await
}

pub(super) async fn new_filter(context: Arc<Context>, arguments: Arguments) -> Result<String, RpcError> {
    let filter = criteria(&context, &arguments)?;
    let next = context.latest() + 1;
    context.filters.add(arguments.caller.address, Kind::Logs { filter: Box::new(filter), next })
}

pub(super) async fn new_block_filter(context: Arc<Context>, arguments: Arguments) -> Result<String, RpcError> {
    let next = context.latest() + 1;
    context.filters.add(arguments.caller.address, Kind::Blocks { next })
}

pub(super) async fn new_pending_filter(context: Arc<Context>, arguments: Arguments) -> Result<String, RpcError> {
    let pending = context.backend.pending_transactions();
    context.filters.add(arguments.caller.address, Kind::Pending(pending))
}

pub(super) async fn uninstall_filter(context: Arc<Context>, arguments: Arguments) -> Result<bool, RpcError> {
    Ok(context.filters.remove(&arguments.required::<String>(0)?))
}

/// Everything since the last time it was asked. A filter keeps no results, only how far it has been read.
pub(super) async fn filter_changes(context: Arc<Context>, arguments: Arguments) -> Result<Changes, RpcError> {
    let id: String = arguments.required(0)?;
    let latest = context.latest();
    match context.filters.take(&id)? {
        Kind::Pending(mut pending) => {
            let hashes = crate::rpc::filters::drain(&mut pending, context.limits.log_results);
            context.filters.put_back(&id, Kind::Pending(pending));
            Ok(Changes::Hashes(hashes))
        }
        Kind::Blocks { next } => {
            let last = latest.min(next.saturating_add(context.limits.log_blocks - 1));
            context.filters.put_back(&id, Kind::Blocks { next: next.max(last + 1) });
            let hash = |height| Ok(context.backend.header(height)?.map(|header| header.hash()));
            let hashes: Result<Vec<_>, RpcError> =
                (next..=last).filter_map(|height| hash(height).transpose()).collect();
            Ok(Changes::Hashes(hashes?))
        }
        Kind::Logs { filter, next } => {
            let last = latest.min(next.saturating_add(context.limits.log_blocks - 1));
            context.filters.put_back(&id, Kind::Logs { filter: filter.clone(), next: next.max(last + 1) });
            let (from, to) = bounds(&context, &filter)?;
            let query =
                Query { filter: *filter, first: next.max(from.unwrap_or(0)), last: last.min(to.unwrap_or(last)) };
            if query.first > query.last {
                return Ok(Changes::Logs(Vec::new()));
            }
            Ok(Changes::Logs(find(context, query).await?))
        }
    }
}

pub(super) async fn filter_logs(context: Arc<Context>, arguments: Arguments) -> Result<Vec<Log>, RpcError> {
    let filter = context.filters.criteria(&arguments.required::<String>(0)?)?;
    let query = query(&context, filter)?;
    find(context, query).await
}

/// The criteria of a request, within their limit.
fn criteria(context: &Context, arguments: &Arguments) -> Result<Filter, RpcError> {
    let filter = arguments.optional::<Filter>(0)?.unwrap_or_default();
    let count = filter.address.len() + filter.topics.iter().map(|topic| topic.len()).sum::<usize>();
    let limit = context.limits.log_criteria;
    if count > limit {
        return Err(RpcError::Limit { what: "addresses and topics", count: count as u64, limit: limit as u64 });
    }
    Ok(filter)
}

/// The first and last height that a filter names.
fn bounds(context: &Context, filter: &Filter) -> Result<(Option<u64>, Option<u64>), RpcError> {
    let height = |tag: &BlockNumberOrTag| match tag {
        BlockNumberOrTag::Number(height) => Ok(*height),
        // R3: logs speak of final batches only.
        BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => Ok(context.latest()),
        BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized | BlockNumberOrTag::Earliest => {
            match context.place(BlockId::Number(*tag))? {
                Some(Place::Final(height)) => Ok(height),
                Some(Place::Pending) | None => Err(RpcError::UnknownBlock),
            }
        }
    };
    match &filter.block_option {
        FilterBlockOption::Range { from_block, to_block } => {
            Ok((from_block.as_ref().map(height).transpose()?, to_block.as_ref().map(height).transpose()?))
        }
        FilterBlockOption::AtBlockHash(hash) => {
            let height = context.backend.height_of(*hash)?.ok_or(RpcError::UnknownBlock)?;
            Ok((Some(height), Some(height)))
        }
    }
}

/// Rule R16: the range that a filter names, by default the last final batch, within its limit.
fn query(context: &Context, filter: Filter) -> Result<Query, RpcError> {
    let latest = context.latest();
    let (from, to) = bounds(context, &filter)?;
    let (first, last) = (from.unwrap_or(latest), to.unwrap_or(latest).min(latest));
    if to.is_some_and(|to| to < first) {
        return Err(RpcError::Range { from: first, to: last });
    }
    let count = (last + 1).saturating_sub(first);
    let limit = context.limits.log_blocks;
    if count > limit {
        return Err(RpcError::Limit { what: "block range", count, limit });
    }
    Ok(Query { filter, first, last })
}

async fn find(context: Arc<Context>, query: Query) -> Result<Vec<Log>, RpcError> {
    let here = Arc::clone(&context);
    context.calls.run(move || search(&here, &query)).await
}

/// Searches batches for logs. Most are passed over by the bloom in their header.
fn search(context: &Context, query: &Query) -> Result<Vec<Log>, RpcError> {
    let limit = context.limits.log_results;
    let begun = Instant::now();
    let mut found = Vec::new();
    for height in query.first..=query.last {
        if begun.elapsed() > context.limits.log_time {
            return Err(RpcError::TimedOut(context.limits.log_time.as_millis()));
        }
        let Some(header) = context.backend.header(height)? else { continue };
        if !query.filter.matches_bloom(header.header().logs_bloom) {
            continue;
        }
        let Some(block) = context.read_block(height)? else { continue };
        found.extend(convert::logs(&block, &query.filter));
        if found.len() > limit {
            return Err(RpcError::Limit { what: "results", count: found.len() as u64, limit: limit as u64 });
        }
    }
    Ok(found)
}
