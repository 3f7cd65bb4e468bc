//! Events from the network to the node: two bounded channels that are read as one (rule N16).

use std::sync::Arc;

use rota_proto::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{
    event::{NetworkEvent, Way},
    kind::MessageKind,
    limits::NetworkLimits,
    link::Link,
};

/// An event that the node has not taken yet.
#[derive(Debug)]
struct Waiting {
    event: NetworkEvent,
    /// The bytes it holds, given back when it is taken.
    _bytes: Option<OwnedSemaphorePermit>,
    /// The link with the peer that the node comes to know by it.
    known: Option<Arc<Link>>,
}

/// One of the two channels, bounded in events and in bytes.
#[derive(Clone, Debug)]
struct Channel {
    events: mpsc::Sender<Waiting>,
    bytes: Arc<Semaphore>,
    bytes_max: usize,
}

/// The network's end. Clones send into the same channels.
#[derive(Clone, Debug)]
pub(crate) struct EventSender {
    urgent: Channel,
    rest: Channel,
}

/// The node's end: what consensus waits for comes before everything else.
#[derive(Debug)]
pub struct NetworkEvents {
    urgent: mpsc::Receiver<Waiting>,
    rest: mpsc::Receiver<Waiting>,
    /// The next of the rest, and how many urgent events came before it.
    next: Option<(Waiting, usize)>,
}

/// The two ends.
pub(crate) fn channel(limits: &NetworkLimits) -> (EventSender, NetworkEvents) {
    let one = || {
        let (events, taken) = mpsc::channel(limits.events_max);
        let bytes_max = limits.events_bytes_max.min(Semaphore::MAX_PERMITS);
        (Channel { events, bytes: Arc::new(Semaphore::new(bytes_max)), bytes_max }, taken)
    };
    let ((urgent, urgent_taken), (rest, rest_taken)) = (one(), one());
    (EventSender { urgent, rest }, NetworkEvents { urgent: urgent_taken, rest: rest_taken, next: None })
}

/// A validator's own word of what consensus waits for must not stand behind what strangers say.
fn is_urgent(event: &NetworkEvent) -> bool {
    match event {
        NetworkEvent::Message { validator: Some(_), message, way: Way::Direct, .. } => urgent_kind(message),
        NetworkEvent::Message { .. }
        | NetworkEvent::Listening { .. }
        | NetworkEvent::PeerConnected { .. }
        | NetworkEvent::ValidatorChanged { .. }
        | NetworkEvent::PeerGone { .. }
        | NetworkEvent::PeerRefused { .. }
        | NetworkEvent::Request { .. } => false,
    }
}

fn urgent_kind(message: &Message) -> bool {
    MessageKind::of(message).rank() <= 1
}

impl Channel {
    /// As many permits as an event of so many bytes takes: one that is longer than all takes all.
    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.min(self.bytes_max)).unwrap_or(u32::MAX)
    }
}

impl EventSender {
    fn channel(&self, event: &NetworkEvent) -> &Channel {
        if is_urgent(event) { &self.urgent } else { &self.rest }
    }

    /// Delivers an event of `bytes` when there is room for it. False once the node takes no more.
    pub(crate) async fn send(&self, event: NetworkEvent, bytes: usize) -> bool {
        let channel = self.channel(&event);
        let Ok(bytes) = channel.bytes.clone().acquire_many_owned(channel.permits(bytes)).await else { return false };
        channel.events.send(Waiting { event, _bytes: Some(bytes), known: None }).await.is_ok()
    }

    /// Delivers an event of `bytes` now, or not at all.
    pub(crate) fn offer(&self, event: NetworkEvent, bytes: usize) -> bool {
        let channel = self.channel(&event);
        let Ok(bytes) = channel.bytes.clone().try_acquire_many_owned(channel.permits(bytes)) else { return false };
        channel.events.try_send(Waiting { event, _bytes: Some(bytes), known: None }).is_ok()
    }

    /// Waits for room for an event without bytes. `Err` once the node takes no more.
    pub(crate) async fn reserve(&self) -> Result<Room<'_>, ()> {
        self.rest.events.reserve().await.map(|permit| Room { permit }).map_err(|_| ())
    }
}

/// Room for one event without bytes, behind all of the rest.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    permit: mpsc::Permit<'a, Waiting>,
}

impl Room<'_> {
    /// Sends the event. When the node takes it, the peer behind `known` may begin to speak (rule N6).
    pub(crate) fn send(self, event: NetworkEvent, known: Option<Arc<Link>>) {
        self.permit.send(Waiting { event, _bytes: None, known });
    }
}

impl NetworkEvents {
    /// Waits for the next event: an urgent one if there is one, else the next of the rest. Each of the rest waits
    /// only for the urgent ones that were there before it, so neither kind holds the other up for good, and a peer's
    /// going comes after all it said (rule N6). `None` once the network has stopped. Dropped while it waits, it has
    /// lost nothing.
    pub async fn recv(&mut self) -> Option<NetworkEvent> {
        loop {
            if self.next.is_none()
                && let Ok(next) = self.rest.try_recv()
            {
                self.next = Some((next, self.urgent.len()));
            }
            if let Some((next, before)) = self.next.take() {
                if let Some(urgent) = (before > 0).then(|| self.urgent.try_recv().ok()).flatten() {
                    self.next = Some((next, before - 1));
                    return Some(urgent.taken());
                }
                return Some(next.taken());
            }
            tokio::select! {
                biased;
                Some(urgent) = self.urgent.recv() => return Some(urgent.taken()),
                next = self.rest.recv() => self.next = Some((next?, self.urgent.len())),
            }
        }
    }
}

impl Waiting {
    fn taken(self) -> NetworkEvent {
        self.known.iter().for_each(|link| link.announce());
        self.event
    }
}
