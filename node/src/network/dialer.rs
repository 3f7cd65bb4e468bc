//! Configured peers, dialled until they answer.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use rand::Rng as _;

use super::limits::STATIC_PEERS_MAX;

/// What is wrong with a configured peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerAddressError {
    /// Without a peer id anyone could answer.
    #[error("{0} does not end in /p2p/ and a peer id")]
    NoPeerId(Multiaddr),
    /// We cannot dial it.
    #[error("{0} is not an /ip4, /ip6, /dns, /dns4 or /dns6 address with /tcp")]
    NotTcp(Multiaddr),
    /// More peers than can be connected.
    #[error("{count} peers are configured, above the limit of {limit}")]
    TooMany {
        /// How many.
        count: usize,
        /// How many may be.
        limit: usize,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// To be dialled at that time.
    Waiting { at: Instant },
    /// Being dialled.
    Dialling,
    /// Connected, by whomever.
    Connected,
}

#[derive(Clone, Debug)]
struct Target {
    addresses: Vec<Multiaddr>,
    state: State,
    failures: u32,
}

/// Dials configured peers again and again, with pauses that double and differ (rule N9).
#[derive(Debug)]
pub(crate) struct Dialer {
    targets: BTreeMap<PeerId, Target>,
    first: Duration,
    max: Duration,
}

impl Dialer {
    /// # Errors
    /// [`PeerAddressError`] names the address that cannot be dialled.
    pub(crate) fn new(peers: &[Multiaddr], first: Duration, max: Duration) -> Result<Self, PeerAddressError> {
        if peers.len() > STATIC_PEERS_MAX {
            return Err(PeerAddressError::TooMany { count: peers.len(), limit: STATIC_PEERS_MAX });
        }
        let mut targets = BTreeMap::new();
        for address in peers {
            let (peer, address) = split(address)?;
            let state = State::Waiting { at: Instant::now() };
            let target = targets.entry(peer).or_insert(Target { addresses: Vec::new(), state, failures: 0 });
            target.addresses.push(address);
        }
        Ok(Self { targets, first, max })
    }

    /// The configured peers.
    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.targets.keys().copied()
    }

    /// Whether the peer is configured.
    pub(crate) fn knows(&self, peer: &PeerId) -> bool {
        self.targets.contains_key(peer)
    }

    /// When the next dial is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        let times = self.targets.values().filter_map(|target| match target.state {
            State::Waiting { at } => Some(at),
            State::Dialling | State::Connected => None,
        });
        times.min()
    }

    /// A peer that is due, from now on being dialled.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(PeerId, Vec<Multiaddr>)> {
        let due = |target: &Target| matches!(target.state, State::Waiting { at } if at <= now);
        let (peer, target) = self.targets.iter_mut().find(|(_, target)| due(target))?;
        target.state = State::Dialling;
        Some((*peer, target.addresses.clone()))
    }

    pub(crate) fn connected(&mut self, peer: &PeerId) {
        if let Some(target) = self.targets.get_mut(peer) {
            target.state = State::Connected;
            target.failures = 0;
        }
    }

    /// The last connection is gone, or a dial failed.
    pub(crate) fn lost(&mut self, peer: &PeerId, now: Instant) {
        let Some(target) = self.targets.get_mut(peer) else { return };
        let pause = self.first.saturating_mul(1 << target.failures.min(16)).min(self.max);
        target.failures = target.failures.saturating_add(1);
        // Between half and all of the pause, so that restarted nodes do not dial in step.
        let pause = pause.mul_f64(rand::rng().random_range(0.5..=1.0));
        target.state = State::Waiting { at: now + pause };
    }
}

/// An address and the peer behind it.
fn split(address: &Multiaddr) -> Result<(PeerId, Multiaddr), PeerAddressError> {
    let mut rest = address.clone();
    let Some(Protocol::P2p(peer)) = rest.pop() else { return Err(PeerAddressError::NoPeerId(address.clone())) };
    let mut parts = rest.iter();
    let host = parts.next();
    let tcp = matches!(parts.next(), Some(Protocol::Tcp(_))) && parts.next().is_none();
    let named = matches!(host, Some(Protocol::Ip4(_) | Protocol::Ip6(_))) || host.as_ref().is_some_and(is_name);
    if tcp && named { Ok((peer, rest)) } else { Err(PeerAddressError::NotTcp(address.clone())) }
}

fn is_name(part: &Protocol<'_>) -> bool {
    matches!(part, Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_))
}

/// Asks the system for the addresses behind names; numbers stay as they are. What cannot be resolved is left out.
pub(crate) async fn resolve(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let mut resolved = Vec::new();
    for address in addresses {
        let mut parts = address.iter();
        let (Some(host), Some(Protocol::Tcp(port))) = (parts.next(), parts.next()) else { continue };
        let (Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) = &host else {
            resolved.push(address);
            continue;
        };
        let fits = |found: &SocketAddr| {
            let other =
                if found.is_ipv4() { matches!(host, Protocol::Dns6(_)) } else { matches!(host, Protocol::Dns4(_)) };
            !other
        };
        if let Ok(found) = tokio::net::lookup_host((name.as_ref(), port)).await {
            resolved.extend(found.filter(fits).map(|found| Multiaddr::from(found.ip()).with(Protocol::Tcp(port))));
        }
    }
    resolved
}
