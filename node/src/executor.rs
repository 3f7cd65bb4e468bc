//! The executor: a thread that owns the execution, so that votes never wait behind it.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc as std_mpsc},
    thread::{self, JoinHandle},
    time::Instant,
};

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY};
use rota_execution::{Account, Batch, Budget, ExecutedBatch, Execution, ExecutionError, StateView, Unready};
use rota_mempool::{AccountCode, AccountState};
use rota_proto::{Certificate, Epoch, EpochSchedule, Height, Verified};
use rota_replica::{BuildOrder, CommittedBatch, Event, ExecuteOrder, ReadyBatch, Verdict};

use tokio::sync::{mpsc, oneshot};

use crate::{
    rpc::RecentStates,
    store::{FinalRecord, Store, StoreError},
    unfinal::UnfinalBatches,
};

/// What the executor is to do, in this order.
#[derive(Debug)]
pub enum Job {
    /// Build a batch.
    Build(Box<BuildOrder>),
    /// Execute a batch and compare.
    Execute(Box<ExecuteOrder>),
    /// Forget a batch, if no other stands on it.
    Forget(B256),
    /// Make batches final and durable.
    Commit {
        /// The finalization of the last.
        certificate: Verified<Certificate>,
        /// Their hashes, rising.
        batches: Vec<B256>,
    },
}

/// Why the executor stopped by itself. The node stops with it.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state cannot be read.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// A final batch was not executed here, though it was ordered.
    #[error("final batch {batch} cannot be committed: {reason}")]
    NotLive {
        /// The batch.
        batch: B256,
        /// Why.
        reason: Unready,
    },
    /// A final batch is invalid here: this node's execution differs from the network's.
    #[error("final batch {batch} is invalid here: {reason}. Compare this node's version and genesis with others'")]
    FinalInvalid {
        /// The batch.
        batch: B256,
        /// The rule that it breaks, by our execution.
        reason: String,
    },
}

impl ExecutorError {
    /// Whether going on would be unsafe: the network's chain is not ours.
    #[must_use]
    pub const fn is_halt(&self) -> bool {
        matches!(self, Self::FinalInvalid { .. })
    }
}

/// The executor's side of its thread.
struct Executor {
    execution: Execution,
    store: Arc<dyn Store>,
    schedule: EpochSchedule,
    /// RLP of the bodies of unfinal batches.
    bodies: BTreeMap<B256, Bytes>,
    /// The last batch that was invalid, and why: should it become final, that is what there is to say.
    invalid: Option<(B256, String)>,
    events: mpsc::Sender<Event>,
    views: ChainViews,
}

/// What the executor shows to those who answer questions about the chain.
#[derive(Clone, Debug)]
pub struct ChainViews {
    /// The states after the last final batches.
    pub recent: RecentStates<Arc<dyn Store>>,
    /// Batches above them.
    pub unfinal: UnfinalBatches,
}

/// The executor's thread; its end says whether it failed.
pub type ExecutorThread = JoinHandle<Result<(), ExecutorError>>;

/// What the driver needs of the executor.
#[derive(Debug)]
pub struct Jobs {
    /// Where jobs go.
    pub orders: std_mpsc::Sender<Job>,
    /// Ends with the thread.
    pub ended: oneshot::Receiver<()>,
}

/// Starts the thread. It ends when the sender of jobs is dropped, or with an error.
///
/// The queue of jobs has no bound of its own: the replica orders nothing beyond what may be unfinal.
pub fn spawn(
    execution: Execution,
    store: Arc<dyn Store>,
    schedule: EpochSchedule,
    events: mpsc::Sender<Event>,
    views: ChainViews,
) -> std::io::Result<(Jobs, ExecutorThread)> {
    let (orders, inbox) = std_mpsc::channel();
    let (alive, ended) = oneshot::channel();
    let executor = Executor { execution, store, schedule, bodies: BTreeMap::new(), invalid: None, events, views };
    let thread = thread::Builder::new().name("executor".into()).spawn(move || {
        let _alive: oneshot::Sender<()> = alive;
        executor.run(&inbox)
    })?;
    Ok((Jobs { orders, ended }, thread))
}

impl Executor {
    fn run(mut self, inbox: &std_mpsc::Receiver<Job>) -> Result<(), ExecutorError> {
        while let Ok(job) = inbox.recv() {
            let event = match job {
                Job::Build(order) => self.build(*order)?,
                Job::Execute(order) => self.execute(*order)?,
                Job::Forget(batch) => {
                    self.execution.forget(&batch);
                    self.drop_forgotten();
                    continue;
                }
                Job::Commit { certificate, batches } => self.commit(&certificate, &batches)?,
            };
            if self.events.blocking_send(event).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn build(&mut self, order: BuildOrder) -> Result<Event, ExecutorError> {
        let BuildOrder { round, environment, chains } = order;
        let begin = Instant::now();
        let chains = chains.into_iter().map(Vec::into_iter);
        match self.execution.build(&self.store, &environment, &Budget::default(), chains) {
            Ok(built) => {
                let header = built.executed.header().clone();
                let body = built.body.encode();
                self.bodies.insert(header.hash(), body.clone());
                self.show(&header.hash());
                let transactions = built.executed.batch().transactions().to_vec();
                let refused = built.refused.iter().map(|(transaction, _)| transaction.hash()).collect();
                tracing::debug!(%round, transactions = transactions.len(), elapsed = ?begin.elapsed(), "built");
                let batch = Box::new(ReadyBatch { header, body, transactions });
                Ok(Event::Built { round, batch, refused })
            }
            Err(ExecutionError::State(error)) => Err(ExecutionError::State(error).into()),
            Err(error) => {
                tracing::warn!(%round, %error, "no batch could be built");
                Ok(Event::NotBuilt(round))
            }
        }
    }

    fn execute(&mut self, order: ExecuteOrder) -> Result<Event, ExecutorError> {
        let ExecuteOrder { header, body, facts, known } = order;
        let hash = header.hash();
        let begin = Instant::now();
        let known = |transaction: &B256| known.get(transaction).cloned();
        let opened = Batch::open(self.execution.rules(), header, &body, known);
        let checked =
            opened.map_err(ExecutionError::from).and_then(|batch| self.execution.check(&self.store, batch, &facts));
        let verdict = match checked {
            Ok(executed) => {
                self.bodies.insert(hash, body.encode());
                self.show(&hash);
                tracing::debug!(batch = %hash, elapsed = ?begin.elapsed(), "executed");
                Verdict::Valid(executed.batch().transactions().to_vec())
            }
            Err(ExecutionError::Invalid(reason)) => {
                tracing::warn!(batch = %hash, %reason, "invalid batch");
                self.invalid = Some((hash, reason.to_string()));
                Verdict::Invalid(reason.to_string())
            }
            Err(ExecutionError::Unready(reason)) => Verdict::NotNow(reason.to_string()),
            Err(error @ ExecutionError::State(_)) => return Err(error.into()),
        };
        Ok(Event::Executed { batch: hash, verdict })
    }

    fn commit(&mut self, certificate: &Verified<Certificate>, batches: &[B256]) -> Result<Event, ExecutorError> {
        let last = certificate.vote.batch;
        let path = self.execution.finalize(&last).map_err(|reason| self.not_live(last, batches, reason))?;
        let records: Vec<FinalRecord> = path.iter().map(|executed| self.record(executed, certificate)).collect();
        self.views.recent.before_commit(&path).map_err(ExecutionError::from)?;
        let begin = Instant::now();
        self.store.commit(&records, certificate.vote.round, self.opens(&path))?;
        tracing::debug!(batches = path.len(), elapsed = ?begin.elapsed(), "committed");
        let mut committed = Vec::with_capacity(path.len());
        for executed in &path {
            committed.push(self.committed(executed)?);
        }
        let height = self.execution.head().height();
        self.drop_forgotten();
        assert!(committed.len() == batches.len(), "what is final here is what consensus said, up to height {height}");
        Ok(Event::Committed(committed))
    }

    /// What execution has forgotten is not kept here either.
    fn drop_forgotten(&mut self) {
        self.bodies.retain(|hash, _| self.execution.unfinal(hash).is_some());
        self.views.unfinal.retain(|hash| self.execution.unfinal(hash).is_some());
    }

    fn not_live(&self, batch: B256, batches: &[B256], reason: Unready) -> ExecutorError {
        match &self.invalid {
            Some((invalid, why)) if batches.contains(invalid) => {
                ExecutorError::FinalInvalid { batch: *invalid, reason: why.clone() }
            }
            _ => ExecutorError::NotLive { batch, reason },
        }
    }

    fn show(&self, hash: &B256) {
        if let Some(executed) = self.execution.unfinal(hash) {
            self.views.unfinal.insert(Arc::clone(executed));
        }
    }

    fn record(&mut self, executed: &Arc<ExecutedBatch>, certificate: &Certificate) -> FinalRecord {
        let hash = executed.header().hash();
        let body = self.bodies.remove(&hash).unwrap_or_default();
        let finalization = (hash == certificate.vote.batch).then(|| certificate.clone());
        FinalRecord { executed: Arc::clone(executed), body, finalization }
    }

    /// The epoch that the last of these batches opens, if it closes its own.
    fn opens(&self, path: &[Arc<ExecutedBatch>]) -> Option<Epoch> {
        let header = path.last()?.header();
        let epoch = self.schedule.epoch_of(header.extra().origin_number).ok()?;
        (epoch > header.epoch()).then_some(epoch)
    }

    fn committed(&self, executed: &ExecutedBatch) -> Result<CommittedBatch, ExecutorError> {
        let accounts = executed.changes().accounts.iter();
        let accounts = accounts
            .map(|(address, account)| Ok((*address, account_state(&self.store, *account)?)))
            .collect::<Result<Vec<(Address, AccountState)>, ExecutorError>>()?;
        let header = executed.header();
        Ok(CommittedBatch {
            hash: header.hash(),
            height: Height(header.height().0),
            transactions: executed.batch().transactions().to_vec(),
            accounts,
        })
    }
}

/// An account as the pool wants it.
///
/// # Errors
/// [`ExecutionError::State`] if the state cannot be read.
pub fn account_state(view: &impl StateView, account: Option<Account>) -> Result<AccountState, ExecutionError> {
    let account = account.unwrap_or_default();
    let code = if account.code_hash == KECCAK256_EMPTY {
        AccountCode::None
    } else {
        match view.code(&account.code_hash)? {
            Some(code) if code.len() == 23 && code.starts_with(&[0xef, 0x01, 0x00]) => AccountCode::Delegation,
            _ => AccountCode::Contract,
        }
    };
    Ok(AccountState { nonce: account.nonce, balance: account.balance, code })
}
