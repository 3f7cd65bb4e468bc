//! What a node keeps: the final chain and its state, what a restart needs of views that are not final, and small things
//! under a name. [`Store`] says what the node relies on; [`SledStore`] keeps it on disk, [`MemoryStore`] in memory.

mod disk;
mod memory;

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use alloy_primitives::{B256, Bytes};
use rota_consensus::Candidate;
use rota_execution::{ExecutedBatch, Genesis, StateView, TransactionReceipt};
use rota_proto::{BatchHeader, Certificate, Epoch, Height, Round, View};

pub use disk::SledStore;
pub use memory::MemoryStore;

/// Where the chain begins: height 0.
pub const GENESIS: Height = Height(0);

/// Why the store cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed: the disk is full or broken, or another process has the store.
    #[error("the store failed: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The change log failed: the disk is full or broken.
    #[error("the store's change log failed: {0}")]
    ChangeLog(#[source] std::io::Error),
    /// A record is not what was written.
    #[error("a record in {tree} is damaged: {reason}")]
    Damaged {
        /// The tree.
        tree: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The store has another layout.
    #[error(
        "the store has layout {found}, this program layout {expected}: use the program that wrote it, or sync anew"
    )]
    Schema {
        /// The version found.
        found: u32,
        /// This program's.
        expected: u32,
    },
    /// The store belongs to another chain.
    #[error("the store begins with genesis {found}, the network with {expected}: choose another data folder")]
    OtherGenesis {
        /// The genesis found.
        found: B256,
        /// The network's.
        expected: B256,
    },
}

/// The last final batch in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its header.
    pub header: BatchHeader,
    /// The round in which it is final; view 0 of its epoch for genesis.
    pub round: Round,
    /// The header of the batch that opened the epoch of that round.
    pub opening: BatchHeader,
}

impl Head {
    fn of_genesis(header: &BatchHeader) -> Self {
        let round = Round::new(header.epoch(), View::ZERO);
        Self { header: header.clone(), round, opening: header.clone() }
    }

    /// The head after more batches, of which `last` is the highest; arguments as of [`Store::commit`].
    fn after(self, last: &BatchHeader, round: Round, opens: Option<Epoch>) -> Self {
        let (round, opening) = match opens {
            Some(epoch) => (Round::new(epoch, View::ZERO), last.clone()),
            None => (round, self.opening),
        };
        Self { header: last.clone(), round, opening }
    }
}

/// A final batch as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The header.
    pub header: BatchHeader,
    /// EIP-2718 bytes of its transactions.
    pub transactions: Vec<Bytes>,
    /// The body's RLP, which is what travels.
    pub body: Bytes,
    /// Its finalization; none where a descendant's made it final, and for genesis.
    pub finalization: Option<Certificate>,
}

/// A batch to be written as final.
#[derive(Clone, Debug)]
pub struct FinalRecord {
    /// The batch and what it did.
    pub executed: Arc<ExecutedBatch>,
    /// RLP of its body.
    pub body: Bytes,
    /// The finalization of exactly this batch, if there is one.
    pub finalization: Option<Certificate>,
}

/// What a node keeps. Everything may be called from any thread; one thread commits.
///
/// As a [`StateView`] it shows the state after the last commit. Every method fails with [`StoreError`] if what is below
/// fails or is damaged; what was asked for then has not happened, and whoever relies on it stops.
pub trait Store: StateView + Debug + Send + Sync {
    /// Begins a chain: genesis as batch 0, and its state. Durable when it returns; a crash before that begins anew.
    ///
    /// # Errors
    /// [`StoreError::OtherGenesis`] if the store has begun with another one.
    fn begin(&self, genesis: &Genesis) -> Result<(), StoreError>;

    /// Makes batches final, in rising order, all or none, so that the head always has a finalization; durable when it
    /// returns. `round` is that of the finalization of the last; `opens` says the epoch that the last one opens, if it
    /// closes its own. Without batches, or before [`begin`](Self::begin), nothing happens.
    ///
    /// # Errors
    /// [`StoreError`].
    fn commit(&self, records: &[FinalRecord], round: Round, opens: Option<Epoch>) -> Result<(), StoreError>;

    /// Returns when everything written before is durable.
    ///
    /// # Errors
    /// [`StoreError`].
    fn flush(&self) -> Result<(), StoreError>;

    /// The last final batch, or none in a store that has no genesis yet.
    ///
    /// # Errors
    /// [`StoreError`].
    fn head(&self) -> Result<Option<Head>, StoreError>;

    /// A final batch by its height.
    ///
    /// # Errors
    /// [`StoreError`].
    fn batch_by_height(&self, height: u64) -> Result<Option<StoredBatch>, StoreError>;

    /// The header of a final batch by its height; its body is not looked at.
    ///
    /// # Errors
    /// [`StoreError`].
    fn header_by_height(&self, height: u64) -> Result<Option<BatchHeader>, StoreError>;

    /// The height of a final batch by the hash of its header.
    ///
    /// # Errors
    /// [`StoreError`].
    fn height_of(&self, batch: B256) -> Result<Option<u64>, StoreError>;

    /// A final batch by the hash of its header.
    ///
    /// # Errors
    /// [`StoreError`].
    fn batch_by_hash(&self, batch: B256) -> Result<Option<StoredBatch>, StoreError> {
        self.height_of(batch)?.map_or(Ok(None), |height| self.batch_by_height(height))
    }

    /// The receipts of a final batch.
    ///
    /// # Errors
    /// [`StoreError`].
    fn receipts(&self, height: u64) -> Result<Vec<TransactionReceipt>, StoreError>;

    /// Where a final transaction stands: height of the batch, index in it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, StoreError>;

    /// Makes a candidate durable: its header, its justification, its body.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_candidate(&self, candidate: &Candidate, body: &[u8]) -> Result<(), StoreError>;

    /// A candidate and its body, whether its round is over or not.
    ///
    /// # Errors
    /// [`StoreError`].
    fn candidate(&self, round: Round, batch: B256) -> Result<Option<(Candidate, Bytes)>, StoreError>;

    /// Candidates from a round on, parents before children, and their bodies by the hash of their header.
    ///
    /// # Errors
    /// [`StoreError`].
    fn candidates_from(&self, round: Round) -> Result<(Vec<Candidate>, BTreeMap<B256, Bytes>), StoreError>;

    /// Keeps a certificate. It is durable with the next flush, which the driver makes before it signs anything.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_certificate(&self, certificate: &Certificate) -> Result<(), StoreError>;

    /// The certificates of a round.
    ///
    /// # Errors
    /// [`StoreError`].
    fn certificates(&self, round: Round) -> Result<Vec<Certificate>, StoreError>;

    /// Certificates from a round on.
    ///
    /// # Errors
    /// [`StoreError`].
    fn certificates_from(&self, round: Round) -> Result<Vec<Certificate>, StoreError>;

    /// Forgets candidates below a round, and certificates below another: those are kept for the evidence window.
    ///
    /// # Errors
    /// [`StoreError`].
    fn prune_live(&self, candidates: Round, certificates: Round) -> Result<(), StoreError>;

    /// What another part of the node keeps under a name.
    ///
    /// # Errors
    /// [`StoreError`].
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps something under a name, durably.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;
}

/// Parents before children.
fn sort_candidates(candidates: &mut [Candidate]) {
    candidates.sort_by_key(|candidate| (candidate.header.height(), candidate.round));
}

#[cfg(test)]
mod tests;
