//! What the RPC server needs, from this node: reads of the store, questions to the driver.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use futures::{FutureExt as _, future::BoxFuture};
use rota_execution::ChainRules;
use rota_proto::{BatchHeader, Transaction};
use rota_staking::Period;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    driver::{Submission, Submitted},
    evidence::{EvidenceBook, Piece},
    executor::ChainViews,
    outlook::Outlook,
    rewards::stored_period,
    rpc::{Backend, BackendError, Block, Heads, PoolTotals, Snapshot, StateAt, SubmitError, Syncing, Waiting},
    status::{ChainStatus, Health, Posted},
    store::{Store, StoreError},
    unfinal::UnfinalBatches,
};

/// Transactions of the journal that are submitted at once.
const RESUBMITTED_AT_ONCE: usize = 256;

/// What the node keeps, and the server reads.
pub struct Kept {
    /// The chain.
    pub store: Arc<dyn Store>,
    /// What validators are accused with.
    pub evidence: Arc<EvidenceBook>,
    /// What L1 says of stakers.
    pub outlook: watch::Receiver<Arc<Outlook>>,
}

/// The node behind its RPC server.
pub struct NodeBackend {
    rules: ChainRules,
    kept: Kept,
    status: watch::Receiver<ChainStatus>,
    heads: watch::Receiver<Heads>,
    pending: broadcast::Sender<Arc<Transaction>>,
    views: ChainViews,
    driver: mpsc::Sender<Submission>,
}

/// Submitted transactions that a slow subscriber may be behind.
const PENDING_MAX: usize = 4_096;

impl NodeBackend {
    /// A backend over the node's parts. It needs a runtime: a task keeps the heads.
    #[must_use]
    pub fn new(
        rules: ChainRules,
        kept: Kept,
        (status, posted): (watch::Receiver<ChainStatus>, watch::Receiver<Posted>),
        views: ChainViews,
        driver: mpsc::Sender<Submission>,
    ) -> Self {
        let head = status.borrow().head.clone();
        let (sender, heads) = watch::channel(Heads { latest: head, pending: None, safe: 0, finalized: 0 });
        let (pending, _) = broadcast::channel(PENDING_MAX);
        tokio::spawn(keep_heads(sender, status.clone(), posted, views.unfinal.clone()));
        Self { rules, kept, status, heads, pending, views, driver }
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Submission,
    ) -> BoxFuture<'_, Result<T, BackendError>> {
        let (answer, answered) = oneshot::channel();
        let submission = question(answer);
        async move {
            self.driver.send(submission).await.map_err(|_| BackendError::Stopped)?;
            answered.await.map_err(|_| BackendError::Stopped)
        }
        .boxed()
    }
}

/// `latest` and `pending` move with the status of the driver, which follows what is durable; `safe` and `finalized`
/// with L1, as far as this node has come.
async fn keep_heads(
    heads: watch::Sender<Heads>,
    mut status: watch::Receiver<ChainStatus>,
    mut posted: watch::Receiver<Posted>,
    unfinal: UnfinalBatches,
) {
    let names = |heads: &Heads| {
        let pending = heads.pending.as_ref().map(|batch| batch.header().hash());
        (heads.latest.hash(), pending, heads.safe, heads.finalized)
    };
    loop {
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return },
            Ok(()) = posted.changed() => {}
        }
        let (latest, pending) = {
            let status = status.borrow_and_update();
            (status.head.clone(), status.pending.as_ref().and_then(|header| unfinal.get(&header.hash())))
        };
        let Posted { safe, finalized } = *posted.borrow_and_update();
        let height = latest.height().0;
        let now = Heads { latest, pending, safe: safe.min(height), finalized: finalized.min(height) };
        heads.send_if_modified(|known| {
            let moved = names(known) != names(&now);
            *known = now;
            moved
        });
    }
}

impl Backend for NodeBackend {
    fn rules(&self) -> &ChainRules {
        &self.rules
    }

    fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.clone()
    }

    fn header(&self, height: u64) -> Result<Option<BatchHeader>, BackendError> {
        self.kept.store.header_by_height(height).map_err(store)
    }

    fn height_of(&self, batch: B256) -> Result<Option<u64>, BackendError> {
        self.kept.store.height_of(batch).map_err(store)
    }

    fn block(&self, height: u64) -> Result<Option<Block>, BackendError> {
        let Some(stored) = self.kept.store.batch_by_height(height).map_err(store)? else { return Ok(None) };
        let receipts = self.kept.store.receipts(height).map_err(store)?;
        Block::stored(stored.header, &stored.transactions, receipts).map(Some)
    }

    fn transaction_count(&self, height: u64) -> Result<Option<usize>, BackendError> {
        Ok(self.kept.store.batch_by_height(height).map_err(store)?.map(|stored| stored.transactions.len()))
    }

    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, BackendError> {
        self.kept.store.transaction(hash).map_err(store)
    }

    fn snapshot(&self, at: StateAt) -> Result<Snapshot, BackendError> {
        let Heads { latest, pending, .. } = self.heads.borrow().clone();
        let newest = latest.height().0;
        let view = |height| {
            let view = self.views.recent.at(height, newest);
            view.map_err(|oldest| BackendError::HistoricalState { height, oldest })
        };
        match (at, pending) {
            (StateAt::Final(height), _) if height == newest => {
                Ok(Snapshot { header: latest, view: view(height)?, layers: Vec::new() })
            }
            (StateAt::Final(height), _) => {
                let view = view(height)?;
                let header = self.header(height)?.ok_or(BackendError::HistoricalState { height, oldest: newest })?;
                Ok(Snapshot { header, view, layers: Vec::new() })
            }
            (StateAt::Pending, None) => Ok(Snapshot { header: latest, view: view(newest)?, layers: Vec::new() }),
            (StateAt::Pending, Some(batch)) => {
                let header = batch.header().clone();
                let layers = self.views.unfinal.layers(header.hash(), latest.hash());
                // It became final, or its branch was abandoned, since the heads were read: the caller reads again.
                let gone = || BackendError::HistoricalState { height: header.height().0, oldest: newest };
                let layers = layers.ok_or_else(gone)?;
                Ok(Snapshot { header, view: view(newest)?, layers })
            }
        }
    }

    fn submit(&self, transactions: Vec<Arc<Transaction>>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        let count = transactions.len();
        let known = transactions.clone();
        let (submission, answered) = submitting(transactions);
        let sent = self.driver.try_send(submission);
        async move {
            let all = |error: SubmitError| vec![Err(error); count];
            match sent {
                Err(mpsc::error::TrySendError::Full(_)) => {
                    return all(SubmitError::Busy { waiting: self.driver.max_capacity() });
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return all(stopping()),
                Ok(()) => {}
            }
            let results = answered.await;
            for (transaction, _) in known.into_iter().zip(&results).filter(|(_, result)| result.is_ok()) {
                // Nobody may be listening.
                let _ = self.pending.send(transaction);
            }
            results
        }
        .boxed()
    }

    fn pooled(&self, hash: B256) -> BoxFuture<'_, Result<Option<Arc<Transaction>>, BackendError>> {
        self.ask(|answer| Submission::Pooled { hash, answer })
    }

    fn pending_nonce(&self, sender: Address) -> BoxFuture<'_, Result<u64, BackendError>> {
        self.ask(|answer| Submission::PendingNonce { sender, answer })
    }

    fn pool_totals(&self) -> BoxFuture<'_, Result<PoolTotals, BackendError>> {
        let (pending, queued) = self.status.borrow().pool;
        async move { Ok(PoolTotals { pending, queued }) }.boxed()
    }

    fn pool_content(&self, of: Option<Address>, most: usize) -> BoxFuture<'_, Result<Vec<Waiting>, BackendError>> {
        let content = self.ask(|answer| Submission::Content { of, most, answer });
        async move {
            let waiting = content.await?.into_iter();
            Ok(waiting.map(|(transaction, status)| Waiting { transaction, status }).collect())
        }
        .boxed()
    }

    fn pending_transactions(&self) -> broadcast::Receiver<Arc<Transaction>> {
        self.pending.subscribe()
    }

    fn peers(&self) -> usize {
        self.status.borrow().peers
    }

    fn evidence(&self) -> Vec<Piece> {
        self.kept.evidence.list()
    }

    fn period(&self, number: u64) -> Result<Option<Period>, BackendError> {
        stored_period(self.kept.store.as_ref(), number).map_err(|error| BackendError::Store(error.to_string()))
    }

    fn outlook(&self) -> Arc<Outlook> {
        self.kept.outlook.borrow().clone()
    }

    fn syncing(&self) -> Option<Syncing> {
        let status = self.status.borrow();
        let current = status.head.height().0;
        (status.health == Health::CatchingUp).then(|| Syncing { start: current, current, highest: status.highest })
    }
}

/// Gives the transactions of the journal back to the pool. What is final or impossible by now is refused, and leaves
/// the journal with its next rewrite.
pub async fn resubmit(driver: &mpsc::Sender<Submission>, journalled: Vec<Bytes>) {
    let count = journalled.len();
    let decoded = journalled.iter().filter_map(|bytes| Transaction::decode(bytes).ok()).map(Arc::new);
    let decoded: Vec<Arc<Transaction>> = decoded.collect();
    let mut taken = 0;
    for transactions in decoded.chunks(RESUBMITTED_AT_ONCE) {
        let (submission, answered) = submitting(transactions.to_vec());
        if driver.send(submission).await.is_err() {
            return;
        }
        taken += answered.await.iter().filter(|result| result.is_ok()).count();
    }
    if count > 0 {
        tracing::info!(count, taken, "transactions of the journal are back in the pool");
    }
}

/// Transactions for the driver, and its answers when it has given them all.
fn submitting(
    transactions: Vec<Arc<Transaction>>,
) -> (Submission, impl Future<Output = Vec<Result<(), SubmitError>>> + Send) {
    let submitted = transactions.into_iter().map(|transaction| {
        let (answer, answered) = oneshot::channel();
        (Submitted { transaction, answer }, answered)
    });
    let (submitted, answers): (Vec<_>, Vec<_>) = submitted.unzip();
    let answered = async move {
        let mut results = Vec::with_capacity(answers.len());
        for answered in answers {
            results.push(answered.await.unwrap_or_else(|_| Err(stopping())).map(drop));
        }
        results
    };
    (Submission::Transactions(submitted), answered)
}

fn store(error: StoreError) -> BackendError {
    BackendError::Store(error.to_string())
}

fn stopping() -> SubmitError {
    SubmitError::Unavailable("the node is stopping".into())
}
