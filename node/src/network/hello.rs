//! The first words of two nodes: a status, and the record of the validator that speaks here, if one does.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | length of the rest, big-endian |
//! | 4 | 1 | 0: no record; 1: a record follows |
//! | 5 | 104 | only with a record: consensus key 32, sequence 8 (big-endian), signature 64 |
//! | then | rest | a `Status` message in its only encoding |
#![deny(clippy::indexing_slicing)]

use std::time::Duration;

use bytes::Bytes;
use rota_proto::{Message, NetworkId, Status, WireError, limits};

use super::{
    frame::{FrameError, prefixed},
    kind::MessageKind,
    record::PeerRecord,
};

/// The most bytes of a hello after its length.
pub(crate) const HELLO_BYTES_MAX: usize = 1 + PeerRecord::BYTES + limits::REQUEST_BYTES_MAX + 8;

/// What a node says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) status: Status,
    pub(crate) record: Option<PeerRecord>,
}

/// Why two nodes parted before they were peers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The other belongs to another network.
    #[error("it belongs to network {theirs}, we to {ours}")]
    WrongNetwork {
        /// Our network.
        ours: NetworkId,
        /// Its network.
        theirs: NetworkId,
    },
    /// It said something before its status.
    #[error("it said {0} before its status")]
    NotStatus(MessageKind),
    /// What it said is no message.
    #[error("its hello is malformed: {0}")]
    Malformed(#[from] WireError),
    /// What it said has neither a record nor none.
    #[error("its hello begins with {0:?}, not with 0 or 1 and a whole record")]
    NoRecordMark(Option<u8>),
    /// The key in its record is no consensus key.
    #[error("the key in its record is no consensus key")]
    RecordKey,
    /// Its hello is longer than any.
    #[error("its hello of {length} bytes is above the limit of {limit}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The connection ended before its hello did.
    #[error("the connection ended before its hello did")]
    Ended,
    /// The record is not signed by the validator it names.
    #[error("its record is not signed by {0}")]
    ForgedRecord(Box<rota_proto::ConsensusKey>),
    /// The encryption failed.
    #[error("encryption: {0}")]
    Noise(String),
    /// The connection failed.
    #[error("connection: {0}")]
    Io(String),
}

impl From<FrameError> for HandshakeError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLong { length, limit } => Self::TooLong { length, limit },
            FrameError::Truncated { .. } => Self::Ended,
            FrameError::Stalled { .. } | FrameError::Io(_) => Self::Io(error.to_string()),
        }
    }
}

impl Hello {
    /// The whole frame.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] cannot happen for a version within its limit.
    pub(crate) fn encode(&self) -> Result<Bytes, FrameError> {
        let mut bytes = Vec::with_capacity(HELLO_BYTES_MAX);
        match &self.record {
            None => bytes.push(0),
            Some(record) => {
                bytes.push(1);
                bytes.extend_from_slice(&record.encode());
            }
        }
        bytes.extend_from_slice(&Message::Status(self.status.clone()).encode());
        prefixed(&bytes)
    }

    /// Decodes what stands after the length.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HandshakeError> {
        let mark = bytes.first().copied();
        let rest = bytes.get(1..).unwrap_or_default();
        let (record, status) = match (mark, rest.split_first_chunk()) {
            (Some(0), _) => (None, rest),
            (Some(1), Some((record, status))) => {
                (Some(PeerRecord::decode(record).ok_or(HandshakeError::RecordKey)?), status)
            }
            _ => return Err(HandshakeError::NoRecordMark(mark)),
        };
        let message = Message::decode(status)?;
        let kind = MessageKind::of(&message);
        let Message::Status(status) = message else { return Err(HandshakeError::NotStatus(kind)) };
        Ok(Self { status, record })
    }
}

/// Patience with a hello that began; the handshake as a whole has its own timeout.
pub(crate) const HELLO_PATIENCE: Duration = Duration::from_secs(5);
