//! The node's store: sled, one transaction and one flush a final batch; and a log of the changes that wait for the
//! state tree, which is written by the ten thousand (`pending`).
//!
//! | tree | key | value |
//! |---|---|---|
//! | `state` | 1, address | account as RLP |
//! | `state` | 2, address, slot | value, 32 bytes |
//! | `state` | 3, code hash | code |
//! | `state` | 4, trie node key | the node's RLP |
//! | `chain` | 1, height | header, body, finalization |
//! | `chain` | 2, height | receipts |
//! | `chain` | 3, hash of a batch | height |
//! | `chain` | 4, hash of a transaction | height, index |
//! | `live` | 1, epoch, view, hash of a batch | a candidate: header, justification, body |
//! | `live` | 2, epoch, view, kind, hash of a batch | a certificate |
//! | `meta` | a name | schema version, head, registry, and what other parts of the node keep |
//!
//! Numbers are big-endian. Many trees make sled slow, so there are few: a final batch is one transaction over `chain`
//! and `meta`; `state` is written key by key, by genesis and by what settles the log.

mod change_log;
mod codec;
mod live;
mod pending;
mod write;

use std::{path::Path, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::Decodable;
use rota_execution::{Account, NodeKey, StateError, StateView, TransactionReceipt};
use rota_proto::{BatchBody, BatchHeader, Certificate, Height, Message, Round};

pub use write::FinalRecord;

use codec::{damaged, split};
use pending::{PendingState, Settling, Trees};

/// The version of the layout above. A store of another version is refused.
const SCHEMA: u32 = 2;

/// sled's cache: its default of 1 GiB is more than a node is to use.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// So often, 50 ms apart, a database that is locked is tried again.
const LOCKED_TRIES: u32 = 40;

/// Why the store cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// sled failed: the disk is full or broken, or another process has the store.
    #[error("the store failed: {0}")]
    Sled(#[from] sled::Error),
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
    #[error("the store has layout {found}, this program layout {SCHEMA}: use the program that wrote it, or sync anew")]
    Schema {
        /// The version found.
        found: u32,
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
#[derive(Clone, Debug)]
pub struct Head {
    /// Its header.
    pub header: BatchHeader,
    /// The round in which it is final; view 0 of its epoch for genesis.
    pub round: Round,
    /// The header of the batch that opened the epoch of that round.
    pub opening: BatchHeader,
}

/// A final batch as it was stored.
#[derive(Clone, Debug)]
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

/// Opens sled. It lets go of its lock in threads of its own, a moment after its last handle: whoever starts again at
/// once waits for that.
fn open_database(folder: &Path) -> Result<sled::Db, sled::Error> {
    let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES);
    let config = config.mode(sled::Mode::HighThroughput).flush_every_ms(None);
    for _ in 0..LOCKED_TRIES {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
    config.open()
}

/// The store. Clones share it.
#[derive(Clone, Debug)]
pub struct SledStore {
    db: sled::Db,
    state: sled::Tree,
    chain: sled::Tree,
    live: sled::Tree,
    meta: sled::Tree,
    pending: Arc<PendingState>,
}

impl SledStore {
    /// Opens the store in a folder, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Sled`], also if another process has it; [`StoreError::Schema`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let db = open_database(folder)?;
        let [state, chain, live, meta] = ["state", "chain", "live", "meta"].map(|name| db.open_tree(name));
        let (state, chain, live, meta) = (state?, chain?, live?, meta?);
        match meta.get("schema")? {
            None => {
                meta.insert("schema", &SCHEMA.to_be_bytes())?;
                db.flush()?;
            }
            Some(bytes) => {
                let found = bytes.as_ref().try_into().map(u32::from_be_bytes).map_err(|_| damaged("meta", "schema"))?;
                if found != SCHEMA {
                    return Err(StoreError::Schema { found });
                }
            }
        }
        let head = head_of(&meta)?.map_or(GENESIS, |head| head.header.height());
        let trees = Trees { db: db.clone(), state: state.clone(), meta: meta.clone() };
        let pending = Arc::new(PendingState::open(trees, &folder.join("changes"), head.0, Settling::default())?);
        Ok(Self { db, state, chain, live, meta, pending })
    }

    /// The last final batch, or none in a store that has no genesis yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        head_of(&self.meta)
    }

    /// A final batch by its height.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn batch_by_height(&self, height: u64) -> Result<Option<StoredBatch>, StoreError> {
        let Some(bytes) = self.chain.get(key(1, &[&height.to_be_bytes()]))? else { return Ok(None) };
        let parts = split("chain", &bytes)?;
        let [header, body, finalization] = parts.as_slice() else { return Err(damaged("chain", "a batch's parts")) };
        let finalization = if finalization.is_empty() { None } else { Some(certificate_of("chain", finalization)?) };
        let transactions = BatchBody::decode(body).map_err(|error| damaged("chain", error))?.0;
        let body = Bytes::copy_from_slice(body);
        Ok(Some(StoredBatch { header: header_of(header)?, transactions, body, finalization }))
    }

    /// The header of a final batch by its height; its body is not looked at.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn header_by_height(&self, height: u64) -> Result<Option<BatchHeader>, StoreError> {
        let Some(bytes) = self.chain.get(key(1, &[&height.to_be_bytes()]))? else { return Ok(None) };
        split("chain", &bytes)?.first().map(|header| header_of(header)).transpose()
    }

    /// The height of a final batch.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn height_of(&self, batch: B256) -> Result<Option<u64>, StoreError> {
        self.chain.get(key(3, &[batch.as_slice()]))?.map(|bytes| height_of(&bytes)).transpose()
    }

    /// A final batch by the hash of its header.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn batch_by_hash(&self, batch: B256) -> Result<Option<StoredBatch>, StoreError> {
        self.height_of(batch)?.map_or(Ok(None), |height| self.batch_by_height(height))
    }

    /// The receipts of a final batch.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn receipts(&self, height: u64) -> Result<Vec<TransactionReceipt>, StoreError> {
        let Some(bytes) = self.chain.get(key(2, &[&height.to_be_bytes()]))? else { return Ok(Vec::new()) };
        TransactionReceipt::decode_all(&bytes).map_err(|error| damaged("chain", error))
    }

    /// Where a final transaction stands: height of the batch, index in it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, StoreError> {
        let Some(bytes) = self.chain.get(key(4, &[hash.as_slice()]))? else { return Ok(None) };
        let (height, index) = bytes.split_first_chunk::<8>().ok_or_else(|| damaged("chain", "a transaction"))?;
        let index: [u8; 4] = index.try_into().map_err(|_| damaged("chain", "a transaction"))?;
        let index = usize::try_from(u32::from_be_bytes(index)).map_err(|error| damaged("chain", error))?;
        Ok(Some((u64::from_be_bytes(*height), index)))
    }

    /// A record of the state: as the last commit left it, whether the tree has it or not.
    fn state_record(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match self.pending.get(key) {
            Some(changed) => Ok(changed),
            None => Ok(self.state.get(key)?.map(|bytes| Bytes::copy_from_slice(&bytes))),
        }
    }

    /// What another part of the node keeps under a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.meta.get(name)?.map(|bytes| bytes.to_vec()))
    }

    /// Keeps something under a name, durably.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.meta.insert(name, value)?;
        self.flush()
    }

    /// Returns when everything written before is durable.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        Ok(())
    }
}

impl StateView for SledStore {
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        let read = || -> Result<Option<Account>, StoreError> {
            let Some(bytes) = self.state_record(&key(1, &[address.as_slice()]))? else { return Ok(None) };
            Account::decode(&mut bytes.as_ref()).map(Some).map_err(|error| damaged("state", error))
        };
        read().map_err(state_error)
    }

    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        let key = key(2, &[address.as_slice(), &slot.to_be_bytes::<32>()]);
        let value = self.state_record(&key).map_err(state_error)?;
        Ok(value.map_or(U256::ZERO, |bytes| U256::from_be_slice(&bytes)))
    }

    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError> {
        self.state_record(&key(3, &[hash.as_slice()])).map_err(state_error)
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        let read = || -> Result<Option<B256>, StoreError> {
            let Some(bytes) = self.chain.get(key(1, &[&height.to_be_bytes()]))? else { return Ok(None) };
            match split("chain", &bytes)?.first() {
                Some(header) => Ok(Some(alloy_primitives::keccak256(header))),
                None => Err(damaged("chain", "a batch without a header")),
            }
        };
        read().map_err(state_error)
    }

    fn trie_node(&self, node: &NodeKey) -> Result<Option<Bytes>, StateError> {
        self.state_record(&key(4, &[&node.encode()])).map_err(state_error)
    }
}

fn head_of(meta: &sled::Tree) -> Result<Option<Head>, StoreError> {
    let Some(bytes) = meta.get("head")? else { return Ok(None) };
    match split("meta", &bytes)?.as_slice() {
        [header, round, opening] => {
            Ok(Some(Head { header: header_of(header)?, round: round_of(round)?, opening: header_of(opening)? }))
        }
        parts => Err(damaged("meta", format!("the head has {} parts", parts.len()))),
    }
}

/// A key: the kind of record, then the parts of its name.
fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(kind);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

fn state_error(error: impl ToString) -> StateError {
    StateError::Store(error.to_string())
}

fn header_of(bytes: &[u8]) -> Result<BatchHeader, StoreError> {
    BatchHeader::decode(bytes).map_err(|error| damaged("chain", error))
}

fn height_of(bytes: &[u8]) -> Result<u64, StoreError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| damaged("chain", "a height"))
}

fn round_of(bytes: &[u8]) -> Result<Round, StoreError> {
    let (epoch, view) = bytes.split_first_chunk::<8>().ok_or_else(|| damaged("meta", "a round"))?;
    let view = view.try_into().map(u64::from_be_bytes).map_err(|_| damaged("meta", "a round"))?;
    Ok(Round::new(rota_proto::Epoch(u64::from_be_bytes(*epoch)), rota_proto::View(view)))
}

fn round_bytes(round: Round) -> Vec<u8> {
    [round.epoch.0.to_be_bytes(), round.view.0.to_be_bytes()].concat()
}

fn certificate_of(tree: &'static str, bytes: &[u8]) -> Result<Certificate, StoreError> {
    match Message::decode(bytes) {
        Ok(Message::Certificate(certificate)) => Ok(certificate),
        Ok(_) => Err(damaged(tree, "a certificate is another message")),
        Err(error) => Err(damaged(tree, error)),
    }
}

/// Where the chain begins: height 0.
pub const GENESIS: Height = Height(0);

#[cfg(test)]
mod tests;
