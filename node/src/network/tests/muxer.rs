//! Streams of a connection whose other end speaks yamux by hand (rule N19).

use std::{
    collections::BTreeMap,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::{muxing::StreamMuxerExt as _, upgrade::InboundConnectionUpgrade as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadBuf},
    time::sleep,
};

use crate::network::{
    limits::{STREAMS_PER_CONNECTION_MAX, UNREAD_BYTES_PER_CONNECTION_MAX},
    muxer::{Muxer, Streams},
};

/// The window of a stream that was just opened.
const FIRST_WINDOW: u32 = 256 << 10;

const DATA: u8 = 0;
const WINDOW_UPDATE: u8 = 1;
const PING: u8 = 2;
const GO_AWAY: u8 = 3;

const OPENS: u8 = 1;
const AGREES: u8 = 2;

/// An end of a pipe in memory, as libp2p takes it.
struct Pipe(DuplexStream);

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(bytes);
        ready!(tokio::io::AsyncRead::poll_read(Pin::new(&mut self.0), cx, &mut read))?;
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        tokio::io::AsyncWrite::poll_write(Pin::new(&mut self.0), cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        tokio::io::AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut self.0), cx)
    }
}

/// The peer's end of a connection.
struct Peer(DuplexStream);

/// A frame without its content.
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    length: u32,
}

impl Peer {
    /// Connects with a node that reads whatever comes on any stream.
    async fn connect() -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let muxer = Streams::new().upgrade_inbound(Pipe(ours), "").await.unwrap();
        tokio::spawn(read_all(muxer));
        Self(theirs)
    }

    async fn says(&mut self, kind: u8, flags: u8, stream: u32, length: u32) {
        let head = [0, kind, 0, flags];
        let header = [head, stream.to_be_bytes(), length.to_be_bytes()].concat();
        self.0.write_all(&header).await.unwrap();
    }

    async fn hears(&mut self) -> io::Result<Frame> {
        let [_, kind, _, flags] = self.0.read_u32().await?.to_be_bytes();
        Ok(Frame { kind, flags, stream: self.0.read_u32().await?, length: self.0.read_u32().await? })
    }
}

async fn read_all(mut muxer: Muxer<Pipe>) {
    while let Ok(mut stream) = poll_fn(|cx| muxer.poll_inbound_unpin(cx)).await {
        tokio::spawn(async move {
            let mut bytes = vec![0; 1 << 16];
            while futures::AsyncReadExt::read(&mut stream, &mut bytes).await.is_ok_and(|length| length > 0) {}
        });
    }
}

#[tokio::test]
async fn peer_that_seems_far_away_widens_its_windows_and_not_beyond_the_limit() {
    // N19
    let mut peer = Peer::connect().await;
    let mut credits = BTreeMap::from([1, 3, 5, 7].map(|stream| (stream, FIRST_WINDOW)));
    let mut widest = credits.clone();
    let mut answered = false;
    for round in 0..12 {
        for (stream, credit) in &mut credits {
            let mut flags = if round == 0 { OPENS } else { 0 };
            while *credit > 0 {
                let length = FIRST_WINDOW.min(*credit);
                peer.says(DATA, flags, *stream, length).await;
                peer.0.write_all(&vec![7; usize::try_from(length).unwrap()]).await.unwrap();
                *credit -= length;
                flags = 0;
            }
        }
        while credits.values().any(|credit| *credit == 0) {
            let frame = peer.hears().await.unwrap();
            match frame.kind {
                WINDOW_UPDATE => {
                    let credit = credits.get_mut(&frame.stream).unwrap();
                    *credit += frame.length;
                    let widest = widest.get_mut(&frame.stream).unwrap();
                    *widest = (*credit).max(*widest);
                }
                PING if !answered => {
                    sleep(Duration::from_secs(1)).await;
                    peer.says(PING, AGREES, 0, frame.length).await;
                    answered = true;
                }
                PING => (),
                kind => panic!("the node ends it by {kind}"),
            }
        }
    }
    let unread: u32 = widest.values().sum();
    let others = (STREAMS_PER_CONNECTION_MAX - widest.len()) * usize::try_from(FIRST_WINDOW).unwrap();
    assert!(unread > 8 * FIRST_WINDOW, "{widest:?}: the windows of four streams grow");
    assert!(usize::try_from(unread).unwrap() <= UNREAD_BYTES_PER_CONNECTION_MAX - others, "{widest:?}");
}

#[tokio::test]
async fn one_stream_too_many_is_not_opened() {
    // N19
    let mut peer = Peer::connect().await;
    let mut streams = (1u32..).step_by(2);
    for stream in streams.by_ref().take(STREAMS_PER_CONNECTION_MAX) {
        peer.says(DATA, OPENS, stream, 0).await;
    }
    peer.says(PING, OPENS, 0, 42).await;
    let agrees = |frame: &Frame| frame.kind == PING && frame.flags == AGREES;
    while !agrees(&peer.hears().await.unwrap()) {}
    peer.says(DATA, OPENS, streams.next().unwrap(), 0).await;
    while peer.hears().await.unwrap().kind != GO_AWAY {}
}
