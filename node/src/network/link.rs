//! One peer, as its connections and the network both see it.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use libp2p::PeerId;
use rota_proto::ConsensusKey;
use tokio::sync::watch;

use super::{
    frame::Frame,
    kind::Lane,
    limits::{FLOOD_NOTICE, NetworkLimits},
    lock::lock,
    metrics::Metrics,
    queue::Queue,
    rate::Bucket,
};

/// A peer's queues, rates and standing; all connections with it share them.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: PeerId,
    lanes: [Queue; 2],
    intake: Mutex<Intake>,
    validator: Mutex<Option<ConsensusKey>>,
    announced: watch::Sender<bool>,
}

#[derive(Debug)]
struct Intake {
    messages: Bucket,
    bytes: Bucket,
    noticed: Option<Instant>,
}

/// What a frame's sender has to bear.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Throttle {
    /// How long nothing more is read.
    pub(crate) wait: Duration,
    /// Whether the flood is to be held against the peer now.
    pub(crate) notice: bool,
}

impl Link {
    pub(crate) fn new(peer: PeerId, limits: &NetworkLimits, metrics: &Metrics) -> Self {
        let now = Instant::now();
        let queue = |lane| Queue::new(lane, limits.queue_frames_max, limits.queue_bytes_max, metrics.clone());
        Self {
            peer,
            lanes: Lane::ALL.map(queue),
            intake: Mutex::new(Intake {
                messages: Bucket::new(limits.direct_messages, now),
                bytes: Bucket::new(limits.direct_bytes, now),
                noticed: None,
            }),
            validator: Mutex::new(None),
            announced: watch::Sender::new(false),
        }
    }

    /// Queues a frame on its lane; a frame without a lane is none of ours.
    pub(crate) fn send(&self, frame: Frame) {
        if let Some(lane) = frame.kind.lane() {
            self.queue(lane).push(frame);
        }
    }

    pub(crate) fn queue(&self, lane: Lane) -> &Queue {
        &self.lanes[lane.index()]
    }

    /// Counts a frame of the peer. `None` if it is within the rates.
    pub(crate) fn intake(&self, bytes: usize, now: Instant) -> Option<Throttle> {
        let mut intake = lock(&self.intake);
        let cost = bytes as f64;
        let waits = [intake.messages.take(1.0, now), intake.bytes.take(cost, now)];
        let wait = waits.into_iter().flatten().max()?;
        let notice = intake.noticed.is_none_or(|at| now.saturating_duration_since(at) >= FLOOD_NOTICE);
        if notice {
            intake.noticed = Some(now);
        }
        Some(Throttle { wait, notice })
    }

    /// The validator that the peer speaks for.
    pub(crate) fn validator(&self) -> Option<ConsensusKey> {
        *lock(&self.validator)
    }

    pub(crate) fn set_validator(&self, validator: Option<ConsensusKey>) {
        *lock(&self.validator) = validator;
    }

    /// The node knows the peer: its messages may follow.
    pub(crate) fn announce(&self) {
        self.announced.send_replace(true);
    }

    /// Waits until the node knows the peer.
    pub(crate) async fn announced(&self) {
        let mut announced = self.announced.subscribe();
        // The sender lives in `self`, so this ends only with the announcement.
        let _ = announced.wait_for(|announced| *announced).await;
    }
}
