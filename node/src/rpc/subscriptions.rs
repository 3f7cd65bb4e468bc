//! Subscriptions over a WebSocket (rule R19): each is a task that reads on from where it has come to.

use std::{sync::Arc, time::Duration};

use alloy::rpc::types::Filter;
use jsonrpsee::{
    Extensions, PendingSubscriptionSink, SubscriptionSink,
    core::JsonRawValue,
    server::IdProvider,
    types::{ErrorObjectOwned, Params, SubscriptionId},
};
use rota_proto::{BatchHeader, Transaction};
use serde::Serialize;
use tokio::sync::{broadcast, broadcast::error::RecvError, watch};

use super::{
    arguments::Arguments, backend::Heads, body::reserve, context::Context, convert, error::RpcError,
    filters::random_id, methods::arguments, metrics::Counted, unwritten::Unwritten,
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
    let unwritten = extensions.get::<Arc<Unwritten>>().cloned();
    let unwritten = unwritten.ok_or_else(|| RpcError::Internal("a subscription without a WebSocket".into()));
    // What follows begins here, before the subscriber has its id: nothing in between is missed.
    let next = context.latest() + 1;
    tokio::spawn(async move {
        let (topic, unwritten) = match topic.and_then(|topic| Ok((topic, unwritten?))) {
            Ok(wanted) => wanted,
            Err(error) => {
                context.metrics.refused(error.name());
                pending.reject(ErrorObjectOwned::from(error)).await;
                return;
            }
        };
        let Ok(sink) = pending.accept().await else { return };
        let _counted = Counted::new(&context.metrics.subscriptions);
        let subscriber = Subscriber { context, sink, unwritten };
        tokio::select! {
            () = subscriber.sink.closed() => {}
            _ = subscriber.serve(topic, next) => {}
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

/// Who listens.
struct Subscriber {
    context: Arc<Context>,
    sink: SubscriptionSink,
    unwritten: Arc<Unwritten>,
}

impl Subscriber {
    async fn serve(&self, topic: Topic, next: u64) -> Result<(), Ended> {
        let mut chain = Follower { context: &self.context, heads: self.context.backend.heads(), next };
        match topic {
            Topic::Heads => loop {
                let header = self.header(chain.next().await?)?;
                self.send(&convert::header(&header)).await?;
            },
            Topic::Logs(filter) => loop {
                let height = chain.next().await?;
                // Most batches are passed over by the bloom in their header.
                if filter.matches_bloom(self.header(height)?.header().logs_bloom) {
                    let block = self.context.final_block(height).await.map_err(|_| Ended)?.ok_or(Ended)?;
                    for log in convert::logs(&block, &filter) {
                        self.send(&log).await?;
                    }
                }
            },
            Topic::Pending { full, mut from } => loop {
                match from.recv().await {
                    Ok(transaction) if full => self.send(&convert::waiting(&transaction)).await?,
                    Ok(transaction) => self.send(&transaction.hash()).await?,
                    // What was missed is missed: these are no promise.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(Ended),
                }
            },
        }
    }

    fn header(&self, height: u64) -> Result<BatchHeader, Ended> {
        self.context.backend.header(height).map_err(|_| Ended)?.ok_or(Ended)
    }

    /// Rule R9: what a client is told of its own accord counts among what it has not taken, as answers do.
    async fn send<T: Serialize>(&self, message: &T) -> Result<(), Ended> {
        let json: Box<JsonRawValue> = serde_json::value::to_raw_value(message).map_err(|_| Ended)?;
        let bytes = json.get().len();
        let too_slow = || {
            self.context.metrics.refused("subscriber_too_slow");
            Ended
        };
        let share = reserve(&self.context.buffered, bytes).map_err(|_| too_slow())?;
        self.unwritten.push(bytes, share).map_err(|_| too_slow())?;
        let unsent = Unsent { unwritten: &self.unwritten, bytes };
        self.sink.send_timeout(json, SEND_TIME).await.map_err(|_| Ended)?;
        std::mem::forget(unsent);
        Ok(())
    }
}

/// A message that waits for the socket; if it is dropped there, it is no more on its way.
struct Unsent<'u> {
    unwritten: &'u Unwritten,
    bytes: usize,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        self.unwritten.written(self.bytes);
    }
}

/// Names every final batch from a height on, none left out and none twice.
struct Follower<'c> {
    context: &'c Arc<Context>,
    heads: watch::Receiver<Heads>,
    next: u64,
}

impl Follower<'_> {
    /// The height of the next batch, as soon as it is final.
    async fn next(&mut self) -> Result<u64, Ended> {
        loop {
            let latest = self.heads.borrow_and_update().latest.height().0;
            if latest.saturating_sub(self.next) > self.context.limits.subscription_lag {
                self.context.metrics.refused("subscriber_too_slow");
                return Err(Ended);
            }
            if self.next <= latest {
                self.next += 1;
                return Ok(self.next - 1);
            }
            self.heads.changed().await.map_err(|_| Ended)?;
        }
    }
}
