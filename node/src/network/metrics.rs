//! The network's metrics (rule N41). Every label is one of an enum's names, so no peer can add to them.

use std::fmt;

use prometheus_client::{
    encoding::{EncodeLabelKey, EncodeLabelSet, EncodeLabelValue, LabelSetEncoder},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    event::{RefusalLabel, Verdict},
    kind::{Lane, MessageKind},
    misbehaviour::Misbehaviour,
};

/// A way as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum WayLabel {
    Direct,
    Gossip,
    Exchange,
}

/// Why a message of ours or of a peer went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum DropReason {
    /// The queue of a slow peer was full.
    QueueFull,
    /// No direct stream to the receiver.
    NotConnected,
    /// The node does not take its events.
    EventsFull,
    /// The network does not take its commands.
    CommandsFull,
    /// The network does not take the reports of its connections.
    ReportsFull,
    /// Nobody listens to the topic.
    NobodyListens,
    /// It went through gossip lately.
    Duplicate,
    /// The peers' gossip queues are full.
    GossipFull,
    /// Above the limit of its topic.
    TooLong,
    /// The peer is above its rate.
    Rate,
    /// The peers have not taken the answers that we gave.
    AnswersFull,
    /// It came from a peer whose connection is closed or not yet known.
    Stranger,
    /// The kind does not go this way.
    NoWay,
    /// The answer came too late for the one who asked.
    TooLate,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Traffic {
    way: WayLabel,
    kind: MessageKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Dropped {
    reason: DropReason,
    kind: Option<MessageKind>,
}

/// A label set of one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name<T> {
    name: T,
}

impl<T: EncodeLabelValue> EncodeLabelSet for Name<T> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let mut label = encoder.encode_label();
        let mut key = label.encode_label_key()?;
        EncodeLabelKey::encode(&"name", &mut key)?;
        let mut value = key.encode_label_value()?;
        self.name.encode(&mut value)?;
        value.finish()
    }
}

/// Everything the network counts; clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    received: Family<Traffic, Counter>,
    received_bytes: Family<Traffic, Counter>,
    sent: Family<Traffic, Counter>,
    sent_bytes: Family<Traffic, Counter>,
    dropped: Family<Dropped, Counter>,
    refused: Family<Name<RefusalLabel>, Counter>,
    faults: Family<Name<Misbehaviour>, Counter>,
    verdicts: Family<Name<Verdict>, Counter>,
    queued: Family<Name<Lane>, Gauge>,
    throttled: Counter,
    bans: Counter,
    requests_failed: Counter,
    peers: Gauge,
    validators: Gauge,
}

impl Metrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("network");
        let m = metrics.clone();
        registry.register("messages_received", "Messages from peers, by way and kind", m.received);
        registry.register("bytes_received", "Bytes of messages from peers, by way and kind", m.received_bytes);
        registry.register("messages_sent", "Messages to peers, by way and kind", m.sent);
        registry.register("bytes_sent", "Bytes of messages to peers, by way and kind", m.sent_bytes);
        registry.register("messages_dropped", "Messages that went no further, by reason and kind", m.dropped);
        registry.register("connections_refused", "Connections that made no peer, by reason", m.refused);
        registry.register("faults", "Faults of peers, by name", m.faults);
        registry.register("gossip_verdicts", "What the node thought of gossip", m.verdicts);
        registry.register("frames_queued", "Frames that wait for peers to take them, by lane", m.queued);
        registry.register("throttled", "Frames whose sender was above its rate", m.throttled);
        registry.register("bans", "Peers banned for a time", m.bans);
        registry.register("requests_failed", "Requests of ours without a fitting answer", m.requests_failed);
        registry.register("peers", "Connected peers", m.peers);
        registry.register("validators", "Connected peers that speak for a validator", m.validators);
        metrics
    }

    pub(crate) fn received(&self, way: WayLabel, kind: MessageKind, bytes: usize) {
        let traffic = Traffic { way, kind };
        self.received.get_or_create(&traffic).inc();
        self.received_bytes.get_or_create(&traffic).inc_by(bytes as u64);
    }

    pub(crate) fn sent(&self, way: WayLabel, kind: MessageKind, bytes: usize) {
        let traffic = Traffic { way, kind };
        self.sent.get_or_create(&traffic).inc();
        self.sent_bytes.get_or_create(&traffic).inc_by(bytes as u64);
    }

    pub(crate) fn dropped(&self, reason: DropReason, kind: MessageKind) {
        self.dropped.get_or_create(&Dropped { reason, kind: Some(kind) }).inc();
    }

    /// Something whose kind nobody looked at was dropped.
    pub(crate) fn dropped_unread(&self, reason: DropReason) {
        self.dropped.get_or_create(&Dropped { reason, kind: None }).inc();
    }

    pub(crate) fn refused(&self, name: RefusalLabel) {
        self.refused.get_or_create(&Name { name }).inc();
    }

    pub(crate) fn fault(&self, name: Misbehaviour) {
        self.faults.get_or_create(&Name { name }).inc();
    }

    pub(crate) fn verdict(&self, name: Verdict) {
        self.verdicts.get_or_create(&Name { name }).inc();
    }

    /// A queue of `lane` went from `before` frames to `after`.
    pub(crate) fn queued_changed(&self, lane: Lane, before: usize, after: usize) {
        let change = i64::try_from(after).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX);
        if change != 0 {
            self.queued.get_or_create(&Name { name: lane }).inc_by(change);
        }
    }

    pub(crate) fn throttled(&self) {
        self.throttled.inc();
    }

    pub(crate) fn banned(&self) {
        self.bans.inc();
    }

    pub(crate) fn request_failed(&self) {
        self.requests_failed.inc();
    }

    pub(crate) fn peers(&self, peers: usize, validators: usize) {
        self.peers.set(i64::try_from(peers).unwrap_or(i64::MAX));
        self.validators.set(i64::try_from(validators).unwrap_or(i64::MAX));
    }
}
