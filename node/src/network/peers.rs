//! The peers that are connected.

use std::time::Instant;

use rota_proto::{ConsensusKey, Status};

use super::{hello::Hello, limits::NetworkLimits, rate::Bucket, record::PeerRecord, trust::Trust};

/// A connected peer, as the network's loop knows it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) status: Status,
    pub(crate) record: Option<PeerRecord>,
    pub(crate) validator: Option<ConsensusKey>,
    /// Whether the operator configured it.
    pub(crate) configured: bool,
    gossip_messages: Bucket,
    gossip_bytes: Bucket,
}

impl Peer {
    pub(crate) fn new(hello: Hello, validator: Option<ConsensusKey>, configured: bool, limits: &NetworkLimits) -> Self {
        let now = Instant::now();
        Self {
            status: hello.status,
            record: hello.record,
            validator,
            configured,
            gossip_messages: Bucket::new(limits.gossip_messages, now),
            gossip_bytes: Bucket::new(limits.gossip_bytes, now),
        }
    }

    /// What the peer is to us.
    pub(crate) const fn trust(&self) -> Trust {
        Trust::of(self.validator.is_some(), self.configured)
    }

    /// Counts a gossip message that the peer passed on; true if it is within the rates (rule N23).
    pub(crate) fn gossip(&mut self, bytes: usize, now: Instant) -> bool {
        let cost = bytes as f64;
        self.gossip_messages.try_take(1.0, now) && self.gossip_bytes.try_take(cost, now)
    }
}
