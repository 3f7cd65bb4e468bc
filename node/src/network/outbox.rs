//! Events of the network's loop on their way to the node.

use std::{collections::VecDeque, sync::Arc};

use super::{event::NetworkEvent, events::EventSender, limits::OWED_EVENTS_MAX, link::Link};

/// The loop's events. Some may be lost when the node is busy, the rest are owed until it takes them (rule N16).
#[derive(Debug)]
pub(crate) struct Outbox {
    events: EventSender,
    owed: VecDeque<(NetworkEvent, Option<Arc<Link>>)>,
}

impl Outbox {
    pub(crate) fn new(events: EventSender) -> Self {
        Self { events, owed: VecDeque::new() }
    }

    /// Delivers an event of `bytes` now, or not at all. Never before an event that is owed.
    pub(crate) fn offer(&mut self, event: NetworkEvent, bytes: usize) -> bool {
        self.owed.is_empty() && self.events.offer(event, bytes)
    }

    /// Delivers an event in its turn.
    pub(crate) fn owe(&mut self, event: NetworkEvent) {
        self.owed.push_back((event, None));
    }

    /// Delivers in its turn the event by which the node comes to know the peer behind `link`.
    pub(crate) fn introduce(&mut self, event: NetworkEvent, link: Option<Arc<Link>>) {
        self.owed.push_back((event, link));
    }

    /// Whether events are owed.
    pub(crate) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Whether the network may go on making events that it would owe.
    pub(crate) fn has_room(&self) -> bool {
        self.owed.len() < OWED_EVENTS_MAX
    }

    /// Waits until there is room for one owed event. `Err` once the node takes no more. Dropped while it waits, it
    /// has done nothing.
    pub(crate) async fn pay(&mut self) -> Result<(), ()> {
        let room = self.events.reserve().await?;
        if let Some((event, known)) = self.owed.pop_front() {
            room.send(event, known);
        }
        Ok(())
    }
}
