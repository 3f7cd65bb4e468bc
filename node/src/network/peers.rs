//! The peers that are connected.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use libp2p::request_response::InboundRequestId;
use rota_proto::{ConsensusKey, Status};

use super::{
    hello::Hello,
    limits::{FLOOD_NOTICE, NetworkLimits},
    rate::Bucket,
    record::PeerRecord,
};

/// A connected peer, as the network's loop knows it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) status: Status,
    pub(crate) record: Option<PeerRecord>,
    pub(crate) validator: Option<ConsensusKey>,
    gossip: Bucket,
    requests: Bucket,
    noticed: Option<Instant>,
    /// Requests of the peer that wait for our answer.
    waiting: BTreeMap<InboundRequestId, Instant>,
}

/// What the rates say of something a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// It is within them.
    Yes,
    /// It is above; and whether that counts against the peer now.
    No { notice: bool },
}

impl Peer {
    pub(crate) fn new(hello: Hello, validator: Option<ConsensusKey>, limits: &NetworkLimits) -> Self {
        let now = Instant::now();
        Self {
            status: hello.status,
            record: hello.record,
            validator,
            gossip: Bucket::new(limits.gossip_messages, now),
            requests: Bucket::new(limits.requests, now),
            noticed: None,
            waiting: BTreeMap::new(),
        }
    }

    /// Counts a gossip message that the peer passed on.
    pub(crate) fn gossip(&mut self, now: Instant) -> Allowed {
        let allowed = self.gossip.try_take(1.0, now);
        self.judge(allowed, now)
    }

    /// Counts a request of the peer.
    pub(crate) fn request(&mut self, id: InboundRequestId, limits: &NetworkLimits, now: Instant) -> Allowed {
        let patience = limits.request_timeout.saturating_add(Duration::from_secs(1));
        // The exchange itself gives up what is older.
        self.waiting.retain(|_, at| now.saturating_duration_since(*at) < patience);
        let allowed = self.requests.try_take(1.0, now) && self.waiting.len() < limits.requests_in_per_peer_max;
        if allowed {
            self.waiting.insert(id, now);
        }
        self.judge(allowed, now)
    }

    /// A request of the peer was answered or came to nothing.
    pub(crate) fn request_done(&mut self, id: &InboundRequestId) {
        self.waiting.remove(id);
    }

    fn judge(&mut self, allowed: bool, now: Instant) -> Allowed {
        if allowed {
            return Allowed::Yes;
        }
        let notice = self.noticed.is_none_or(|at| now.saturating_duration_since(at) >= FLOOD_NOTICE);
        if notice {
            self.noticed = Some(now);
        }
        Allowed::No { notice }
    }
}
