//! The streams of a connection: yamux, whose windows are bounded (rule N19). libp2p's own upgrade lets a peer that
//! delays its answers have a gibibyte a connection, and offers no setting for it.

use std::{
    collections::VecDeque,
    future::{self, Ready},
    io, iter,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::{
    muxing::{StreamMuxer, StreamMuxerEvent},
    upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo},
};
use yamux::{Connection, ConnectionError, Mode, Stream};

use super::limits::{STREAMS_PER_CONNECTION_MAX, UNREAD_BYTES_PER_CONNECTION_MAX};

/// Makes an encrypted connection one of many streams.
#[derive(Clone, Debug)]
pub(crate) struct Streams(yamux::Config);

/// A connection of many streams.
pub(crate) struct Muxer<C> {
    connection: Connection<C>,
    /// Streams of the peer that nobody has taken yet: those that are open are read meanwhile.
    waiting: VecDeque<Stream>,
    /// Who waits for the next of them.
    taker: Option<Waker>,
}

impl Streams {
    /// With our limits.
    pub(crate) fn new() -> Self {
        let mut config = yamux::Config::default();
        // In this order: yamux asserts that the window suffices for as many streams.
        config.set_max_num_streams(STREAMS_PER_CONNECTION_MAX);
        config.set_max_connection_receive_window(Some(UNREAD_BYTES_PER_CONNECTION_MAX));
        Self(config)
    }
}

impl UpgradeInfo for Streams {
    type Info = &'static str;
    type InfoIter = iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        iter::once("/yamux/1.0.0")
    }
}

impl<C> InboundConnectionUpgrade<C> for Streams
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, io: C, _: Self::Info) -> Self::Future {
        future::ready(Ok(Muxer::new(Connection::new(io, self.0, Mode::Server))))
    }
}

impl<C> OutboundConnectionUpgrade<C> for Streams
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, io: C, _: Self::Info) -> Self::Future {
        future::ready(Ok(Muxer::new(Connection::new(io, self.0, Mode::Client))))
    }
}

impl<C> Muxer<C>
where
    C: AsyncRead + AsyncWrite + Unpin + 'static,
{
    const fn new(connection: Connection<C>) -> Self {
        Self { connection, waiting: VecDeque::new(), taker: None }
    }

    /// Reads on, for all streams, until the peer opens one.
    fn poll_opened(&mut self, cx: &mut Context<'_>) -> Poll<Result<Stream, ConnectionError>> {
        self.connection.poll_next_inbound(cx).map(|opened| opened.unwrap_or(Err(ConnectionError::Closed)))
    }
}

impl<C> StreamMuxer for Muxer<C>
where
    C: AsyncRead + AsyncWrite + Unpin + 'static,
{
    type Substream = Stream;
    type Error = ConnectionError;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Stream, ConnectionError>> {
        if let Some(stream) = self.waiting.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        let opened = self.poll_opened(cx);
        if opened.is_pending() {
            self.taker = Some(cx.waker().clone());
        }
        opened
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Stream, ConnectionError>> {
        self.connection.poll_new_outbound(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        self.connection.poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, ConnectionError>> {
        let stream = ready!(self.poll_opened(cx))?;
        // These are open, and yamux opens no more. One that is let go here is reset.
        if self.waiting.len() < STREAMS_PER_CONNECTION_MAX {
            self.waiting.push_back(stream);
        }
        if let Some(taker) = self.taker.take() {
            taker.wake();
        }
        // Others have their turn before the next stream.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
