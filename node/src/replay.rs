//! The chain from L1 alone: every posted entry, its proof of finality, every batch executed, every header compared
//! (rules P17 to P19 of the poster).
//!
//! It reads nothing but L1: events of the inbox, calldata of their transactions, and the staking contract's events,
//! from which the registry tells whose signatures count. Only final blocks of L1 are read.

use rota_execution::{Batch, Execution, ExecutionError, Facts, Genesis, L1Block, MemoryState, Unready};
use rota_proto::{
    BatchBody, BatchHeader, BodyError, Certificate, Epoch, EpochSchedule, SigningDomain, Strict, VerifyError,
};
use rota_staking::{EpochError, Registry, RegistryError};

use alloy_primitives::{B256, Bytes};
use serde::Serialize;

use crate::{
    config::{ConfigError, NetworkToml},
    l1::{Appended, BLOCKS_PER_QUERY, EntryError, L1Client, L1Error},
    poster::{PayloadError, Posting},
};

/// Batches that may wait for a later entry's finalization: as many as a validator keeps unfinal.
const UNPROVEN_MAX: usize = 128;

/// Where a replay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// The height of the last batch executed.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
    /// The state root after it.
    pub state_root: B256,
    /// Entries read.
    pub entries: u64,
    /// Transactions executed.
    pub transactions: u64,
    /// Batches read after it, whose finalization L1 does not have yet.
    pub unproven: usize,
    /// The final block of L1 up to which entries were read.
    pub l1_block: u64,
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// `network.toml` cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The genesis is another network's.
    #[error("the genesis hashes to {found}, network.toml says {expected}")]
    OtherGenesis {
        /// The hash of the genesis.
        found: B256,
        /// The network's.
        expected: B256,
    },
    /// The contract is too young.
    #[error("the contract's deployment in L1 block {deployment} is not final yet; the newest final block is {newest}")]
    NotFinal {
        /// The block of the deployment.
        deployment: u64,
        /// The newest final block.
        newest: u64,
    },
    /// L1's blocks do not fit together.
    #[error("L1: {0}")]
    Registry(#[from] RegistryError),
    /// An entry is not what it should be.
    #[error("entry of heights {first} to {last} (L1 block {block}, transaction {transaction}): {reason}")]
    Entry {
        /// The first height.
        first: u64,
        /// The last height.
        last: u64,
        /// Its L1 block.
        block: u64,
        /// Its L1 transaction.
        transaction: B256,
        /// What is wrong.
        reason: EntryFault,
    },
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryFault {
    /// It does not follow the entry before it.
    #[error("it follows link {parent} at height {first}, the entry before it left {link} and height {next}")]
    Link {
        /// The link it names.
        parent: B256,
        /// Its first height.
        first: u64,
        /// The link of the entry before it.
        link: B256,
        /// The height after the entry before it.
        next: u64,
    },
    /// Its transaction does not hold it.
    #[error(transparent)]
    Calldata(#[from] EntryError),
    /// Its payload cannot be read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The set that has to prove it is not known.
    #[error(transparent)]
    Set(#[from] EpochError),
    /// Its finalization proves nothing.
    #[error("its finalization: {0}")]
    Finalization(#[from] VerifyError),
    /// Too many batches without a finalization.
    #[error("{0} batches without a finalization are more than {UNPROVEN_MAX}")]
    Unproven(usize),
    /// A batch breaks a rule.
    #[error("batch {height} ({hash}): {fault}")]
    Batch {
        /// Its height.
        height: u64,
        /// Its hash.
        hash: B256,
        /// The rule.
        fault: BatchFault,
    },
}

/// What is wrong with a batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchFault {
    /// Its epoch does not follow from its parent.
    #[error("it is of epoch {found}, its parent leads to epoch {expected}")]
    Epoch {
        /// The header's epoch.
        found: Epoch,
        /// The one that follows from the parent.
        expected: Epoch,
    },
    /// Its body is none.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Executing it failed, or came to something else than its header says.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// It cannot be made final.
    #[error(transparent)]
    Unready(#[from] Unready),
    /// Its L1 origin cannot be read.
    #[error("its L1 origin: {0}")]
    Origin(#[from] L1Error),
}

/// Replays the chain of a network from L1, up to a height if one is given, and calls `progress` after each entry.
///
/// # Errors
/// [`ReplayError`] names the entry, and the batch in it.
pub async fn replay(
    l1: &L1Client,
    network: &NetworkToml,
    genesis: &Genesis,
    to: Option<u64>,
    mut progress: impl FnMut(&Replayed),
) -> Result<Replayed, ReplayError> {
    let (found, expected) = (genesis.header.hash(), network.genesis_hash);
    if found != expected {
        return Err(ReplayError::OtherGenesis { found, expected });
    }
    l1.check_chain().await?;
    let mut replay = Replay::begin(l1, network, genesis).await?;
    let newest = l1.final_number().await?;
    let mut from = network.l1.opening_block;
    while from <= newest {
        let last = newest.min(from.saturating_add(BLOCKS_PER_QUERY - 1));
        for event in l1.appended(from, last).await? {
            if to.is_some_and(|to| replay.execution.head().height().0 >= to) {
                return Ok(replay.so_far());
            }
            replay.follow_to(event.block).await?;
            replay.entry(&event, to).await.map_err(|reason| entry_error(&event, reason))?;
            progress(&replay.so_far());
        }
        replay.l1_block = last;
        from = last + 1;
    }
    Ok(replay.so_far())
}

struct Replay<'a> {
    l1: &'a L1Client,
    domain: SigningDomain,
    schedule: EpochSchedule,
    registry: Registry,
    execution: Execution,
    state: MemoryState,
    link: B256,
    /// The last batch read, proven or not.
    last: BatchHeader,
    unproven: Vec<(BatchHeader, Bytes)>,
    entries: u64,
    transactions: u64,
    l1_block: u64,
}

impl<'a> Replay<'a> {
    async fn begin(l1: &'a L1Client, network: &NetworkToml, genesis: &Genesis) -> Result<Self, ReplayError> {
        let deployment = network.l1.opening_block;
        let newest = l1.final_number().await?;
        if newest < deployment {
            return Err(ReplayError::NotFinal { deployment, newest });
        }
        let blocks = l1.blocks(deployment, deployment).await?;
        let block = blocks.first().ok_or(L1Error::Missing(deployment))?;
        let genesis_of_registry = network.registry()?;
        let (registry, _) = Registry::begin(genesis_of_registry, block)?;
        Ok(Self {
            l1,
            domain: network.domain(),
            schedule: genesis_of_registry.schedule,
            registry,
            execution: Execution::new(genesis.rules, genesis.header.clone()),
            state: MemoryState::genesis(genesis),
            link: B256::ZERO,
            last: genesis.header.clone(),
            unproven: Vec::new(),
            entries: 0,
            transactions: 0,
            l1_block: deployment,
        })
    }

    fn so_far(&self) -> Replayed {
        let head = self.execution.head();
        Replayed {
            height: head.height().0,
            hash: head.hash(),
            state_root: head.header().state_root,
            entries: self.entries,
            transactions: self.transactions,
            unproven: self.unproven.len(),
            l1_block: self.l1_block,
        }
    }

    /// The registry as of a block: an entry there knows no later origin.
    async fn follow_to(&mut self, block: u64) -> Result<(), ReplayError> {
        while self.registry.newest().number < block {
            let next = self.registry.newest().number + 1;
            for block in self.l1.blocks(next, block.min(next + BLOCKS_PER_QUERY - 1)).await? {
                self.registry.apply(&block)?;
            }
        }
        self.l1_block = block;
        Ok(())
    }

    /// Rules P17 and P18: the entry follows, its batches are linked, its finalization is a quorum's.
    async fn entry(&mut self, event: &Appended, to: Option<u64>) -> Result<(), EntryFault> {
        let posted = self.l1.entry(event).await?;
        let (parent, first) = (posted.entry.parentLink, posted.entry.firstHeight);
        let next = self.last.height().0 + 1;
        if parent != self.link || first != next {
            return Err(EntryFault::Link { parent, first, link: self.link, next });
        }
        let posting = Posting::open(&posted.entry, &posted.stream, self.last.hash())?;
        if let Some((header, _)) = posting.batches.last() {
            self.last = header.clone();
        }
        self.link = event.link;
        self.entries += 1;
        self.unproven.extend(posting.batches);
        match posting.finalization {
            Some(finalization) => self.check_finalization(finalization)?,
            None if self.unproven.len() > UNPROVEN_MAX => return Err(EntryFault::Unproven(self.unproven.len())),
            None => return Ok(()),
        }
        for (header, body) in std::mem::take(&mut self.unproven) {
            let (height, hash) = (header.height().0, header.hash());
            if to.is_some_and(|to| height > to) {
                break;
            }
            self.batch(header, &body).await.map_err(|fault| EntryFault::Batch { height, hash, fault })?;
        }
        Ok(())
    }

    fn check_finalization(&self, finalization: Certificate) -> Result<(), EntryFault> {
        let set = self.registry.set(self.last.epoch())?;
        finalization.verify(&self.domain, &set, &Strict)?;
        Ok(())
    }

    /// Rule P19: executed as every validator did.
    async fn batch(&mut self, header: BatchHeader, body: &[u8]) -> Result<(), BatchFault> {
        let expected = self.epoch_after(self.execution.head());
        if header.epoch() != expected {
            return Err(BatchFault::Epoch { found: header.epoch(), expected });
        }
        let hash = header.hash();
        let facts = Facts { origin: self.origin(&header).await?, beneficiary: None };
        let opened = Batch::open(self.execution.rules(), header, &BatchBody::decode(body)?, |_| None);
        let batch = opened.map_err(ExecutionError::from)?;
        self.execution.check(&self.state, batch, &facts)?;
        for executed in self.execution.finalize(&hash)? {
            self.transactions += u64::try_from(executed.batch().transactions().len()).unwrap_or(u64::MAX);
            self.state.apply(&executed);
        }
        Ok(())
    }

    /// A batch whose origin lies beyond its epoch closes it: the next one belongs to the epoch of that origin.
    fn epoch_after(&self, parent: &BatchHeader) -> Epoch {
        let of_origin = self.schedule.epoch_of(parent.extra().origin_number);
        of_origin.map_or(parent.epoch(), |epoch| epoch.max(parent.epoch()))
    }

    /// What L1 says of the origin, unless it is the parent's.
    async fn origin(&self, header: &BatchHeader) -> Result<Option<L1Block>, L1Error> {
        let origin = header.origin();
        if origin == self.execution.head().origin() {
            return Ok(None);
        }
        let known = match self.registry.origin(origin.number).copied() {
            Some(known) => known,
            // Older than what the registry keeps: L1 was without us for long.
            None => {
                let blocks = self.l1.blocks(origin.number, origin.number).await?;
                blocks.first().ok_or(L1Error::Missing(origin.number))?.into()
            }
        };
        Ok(Some(L1Block { origin: known.id(), timestamp: known.timestamp, prevrandao: known.prevrandao }))
    }
}

fn entry_error(event: &Appended, reason: EntryFault) -> ReplayError {
    ReplayError::Entry {
        first: event.first_height,
        last: event.last_height,
        block: event.block,
        transaction: event.transaction,
        reason,
    }
}
