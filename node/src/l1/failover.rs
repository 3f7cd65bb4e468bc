//! Questions go to the endpoint that answered last, and after a moment to the next one as well (rule Z9); transactions
//! go to all (rule Z10). Providers take this for one endpoint.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut, TransportResult},
};
use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::mpsc;
use tower::Service;

use super::{endpoint::Endpoint, error::transport, pool::Pool};

/// Rule Z9: an endpoint that has not answered by then is not the only one to be asked. Endpoints answer in 10 to
/// 200 ms; two that are away together still leave an answer within a second.
pub const HEDGE: Duration = Duration::from_millis(400);

/// Rule Z10: once an endpoint has refused a transaction, how long the others are waited for, of which one may take it.
const SEND_GRACE: Duration = Duration::from_secs(1);

/// All endpoints as one.
#[derive(Clone, Debug)]
pub(super) struct Failover(pub(super) Arc<Pool>);

type Answered = (Arc<Endpoint>, TransportResult<ResponsePacket>);

impl Service<RequestPacket> for Failover {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let pool = self.0.clone();
        let is_transaction = packet.method_names().all(|method| method == "eth_sendRawTransaction");
        Box::pin(async move {
            // Z11: one endpoint is asked as if there were no list.
            if let Some(only) = pool.only() {
                let answer = only.ask(packet).await?;
                pool.prefer(only);
                return Ok(answer);
            }
            if is_transaction { send(&pool, &packet).await } else { ask(&pool, &packet).await }
        })
    }
}

/// Z9: the first good answer counts. An endpoint that fails is followed by the next at once, one that is slow after
/// [`HEDGE`], and may still be the first.
async fn ask(pool: &Pool, packet: &RequestPacket) -> TransportResult<ResponsePacket> {
    let mut rest = pool.order().into_iter();
    let mut asked = FuturesUnordered::new();
    let mut refused = Err(nobody(pool));
    loop {
        if let Some(endpoint) = rest.next() {
            asked.push(ask_one(endpoint, packet.clone()));
        }
        // The last one is waited for as long as a single one would be: its own limit ends that.
        let is_last = rest.len() == 0;
        let answered = if is_last {
            asked.next().await
        } else {
            let Ok(answered) = tokio::time::timeout(HEDGE, asked.next()).await else { continue };
            answered
        };
        match answered {
            Some((endpoint, Ok(answer))) if is_busy(&answer) => {
                pool.metrics.fault(endpoint.number, "busy");
                refused = Ok(answer);
            }
            Some((endpoint, Ok(answer))) => {
                pool.prefer(&endpoint);
                return Ok(answer);
            }
            Some((endpoint, Err(error))) => {
                pool.failed(&endpoint, &transport(&error));
                if refused.is_err() {
                    refused = Err(error);
                }
            }
            None if is_last => return refused,
            None => {}
        }
    }
}

/// Asks an endpoint of which it is known that it is of our chain, or that says so.
async fn ask_one(endpoint: Arc<Endpoint>, packet: RequestPacket) -> Answered {
    let answer = match endpoint.name_chain().await {
        Ok(()) => endpoint.ask(packet).await,
        Err(error) => Err(TransportErrorKind::custom_str(&error.to_string())),
    };
    (endpoint, answer)
}

/// Whether an endpoint answers that it has no time: that says nothing of L1.
fn is_busy(answer: &ResponsePacket) -> bool {
    answer.iter_errors().any(|error| error.is_retry_err())
}

/// Z10: the same bytes to all. It is sent when one takes it, and refused when none does.
async fn send(pool: &Pool, packet: &RequestPacket) -> TransportResult<ResponsePacket> {
    let order = pool.order();
    let (told, mut answers) = mpsc::channel(order.len().max(1));
    for endpoint in order {
        let (told, packet) = (told.clone(), packet.clone());
        // Each gets it, also after the first has taken it.
        tokio::spawn(async move { told.send(ask_one(endpoint, packet).await).await });
    }
    drop(told);
    let mut refused = Err(nobody(pool));
    loop {
        let answered = if refused.is_ok() {
            tokio::time::timeout(SEND_GRACE, answers.recv()).await.unwrap_or_default()
        } else {
            answers.recv().await
        };
        match answered {
            None => return refused,
            Some((endpoint, Ok(answer))) if answer.is_success() => {
                pool.metrics.answered(endpoint.number);
                return Ok(answer);
            }
            // One that knows it already has taken it before: that is said rather than why another refuses it.
            Some((_, Ok(answer))) if refused.as_ref().map_or(true, |known| !is_known(known)) => refused = Ok(answer),
            Some((_, Ok(_))) => {}
            Some((endpoint, Err(error))) => {
                pool.failed(&endpoint, &transport(&error));
                if refused.is_err() {
                    refused = Err(error);
                }
            }
        }
    }
}

/// Whether an endpoint refuses a transaction because it has it.
fn is_known(answer: &ResponsePacket) -> bool {
    answer.first_error_message().is_some_and(super::inbox::is_known)
}

fn nobody(pool: &Pool) -> TransportError {
    let states: Vec<String> =
        pool.endpoints.iter().map(|endpoint| format!("{} {}", endpoint.number, endpoint.standing().name())).collect();
    TransportErrorKind::custom_str(&format!("none of its endpoints can be asked: {}", states.join(", ")))
}
