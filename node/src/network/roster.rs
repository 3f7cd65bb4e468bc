//! Which peer speaks for which validator.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;
use rota_proto::{ConsensusKey, SigningDomain};

use super::record::PeerRecord;

/// What a peer's record is worth (rule N5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its key is in no set we know: nothing is checked, nothing believed.
    Unknown,
    /// Its key is in a set and did not sign it for this peer.
    Forged,
    /// A record of the same key with a higher sequence, or as high and of another peer, was believed before.
    Outdated,
    /// The peer speaks for the key.
    Believed(ConsensusKey),
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    peer: PeerId,
    sequence: u64,
}

/// The validators of the sets we know, and the peers that speak for them.
#[derive(Debug)]
pub(crate) struct Roster {
    domain: SigningDomain,
    validators: BTreeSet<ConsensusKey>,
    seats: BTreeMap<ConsensusKey, Seat>,
}

impl Roster {
    pub(crate) fn new(domain: SigningDomain) -> Self {
        Self { domain, validators: BTreeSet::new(), seats: BTreeMap::new() }
    }

    /// The validators of the current and the next set. Who is in neither loses its seat.
    pub(crate) fn set_validators(&mut self, validators: BTreeSet<ConsensusKey>) {
        self.seats.retain(|key, _| validators.contains(key));
        self.validators = validators;
    }

    /// Judges the record that `peer` shows, and seats the peer if it is believed.
    pub(crate) fn judge(&mut self, peer: PeerId, record: &PeerRecord) -> Standing {
        let key = record.consensus_key;
        if !self.validators.contains(&key) {
            return Standing::Unknown;
        }
        if !record.stands_for(&self.domain, &peer) {
            return Standing::Forged;
        }
        match self.seats.get(&key) {
            Some(seat) if seat.sequence > record.sequence => Standing::Outdated,
            Some(seat) if seat.sequence == record.sequence && seat.peer != peer => Standing::Outdated,
            Some(_) | None => {
                self.seats.insert(key, Seat { peer, sequence: record.sequence });
                Standing::Believed(key)
            }
        }
    }

    /// The peer that speaks for `key`.
    pub(crate) fn peer_of(&self, key: &ConsensusKey) -> Option<PeerId> {
        self.seats.get(key).map(|seat| seat.peer)
    }

    /// The peers that speak for all validators but `own`; `None` if nobody speaks for one of them, or there are none.
    pub(crate) fn all_but(&self, own: Option<ConsensusKey>) -> Option<Vec<PeerId>> {
        let others = self.validators.iter().filter(|key| Some(**key) != own);
        let peers: Vec<PeerId> = others.map(|key| self.peer_of(key)).collect::<Option<_>>()?;
        Some(peers).filter(|peers| !peers.is_empty())
    }

    /// The validator that `peer` speaks for.
    pub(crate) fn validator_of(&self, peer: &PeerId) -> Option<ConsensusKey> {
        self.seats.iter().find(|(_, seat)| seat.peer == *peer).map(|(key, _)| *key)
    }
}
