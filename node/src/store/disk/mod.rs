//! The store on disk: sled, one transaction and one flush a final batch; and a log of the changes that wait for the
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

use std::{collections::BTreeMap, path::Path, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::Decodable;
use rota_consensus::Candidate;
use rota_execution::{Account, Genesis, NodeKey, StateError, StateView, TransactionReceipt};
use rota_proto::{BatchBody, BatchHeader, Certificate, Epoch, Message, Round};

use super::{FinalRecord, GENESIS, Head, Store, StoreError, StoredBatch};
use codec::{damaged, split};
use live::LiveTree;
use pending::{PendingState, Settling, Trees};

/// The version of the layout above. A store of another version is refused.
const SCHEMA: u32 = 2;

/// sled's cache: its default of 1 GiB is more than a node is to use.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// So often, 50 ms apart, a database that is locked is tried again.
const LOCKED_TRIES: u32 = 40;

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        Self::Database(Box::new(error))
    }
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

/// The store in a folder. Clones share it.
#[derive(Clone, Debug)]
pub struct SledStore {
    db: sled::Db,
    state: sled::Tree,
    chain: sled::Tree,
    live: LiveTree,
    meta: sled::Tree,
    pending: Arc<PendingState>,
}

impl SledStore {
    /// Opens the store in a folder, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Database`], also if another process has it; [`StoreError::Schema`].
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
                    return Err(StoreError::Schema { found, expected: SCHEMA });
                }
            }
        }
        let head = head_of(&meta)?.map_or(GENESIS, |head| head.header.height());
        let trees = Trees { db: db.clone(), state: state.clone(), meta: meta.clone() };
        let pending = Arc::new(PendingState::open(trees, &folder.join("changes"), head.0, Settling::default())?);
        Ok(Self { db, state, chain, live: LiveTree(live), meta, pending })
    }

    /// A record of the state: as the last commit left it, whether the tree has it or not.
    fn state_record(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match self.pending.get(key) {
            Some(changed) => Ok(changed),
            None => Ok(self.state.get(key)?.map(|bytes| Bytes::copy_from_slice(&bytes))),
        }
    }
}

impl Store for SledStore {
    fn begin(&self, genesis: &Genesis) -> Result<(), StoreError> {
        self.write_genesis(genesis)
    }

    fn commit(&self, records: &[FinalRecord], round: Round, opens: Option<Epoch>) -> Result<(), StoreError> {
        self.write_final(records, round, opens)
    }

    fn head(&self) -> Result<Option<Head>, StoreError> {
        head_of(&self.meta)
    }

    fn batch_by_height(&self, height: u64) -> Result<Option<StoredBatch>, StoreError> {
        let Some(bytes) = self.chain.get(key(1, &[&height.to_be_bytes()]))? else { return Ok(None) };
        let parts = split("chain", &bytes)?;
        let [header, body, finalization] = parts.as_slice() else { return Err(damaged("chain", "a batch's parts")) };
        let finalization = if finalization.is_empty() { None } else { Some(certificate_of("chain", finalization)?) };
        let transactions = BatchBody::decode(body).map_err(|error| damaged("chain", error))?.0;
        let body = Bytes::copy_from_slice(body);
        Ok(Some(StoredBatch { header: header_of(header)?, transactions, body, finalization }))
    }

    fn header_by_height(&self, height: u64) -> Result<Option<BatchHeader>, StoreError> {
        let Some(bytes) = self.chain.get(key(1, &[&height.to_be_bytes()]))? else { return Ok(None) };
        split("chain", &bytes)?.first().map(|header| header_of(header)).transpose()
    }

    fn height_of(&self, batch: B256) -> Result<Option<u64>, StoreError> {
        self.chain.get(key(3, &[batch.as_slice()]))?.map(|bytes| height_of(&bytes)).transpose()
    }

    fn receipts(&self, height: u64) -> Result<Vec<TransactionReceipt>, StoreError> {
        let Some(bytes) = self.chain.get(key(2, &[&height.to_be_bytes()]))? else { return Ok(Vec::new()) };
        TransactionReceipt::decode_all(&bytes).map_err(|error| damaged("chain", error))
    }

    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, StoreError> {
        let Some(bytes) = self.chain.get(key(4, &[hash.as_slice()]))? else { return Ok(None) };
        let (height, index) = bytes.split_first_chunk::<8>().ok_or_else(|| damaged("chain", "a transaction"))?;
        let index: [u8; 4] = index.try_into().map_err(|_| damaged("chain", "a transaction"))?;
        let index = usize::try_from(u32::from_be_bytes(index)).map_err(|error| damaged("chain", error))?;
        Ok(Some((u64::from_be_bytes(*height), index)))
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.meta.get(name)?.map(|bytes| bytes.to_vec()))
    }

    fn put_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.meta.insert(name, value)?;
        self.flush()
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        Ok(())
    }

    fn put_candidate(&self, candidate: &Candidate, body: &[u8]) -> Result<(), StoreError> {
        self.live.put_candidate(candidate, body)?;
        self.flush()
    }

    fn candidate(&self, round: Round, batch: B256) -> Result<Option<(Candidate, Bytes)>, StoreError> {
        self.live.candidate(round, batch)
    }

    fn candidates_from(&self, round: Round) -> Result<(Vec<Candidate>, BTreeMap<B256, Bytes>), StoreError> {
        self.live.candidates_from(round)
    }

    fn put_certificate(&self, certificate: &Certificate) -> Result<(), StoreError> {
        self.live.put_certificate(certificate)
    }

    fn certificates(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        self.live.certificates(round)
    }

    fn certificates_from(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        self.live.certificates_from(round)
    }

    fn prune_live(&self, candidates: Round, certificates: Round) -> Result<(), StoreError> {
        self.live.prune(candidates, certificates)
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
        let read = || -> Result<U256, StoreError> {
            let Some(bytes) = self.state_record(&key)? else { return Ok(U256::ZERO) };
            U256::try_from_be_slice(&bytes).ok_or_else(|| damaged("state", format!("a slot of {} bytes", bytes.len())))
        };
        read().map_err(state_error)
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

#[cfg(test)]
mod tests;
