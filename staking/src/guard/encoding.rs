//! The bytes of a safety record.
#![deny(clippy::indexing_slicing)]

use alloy_primitives::{B256, keccak256};
use rota_proto::{ConsensusKey, Epoch, KeyError, Round, View, Vote, VoteKind};

use super::{Cast, RoundVotes, SafetyRecord};
use crate::{
    bytes::{Reader, put_round},
    limits::{RECORD_BYTES_MAX, ROUNDS_MAX},
};

const MAGIC: [u8; 8] = *b"rotavote";
const CHECKSUM_BYTES: usize = 32;
/// Kinds in the order of their bits: bit `i` says that the vote is there, bit `i + 3` that its signature is.
pub(super) const KINDS: [VoteKind; 3] = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize];

/// Why bytes are no safety record. None of them is to be passed over: a record that cannot be read may forbid votes
/// that a new one would allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Above the limit or below the frame.
    #[error("a safety record of {0} bytes is outside 115 to {RECORD_BYTES_MAX}")]
    Length(usize),
    /// The bytes are something else.
    #[error("the bytes do not begin as a safety record does")]
    Magic,
    /// Written by a newer program.
    #[error("a safety record of version {found} is newer than version {known} of this program")]
    Newer {
        /// The version found.
        found: u16,
        /// The newest version known here.
        known: u16,
    },
    /// A version that never was.
    #[error("safety records have no version {0}")]
    NoVersion(u16),
    /// The bytes were cut or changed.
    #[error("the checksum of the safety record does not fit: it was cut or changed")]
    Checksum,
    /// The key is none that L1 would register.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The checksum fits, but what is written cannot be: our own fault, or a forgery.
    #[error("the safety record contradicts itself in round {round}: {reason}")]
    Contradiction {
        /// Where.
        round: Round,
        /// How.
        reason: &'static str,
    },
}

impl SafetyRecord {
    /// The version of the encoding.
    pub const VERSION: u16 = 1;

    /// Its only encoding, at most [`RECORD_BYTES_MAX`] bytes, big-endian:
    ///
    /// | offset | bytes | field |
    /// |---|---|---|
    /// | 0 | 8 | `rotavote` |
    /// | 8 | 2 | version, 1 |
    /// | 10 | 8 | rollup chain id |
    /// | 18 | 32 | consensus key |
    /// | 50 | 16 | floor: epoch 8, view 8 |
    /// | 66 | 16 | resume: epoch 8, view 8 |
    /// | 82 | 1 | number of rounds, at most 64 |
    /// | 83 | | rounds, rising: epoch 8, view 8, flags 1, votes in order of kind |
    /// | end - 32 | 32 | keccak256 of all before |
    ///
    /// A flag of value `1 << i` says that the vote of kind `i` (notarize, nullify, finalize) is there, `8 << i` that
    /// its signature is. A vote is its batch (32, absent in a nullify vote) and its signature (64, if known).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&Self::VERSION.to_be_bytes());
        bytes.extend_from_slice(&self.rollup_chain_id.to_be_bytes());
        bytes.extend_from_slice(&self.consensus_key.to_bytes());
        put_round(&mut bytes, self.floor);
        put_round(&mut bytes, self.resume);
        bytes.push(u8::try_from(self.rounds.len()).expect("a record keeps its limit of rounds"));
        for (round, votes) in &self.rounds {
            put_round(&mut bytes, *round);
            put_votes(&mut bytes, votes);
        }
        let checksum = keccak256(&bytes);
        bytes.extend_from_slice(checksum.as_slice());
        assert!(bytes.len() <= RECORD_BYTES_MAX, "the limit counts every field");
        bytes
    }

    /// Rule G12: reads [`encode`](Self::encode)'s bytes and nothing else.
    ///
    /// # Errors
    /// [`RecordError`] names what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let length = RecordError::Length(bytes.len());
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(length);
        }
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(length)?;
        let mut reader = Reader(content);
        if reader.array().ok_or(length)? != MAGIC {
            return Err(RecordError::Magic);
        }
        // Before the checksum: a newer version may have another one.
        match reader.u16().ok_or(length)? {
            Self::VERSION => {}
            0 => return Err(RecordError::NoVersion(0)),
            found => return Err(RecordError::Newer { found, known: Self::VERSION }),
        }
        if keccak256(content) != *checksum {
            return Err(RecordError::Checksum);
        }
        let rollup_chain_id = reader.u64().ok_or(length)?;
        let consensus_key = ConsensusKey::from_bytes(&reader.array().ok_or(length)?)?;
        let mut record = Self::new(rollup_chain_id, consensus_key);
        record.floor = reader.round().ok_or(length)?;
        record.resume = reader.round().ok_or(length)?;
        let count = usize::from(reader.u8().ok_or(length)?);
        record.check_bounds(count)?;
        for _ in 0..count {
            let (round, votes) = read_round(&mut reader, length)?;
            record.check_next(round, &votes)?;
            record.rounds.insert(round, votes);
        }
        if reader.0.is_empty() { Ok(record) } else { Err(contradiction(record.highest(), "more bytes follow")) }
    }

    /// What holds of every record before its rounds are looked at.
    pub(super) fn check_bounds(&self, rounds: usize) -> Result<(), RecordError> {
        if self.resume < self.floor {
            return Err(contradiction(self.resume, "it resumes below its floor"));
        }
        if rounds > ROUNDS_MAX {
            return Err(contradiction(self.floor, "it has more rounds than the limit"));
        }
        Ok(())
    }

    /// A round may follow those before it.
    pub(super) fn check_next(&self, round: Round, votes: &RoundVotes) -> Result<(), RecordError> {
        let rising = self.rounds.last_key_value().is_none_or(|(last, _)| *last < round);
        let exists = round.epoch <= Epoch::MAX && round.view <= View::MAX && round.view != View::ZERO;
        let reason = if !exists {
            "nobody votes in such a round"
        } else if !rising {
            "rounds do not rise"
        } else if round < self.floor {
            "it lies below the floor"
        } else if votes.nullify.is_some() && votes.finalize.is_some() {
            "nullify and finalize were both signed"
        } else {
            return Ok(());
        };
        Err(contradiction(round, reason))
    }
}

fn put_votes(bytes: &mut Vec<u8>, votes: &RoundVotes) {
    let flags = KINDS.iter().enumerate().fold(0u8, |flags, (bit, kind)| match votes.get(*kind) {
        Some(Cast { signature: Some(_), .. }) => flags | 0b1001 << bit,
        Some(Cast { signature: None, .. }) => flags | 1 << bit,
        None => flags,
    });
    bytes.push(flags);
    for kind in KINDS {
        let Some(cast) = votes.get(kind) else { continue };
        if kind != VoteKind::Nullify {
            bytes.extend_from_slice(cast.batch.as_slice());
        }
        if let Some(signature) = cast.signature {
            bytes.extend_from_slice(&signature.0);
        }
    }
}

fn read_round(reader: &mut Reader<'_>, length: RecordError) -> Result<(Round, RoundVotes), RecordError> {
    let round = reader.round().ok_or(length)?;
    let flags = reader.u8().ok_or(length)?;
    let (present, signed) = (flags & 0b111, flags >> 3);
    if present == 0 || signed & !present != 0 {
        return Err(contradiction(round, "its flags speak of votes that are not there"));
    }
    let mut votes = RoundVotes::default();
    for (bit, kind) in KINDS.into_iter().enumerate() {
        if present >> bit & 1 == 0 {
            continue;
        }
        let batch = match kind {
            VoteKind::Nullify => Vote::nullify(round).batch,
            VoteKind::Notarize | VoteKind::Finalize => reader.hash().ok_or(length)?,
        };
        let signature = if signed >> bit & 1 == 1 { Some(reader.signature().ok_or(length)?) } else { None };
        *votes.slot(kind) = Some(Cast { batch, signature });
    }
    Ok((round, votes))
}

const fn contradiction(round: Round, reason: &'static str) -> RecordError {
    RecordError::Contradiction { round, reason }
}

const _: () = assert!(size_of::<B256>() == CHECKSUM_BYTES, "keccak256 gives 32 bytes");
