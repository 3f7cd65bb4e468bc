//! Frames: one message after its length.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | length of the message, big-endian |
//! | 4 | length | the message in its only encoding |
#![deny(clippy::indexing_slicing)]

use std::{io, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use futures::{AsyncRead, AsyncReadExt};
use rota_proto::{Message, Round};

use super::kind::{MessageKind, round_of};

/// Bytes of the length before a message.
pub(crate) const PREFIX_BYTES: usize = 4;

/// Allocated before any byte of a message has come; the rest grows with what arrives, so that a peer holds no
/// more of our memory than twice what it sent.
const FIRST_ALLOCATION_BYTES: usize = 16 * 1024;

/// A message encoded once, however many peers it goes to; clones share the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: MessageKind,
    pub(crate) round: Option<Round>,
    /// Length and message.
    pub(crate) bytes: Bytes,
}

impl Frame {
    /// Encodes `message`.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] if no receiver would take it.
    pub(crate) fn of(message: &Message) -> Result<Self, FrameError> {
        let bytes = prefixed(&message.encode())?;
        Ok(Self { kind: MessageKind::of(message), round: round_of(message), bytes })
    }

    /// The message without its length.
    pub(crate) fn message(&self) -> Bytes {
        self.bytes.slice(PREFIX_BYTES.min(self.bytes.len())..)
    }
}

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// Its length is above the limit of where it came.
    #[error("a frame of {length} bytes is above the limit of {limit}")]
    TooLong { length: usize, limit: usize },
    /// The stream ended inside it.
    #[error("the stream ended {missing} bytes before the end of a frame of {length}")]
    Truncated { length: usize, missing: usize },
    /// It began and did not end in time.
    #[error("a frame of {length} bytes did not arrive within {seconds} s")]
    Stalled { length: usize, seconds: u64 },
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// `message` after its length.
pub(crate) fn prefixed(message: &[u8]) -> Result<Bytes, FrameError> {
    let too_long = FrameError::TooLong { length: message.len(), limit: Message::BYTES_MAX };
    let length = u32::try_from(message.len()).ok().filter(|_| message.len() <= Message::BYTES_MAX).ok_or(too_long)?;
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    bytes.put_u32(length);
    bytes.put_slice(message);
    Ok(bytes.freeze())
}

/// Rule N17: reads one frame of at most `limit` bytes and gives its message, or `None` where the stream ends before
/// one. It may wait for the first byte for ever, so the limit is asked for when the length is there; what began must
/// end within `patience`.
pub(crate) async fn read_frame<R: AsyncRead + Unpin>(
    io: &mut R,
    limit: impl FnOnce() -> usize,
    patience: Duration,
) -> Result<Option<Vec<u8>>, FrameError> {
    let mut first = [0u8; 1];
    if io.read(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    let whole = async {
        length = read_length(io, first).await?;
        let limit = limit();
        if length > limit {
            return Err(FrameError::TooLong { length, limit });
        }
        read_message(io, length).await
    };
    match tokio::time::timeout(patience, whole).await {
        Ok(message) => message.map(Some),
        Err(_) => Err(FrameError::Stalled { length, seconds: patience.as_secs() }),
    }
}

async fn read_length<R: AsyncRead + Unpin>(io: &mut R, first: [u8; 1]) -> Result<usize, FrameError> {
    let mut rest = [0u8; PREFIX_BYTES - 1];
    match io.read_exact(&mut rest).await {
        Ok(()) => (),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(FrameError::Truncated { length: PREFIX_BYTES, missing: rest.len() });
        }
        Err(error) => return Err(error.into()),
    }
    let ([a], [b, c, d]) = (first, rest);
    Ok(u32::from_be_bytes([a, b, c, d]) as usize)
}

async fn read_message<R: AsyncRead + Unpin>(io: &mut R, length: usize) -> Result<Vec<u8>, FrameError> {
    let mut message = Vec::with_capacity(length.min(FIRST_ALLOCATION_BYTES));
    io.take(length as u64).read_to_end(&mut message).await?;
    match length - message.len() {
        0 => Ok(message),
        missing => Err(FrameError::Truncated { length, missing }),
    }
}
