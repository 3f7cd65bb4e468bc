//! A peer that speaks the transport's protocols by hand, and then says what it likes.

#[path = "../../../../tests/support/streams.rs"]
mod streams;

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{
    Multiaddr, PeerId, Transport as _,
    core::{
        Endpoint,
        muxing::SubstreamBox,
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

use streams::{agree, drive};

use super::{node::Setup, samples::domain};
use crate::network::{
    NetworkLimits,
    handshake::Reception,
    kind::{Lane, Names},
    roster::Roster,
    transport::transport,
};

const DIAL: DialOpts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };

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
        Self::connect_and(true, setup, address).await
    }

    /// The same, but closes every stream that the node opens.
    pub(crate) async fn connect_closing(setup: &Setup, address: &Multiaddr) -> Result<Self, String> {
        Self::connect_and(false, setup, address).await
    }

    async fn connect_and(holds: bool, setup: &Setup, address: &Multiaddr) -> Result<Self, String> {
        let roster = Roster::new(domain(), NetworkLimits::default().seat_pause);
        let reception = Arc::new(Reception::new(setup.network, "intruder".into(), setup.record, roster));
        let mut transport = transport(&setup.key, reception, &NetworkLimits::default()).unwrap();
        let dialled = transport.dial(without_peer(address), DIAL).unwrap().await;
        let (_, muxer) = dialled.map_err(|error| error.to_string())?;
        let (streams, wanted) = mpsc::channel(1);
        let task = tokio::spawn(drive(muxer, wanted, holds));
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
        agree(&mut stream, protocol).await.unwrap();
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
    agree(&mut socket, protocol).await.ok()?;
    let noise = noise::Config::new(&Keypair::generate_ed25519()).unwrap();
    let (_, mut io) = noise.upgrade_outbound(socket, "/noise").await.unwrap();
    io.write_all(hello).await.unwrap();
    io.flush().await.unwrap();
    let mut heard = Vec::new();
    // However the connection ends, it ends.
    let _ = io.read_to_end(&mut heard).await;
    Some(heard)
}

fn without_peer(address: &Multiaddr) -> Multiaddr {
    let mut address = address.clone();
    assert!(matches!(address.pop(), Some(Protocol::P2p(_))), "a node's address names it");
    address
}
