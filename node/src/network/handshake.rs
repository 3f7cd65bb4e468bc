//! The handshake of a connection: encryption, then a hello each way, before anything else can be said.

use std::{
    collections::BTreeMap,
    iter,
    sync::{Arc, Mutex},
    time::Instant,
};

use alloy_primitives::B256;
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt, FutureExt, future::BoxFuture};
use libp2p::{
    PeerId,
    core::{
        UpgradeInfo,
        upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade},
    },
    noise,
};
use rota_proto::{Height, NetworkId, Status};

use super::{
    frame::read_frame,
    hello::{HELLO_BYTES_MAX, HELLO_PATIENCE, HandshakeError, Hello},
    limits::INTRODUCTIONS_MAX,
    lock::lock,
    record::PeerRecord,
    roster::{Roster, Standing},
};

/// The protocol that every connection begins with. It carries no network id: so strangers part by name.
const PROTOCOL: &str = "/rota/handshake/1";

/// Where connections introduce themselves: shared by the transport, which shakes hands, and the network, which
/// learns who it was.
#[derive(Debug)]
pub(crate) struct Reception {
    network: NetworkId,
    version: String,
    record: Option<PeerRecord>,
    head: Mutex<(Height, B256)>,
    pub(crate) roster: Mutex<Roster>,
    introduced: Mutex<Introduced>,
}

#[derive(Debug, Default)]
struct Introduced {
    next: u64,
    hellos: BTreeMap<PeerId, (u64, Hello)>,
}

impl Reception {
    pub(crate) fn new(network: NetworkId, version: String, record: Option<PeerRecord>, roster: Roster) -> Self {
        Self {
            network,
            version,
            record,
            head: Mutex::new((Height(0), B256::ZERO)),
            roster: Mutex::new(roster),
            introduced: Mutex::default(),
        }
    }

    /// What later connections are told of our chain.
    pub(crate) fn set_head(&self, height: Height, batch: B256) {
        *lock(&self.head) = (height, batch);
    }

    /// Our own consensus key.
    pub(crate) fn own_key(&self) -> Option<rota_proto::ConsensusKey> {
        self.record.map(|record| record.consensus_key)
    }

    /// Takes the hello of a peer whose connection now stands.
    pub(crate) fn take(&self, peer: &PeerId) -> Option<Hello> {
        lock(&self.introduced).hellos.remove(peer).map(|(_, hello)| hello)
    }

    fn hello(&self) -> Hello {
        let (height, batch) = *lock(&self.head);
        let status = Status { network: self.network, version: self.version.clone(), height, batch };
        Hello { status, record: self.record }
    }

    /// Says our hello, hears theirs and judges it (rules N3 to N5). Each side writes first, so neither waits for
    /// the other and both learn the reason.
    async fn meet<S>(&self, peer: PeerId, io: &mut S) -> Result<(), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ours = self.hello().encode()?;
        let failed = |error: std::io::Error| HandshakeError::Io(error.to_string());
        io.write_all(&ours).await.map_err(failed)?;
        io.flush().await.map_err(failed)?;
        let bytes = read_frame(io, || HELLO_BYTES_MAX, HELLO_PATIENCE).await?.ok_or(HandshakeError::Ended)?;
        let theirs = Hello::decode(&bytes)?;
        // N4: another network is a named farewell.
        if theirs.status.network != self.network {
            return Err(HandshakeError::WrongNetwork { ours: self.network, theirs: theirs.status.network });
        }
        // N5: a record that names a validator and is not its own is refused at the door.
        if let Some(record) = &theirs.record
            && lock(&self.roster).judge(peer, record, Instant::now()) == Standing::Forged
        {
            return Err(HandshakeError::ForgedRecord(Box::new(record.consensus_key)));
        }
        self.remember(peer, theirs);
        Ok(())
    }

    fn remember(&self, peer: PeerId, hello: Hello) {
        let mut introduced = lock(&self.introduced);
        if introduced.hellos.len() >= INTRODUCTIONS_MAX {
            let oldest = introduced.hellos.iter().min_by_key(|(_, (at, _))| *at).map(|(peer, _)| *peer);
            oldest.and_then(|peer| introduced.hellos.remove(&peer));
        }
        let at = introduced.next;
        introduced.next += 1;
        introduced.hellos.insert(peer, (at, hello));
    }
}

/// Noise, then hellos, as one upgrade of a raw connection.
#[derive(Clone)]
pub(crate) struct Handshake {
    pub(crate) noise: noise::Config,
    pub(crate) reception: Arc<Reception>,
}

impl Handshake {
    async fn meet<S>(
        reception: Arc<Reception>,
        encrypted: Result<(PeerId, noise::Output<S>), noise::Error>,
    ) -> Result<(PeerId, noise::Output<S>), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (peer, mut io) = encrypted.map_err(|error| HandshakeError::Noise(error.to_string()))?;
        reception.meet(peer, &mut io).await?;
        Ok((peer, io))
    }
}

impl UpgradeInfo for Handshake {
    type Info = &'static str;
    type InfoIter = iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        iter::once(PROTOCOL)
    }
}

impl<S> InboundConnectionUpgrade<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = (PeerId, noise::Output<S>);
    type Error = HandshakeError;
    type Future = BoxFuture<'static, Result<Self::Output, HandshakeError>>;

    fn upgrade_inbound(self, socket: S, info: &'static str) -> Self::Future {
        async move { Self::meet(self.reception, self.noise.upgrade_inbound(socket, info).await).await }.boxed()
    }
}

impl<S> OutboundConnectionUpgrade<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = (PeerId, noise::Output<S>);
    type Error = HandshakeError;
    type Future = BoxFuture<'static, Result<Self::Output, HandshakeError>>;

    fn upgrade_outbound(self, socket: S, info: &'static str) -> Self::Future {
        async move { Self::meet(self.reception, self.noise.upgrade_outbound(socket, info).await).await }.boxed()
    }
}
