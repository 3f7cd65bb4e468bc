//! Transactions of users, one by one and by the thousand (rules R10 and R11).

use std::{sync::Arc, time::Duration};

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::{B256, Bytes};
use rota_proto::Transaction;

use crate::rpc::{arguments::Arguments, context::Context, convert, error::RpcError};

/// Transactions whose senders are recovered without going to another thread: at 40 us each, as long as a few reads.
const INLINE_MAX: usize = 4;

/// Transactions that go to another thread together: 2.5 ms of work, to which the hop adds a hundredth.
const CHUNK: usize = 64;

pub(super) async fn send(context: Arc<Context>, arguments: Arguments) -> Result<B256, RpcError> {
    let mut answers = submit(&context, vec![raw(&arguments)]).await;
    answers.pop().unwrap_or_else(|| Err(RpcError::Internal("a submission without an answer".into())))
}

/// The transaction that a request carries.
pub(crate) fn raw(arguments: &Arguments) -> Result<Bytes, RpcError> {
    arguments.required(0)
}

/// Rule R10: decodes and recovers on worker threads, many a hop, and submits all at once, in order. Each gets its own
/// answer; what is refused before counts here too.
pub(crate) async fn submit(context: &Arc<Context>, raw: Vec<Result<Bytes, RpcError>>) -> Vec<Result<B256, RpcError>> {
    let decoded = decode(context, raw).await;
    let valid: Vec<_> = decoded.iter().filter_map(|decoded| decoded.as_ref().ok().cloned()).collect();
    let expected = valid.len();
    let mut answers = Vec::new();
    if expected > 0 {
        answers = context.backend.submit(valid).await;
    }
    context.metrics.accepted(answers.iter().filter(|answer| answer.is_ok()).count());
    let mut answers = answers.into_iter();
    let each = decoded.into_iter().map(|decoded| {
        let transaction = decoded?;
        let missing = || Err(RpcError::Internal("a submission without an answer".into()));
        answers.next().map_or_else(missing, |answer| Ok(answer?))?;
        Ok(transaction.hash())
    });
    each.collect()
}

type Decoded = Vec<Result<Arc<Transaction>, RpcError>>;

async fn decode(context: &Arc<Context>, raw: Vec<Result<Bytes, RpcError>>) -> Decoded {
    if raw.len() <= INLINE_MAX {
        return decode_all(raw);
    }
    let mut rest = raw.into_iter();
    let mut chunks = Vec::new();
    loop {
        let chunk: Vec<_> = rest.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        let length = chunk.len();
        let work = context.recovery.run(move || Ok(decode_all(chunk)));
        chunks.push(async move { work.await.unwrap_or_else(|error| vec![Err(error); length]) });
    }
    futures::future::join_all(chunks).await.into_iter().flatten().collect()
}

fn decode_all(raw: Vec<Result<Bytes, RpcError>>) -> Decoded {
    let decode = |bytes: Bytes| Ok(Arc::new(Transaction::decode(&bytes)?));
    raw.into_iter().map(|bytes| bytes.and_then(decode)).collect()
}

/// Rule R11: submits, and waits until the transaction is final (EIP-7966).
pub(super) async fn send_sync(context: Arc<Context>, arguments: Arguments) -> Result<TransactionReceipt, RpcError> {
    let time = match arguments.optional::<serde_json::Value>(1)? {
        None => context.limits.sync_time,
        Some(_) => Duration::from_millis(arguments.count(1)?).min(context.limits.sync_time_max),
    };
    let busy = |_| RpcError::Busy("too many wait for finality");
    let _place = context.sync_waiting.try_acquire().map_err(busy)?;
    let mut heads = context.backend.heads();
    let mut answers = submit(&context, vec![raw(&arguments)]).await;
    let hash = answers.pop().unwrap_or_else(|| Err(RpcError::Internal("a submission without an answer".into())))?;
    let wait = async {
        loop {
            heads.mark_unchanged();
            if let Some((block, index)) = context.holding(hash).await? {
                return convert::receipt(&block, index)
                    .ok_or_else(|| RpcError::Internal("a receipt is missing".into()));
            }
            let stopped = |_| RpcError::Backend(crate::rpc::backend::BackendError::Stopped);
            heads.changed().await.map_err(stopped)?;
        }
    };
    let late = |_| RpcError::NotFinal { hash, ms: time.as_millis() };
    tokio::time::timeout(time, wait).await.map_err(late)?
}
