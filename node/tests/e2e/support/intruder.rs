//! A peer that speaks the transport's protocols by hand, and then says what it likes.

#[path = "../../support/streams.rs"]
mod streams;

use eyre::{ContextCompat as _, Result};
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::{
    Multiaddr, Transport as _,
    core::{
        Endpoint,
        muxing::{StreamMuxerBox, SubstreamBox},
        transport::{DialOpts, PortUse},
        upgrade::OutboundConnectionUpgrade as _,
    },
    identity::Keypair,
    noise, tcp, yamux,
};
use rota_proto::{Height, Message, NetworkId, Status};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use streams::{agree, drive};

/// The protocol that every connection begins with.
const HANDSHAKE: &str = "/rota/handshake/1";

/// A message after its length.
pub(crate) fn framed(message: &[u8]) -> Result<Vec<u8>> {
    Ok([&u32::try_from(message.len())?.to_be_bytes(), message].concat())
}

/// A stranger's first words: no record, and a status of this network.
pub(crate) fn hello(network: NetworkId) -> Vec<u8> {
    let status = Status { network, version: "intruder".into(), height: Height(0), batch: NetworkId::ZERO };
    [&[0], Message::Status(status).encode().as_slice()].concat()
}

/// A connection with a node, past its handshake. Whatever stream the node opens is agreed to and never read.
pub(crate) struct Intruder {
    streams: mpsc::Sender<oneshot::Sender<SubstreamBox>>,
    prefix: String,
    _driving: JoinHandle<()>,
}

impl Intruder {
    /// Shakes hands with the node at `address` as a stranger with a new key.
    pub(crate) async fn connect(address: &Multiaddr, network: NetworkId) -> Result<Self> {
        let mut io = greet(address, &framed(&hello(network))?).await?;
        let mut theirs = [0; 4];
        io.read_exact(&mut theirs).await?;
        let mut theirs = vec![0; usize::try_from(u32::from_be_bytes(theirs))?];
        io.read_exact(&mut theirs).await?;
        agree(&mut io, "/yamux/1.0.0").await?;
        let muxer = yamux::Config::default().upgrade_outbound(io, "/yamux/1.0.0").await?;
        let (streams, wanted) = mpsc::channel(1);
        let driving = tokio::spawn(drive(StreamMuxerBox::new(muxer), wanted, true));
        let prefix = format!("/rota/{}", hex::encode(network.get(..8).wrap_err("32 bytes")?));
        Ok(Self { streams, prefix, _driving: driving })
    }

    /// Opens a stream for a protocol of the network: `votes`, `bulk` or `exchange`.
    pub(crate) async fn stream(&self, protocol: &str) -> Result<SubstreamBox> {
        let (stream, opened) = oneshot::channel();
        self.streams.send(stream).await?;
        let mut stream = opened.await?;
        agree(&mut stream, &format!("{}/{protocol}/1", self.prefix)).await?;
        Ok(stream)
    }
}

/// Encrypts a new connection under a new key and says `hello` in place of a hello.
pub(crate) async fn greet(
    address: &Multiaddr,
    hello: &[u8],
) -> Result<noise::Output<impl AsyncRead + AsyncWrite + Send + Unpin + use<>>> {
    let mut transport = tcp::tokio::Transport::default();
    let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    let mut socket = transport.dial(address.clone(), options)?.await?;
    agree(&mut socket, HANDSHAKE).await?;
    let noise = noise::Config::new(&Keypair::generate_ed25519())?;
    let (_, mut io) = noise.upgrade_outbound(socket, "/noise").await?;
    io.write_all(hello).await?;
    io.flush().await?;
    Ok(io)
}
