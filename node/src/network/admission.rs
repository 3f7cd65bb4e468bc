//! Who may connect: bans, places for strangers, and how often one address may try.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};

use super::{
    handshake::Reception,
    limits::{ADDRESSES_MAX, NetworkLimits, SCORES_MAX},
    lock::lock,
    rate::Bucket,
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
    /// Too many connections with one peer, or too many under way.
    #[error("at most {0} connections of this kind are allowed")]
    ConnectionLimit(u32),
}

/// Lets connections in or refuses them by name.
pub(crate) struct Admission {
    reception: Arc<Reception>,
    limits: Arc<NetworkLimits>,
    /// Peers that the operator configured: they need no place.
    known: BTreeSet<PeerId>,
    bans: BTreeMap<PeerId, Instant>,
    attempts: BTreeMap<IpAddr, Bucket>,
    strangers: BTreeMap<ConnectionId, IpAddr>,
}

impl Admission {
    pub(crate) fn new(reception: Arc<Reception>, limits: Arc<NetworkLimits>, known: BTreeSet<PeerId>) -> Self {
        let (bans, attempts, strangers) = Default::default();
        Self { reception, limits, known, bans, attempts, strangers }
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

    /// N8: an address may try only so often, whatever comes of it.
    fn check_attempt(&mut self, address: IpAddr) -> Result<(), Denied> {
        let now = Instant::now();
        if self.attempts.len() >= ADDRESSES_MAX && !self.attempts.contains_key(&address) {
            self.attempts.retain(|_, bucket| !bucket.is_full(now));
            if self.attempts.len() >= ADDRESSES_MAX {
                self.attempts.pop_first();
            }
        }
        let rate = self.limits.attempts_per_address;
        let bucket = self.attempts.entry(address).or_insert_with(|| Bucket::new(rate, now));
        if bucket.try_take(1.0, now) { Ok(()) } else { Err(Denied::TooManyAttempts { address }) }
    }

    /// N7: validators and configured peers always find a place; strangers share theirs, address by address.
    fn check_place(&mut self, connection: ConnectionId, peer: &PeerId, address: IpAddr) -> Result<(), Denied> {
        self.check_ban(peer)?;
        if self.known.contains(peer) || lock(&self.reception.roster).validator_of(peer).is_some() {
            return Ok(());
        }
        let limit = self.limits.strangers_in_max;
        if self.strangers.len() >= limit {
            return Err(Denied::TooManyStrangers { limit });
        }
        let limit = self.limits.strangers_per_address_max;
        if self.strangers.values().filter(|taken| **taken == address).count() >= limit {
            return Err(Denied::TooManyFromAddress { limit });
        }
        self.strangers.insert(connection, address);
        Ok(())
    }
}

/// The address behind a multiaddr, an IPv6 one cut to the half that a provider hands out as a whole.
fn address_of(address: &Multiaddr) -> IpAddr {
    let ip = address.iter().find_map(|part| {
        if let Protocol::Ip4(ip) = part {
            Some(IpAddr::V4(ip))
        } else if let Protocol::Ip6(ip) = part {
            Some(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))))
        } else {
            None
        }
    });
    ip.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

impl NetworkBehaviour for Admission {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.check_attempt(address_of(remote)).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check_place(connection, &peer, address_of(remote)).map_err(|denied| {
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
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check_ban(&peer).map_err(ConnectionDenied::new)?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. }) = event {
            self.strangers.remove(&connection_id);
        } else if let FromSwarm::ListenFailure(failure) = event {
            // Refused by a behaviour that was asked after this one.
            self.strangers.remove(&failure.connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
