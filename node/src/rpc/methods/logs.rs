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
    /// Whether the search may end early, since the asker comes again (rule R17).
    polled: bool,
}

/// Logs that were found, and the height to go on from.
#[derive(Clone, Debug)]
struct Found {
    logs: Vec<Log>,
    next: u64,
}

pub(super) async fn logs(context: Arc<Context>, arguments: Arguments) -> Result<Vec<Log>, RpcError> {
    let filter = criteria(&context, &arguments)?;
    let latest = context.latest();
    // R16: what is not there yet is not found, and must not seem to be nothing.
    if let Some(bound) = numbers(&filter).into_iter().flatten().find(|bound| *bound > latest) {
        return Err(RpcError::BeyondHead { bound, latest });
    }
    let query = query(&context, filter)?;
    Ok(find(context, query).await?.logs)
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

/// Rule R17: everything since the last time it was asked. A filter keeps no results, only how far it has been read.
pub(super) async fn filter_changes(context: Arc<Context>, arguments: Arguments) -> Result<Changes, RpcError> {
    let id: String = arguments.required(0)?;
    let mut taken = context.filters.take(&id)?;
    let up_to = |next: u64| context.latest().min(next.saturating_add(context.limits.log_blocks - 1));
    match taken.kind().ok_or(RpcError::UnknownFilter)? {
        Kind::Pending(pending) => Ok(Changes::Hashes(crate::rpc::filters::drain(pending, context.limits.log_results))),
        Kind::Blocks { next } => {
            let last = up_to(*next);
            let hash = |height| Ok(context.backend.header(height)?.map(|header| header.hash()));
            let hashes: Result<Vec<_>, RpcError> =
                (*next..=last).filter_map(|height| hash(height).transpose()).collect();
            let hashes = hashes?;
            *next = last.saturating_add(1).max(*next);
            Ok(Changes::Hashes(hashes))
        }
        Kind::Logs { filter, next } => {
            let last = up_to(*next);
            let [from, to] = numbers(filter);
            let (first, until) = (from.unwrap_or(0).max(*next), to.unwrap_or(last).min(last));
            let mut read = last.saturating_add(1).max(*next);
            let mut logs = Vec::new();
            if first <= until {
                let query = Query { filter: filter.as_ref().clone(), first, last: until, polled: true };
                let found = find(Arc::clone(&context), query).await?;
                logs = found.logs;
                if found.next <= until {
                    read = found.next;
                }
            }
            *next = read;
            Ok(Changes::Logs(logs))
        }
    }
}

pub(super) async fn filter_logs(context: Arc<Context>, arguments: Arguments) -> Result<Vec<Log>, RpcError> {
    let filter = context.filters.criteria(&arguments.required::<String>(0)?)?;
    let query = query(&context, filter)?;
    Ok(find(context, query).await?.logs)
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

/// The first and the last height that a filter names by its number; the tags move, and name none.
fn numbers(filter: &Filter) -> [Option<u64>; 2] {
    let number = |tag: &BlockNumberOrTag| match tag {
        BlockNumberOrTag::Number(height) => Some(*height),
        BlockNumberOrTag::Earliest => Some(0),
        BlockNumberOrTag::Latest | BlockNumberOrTag::Pending | BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => {
            None
        }
    };
    match &filter.block_option {
        FilterBlockOption::Range { from_block, to_block } => {
            [from_block.as_ref().and_then(number), to_block.as_ref().and_then(number)]
        }
        // A batch that is known by its hash is final: nothing new comes of it.
        FilterBlockOption::AtBlockHash(_) => [None, Some(0)],
    }
}

/// The first and last height that a filter names, by number or tag, as they stand now.
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
            let Some(Place::Final(height)) = context.place((*hash).into())? else { return Err(RpcError::UnknownBlock) };
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
    Ok(Query { filter, first, last, polled: false })
}

async fn find(context: Arc<Context>, query: Query) -> Result<Found, RpcError> {
    let here = Arc::clone(&context);
    context.calls.run(move || search(&here, &query)).await
}

/// Searches batches for logs. Most are passed over by the bloom in their header.
fn search(context: &Context, query: &Query) -> Result<Found, RpcError> {
    let limit = context.limits.log_results;
    let begun = Instant::now();
    let mut logs = Vec::new();
    for height in query.first..=query.last {
        if begun.elapsed() > context.limits.log_time {
            if query.polled && height > query.first {
                return Ok(Found { logs, next: height });
            }
            return Err(RpcError::TimedOut(context.limits.log_time.as_millis()));
        }
        let Some(header) = context.backend.header(height)? else { continue };
        if !query.filter.matches_bloom(header.header().logs_bloom) {
            continue;
        }
        let Some(block) = context.read_block(height)? else { continue };
        let before = logs.len();
        logs.extend(convert::logs(&block, &query.filter).take(limit + 1 - before));
        if logs.len() > limit {
            if query.polled && before > 0 {
                logs.truncate(before);
                return Ok(Found { logs, next: height });
            }
            return Err(RpcError::Limit { what: "results", count: logs.len() as u64, limit: limit as u64 });
        }
    }
    Ok(Found { logs, next: query.last.saturating_add(1) })
}
