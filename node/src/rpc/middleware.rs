//! What every request passes: counting, limits of a connection, and batches of transactions taken together.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use alloy_primitives::Bytes;
use jsonrpsee::{
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    server::{BatchResponseBuilder, MethodResponse, ResponsePayload, middleware::rpc::RpcService},
    types::{ErrorObjectOwned, Id, Params, Request},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    arguments::Caller,
    body::{Share, reserve},
    context::Context,
    error::RpcError,
    methods::{SEND_RAW_TRANSACTION, SEND_RAW_TRANSACTION_SYNC, SUBSCRIBE, UNSUBSCRIBE, arguments, raw, submit},
    unwritten::Unwritten,
};

/// What requests with a name that is no method's are counted under.
const UNKNOWN: &str = "unknown";

/// Makes a [`Gatekeeper`] for each connection.
#[derive(Clone, Debug)]
pub(crate) struct GateLayer {
    pub(crate) context: Arc<Context>,
    pub(crate) names: Arc<BTreeSet<&'static str>>,
    /// Bytes of one response, or of one batch of them.
    pub(crate) response_bytes: usize,
    /// What the client of a WebSocket has not taken; nothing over HTTP, where the next request waits for the answer.
    pub(crate) unwritten: Option<Arc<Unwritten>>,
}

impl tower::Layer<RpcService> for GateLayer {
    type Service = Gatekeeper;

    fn layer(&self, inner: RpcService) -> Gatekeeper {
        let running = Arc::new(Semaphore::new(self.context.limits.requests_per_socket));
        Gatekeeper { inner, gate: self.clone(), running }
    }
}

/// Stands before the methods, one for each connection.
#[derive(Clone, Debug)]
pub(crate) struct Gatekeeper {
    inner: RpcService,
    gate: GateLayer,
    running: Arc<Semaphore>,
}

impl RpcServiceT for Gatekeeper {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let bytes = request.method.len() + request.params.as_ref().map_or(0, |params| params.get().len());
            let id = request.id.clone().into_owned();
            let answered = async {
                let (_place, mut share) = this.admit(bytes)?;
                let response = this.answer(request).await;
                share.merge(this.reserve(&response)?);
                this.deliver(response, share)
            };
            answered.await.unwrap_or_else(|error| this.turn_away(id, error))
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let limit = this.gate.context.limits.batch_entries;
            let entries = batch.iter().flatten();
            let bytes = |entry: &BatchEntry<'_>| {
                entry.method_name().len() + entry.params().map_or(0, |params| params.get().len())
            };
            let bytes = entries.map(bytes).sum();
            let answered = async {
                if batch.len() > limit {
                    return Err(RpcError::BatchTooLarge(limit));
                }
                let (_place, mut share) = this.admit(bytes)?;
                let response = this.answer_all(batch, &mut share).await?;
                this.deliver(response, share)
            };
            answered.await.unwrap_or_else(|error| this.turn_away(Id::Null, error))
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.inner.notification(notification)
    }
}

/// A place among the requests of a connection, and the bytes it holds.
type Admitted = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Gatekeeper {
    /// Rule R9: so many requests of one connection at a time, so many bytes of all. What comes by HTTP was counted when
    /// it was read.
    fn admit(&self, bytes: usize) -> Result<Admitted, RpcError> {
        let place = Arc::clone(&self.running).try_acquire_owned();
        let place = place.map_err(|_| RpcError::Busy("too many requests on the connection"))?;
        let bytes = if self.gate.unwritten.is_some() { bytes } else { 0 };
        let share = reserve(&self.gate.context.buffered, bytes);
        Ok((place, share.map_err(|_| RpcError::Busy("too many bytes of requests"))?))
    }

    /// Rule R9: the share of memory of an answer.
    fn reserve(&self, response: &MethodResponse) -> Result<OwnedSemaphorePermit, RpcError> {
        let share = reserve(&self.gate.context.buffered, response.as_json().get().len());
        share.map_err(|_| RpcError::Busy("too many bytes of answers"))
    }

    /// Rule R9: request and answer keep their share of memory until the answer is written.
    fn deliver(&self, mut response: MethodResponse, share: OwnedSemaphorePermit) -> Result<MethodResponse, RpcError> {
        match &self.gate.unwritten {
            None => drop(response.extensions_mut().insert(Share::from(share))),
            Some(unwritten) if response.is_method_call() || response.is_batch() => {
                unwritten.push(response.as_json().get().len(), share)?;
            }
            // The other kinds are not sent, or were sent already.
            Some(_) => {}
        }
        Ok(response)
    }

    /// Refuses a whole message.
    fn turn_away(&self, id: Id<'_>, error: RpcError) -> MethodResponse {
        let response = self.refuse(id, error);
        if let Some(unwritten) = &self.gate.unwritten {
            unwritten.push_refusal(response.as_json().get().len());
        }
        response
    }

    async fn answer(&self, request: Request<'_>) -> MethodResponse {
        let metrics = &self.gate.context.metrics;
        let Some(method) = self.gate.names.get(request.method.as_ref()).copied() else {
            metrics.answered(UNKNOWN, false, std::time::Duration::ZERO);
            let name = request.method.chars().take(64).collect();
            return self.refuse(request.id, RpcError::UnknownMethod(name));
        };
        let socket = request.extensions.get::<Caller>().is_some_and(|caller| caller.socket);
        if !socket && (method == SUBSCRIBE || method == UNSUBSCRIBE) {
            metrics.answered(method, false, std::time::Duration::ZERO);
            return self.refuse(request.id, RpcError::NoNotifications);
        }
        let begun = Instant::now();
        let response = self.inner.call(request).await;
        metrics.answered(method, response.is_success(), begun.elapsed());
        response
    }

    /// Answers a batch in order; transactions that stand together are decoded and submitted together (rule R10). The
    /// share of memory grows with each answer.
    async fn answer_all(&self, batch: Batch<'_>, share: &mut OwnedSemaphorePermit) -> Result<MethodResponse, RpcError> {
        let mut responses = BatchResponseBuilder::new_with_limit(self.gate.response_bytes);
        let mut notified = false;
        let mut entries = batch.into_iter().peekable();
        while let Some(entry) = entries.next() {
            let answers = match entry {
                Ok(BatchEntry::Call(request)) if request.method == SEND_RAW_TRANSACTION => {
                    let mut run = vec![request];
                    while let Some(Ok(BatchEntry::Call(request))) = entries.next_if(is_transaction) {
                        run.push(request);
                    }
                    self.submit(run).await
                }
                // R11: one that waits would make all others wait, each its minute.
                Ok(BatchEntry::Call(request)) if request.method == SEND_RAW_TRANSACTION_SYNC => {
                    self.gate.context.metrics.answered(SEND_RAW_TRANSACTION_SYNC, false, std::time::Duration::ZERO);
                    vec![self.refuse(request.id, RpcError::Unsupported("eth_sendRawTransactionSync in a batch is"))]
                }
                Ok(BatchEntry::Call(request)) => vec![self.answer(request).await],
                Ok(BatchEntry::Notification(notification)) => {
                    notified = true;
                    self.inner.notification(notification).await;
                    Vec::new()
                }
                Err(error) => {
                    self.gate.context.metrics.refused("invalid_request");
                    let (error, id) = error.into_parts();
                    vec![MethodResponse::error(id, error)]
                }
            };
            for answer in answers {
                share.merge(self.reserve(&answer)?);
                if let Err(too_large) = responses.append(answer) {
                    self.gate.context.metrics.refused("response_too_large");
                    return Ok(too_large);
                }
            }
        }
        if responses.is_empty() && notified {
            return Ok(MethodResponse::notification());
        }
        Ok(MethodResponse::from_batch(responses.finish()))
    }

    /// Submits the transactions of these requests together.
    async fn submit(&self, run: Vec<Request<'_>>) -> Vec<MethodResponse> {
        let context = &self.gate.context;
        let begun = Instant::now();
        let transactions = run.iter().map(transaction).collect();
        let answers = submit(context, transactions).await;
        let each = begun.elapsed() / u32::try_from(run.len()).unwrap_or(u32::MAX).max(1);
        let respond = |(request, answer): (Request<'_>, _)| {
            let id = request.id.into_owned();
            match answer {
                Ok(hash) => {
                    context.metrics.answered(SEND_RAW_TRANSACTION, true, each);
                    MethodResponse::response(id, ResponsePayload::success(hash), self.gate.response_bytes)
                }
                Err(error) => {
                    context.metrics.answered(SEND_RAW_TRANSACTION, false, each);
                    self.refuse(id, error)
                }
            }
        };
        run.into_iter().zip(answers).map(respond).collect()
    }

    fn refuse(&self, id: Id<'_>, error: RpcError) -> MethodResponse {
        self.gate.context.metrics.refused(error.name());
        MethodResponse::error(id, ErrorObjectOwned::from(error))
    }
}

fn is_transaction<E>(entry: &Result<BatchEntry<'_>, E>) -> bool {
    matches!(entry, Ok(BatchEntry::Call(request)) if request.method == SEND_RAW_TRANSACTION)
}

fn transaction(request: &Request<'_>) -> Result<Bytes, RpcError> {
    let params = Params::new(request.params.as_ref().map(|params| params.get()));
    raw(&arguments(&params, &request.extensions, 1)?)
}
