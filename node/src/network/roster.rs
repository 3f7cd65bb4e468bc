//! Which peer speaks for which validator.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

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
    /// The key's seat moved to another peer just now; at this time it may move again.
    TooSoon(Instant),
    /// The peer speaks for the key.
    Believed(ConsensusKey),
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    peer: PeerId,
    sequence: u64,
    /// When the key went over from another peer. That the seat was empty before is no move.
    moved: Option<Instant>,
}

/// The validators of the sets we know, and the peers that speak for them.
#[derive(Debug)]
pub(crate) struct Roster {
    domain: SigningDomain,
    pause: Duration,
    validators: BTreeSet<ConsensusKey>,
    seats: BTreeMap<ConsensusKey, Seat>,
}

impl Roster {
    /// After each move of a seat `pause` has to pass before the next.
    pub(crate) fn new(domain: SigningDomain, pause: Duration) -> Self {
        Self { domain, pause, validators: BTreeSet::new(), seats: BTreeMap::new() }
    }

    /// The validators of the current and the next set. Who is in neither loses its seat.
    pub(crate) fn set_validators(&mut self, validators: BTreeSet<ConsensusKey>) {
        self.seats.retain(|key, _| validators.contains(key));
        self.validators = validators;
    }

    /// The validators of the current and the next set.
    pub(crate) fn validators(&self) -> &BTreeSet<ConsensusKey> {
        &self.validators
    }

    /// Judges the record that `peer` shows, and seats the peer if it is believed.
    pub(crate) fn judge(&mut self, peer: PeerId, record: &PeerRecord, now: Instant) -> Standing {
        let key = record.consensus_key;
        if !self.validators.contains(&key) {
            return Standing::Unknown;
        }
        if !record.stands_for(&self.domain, &peer) {
            return Standing::Forged;
        }
        match self.take_seat(peer, record, now) {
            Ok(seat) => {
                self.seats.insert(key, seat);
                Standing::Believed(key)
            }
            Err(standing) => standing,
        }
    }

    /// The seat that a record whose signature stands gives its peer (rule N5).
    fn take_seat(&self, peer: PeerId, record: &PeerRecord, now: Instant) -> Result<Seat, Standing> {
        let sequence = record.sequence;
        let Some(seat) = self.seats.get(&record.consensus_key) else {
            return Ok(Seat { peer, sequence, moved: None });
        };
        if seat.sequence > sequence || (seat.sequence == sequence && seat.peer != peer) {
            return Err(Standing::Outdated);
        }
        if seat.peer == peer {
            return Ok(Seat { sequence, ..*seat });
        }
        // N5: the first move is made at once, for it may be a restart under a new node key; one that follows it
        // closely waits, for a key could seat a new peer with each connection.
        match seat.moved.map(|moved| moved + self.pause).filter(|until| *until > now) {
            Some(until) => Err(Standing::TooSoon(until)),
            None => Ok(Seat { peer, sequence, moved: Some(now) }),
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
