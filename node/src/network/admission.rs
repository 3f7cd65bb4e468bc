//! Who may connect: bans, places for strangers, and how often one address may try.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};
use rota_proto::ConsensusKey;

use super::{
    address::{Expected, address_of},
    attempts::Attempts,
    handshake::Reception,
    limits::{NetworkLimits, SCORES_MAX},
    lock::lock,
    pending::Pending,
    places::{Place, Places},
};

/// Why a connection was not let in (rules N7, N8).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The peer is banned.
    #[error("it is banned for another {seconds} s")]
    Banned {
        /// Seconds until the ban ends.
        seconds: u64,
    },
    /// All places for peers that are neither validators nor configured are taken.
    #[error("all {limit} places for strangers are taken")]
    TooManyStrangers {
        /// The places.
        limit: usize,
    },
    /// The address holds all the places that one address may hold.
    #[error("its address holds {limit} places already")]
    TooManyFromAddress {
        /// The places.
        limit: usize,
    },
    /// The address opens connections too often.
    #[error("{address} opens connections too often")]
    TooManyAttempts {
        /// The address; of IPv6 the first half.
        address: IpAddr,
    },
    /// All places for connections that still shake hands are taken.
    #[error("{limit} connections shake hands already")]
    TooManyPending {
        /// The places.
        limit: usize,
    },
    /// The address has as many connections that still shake hands as one may have.
    #[error("{address} shakes hands on {limit} connections already")]
    TooManyPendingFromAddress {
        /// The address; of IPv6 the /64 or the /48.
        address: IpAddr,
        /// The places.
        limit: usize,
    },
    /// Too many connections with one peer, or in all.
    #[error("at most {0} connections of this kind are allowed")]
    ConnectionLimit(u32),
}

/// Lets connections in or refuses them by name.
pub(crate) struct Admission {
    reception: Arc<Reception>,
    limits: Arc<NetworkLimits>,
    expected: Expected,
    bans: BTreeMap<PeerId, Instant>,
    attempts: Attempts,
    expected_attempts: Attempts,
    pending: Pending,
    places: Places,
}

impl Admission {
    /// `configured` are the peers of the operator: they need no place.
    pub(crate) fn new(
        reception: Arc<Reception>,
        limits: Arc<NetworkLimits>,
        configured: impl IntoIterator<Item = PeerId>,
    ) -> Self {
        Self {
            reception,
            expected: Expected::new(configured),
            bans: BTreeMap::new(),
            attempts: Attempts::new(limits.attempts_per_address),
            expected_attempts: Attempts::new(limits.attempts_per_expected_address),
            pending: Pending::default(),
            places: Places::default(),
            limits,
        }
    }

    /// Where a configured peer is now.
    pub(crate) fn resolved(&mut self, peer: &PeerId, addresses: &[Multiaddr]) {
        self.expected.resolved(peer, addresses);
    }

    /// A connected peer speaks for a validator from now on.
    pub(crate) fn seated(&mut self, peer: &PeerId, key: ConsensusKey) {
        for address in self.places.promote(peer) {
            self.remember(key, address);
        }
    }

    /// A connected peer speaks for no validator any more. Gives those of its connections that find no stranger's
    /// place and are to be closed (rule N7).
    pub(crate) fn unseated(&mut self, peer: &PeerId) -> Vec<ConnectionId> {
        if self.expected.is_configured(peer) { Vec::new() } else { self.places.demote(peer, &self.limits) }
    }

    /// Bans a peer. The caller closes its connections.
    pub(crate) fn ban(&mut self, peer: PeerId, time: Duration) {
        let now = Instant::now();
        self.bans.retain(|_, until| *until > now);
        if self.bans.len() >= SCORES_MAX {
            let soonest = self.bans.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| *peer);
            soonest.and_then(|peer| self.bans.remove(&peer));
        }
        self.bans.insert(peer, now + time);
    }

    /// How long the peer is banned yet.
    pub(crate) fn banned(&self, peer: &PeerId) -> Option<Duration> {
        self.bans.get(peer)?.checked_duration_since(Instant::now())
    }

    fn check_ban(&self, peer: &PeerId) -> Result<(), Denied> {
        match self.banned(peer) {
            Some(left) => Err(Denied::Banned { seconds: left.as_secs() + 1 }),
            None => Ok(()),
        }
    }

    fn remember(&mut self, key: ConsensusKey, address: IpAddr) {
        self.expected.seen(key, address, lock(&self.reception.roster).validators());
    }

    /// N7, N8: an address may try only so often and shake hands on so many connections at once; one that we expect
    /// has places and attempts of its own.
    fn check_pending(&mut self, connection: ConnectionId, address: IpAddr) -> Result<(), Denied> {
        let expected = self.expected.keeps(&address);
        let attempts = if expected { &mut self.expected_attempts } else { &mut self.attempts };
        attempts.check(address, Instant::now())?;
        self.pending.take(connection, address, expected, &self.limits)
    }

    /// N7: validators and configured peers always find a place; strangers share theirs, address by address.
    fn check_place(&mut self, connection: ConnectionId, peer: PeerId, address: IpAddr) -> Result<(), Denied> {
        self.check_ban(&peer)?;
        let stranger = !self.recognises(&peer, address) && !self.expected.is_configured(&peer);
        self.places.take(connection, Place { peer, address, inbound: true, stranger }, &self.limits)
    }

    /// Whether the peer speaks for a validator; then its address is expected from now on.
    fn recognises(&mut self, peer: &PeerId, address: IpAddr) -> bool {
        let key = lock(&self.reception.roster).validator_of(peer);
        key.is_some_and(|key| {
            self.remember(key, address);
            true
        })
    }
}

impl NetworkBehaviour for Admission {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.check_pending(connection, address_of(remote)).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.free(&connection);
        self.check_place(connection, peer, address_of(remote)).map_err(|denied| {
            // Its hello will not be asked for.
            self.reception.take(&peer);
            ConnectionDenied::new(denied)
        })?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        peer.map_or(Ok(()), |peer| self.check_ban(&peer)).map_err(ConnectionDenied::new)?;
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check_ban(&peer).map_err(ConnectionDenied::new)?;
        let address = address_of(remote);
        self.recognises(&peer, address);
        let ours = Place { peer, address, inbound: false, stranger: false };
        self.places.take(connection, ours, &self.limits).map_err(ConnectionDenied::new)?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. }) = event {
            self.places.free(&connection_id);
        } else if let FromSwarm::ListenFailure(failure) = event {
            // The handshake failed, or a behaviour that was asked after this one refused.
            self.pending.free(&failure.connection_id);
            self.places.free(&failure.connection_id);
        } else if let FromSwarm::DialFailure(failure) = event {
            self.places.free(&failure.connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
