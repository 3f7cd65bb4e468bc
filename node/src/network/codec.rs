//! Requests and answers on the wire: one frame each. An empty answer says that the asked node has none.

use std::{io, time::Duration};

use bytes::Bytes;
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use rota_proto::{Message, WireError, limits};

use super::{
    frame::{FrameError, read_frame},
    misbehaviour::Misbehaviour,
};

/// The most bytes of a request.
const REQUEST_BYTES_MAX: usize = limits::REQUEST_BYTES_MAX + 8;

/// One end of an exchange: what we write is encoded, what we read is decoded, in the connection's own task.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    /// A whole frame, to be written.
    Outgoing(Bytes),
    /// A message that was read; `None` is an empty answer.
    Incoming(Option<Box<Message>>),
    /// What was read is a fault of the peer. libp2p keeps errors of unread questions to itself, so this is no error.
    Faulty(Misbehaviour),
}

/// Why what came over an exchange is none.
#[derive(Debug, thiserror::Error)]
enum ExchangeError {
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

impl ExchangeError {
    /// The fault behind the error, or the error of a connection that broke without anyone's fault.
    fn fault(self) -> io::Result<Parcel> {
        match self {
            Self::Wire(error) => Ok(Parcel::Faulty(Misbehaviour::of_wire(&error))),
            Self::Empty => Ok(Parcel::Faulty(Misbehaviour::Malformed)),
            Self::Frame(FrameError::TooLong { .. }) => Ok(Parcel::Faulty(Misbehaviour::Oversized)),
            Self::Frame(FrameError::Stalled { .. }) => Ok(Parcel::Faulty(Misbehaviour::Stalled)),
            Self::Frame(FrameError::Io(error)) => Err(error),
            Self::Frame(error @ FrameError::Truncated { .. }) => Err(io::Error::other(error)),
        }
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
        let bytes = read_frame(io, || limit, self.patience).await?;
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
        Parcel::Incoming(_) | Parcel::Faulty(_) => Err(io::Error::other("what was read is not written")),
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
        let request = self.read(io, REQUEST_BYTES_MAX).await.and_then(|request| request.ok_or(ExchangeError::Empty));
        request.map(|request| Parcel::Incoming(Some(request))).or_else(ExchangeError::fault)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Parcel>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read(io, Message::BYTES_MAX).await.map(Parcel::Incoming).or_else(ExchangeError::fault)
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
