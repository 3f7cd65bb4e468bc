//! Requests and answers on the wire: one frame each. An empty answer says that the asked node has none.

use std::{io, time::Duration};

use bytes::Bytes;
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use rota_proto::{Message, WireError, limits};

use super::frame::{FrameError, read_frame};

/// The most bytes of a request.
const REQUEST_BYTES_MAX: usize = limits::REQUEST_BYTES_MAX + 8;

/// One end of an exchange: what we write is encoded, what we read is decoded, in the connection's own task.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    /// A whole frame, to be written.
    Outgoing(Bytes),
    /// A message that was read; `None` is an empty answer.
    Incoming(Option<Box<Message>>),
}

/// Why what came over an exchange is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// No whole frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// No message.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A request without content.
    #[error("an empty request")]
    Empty,
}

impl From<ExchangeError> for io::Error {
    fn from(error: ExchangeError) -> Self {
        Self::other(error)
    }
}

/// Reads and writes one frame a stream.
#[derive(Clone, Debug)]
pub(crate) struct Codec {
    pub(crate) patience: Duration,
}

impl Codec {
    async fn read<T>(&self, io: &mut T, limit: usize) -> Result<Option<Box<Message>>, ExchangeError>
    where
        T: AsyncRead + Unpin + Send,
    {
        let bytes = read_frame(io, limit, self.patience).await?;
        let bytes = bytes.ok_or(FrameError::Truncated { length: 0, missing: 0 })?;
        if bytes.is_empty() { Ok(None) } else { Ok(Some(Box::new(Message::decode(&bytes)?))) }
    }
}

async fn write<T>(io: &mut T, parcel: Parcel) -> io::Result<()>
where
    T: AsyncWrite + Unpin + Send,
{
    match parcel {
        Parcel::Outgoing(frame) => io.write_all(&frame).await,
        Parcel::Incoming(_) => Err(io::Error::other("what was read is not written")),
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Parcel;
    type Response = Parcel;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Parcel>
    where
        T: AsyncRead + Unpin + Send,
    {
        let request = self.read(io, REQUEST_BYTES_MAX).await?;
        Ok(Parcel::Incoming(Some(request.ok_or(ExchangeError::Empty)?)))
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Parcel>
    where
        T: AsyncRead + Unpin + Send,
    {
        Ok(Parcel::Incoming(self.read(io, Message::BYTES_MAX).await?))
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Parcel) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, request).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, answer: Parcel) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, answer).await
    }
}
