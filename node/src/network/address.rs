//! Addresses as admission counts them, and those that have places of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv6Addr},
};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use rota_proto::ConsensusKey;

use super::limits::{ADDRESSES_PER_PEER_MAX, VALIDATORS_MAX};

/// The address behind a multiaddr: of IPv6 the /64, which one customer of a provider has as a whole.
pub(crate) fn address_of(address: &Multiaddr) -> IpAddr {
    let ip = address.iter().find_map(|part| {
        if let Protocol::Ip4(ip) = part {
            Some(IpAddr::V4(ip))
        } else if let Protocol::Ip6(ip) = part {
            // A socket that listens to both shows an IPv4 address inside one of IPv6.
            Some(ip.to_canonical())
        } else {
            None
        }
    });
    cut(ip.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)), 64)
}

/// The site of an address: of IPv6 the /48, which many providers hand out on request; of IPv4 the address itself.
pub(crate) fn site_of(address: IpAddr) -> IpAddr {
    cut(address, 48)
}

fn cut(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - bits)))),
    }
}

/// Whom we expect, and from where: configured peers, and validators that spoke to us before (rule N7).
#[derive(Debug)]
pub(crate) struct Expected {
    configured: BTreeMap<PeerId, Vec<IpAddr>>,
    /// Where a validator was seen last. One address a key, so that no key keeps places for many.
    validators: BTreeMap<ConsensusKey, IpAddr>,
}

impl Expected {
    pub(crate) fn new(configured: impl IntoIterator<Item = PeerId>) -> Self {
        Self {
            configured: configured.into_iter().map(|peer| (peer, Vec::new())).collect(),
            validators: BTreeMap::new(),
        }
    }

    pub(crate) fn is_configured(&self, peer: &PeerId) -> bool {
        self.configured.contains_key(peer)
    }

    /// Where a configured peer is now, its name resolved.
    pub(crate) fn resolved(&mut self, peer: &PeerId, addresses: &[Multiaddr]) {
        if let Some(known) = self.configured.get_mut(peer).filter(|_| !addresses.is_empty()) {
            *known = addresses.iter().take(ADDRESSES_PER_PEER_MAX).map(address_of).collect();
        }
    }

    /// A peer at this address proved to speak for a validator of these sets.
    pub(crate) fn seen(&mut self, key: ConsensusKey, address: IpAddr, sets: &BTreeSet<ConsensusKey>) {
        self.validators.insert(key, address);
        if self.validators.len() > VALIDATORS_MAX {
            self.validators.retain(|key, _| sets.contains(key));
        }
    }

    /// Whether the address has places of its own.
    pub(crate) fn keeps(&self, address: &IpAddr) -> bool {
        self.validators.values().any(|known| known == address)
            || self.configured.values().flatten().any(|known| known == address)
    }
}
