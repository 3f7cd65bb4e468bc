//! The journal of local transactions (rule M15): records, and what is left of a file of them after a crash.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | n: length of what follows up to the checksum, big-endian |
//! | 4 | 1 | version of the format, 1 |
//! | 5 | 1 | kind: 1 added, 2 dropped |
//! | 6 | n - 2 | added: the transaction's EIP-2718 bytes; dropped: its hash |
//! | 4 + n | 8 | checksum: the first bytes of keccak256 of all before |

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, keccak256};
use rota_proto::limits::TRANSACTION_BYTES_MAX;

/// The version of the format.
pub const JOURNAL_VERSION: u8 = 1;

/// Dead records that are not worth rewriting the file for: with the largest transactions 128 MiB, with ordinary ones
/// 150 KiB.
pub const JOURNAL_DEAD_RECORDS_MAX: usize = 1_024;

const LENGTH_BYTES: usize = 4;
const CHECKSUM_BYTES: usize = 8;
const ADDED: u8 = 1;
const DROPPED: u8 = 2;

/// What the node appends to the journal, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalRecord {
    /// A local transaction came into the pool: its EIP-2718 bytes.
    Added(Bytes),
    /// A local transaction left the pool, for whatever reason: its hash.
    Dropped(B256),
}

/// Why a journal cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Written by a later program; this one would lose what it does not understand.
    #[error("journal record at byte {at} has version {version}; this program knows {JOURNAL_VERSION}")]
    Newer {
        /// Where the record begins.
        at: usize,
        /// Its version.
        version: u8,
    },
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// The transactions added and not dropped since, in the order they were added; not decoded yet.
    pub transactions: Vec<Bytes>,
    /// How many records were read.
    pub records: usize,
    /// How many bytes they take; the file is to be cut here before more is appended.
    pub intact_bytes: usize,
    /// How many bytes follow that are no record: a write cut short by a crash, or damage.
    pub torn_bytes: usize,
}

impl JournalRecord {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, content): (u8, &[u8]) = match self {
            Self::Added(bytes) => (ADDED, bytes),
            Self::Dropped(hash) => (DROPPED, hash.as_slice()),
        };
        assert!(content.len() <= TRANSACTION_BYTES_MAX, "the pool holds no longer transaction");
        let length = u32::try_from(content.len() + 2).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(LENGTH_BYTES + 2 + content.len() + CHECKSUM_BYTES);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[JOURNAL_VERSION, kind]);
        bytes.extend_from_slice(content);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }
}

impl Journal {
    /// Reads a journal up to the first byte that belongs to no whole record.
    ///
    /// # Errors
    /// [`JournalError::Newer`], and then nothing may be written to the file.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut journal = Self::default();
        let mut live: BTreeMap<B256, usize> = BTreeMap::new();
        let mut added: Vec<Option<Bytes>> = Vec::new();
        let mut rest = bytes;
        while let Some((record, after)) = split(rest) {
            let at = bytes.len() - rest.len();
            match record {
                [version, ..] if *version != JOURNAL_VERSION => {
                    return Err(JournalError::Newer { at, version: *version });
                }
                [_, ADDED, transaction @ ..] => {
                    live.insert(keccak256(transaction), added.len());
                    added.push(Some(Bytes::copy_from_slice(transaction)));
                }
                [_, DROPPED, hash @ ..] => {
                    let index = B256::try_from(hash).ok().and_then(|hash| live.remove(&hash));
                    if let Some(dropped) = index.and_then(|index| added.get_mut(index)) {
                        *dropped = None;
                    }
                }
                _ => break,
            }
            journal.records += 1;
            rest = after;
        }
        journal.torn_bytes = rest.len();
        journal.intact_bytes = bytes.len() - rest.len();
        journal.transactions = added.into_iter().flatten().collect();
        Ok(journal)
    }
}

/// Whether a file of so many records, of which so many still matter, is worth replacing by the pool's own
/// [`journal`](crate::Mempool::journal): when more than half of it is dead, and more than a little.
#[must_use]
pub const fn journal_is_worth_rotating(records: usize, live: usize) -> bool {
    let dead = records.saturating_sub(live);
    dead > JOURNAL_DEAD_RECORDS_MAX && dead > live
}

/// The first record without length and checksum, and what follows it; `None` if it is not whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, after_length) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if !(2..=TRANSACTION_BYTES_MAX + 2).contains(&length) {
        return None;
    }
    let (record, after_record) = after_length.split_at_checked(length)?;
    let (sum, rest) = after_record.split_first_chunk::<CHECKSUM_BYTES>()?;
    let (summed, _) = bytes.split_at_checked(LENGTH_BYTES + length)?;
    (checksum(summed) == *sum).then_some((record, rest))
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut checksum = [0; CHECKSUM_BYTES];
    let hash = keccak256(bytes);
    checksum.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
    checksum
}
