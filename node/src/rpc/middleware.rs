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
    context::Context,
    error::RpcError,
    methods::{SEND_RAW_TRANSACTION, SUBSCRIBE, UNSUBSCRIBE, arguments, raw, submit},
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
            let bytes = request.params.as_ref().map_or(0, |params| params.get().len());
            let caller = request.extensions.get::<Caller>().copied();
            match this.admit(caller, bytes) {
                Ok(_admitted) => this.answer(request).await,
                Err(error) => this.refuse(request.id, error),
            }
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let limit = this.gate.context.limits.batch_entries;
            if batch.len() > limit {
                return this.refuse(Id::Null, RpcError::BatchTooLarge(limit));
            }
            let entries = batch.iter().flatten();
            let bytes = entries.map(|entry| entry.params().map_or(0, |params| params.get().len())).sum();
            let caller = batch.iter().flatten().next().and_then(|entry| entry.extensions().get::<Caller>().copied());
            match this.admit(caller, bytes) {
                Ok(_admitted) => this.answer_all(batch).await,
                Err(error) => this.refuse(Id::Null, error),
            }
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.inner.notification(notification)
    }
}

/// A place among the requests of a connection, and the bytes it holds.
type Admitted = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Gatekeeper {
    /// Rule R9: so many requests of one connection at a time, so many bytes of all. What comes by HTTP was counted when
    /// it was read.
    fn admit(&self, caller: Option<Caller>, bytes: usize) -> Result<Admitted, RpcError> {
        let place = Arc::clone(&self.running).try_acquire_owned();
        let place = place.map_err(|_| RpcError::Busy("too many requests on the connection"))?;
        if !caller.is_some_and(|caller| caller.socket) {
            return Ok((place, None));
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.gate.context.buffered).try_acquire_many_owned(bytes);
        Ok((place, Some(held.map_err(|_| RpcError::Busy("too many bytes of requests"))?)))
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

    /// Answers a batch in order; transactions that stand together are decoded and submitted together (rule R10).
    async fn answer_all(&self, batch: Batch<'_>) -> MethodResponse {
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
                if let Err(too_large) = responses.append(answer) {
                    self.gate.context.metrics.refused("response_too_large");
                    return too_large;
                }
            }
        }
        if responses.is_empty() && notified {
            return MethodResponse::notification();
        }
        MethodResponse::from_batch(responses.finish())
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
