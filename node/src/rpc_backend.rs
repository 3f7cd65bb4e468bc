//! What the RPC server needs, from this node: reads of the store, questions to the driver.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use futures::{FutureExt as _, future::BoxFuture};
use rota_execution::{ChainRules, ExecutedBatch};
use rota_proto::{BatchHeader, Transaction};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    driver::Submission,
    rpc::{Backend, BackendError, Block, Heads, PoolTotals, Snapshot, StateAt, SubmitError, Syncing, Waiting},
    status::{ChainStatus, Health, Posted},
    store::{SledStore, StoreError},
};

/// Transactions of the journal that are submitted at once.
const RESUBMITTED_AT_ONCE: usize = 256;

/// The node behind its RPC server.
pub struct NodeBackend {
    rules: ChainRules,
    store: SledStore,
    status: watch::Receiver<ChainStatus>,
    heads: watch::Receiver<Heads>,
    pending: broadcast::Sender<Arc<Transaction>>,
    driver: mpsc::Sender<Submission>,
}

/// Pending transactions that a slow subscriber may be behind.
const PENDING_MAX: usize = 4_096;

impl NodeBackend {
    /// A backend over the node's parts. It needs a runtime: a task keeps the heads.
    #[must_use]
    pub fn new(
        rules: ChainRules,
        store: SledStore,
        (status, posted): (watch::Receiver<ChainStatus>, watch::Receiver<Posted>),
        finals: &broadcast::Sender<Arc<ExecutedBatch>>,
        driver: mpsc::Sender<Submission>,
    ) -> Self {
        let head = status.borrow().head.clone();
        let (sender, heads) = watch::channel(Heads { latest: head, pending: None, safe: 0, finalized: 0 });
        let (pending, _) = broadcast::channel(PENDING_MAX);
        tokio::spawn(keep_heads(sender, status.clone(), finals.subscribe(), posted));
        Self { rules, store, status, heads, pending, driver }
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

/// `latest` moves with the status of the driver, which follows what is durable; `safe` and `finalized` with L1, as far
/// as this node has come.
async fn keep_heads(
    heads: watch::Sender<Heads>,
    mut status: watch::Receiver<ChainStatus>,
    mut finals: broadcast::Receiver<Arc<ExecutedBatch>>,
    mut posted: watch::Receiver<Posted>,
) {
    loop {
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return },
            Ok(()) = posted.changed() => {}
            batch = finals.recv() => if matches!(batch, Err(broadcast::error::RecvError::Closed)) { return },
        }
        let head = status.borrow_and_update().head.clone();
        let Posted { safe, finalized } = *posted.borrow_and_update();
        let (safe, finalized) = (safe.min(head.height().0), finalized.min(head.height().0));
        heads.send_if_modified(|known| {
            let moved = known.latest.hash() != head.hash() || (known.safe, known.finalized) != (safe, finalized);
            (known.latest, known.safe, known.finalized) = (head, safe, finalized);
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
        Ok(self.store.batch_by_height(height).map_err(store)?.map(|stored| stored.header))
    }

    fn height_of(&self, batch: B256) -> Result<Option<u64>, BackendError> {
        self.store.height_of(batch).map_err(store)
    }

    fn block(&self, height: u64) -> Result<Option<Block>, BackendError> {
        let Some(stored) = self.store.batch_by_height(height).map_err(store)? else { return Ok(None) };
        let receipts = self.store.receipts(height).map_err(store)?;
        Block::stored(stored.header, &stored.transactions, receipts).map(Some)
    }

    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, BackendError> {
        self.store.transaction(hash).map_err(store)
    }

    fn snapshot(&self, at: StateAt) -> Result<Snapshot, BackendError> {
        let header = self.heads.borrow().latest.clone();
        let oldest = header.height().0;
        match at {
            StateAt::Final(height) if height != oldest => Err(BackendError::HistoricalState { height, oldest }),
            StateAt::Final(_) | StateAt::Pending => {
                Ok(Snapshot { header, view: Arc::new(self.store.clone()), layers: Vec::new() })
            }
        }
    }

    fn submit(&self, transactions: Vec<Arc<Transaction>>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        let count = transactions.len();
        let known = transactions.clone();
        let (answer, answered) = oneshot::channel();
        let sent = self.driver.try_send(Submission::Transactions { transactions, answer });
        async move {
            let all = |error: SubmitError| vec![Err(error); count];
            match sent {
                Err(mpsc::error::TrySendError::Full(_)) => {
                    return all(SubmitError::Busy { waiting: self.driver.max_capacity() });
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return all(stopping()),
                Ok(()) => {}
            }
            let Ok(results) = answered.await else { return all(stopping()) };
            let results: Vec<Result<(), SubmitError>> =
                results.into_iter().map(|result| result.map(|_| ()).map_err(SubmitError::from)).collect();
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
        let (answer, answered) = oneshot::channel();
        let submission = Submission::Transactions { transactions: transactions.to_vec(), answer };
        if driver.send(submission).await.is_err() {
            return;
        }
        taken += answered.await.unwrap_or_default().iter().filter(|result| result.is_ok()).count();
    }
    if count > 0 {
        tracing::info!(count, taken, "transactions of the journal are back in the pool");
    }
}

fn store(error: StoreError) -> BackendError {
    BackendError::Store(error.to_string())
}

fn stopping() -> SubmitError {
    SubmitError::Unavailable("the node is stopping".into())
}
