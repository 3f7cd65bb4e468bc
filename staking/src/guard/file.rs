//! The guard's file: two slots of fixed size, written in turn.
#![deny(clippy::indexing_slicing)]

use alloy_primitives::keccak256;

use super::{RecordError, SafetyRecord};
use crate::{bytes::Reader, limits::SLOT_BYTES};

const MAGIC: [u8; 6] = *b"rotagf";
const CHECKSUM_BYTES: usize = 32;

/// Which slot of the guard's file holds the newest record (rule G11). The file is never longer or shorter than
/// [`GuardFile::BYTES`]; a write replaces the older slot in place and is made durable by one flush.
///
/// A slot, big-endian; what follows it up to [`SLOT_BYTES`] means nothing:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 6 | `rotagf` |
/// | 6 | 2 | version, 1 |
/// | 8 | 8 | sequence: how often the file was written; its parity is the number of the slot |
/// | 16 | 4 | length of the record |
/// | 20 | | the record, as [`SafetyRecord::encode`] gives it |
/// | end - 32 | 32 | keccak256 of all before |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardFile {
    sequence: u64,
}

/// Bytes to write at an offset of the guard's file, then to flush (`fdatasync`), before anything is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a record that is not made durable protects nothing"]
pub struct SlotWrite {
    /// Where in the file they go.
    pub offset: usize,
    /// What to write there: at most one slot.
    pub bytes: Vec<u8>,
}

/// Why a slot gives no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Never written, or its write did not complete: the record in it was never signed for.
    #[error("it was never completely written")]
    Torn,
    /// Written by a newer program.
    #[error("its version {found} is newer than version {known} of this program")]
    Newer {
        /// The version found.
        found: u16,
        /// The newest version known here.
        known: u16,
    },
    /// Completely written, yet no record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Why a file gives no record. The node must not sign, nor begin a new file by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardFileError {
    /// Cut, or no guard file.
    #[error("a guard file of {0} bytes has not the {len} of every guard file", len = GuardFile::BYTES)]
    Length(usize),
    /// A slot that was completely written cannot be understood.
    #[error("slot {slot} of the guard file cannot be used: {error}")]
    Unusable {
        /// 0 or 1.
        slot: u8,
        /// Why.
        error: SlotError,
    },
    /// No slot was completely written, so what was signed is not known.
    #[error("neither slot of the guard file was completely written")]
    BothTorn,
    /// The slots do not follow each other: the file was put together from two.
    #[error("writes {first} and {second} of the guard file do not follow each other")]
    NotSuccessive {
        /// Sequence of slot 0.
        first: u64,
        /// Sequence of slot 1.
        second: u64,
    },
}

impl GuardFile {
    /// The length of the file.
    pub const BYTES: usize = 2 * SLOT_BYTES;
    /// The version of a slot.
    pub const VERSION: u16 = 1;

    /// A new file with this record: write all of it elsewhere, flush, then rename it into its place.
    #[must_use]
    pub fn create(record: &SafetyRecord) -> (Self, Vec<u8>) {
        let mut image = slot(0, record);
        image.resize(Self::BYTES, 0);
        (Self { sequence: 0 }, image)
    }

    /// The newest record that was completely written.
    ///
    /// # Errors
    /// [`GuardFileError`]; the only thing passed over is one slot whose write did not complete.
    pub fn open(image: &[u8]) -> Result<(Self, SafetyRecord), GuardFileError> {
        if image.len() != Self::BYTES {
            return Err(GuardFileError::Length(image.len()));
        }
        let (low, high) = image.split_at(SLOT_BYTES);
        let (sequence, record) = match (usable(0, low)?, usable(1, high)?) {
            (None, None) => return Err(GuardFileError::BothTorn),
            (Some(only), None) | (None, Some(only)) => only,
            (Some((first, _)), Some((second, _))) if first.abs_diff(second) != 1 => {
                return Err(GuardFileError::NotSuccessive { first, second });
            }
            (Some(low), Some(high)) => {
                if low.0 > high.0 {
                    low
                } else {
                    high
                }
            }
        };
        Ok((Self { sequence }, record))
    }

    /// The write that makes `record` durable. If it fails, stop: which of two records the file holds is not known.
    pub fn write(&mut self, record: &SafetyRecord) -> SlotWrite {
        self.sequence += 1;
        let offset = if self.sequence.is_multiple_of(2) { 0 } else { SLOT_BYTES };
        SlotWrite { offset, bytes: slot(self.sequence, record) }
    }
}

fn slot(sequence: u64, record: &SafetyRecord) -> Vec<u8> {
    let record = record.encode();
    let length = u32::try_from(record.len()).expect("a record keeps its limit of bytes");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&GuardFile::VERSION.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&record);
    let checksum = keccak256(&bytes);
    bytes.extend_from_slice(checksum.as_slice());
    assert!(bytes.len() <= SLOT_BYTES, "a slot holds the largest record");
    bytes
}

/// What a slot holds; nothing if its write did not complete.
fn usable(number: u8, slot: &[u8]) -> Result<Option<(u64, SafetyRecord)>, GuardFileError> {
    match read(number, slot) {
        Ok(content) => Ok(Some(content)),
        Err(SlotError::Torn) => Ok(None),
        Err(error @ (SlotError::Newer { .. } | SlotError::Record(_))) => {
            Err(GuardFileError::Unusable { slot: number, error })
        }
    }
}

fn read(number: u8, slot: &[u8]) -> Result<(u64, SafetyRecord), SlotError> {
    let mut reader = Reader(slot);
    if reader.array().ok_or(SlotError::Torn)? != MAGIC {
        return Err(SlotError::Torn);
    }
    match reader.u16().ok_or(SlotError::Torn)? {
        GuardFile::VERSION => {}
        0 => return Err(SlotError::Torn),
        found => return Err(SlotError::Newer { found, known: GuardFile::VERSION }),
    }
    let sequence = reader.u64().ok_or(SlotError::Torn)?;
    let length = u32::from_be_bytes(reader.array().ok_or(SlotError::Torn)?);
    let length = usize::try_from(length).map_err(|_| SlotError::Torn)?;
    let record = reader.0.get(..length).ok_or(SlotError::Torn)?;
    let content = slot.get(..20 + length).ok_or(SlotError::Torn)?;
    let checksum = reader.0.get(length..).and_then(|rest| rest.first_chunk::<CHECKSUM_BYTES>());
    if checksum.ok_or(SlotError::Torn)? != &keccak256(content).0 || sequence % 2 != u64::from(number) {
        return Err(SlotError::Torn);
    }
    Ok((sequence, SafetyRecord::decode(record)?))
}
