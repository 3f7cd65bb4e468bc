//! A peer that speaks the transport's protocols by hand, and then says what it likes.

use std::{sync::Arc, task::Poll, time::Duration};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future::poll_fn};
use libp2p::{
    Multiaddr, PeerId, Transport as _,
    core::{
        Endpoint,
        muxing::{StreamMuxerBox, StreamMuxerExt as _, SubstreamBox},
        transport::{DialOpts, PortUse},
        upgrade::OutboundConnectionUpgrade as _,
    },
    identity::Keypair,
    multiaddr::Protocol,
    noise, tcp,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{node::Setup, samples::domain};
use crate::network::{
    NetworkLimits,
    handshake::Reception,
    kind::{Lane, Names},
    roster::Roster,
    transport::transport,
};

const DIAL: DialOpts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };

/// What becomes of the streams that the node opens, after they were agreed to.
#[derive(Clone, Copy)]
enum Theirs {
    Held,
    Closed,
}

/// A connection with a node, past its handshake. Whatever stream the node opens is agreed to and never read.
pub(crate) struct Intruder {
    pub(crate) peer: PeerId,
    streams: mpsc::Sender<oneshot::Sender<SubstreamBox>>,
    names: Names,
    task: JoinHandle<()>,
}

impl Intruder {
    /// Shakes hands with the node at `address` as a stranger of its network.
    pub(crate) async fn connect(address: &Multiaddr) -> Self {
        Self::connect_as(&Setup::new(), address).await.unwrap()
    }

    /// Shakes hands with the key, record and network of `setup`.
    pub(crate) async fn connect_as(setup: &Setup, address: &Multiaddr) -> Result<Self, String> {
        Self::connect_and(Theirs::Held, setup, address).await
    }

    /// The same, but closes every stream that the node opens.
    pub(crate) async fn connect_closing(setup: &Setup, address: &Multiaddr) -> Result<Self, String> {
        Self::connect_and(Theirs::Closed, setup, address).await
    }

    async fn connect_and(theirs: Theirs, setup: &Setup, address: &Multiaddr) -> Result<Self, String> {
        let roster = Roster::new(domain(), NetworkLimits::default().seat_pause);
        let reception = Arc::new(Reception::new(setup.network, "intruder".into(), setup.record, roster));
        let mut transport = transport(&setup.key, reception, &NetworkLimits::default()).unwrap();
        let dialled = transport.dial(without_peer(address), DIAL).unwrap().await;
        let (_, muxer) = dialled.map_err(|error| error.to_string())?;
        let (streams, wanted) = mpsc::channel(1);
        let task = tokio::spawn(drive(muxer, wanted, theirs));
        Ok(Self { peer: setup.key.public().to_peer_id(), streams, names: Names::of(setup.network), task })
    }

    /// Opens a lane.
    pub(crate) async fn lane(&self, lane: Lane) -> SubstreamBox {
        self.stream(self.names.lane(lane).as_ref()).await
    }

    /// Opens a stream for a question.
    pub(crate) async fn exchange(&self) -> SubstreamBox {
        self.stream(self.names.exchange().as_ref()).await
    }

    async fn stream(&self, protocol: &str) -> SubstreamBox {
        let (stream, opened) = oneshot::channel();
        self.streams.send(stream).await.unwrap();
        let mut stream = opened.await.unwrap();
        assert!(agree(&mut stream, protocol).await, "the node speaks {protocol}");
        stream
    }

    /// Waits until the node has closed the connection.
    pub(crate) async fn closed(self) {
        let Self { task, streams, .. } = self;
        tokio::time::timeout(Duration::from_secs(30), task).await.expect("the node closes").unwrap();
        drop(streams);
    }
}

/// Says `hello` in place of a hello, and reads what the node says before it parts. `None` if the node does not know
/// `protocol`.
pub(crate) async fn greet(address: &Multiaddr, protocol: &str, hello: &[u8]) -> Option<Vec<u8>> {
    let mut transport = tcp::tokio::Transport::default();
    let mut socket = transport.dial(without_peer(address), DIAL).unwrap().await.unwrap();
    if !agree(&mut socket, protocol).await {
        return None;
    }
    let noise = noise::Config::new(&Keypair::generate_ed25519()).unwrap();
    let (_, mut io) = noise.upgrade_outbound(socket, "/noise").await.unwrap();
    io.write_all(hello).await.unwrap();
    io.flush().await.unwrap();
    let mut heard = Vec::new();
    // However the connection ends, it ends.
    let _ = io.read_to_end(&mut heard).await;
    Some(heard)
}

/// Proposes a protocol by multistream-select; true if the other agrees.
async fn agree<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, protocol: &str) -> bool {
    for line in ["/multistream/1.0.0", protocol] {
        stream.write_all(&multistream(line)).await.unwrap();
        stream.flush().await.unwrap();
        if read_line(stream).await.as_deref() != Some(line) {
            return false;
        }
    }
    true
}

/// Agrees to whatever the node proposes on a stream, and holds the stream without reading it, or closes it.
async fn hold(mut stream: SubstreamBox, theirs: Theirs) {
    for _ in 0..2 {
        let Some(line) = read_line(&mut stream).await else { return };
        if stream.write_all(&multistream(&line)).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    match theirs {
        Theirs::Held => std::future::pending().await,
        Theirs::Closed => (),
    }
}

fn multistream(line: &str) -> Vec<u8> {
    let length = u8::try_from(line.len() + 1).unwrap();
    assert!(length < 128, "one byte of varint");
    [&[length], line.as_bytes(), b"\n"].concat()
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut length = [0];
    stream.read_exact(&mut length).await.ok()?;
    let mut line = vec![0; length[0].into()];
    stream.read_exact(&mut line).await.ok()?;
    Some(String::from_utf8(line).ok()?.trim_end().to_owned())
}

/// Lets a connection move until it is closed or nobody wants it.
async fn drive(mut muxer: StreamMuxerBox, mut wanted: mpsc::Receiver<oneshot::Sender<SubstreamBox>>, theirs: Theirs) {
    let mut asked: Option<oneshot::Sender<SubstreamBox>> = None;
    poll_fn(|cx| {
        while let Poll::Ready(stream) = muxer.poll_inbound_unpin(cx) {
            let Ok(stream) = stream else { return Poll::Ready(()) };
            tokio::spawn(hold(stream, theirs));
        }
        loop {
            if asked.is_none() {
                match wanted.poll_recv(cx) {
                    Poll::Ready(Some(sender)) => asked = Some(sender),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            match muxer.poll_outbound_unpin(cx) {
                Poll::Ready(Ok(stream)) => drop(asked.take().unwrap().send(stream)),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        match muxer.poll_unpin(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

fn without_peer(address: &Multiaddr) -> Multiaddr {
    let mut address = address.clone();
    assert!(matches!(address.pop(), Some(Protocol::P2p(_))), "a node's address names it");
    address
}
