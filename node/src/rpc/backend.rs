//! What the server needs of a node: to read what is final, to look at what is pending, to submit.

use std::sync::Arc;

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, Log};
use alloy_rlp::{Encodable, length_of_length};
use futures::future::BoxFuture;
use rota_execution::{ChainRules, ExecutedBatch, State, StateError, StateView, TransactionReceipt};
use rota_mempool::{Refused, Status};
use rota_proto::{BatchHeader, Transaction};
use rota_staking::Period;
use tokio::sync::{broadcast, watch};

use crate::{evidence::Piece, outlook::Outlook};

/// The node behind the server. Reads are of the store and may block for a moment; what asks the pool, which one task
/// owns, is a future.
pub trait Backend: Send + Sync + 'static {
    /// The numbers of the chain.
    fn rules(&self) -> &ChainRules;

    /// Where the chain stands; a change wakes subscribers. When `latest` names a batch, it can be read here.
    fn heads(&self) -> watch::Receiver<Heads>;

    /// The header of a final batch.
    ///
    /// # Errors
    /// [`BackendError::Store`].
    fn header(&self, height: u64) -> Result<Option<BatchHeader>, BackendError>;

    /// The height of a final batch by its hash.
    ///
    /// # Errors
    /// [`BackendError::Store`].
    fn height_of(&self, batch: B256) -> Result<Option<u64>, BackendError>;

    /// A final batch with its transactions and receipts.
    ///
    /// # Errors
    /// [`BackendError::Store`].
    fn block(&self, height: u64) -> Result<Option<Block>, BackendError>;

    /// How many transactions a final batch has, without decoding any.
    ///
    /// # Errors
    /// [`BackendError::Store`].
    fn transaction_count(&self, height: u64) -> Result<Option<usize>, BackendError>;

    /// The height and index of a final transaction. It may name a batch above `latest` that is about to be.
    ///
    /// # Errors
    /// [`BackendError::Store`].
    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, BackendError>;

    /// The state after a batch.
    ///
    /// # Errors
    /// [`BackendError::HistoricalState`] if it is no longer, or not yet, held.
    fn snapshot(&self, at: StateAt) -> Result<Snapshot, BackendError>;

    /// Offers transactions of users to the pool, in this order, and answers for each in the same order.
    fn submit(&self, transactions: Vec<Arc<Transaction>>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>>;

    /// A transaction that waits.
    fn pooled(&self, hash: B256) -> BoxFuture<'_, Result<Option<Arc<Transaction>>, BackendError>>;

    /// The nonce that the next transaction of a sender is to have after all that are pending.
    fn pending_nonce(&self, sender: Address) -> BoxFuture<'_, Result<u64, BackendError>>;

    /// How many transactions wait.
    fn pool_totals(&self) -> BoxFuture<'_, Result<PoolTotals, BackendError>>;

    /// Transactions that wait, of one sender or of all, at most so many, by sender and nonce.
    fn pool_content(&self, of: Option<Address>, most: usize) -> BoxFuture<'_, Result<Vec<Waiting>, BackendError>>;

    /// Transactions as users of this node submit them; those that peers bring are not among them. Who is too slow
    /// misses some.
    fn pending_transactions(&self) -> broadcast::Receiver<Arc<Transaction>>;

    /// How many peers are connected.
    fn peers(&self) -> usize;

    /// What validators are accused with, and what has become of it.
    fn evidence(&self) -> Vec<Piece>;

    /// A period of rewards that is over; none of one that is not.
    ///
    /// # Errors
    /// [`BackendError::Store`].
    fn period(&self, number: u64) -> Result<Option<Period>, BackendError>;

    /// What L1 says of stakers, as this node last looked.
    fn outlook(&self) -> Arc<Outlook>;

    /// How far catching up has come, if the node is behind.
    fn syncing(&self) -> Option<Syncing>;
}

/// Where the chain stands.
#[derive(Clone, Debug)]
pub struct Heads {
    /// The last final batch: `latest`.
    pub latest: BatchHeader,
    /// The highest notarized batch above it that was executed here: `pending`.
    pub pending: Option<Arc<ExecutedBatch>>,
    /// The last height posted on L1: `safe`.
    pub safe: u64,
    /// The last height posted in an L1 block that is final there: `finalized`.
    pub finalized: u64,
}

/// A batch with all that its execution gave.
#[derive(Clone, Debug)]
pub struct Block {
    /// The header.
    pub header: BatchHeader,
    /// The transactions with their senders.
    pub transactions: Vec<Recovered<TxEnvelope>>,
    /// The receipts, one a transaction.
    pub receipts: Vec<TransactionReceipt>,
}

impl Block {
    /// A batch as stores keep it. The senders stand in the receipts, so that none is recovered again.
    ///
    /// # Errors
    /// [`BackendError::Store`] if a transaction cannot be decoded, or there is not one receipt for each.
    pub fn stored(
        header: BatchHeader,
        transactions: &[Bytes],
        receipts: Vec<TransactionReceipt>,
    ) -> Result<Self, BackendError> {
        if transactions.len() != receipts.len() {
            let (height, count) = (header.height(), transactions.len());
            let reason = format!("batch {height} has {count} transactions and {} receipts", receipts.len());
            return Err(BackendError::Store(reason));
        }
        let decoded: Result<Vec<_>, _> = transactions
            .iter()
            .zip(&receipts)
            .map(|(bytes, receipt)| {
                TxEnvelope::decode_2718_exact(bytes).map(|envelope| Recovered::new_unchecked(envelope, receipt.from))
            })
            .collect();
        let transactions = decoded.map_err(|error| BackendError::Store(error.to_string()))?;
        Ok(Self { header, transactions, receipts })
    }

    /// A batch as execution has it.
    #[must_use]
    pub fn executed(batch: &ExecutedBatch) -> Self {
        let transactions = batch.batch().transactions().iter();
        Self {
            header: batch.header().clone(),
            transactions: transactions.map(|transaction| transaction.recovered().clone()).collect(),
            receipts: batch.receipts().to_vec(),
        }
    }

    /// Bytes that it takes in memory, about: its parts, and what they hold of transactions, logs, topics.
    pub(crate) fn memory_bytes(&self) -> usize {
        let transaction = |transaction: &Recovered<TxEnvelope>| {
            size_of::<Recovered<TxEnvelope>>() + transaction.inner().encode_2718_len()
        };
        let log = |log: &Log| size_of::<Log>() + size_of_val(log.topics()) + log.data.data.len();
        let receipt = |receipt: &TransactionReceipt| {
            size_of::<TransactionReceipt>() + receipt.logs().iter().map(log).sum::<usize>()
        };
        let transactions: usize = self.transactions.iter().map(transaction).sum();
        transactions + self.receipts.iter().map(receipt).sum::<usize>()
    }

    /// Bytes of the RLP of header, transactions, no uncles and no withdrawals: the `size` of a block.
    pub(crate) fn size(&self) -> usize {
        let listed = |payload: usize| payload + length_of_length(payload);
        let body: usize = self.transactions.iter().map(|transaction| transaction.inner().network_len()).sum();
        listed(self.header.header().length() + listed(body) + 2)
    }
}

/// Whose state is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateAt {
    /// The state after the final batch of this height.
    Final(u64),
    /// The state after the highest notarized batch, or the last final one if there is none above it.
    Pending,
}

/// The state after a batch, to read and to call on.
#[derive(Clone)]
pub struct Snapshot {
    /// The batch.
    pub header: BatchHeader,
    /// The final state below.
    pub view: Arc<dyn StateView + Send + Sync>,
    /// Unfinal batches above it, the newest first.
    pub layers: Vec<Arc<ExecutedBatch>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("header", &self.header.hash()).field("layers", &self.layers.len()).finish()
    }
}

impl Snapshot {
    /// The state.
    #[must_use]
    pub fn state(&self) -> State<'_, dyn StateView + Send + Sync> {
        State::unfinal(&*self.view, self.layers.clone())
    }

    /// Whether the view has gone past this batch since, so that what was read may come of two batches.
    pub(crate) fn has_moved(&self) -> Result<bool, StateError> {
        Ok(self.view.block_hash(self.header.height().0 + 1)?.is_some())
    }
}

/// How many transactions wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolTotals {
    /// Those that can be executed now.
    pub pending: usize,
    /// Those that wait for a lower nonce.
    pub queued: usize,
}

/// A transaction that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Whether it can be executed now.
    pub status: Status,
}

/// How far catching up has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syncing {
    /// The height it began with.
    pub start: u64,
    /// The last final height here.
    pub current: u64,
    /// The highest final height that a peer has named.
    pub highest: u64,
}

/// Why a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
    /// The state after this batch is no longer held.
    #[error("historical state unavailable: block {height}, the oldest held is {oldest}")]
    HistoricalState {
        /// The height asked for.
        height: u64,
        /// The lowest height whose state is held.
        oldest: u64,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

impl From<StateError> for BackendError {
    fn from(error: StateError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Why a transaction was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The pool refuses it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The node has no time for it now.
    #[error("the node is busy: {waiting} submissions wait")]
    Busy {
        /// How many wait already.
        waiting: usize,
    },
    /// The node is stopping or not ready.
    #[error("{0}")]
    Unavailable(String),
}
