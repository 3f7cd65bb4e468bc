//! Events on their way to the node.

use std::collections::VecDeque;

use libp2p::PeerId;
use tokio::sync::mpsc;

use super::{event::NetworkEvent, limits::OWED_EVENTS_MAX};

/// The node's events. Some may be lost when the node is busy, the rest are owed until it takes them (rule N16).
#[derive(Debug)]
pub(crate) struct Outbox {
    events: mpsc::Sender<NetworkEvent>,
    owed: VecDeque<NetworkEvent>,
}

impl Outbox {
    pub(crate) fn new(events: mpsc::Sender<NetworkEvent>) -> Self {
        Self { events, owed: VecDeque::new() }
    }

    /// Delivers an event now, or not at all. Never before an event that is owed.
    pub(crate) fn offer(&mut self, event: NetworkEvent) -> bool {
        self.owed.is_empty() && self.events.try_send(event).is_ok()
    }

    /// Delivers an event in its turn.
    pub(crate) fn owe(&mut self, event: NetworkEvent) {
        self.owed.push_back(event);
    }

    /// Whether events are owed.
    pub(crate) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Whether the network may go on making events that it would owe.
    pub(crate) fn has_room(&self) -> bool {
        self.owed.len() < OWED_EVENTS_MAX
    }

    /// Waits until the node takes one owed event; gives the peer that it thereby came to know. `Err` once the node
    /// takes no more. Dropped while it waits, it has done nothing.
    pub(crate) async fn pay(&mut self) -> Result<Option<PeerId>, ()> {
        let permit = self.events.reserve().await.map_err(|_| ())?;
        let Some(event) = self.owed.pop_front() else { return Ok(None) };
        let known = match &event {
            NetworkEvent::PeerConnected { peer, .. } => Some(*peer),
            NetworkEvent::Listening { .. }
            | NetworkEvent::ValidatorChanged { .. }
            | NetworkEvent::PeerGone { .. }
            | NetworkEvent::PeerRefused { .. }
            | NetworkEvent::Message { .. }
            | NetworkEvent::Request { .. } => None,
        };
        permit.send(event);
        Ok(known)
    }
}
