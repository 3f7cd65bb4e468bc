//! What is written to a disk, and how disks fail.

use alloy_primitives::{Address, Bytes};
use rota_consensus::Candidate;
use rota_mempool::JournalRecord;
use rota_proto::{BatchHeader, Certificate, Epoch, Round, VotePair};
use rota_staking::SlotWrite;

use crate::sim::{executor::Done, story::NodeId};

/// A final batch in the store.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its header.
    pub header: BatchHeader,
    /// RLP of its body.
    pub body: Bytes,
    /// Its finalization; none where a descendant's made it final.
    pub finalization: Option<Certificate>,
}

/// The last final batch in the store.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its header.
    pub header: BatchHeader,
    /// The round in which it is final; view 0 of the epoch that it opens.
    pub round: Round,
    /// The batch that opened the epoch of that round.
    pub opening: BatchHeader,
}

/// Batches that became final together, with the state after them: one transaction of the store, so that the last batch
/// of a chain always has its finalization.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The batches, oldest first, with what each changes.
    pub batches: Vec<(Stored, Done)>,
    /// The round of the last one's finalization.
    pub round: Round,
    /// The epoch that the last one opens, if it closes its own.
    pub opens: Option<Epoch>,
}

/// What a validator is accused with.
#[derive(Clone, Copy, Debug)]
pub struct Accusation {
    /// Its two votes.
    pub pair: VotePair,
    /// Whose key signed them.
    pub accused: NodeId,
}

/// One write, durable only once its part is flushed.
#[derive(Clone, Debug)]
pub enum Write {
    /// A batch that is about to be voted for, with its body.
    Candidate(Box<(Candidate, Bytes)>),
    /// A certificate.
    Certificate(Certificate),
    /// Final batches.
    Final(Box<Commit>),
    /// The state of the registry.
    Registry(Vec<u8>),
    /// What a validator is accused with.
    Evidence(Address, Box<Accusation>),
    /// Of the journal of local transactions, which is never flushed by itself.
    Journal(JournalRecord),
    /// A slot of the guard's file.
    Guard(SlotWrite),
}

/// What is flushed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the guard's file.
    Store,
    /// The guard's file.
    Guard,
}

/// Why an operation was not done. The node must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// Nothing more can be written.
    #[error("no space left on device")]
    Full,
    /// What was written cannot be made durable.
    #[error("input/output error")]
    Io,
    /// The node crashes at this operation (no error of a real disk).
    #[error("a crash at operation {0}")]
    Crash(u64),
}

/// Ways in which a disk fails that nothing can be built on; planted by negative controls only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// Writes to the guard's file never arrive, though flushes say so.
    pub forgets_guard: bool,
    /// A crash brings back the guard's file as it was at the crash before.
    pub restores_guard: bool,
    /// Headers, bodies and justifications of candidates never arrive.
    pub forgets_candidates: bool,
    /// Certificates never arrive.
    pub forgets_certificates: bool,
    /// The batches that became final last arrive only with those that come after.
    pub delays_final: bool,
    /// Its node goes on when it fails.
    pub is_ignored: bool,
}
