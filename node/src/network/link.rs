//! One peer, as its connections and the network both see it.

use std::{
    sync::{Arc, Mutex},
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
    rate::{Allowed, Bucket},
    trust::Trust,
};

/// A peer's queues, rates and standing; all connections with it share them.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: PeerId,
    lanes: [Queue; 2],
    intake: Mutex<Intake>,
    questions: Mutex<Questions>,
    limits: Arc<NetworkLimits>,
    validator: Mutex<Option<ConsensusKey>>,
    announced: watch::Sender<bool>,
}

#[derive(Debug)]
struct Intake {
    messages: Bucket,
    bytes: Bucket,
    noticed: Option<Instant>,
}

/// Questions of the peer, whatever way they come (rule N31).
#[derive(Debug)]
struct Questions {
    trust: Trust,
    rate: Bucket,
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
    pub(crate) fn new(peer: PeerId, limits: &Arc<NetworkLimits>, metrics: &Metrics) -> Self {
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
            questions: Mutex::new(Questions {
                trust: Trust::Stranger,
                rate: Bucket::new(limits.requests_per_stranger, now),
                noticed: None,
            }),
            limits: limits.clone(),
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
        let notice = notice(&mut intake.noticed, now);
        Some(Throttle { wait, notice })
    }

    /// Counts a question of the peer.
    pub(crate) fn question(&self, now: Instant) -> Allowed {
        let mut questions = lock(&self.questions);
        if questions.rate.try_take(1.0, now) {
            return Allowed::Yes;
        }
        Allowed::No { notice: notice(&mut questions.noticed, now) }
    }

    /// The validator that the peer speaks for.
    pub(crate) fn validator(&self) -> Option<ConsensusKey> {
        *lock(&self.validator)
    }

    /// What the peer is to us from now on.
    pub(crate) fn stands(&self, validator: Option<ConsensusKey>, trust: Trust) {
        *lock(&self.validator) = validator;
        let mut questions = lock(&self.questions);
        if questions.trust != trust {
            let rate = if trust == Trust::Stranger { self.limits.requests_per_stranger } else { self.limits.requests };
            questions.trust = trust;
            questions.rate = Bucket::new(rate, Instant::now());
        }
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

/// Whether a flood is to be held against a peer now: by the second, not by the message.
fn notice(noticed: &mut Option<Instant>, now: Instant) -> bool {
    let due = noticed.is_none_or(|at| now.saturating_duration_since(at) >= FLOOD_NOTICE);
    if due {
        *noticed = Some(now);
    }
    due
}
