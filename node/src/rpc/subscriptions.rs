//! Subscriptions over a WebSocket (rule R19): each is a task that reads on from where it has come to.

use std::{sync::Arc, time::Duration};

use alloy::rpc::types::Filter;
use jsonrpsee::{
    Extensions, PendingSubscriptionSink, SubscriptionSink,
    core::JsonRawValue,
    server::IdProvider,
    types::{ErrorObjectOwned, Params, SubscriptionId},
};
use rota_proto::Transaction;
use serde::Serialize;
use tokio::sync::{broadcast, broadcast::error::RecvError, watch};

use super::{
    arguments::Arguments,
    backend::{Block, Heads},
    context::Context,
    convert,
    error::RpcError,
    filters::random_id,
    methods::arguments,
    metrics::Counted,
};

/// How long a subscriber may take no message before it is dropped.
const SEND_TIME: Duration = Duration::from_secs(10);

/// Ids in hex, as Ethereum's clients expect them.
#[derive(Debug)]
pub(crate) struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        random_id().into()
    }
}

/// What a subscriber wants to hear.
enum Topic {
    Heads,
    Logs(Box<Filter>),
    Pending { full: bool, from: broadcast::Receiver<Arc<Transaction>> },
}

/// Why a subscription ended early, for the log.
struct Ended;

pub(crate) fn subscribe(
    params: Params<'_>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
    extensions: &Extensions,
) {
    let topic = arguments(&params, extensions, 2).and_then(|arguments| topic(&context, &arguments));
    // What follows begins here, before the subscriber has its id: nothing in between is missed.
    let next = context.latest() + 1;
    tokio::spawn(async move {
        let topic = match topic {
            Ok(topic) => topic,
            Err(error) => {
                context.metrics.refused(error.name());
                pending.reject(ErrorObjectOwned::from(error)).await;
                return;
            }
        };
        let Ok(sink) = pending.accept().await else { return };
        let _counted = Counted::new(&context.metrics.subscriptions);
        let closed = sink.clone();
        tokio::select! {
            () = closed.closed() => {}
            _ = serve(&context, &sink, topic, next) => {}
        }
    });
}

fn topic(context: &Context, arguments: &Arguments) -> Result<Topic, RpcError> {
    match arguments.required::<String>(0)?.as_str() {
        "newHeads" => Ok(Topic::Heads),
        "logs" => {
            let filter = arguments.optional::<Filter>(1)?.unwrap_or_default();
            let count = filter.address.len() + filter.topics.iter().map(|topic| topic.len()).sum::<usize>();
            let limit = context.limits.log_criteria;
            if count > limit {
                return Err(RpcError::Limit { what: "addresses and topics", count: count as u64, limit: limit as u64 });
            }
            Ok(Topic::Logs(Box::new(filter)))
        }
        "newPendingTransactions" => {
            let full = arguments.optional(1)?.unwrap_or(false);
            Ok(Topic::Pending { full, from: context.backend.pending_transactions() })
        }
        other => Err(RpcError::UnknownSubscription(other.chars().take(64).collect())),
    }
}

async fn serve(context: &Arc<Context>, sink: &SubscriptionSink, topic: Topic, next: u64) -> Result<(), Ended> {
    let mut chain = Follower { context, heads: context.backend.heads(), next };
    match topic {
        Topic::Heads => loop {
            let block = chain.next().await?;
            send(sink, &convert::header(&block)).await?;
        },
        Topic::Logs(filter) => loop {
            let block = chain.next().await?;
            if filter.matches_bloom(block.header.header().logs_bloom) {
                for log in convert::logs(&block, &filter) {
                    send(sink, &log).await?;
                }
            }
        },
        Topic::Pending { full, mut from } => loop {
            match from.recv().await {
                Ok(transaction) if full => send(sink, &convert::waiting(&transaction)).await?,
                Ok(transaction) => send(sink, &transaction.hash()).await?,
                // What was missed is missed: these are no promise.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(Ended),
            }
        },
    }
}

/// Reads every final batch from a height on, none left out and none twice.
struct Follower<'c> {
    context: &'c Arc<Context>,
    heads: watch::Receiver<Heads>,
    next: u64,
}

impl Follower<'_> {
    /// The next batch, as soon as it is final.
    async fn next(&mut self) -> Result<Arc<Block>, Ended> {
        loop {
            let latest = self.heads.borrow_and_update().latest.height().0;
            if latest.saturating_sub(self.next) > self.context.limits.subscription_lag {
                self.context.metrics.refused("subscriber_too_slow");
                return Err(Ended);
            }
            if self.next <= latest {
                let block = self.context.final_block(self.next).await.map_err(|_| Ended)?.ok_or(Ended)?;
                self.next += 1;
                return Ok(block);
            }
            self.heads.changed().await.map_err(|_| Ended)?;
        }
    }
}

async fn send<T: Serialize>(sink: &SubscriptionSink, message: &T) -> Result<(), Ended> {
    let json: Box<JsonRawValue> = serde_json::value::to_raw_value(message).map_err(|_| Ended)?;
    sink.send_timeout(json, SEND_TIME).await.map_err(|_| Ended)
}
