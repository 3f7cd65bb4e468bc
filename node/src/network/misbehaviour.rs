//! What a peer can do wrong, by name, and what each costs it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use libp2p::PeerId;
use prometheus_client::encoding::EncodeLabelValue;
use rota_proto::WireError;

use super::limits::{NetworkLimits, SCORES_MAX};

/// A fault of a peer. Honest nodes commit none but [`Flood`](Self::Flood) and [`Silent`](Self::Silent), and those
/// rarely; so nothing here is cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelValue)]
pub enum Misbehaviour {
    /// A message that is no protobuf of the schema, or has a field that no honest sender gives it.
    Malformed,
    /// A message that is not in its only encoding.
    NotCanonical,
    /// A frame or message above its limit.
    Oversized,
    /// A message where its kind does not belong: another lane or topic, a status after the handshake, a request
    /// that is none.
    Misplaced,
    /// A frame that began and did not end.
    Stalled,
    /// More than its rate allows, for a second.
    Flood,
    /// An answer that is not to the question.
    WrongAnswer,
    /// No answer in time.
    Silent,
    /// A peer record whose signature does not stand.
    ForgedRecord,
    /// A lane opened again and again, or refused.
    BrokenLane,
    /// A signature that does not stand, found by the node.
    BadSignature,
    /// A batch, body or transaction that cannot be valid, found by the node.
    InvalidContent,
}

impl Misbehaviour {
    /// Points it costs; 100 by default are a ban.
    #[must_use]
    pub const fn points(self) -> f64 {
        match self {
            Self::ForgedRecord => 100.0,
            Self::Oversized | Self::BadSignature | Self::InvalidContent => 40.0,
            Self::Malformed | Self::NotCanonical | Self::Misplaced | Self::WrongAnswer => 30.0,
            Self::Stalled | Self::BrokenLane => 20.0,
            Self::Flood => 10.0,
            // N33: above what is forgiven while one waits for the answer, else silence would cost nothing.
            Self::Silent => 8.0,
        }
    }

    /// The name of what a message's decoding refused.
    #[must_use]
    pub const fn of_wire(error: &WireError) -> Self {
        match error {
            WireError::NotCanonical(_) => Self::NotCanonical,
            WireError::TooLong { .. } | WireError::TooMany { .. } => Self::Oversized,
            WireError::UnknownKind(_)
            | WireError::Protobuf(_)
            | WireError::Field(_)
            | WireError::Header(_)
            | WireError::HeaderHash { .. } => Self::Malformed,
        }
    }
}

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sentence {
    /// The peer stays, with so many points against it.
    Kept { points: f64 },
    /// The peer is banned for so long.
    Banned { time: Duration },
}

#[derive(Clone, Copy, Debug)]
struct Record {
    points: f64,
    at: Instant,
    bans: u32,
}

impl Record {
    fn points_at(&self, now: Instant, forgiven_per_second: f64) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.points - passed * forgiven_per_second).max(0.0)
    }
}

/// The faults of all peers (rule N40): points that fade, bans that grow.
#[derive(Debug)]
pub(crate) struct Scores {
    peers: BTreeMap<PeerId, Record>,
    ban_points: f64,
    forgiven_per_second: f64,
    ban_first: Duration,
    ban_max: Duration,
}

impl Scores {
    pub(crate) fn new(limits: &NetworkLimits) -> Self {
        Self {
            peers: BTreeMap::new(),
            ban_points: limits.ban_points,
            forgiven_per_second: limits.forgiven_per_second,
            ban_first: limits.ban_first,
            ban_max: limits.ban_max,
        }
    }

    /// Counts a fault and judges the peer.
    pub(crate) fn punish(&mut self, peer: PeerId, fault: Misbehaviour, now: Instant) -> Sentence {
        // N42: whoever has the fewest points is forgotten for the newcomer.
        if !self.peers.contains_key(&peer) && self.peers.len() >= SCORES_MAX {
            self.forget_least(now);
        }
        let record = self.peers.entry(peer).or_insert(Record { points: 0.0, at: now, bans: 0 });
        record.points = record.points_at(now, self.forgiven_per_second) + fault.points();
        record.at = now;
        if record.points < self.ban_points {
            return Sentence::Kept { points: record.points };
        }
        let time = self.ban_first.saturating_mul(1 << record.bans.min(16)).min(self.ban_max);
        record.bans = record.bans.saturating_add(1);
        // It comes back with half its points: what it does next decides sooner.
        record.points = self.ban_points / 2.0;
        record.at = now + time;
        Sentence::Banned { time }
    }

    /// The points against a peer.
    pub(crate) fn points(&self, peer: &PeerId, now: Instant) -> f64 {
        self.peers.get(peer).map_or(0.0, |record| record.points_at(now, self.forgiven_per_second))
    }

    fn forget_least(&mut self, now: Instant) {
        let points = |record: &Record| record.points_at(now, self.forgiven_per_second);
        let least = self.peers.iter().min_by(|(_, a), (_, b)| points(a).total_cmp(&points(b))).map(|(peer, _)| *peer);
        if let Some(peer) = least {
            self.peers.remove(&peer);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }
}
