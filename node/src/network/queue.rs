//! What waits to be sent on one lane to one peer.

use std::{cmp::Reverse, collections::BTreeMap, sync::Mutex};

use rota_proto::Round;
use tokio::sync::Notify;

use super::{
    frame::Frame,
    kind::Lane,
    lock::lock,
    metrics::{DropReason, Metrics},
};

/// Where a frame stands: rank, then newest round, then first come.
type Order = (u8, Reverse<Option<Round>>, u64);

#[derive(Debug, Default)]
struct Waiting {
    frames: BTreeMap<Order, Frame>,
    bytes: usize,
    next: u64,
}

/// A bounded queue that gives the newest round first and gives up the oldest (rules N12, N13).
#[derive(Debug)]
pub(crate) struct Queue {
    lane: Lane,
    frames_max: usize,
    bytes_max: usize,
    waiting: Mutex<Waiting>,
    ready: Notify,
    metrics: Metrics,
}

impl Queue {
    pub(crate) fn new(lane: Lane, frames_max: usize, bytes_max: usize, metrics: Metrics) -> Self {
        Self { lane, frames_max, bytes_max, waiting: Mutex::default(), ready: Notify::new(), metrics }
    }

    /// Adds a frame; never waits. What is lowest in rank, then oldest, leaves a full queue.
    pub(crate) fn push(&self, frame: Frame) {
        let mut waiting = lock(&self.waiting);
        let before = waiting.frames.len();
        let order = (frame.kind.rank(), Reverse(frame.round), waiting.next);
        waiting.next += 1;
        waiting.bytes += frame.bytes.len();
        waiting.frames.insert(order, frame);
        while waiting.frames.len() > self.frames_max || waiting.bytes > self.bytes_max {
            // N13: the first that came of the last rank's oldest round.
            let last = waiting.frames.keys().next_back().map(|(rank, round, _)| (*rank, *round, 0));
            let victim = last.and_then(|from| waiting.frames.range(from..).next().map(|(order, _)| *order));
            let Some(dropped) = victim.and_then(|order| waiting.frames.remove(&order)) else { break };
            waiting.bytes -= dropped.bytes.len();
            self.metrics.dropped(DropReason::QueueFull, dropped.kind);
        }
        self.metrics.queued_changed(self.lane, before, waiting.frames.len());
        drop(waiting);
        self.ready.notify_one();
    }

    /// Waits for a frame and takes the first.
    pub(crate) async fn pop(&self) -> Frame {
        loop {
            if let Some(frame) = self.try_pop() {
                return frame;
            }
            self.ready.notified().await;
        }
    }

    /// Takes the first frame, if one waits.
    pub(crate) fn try_pop(&self) -> Option<Frame> {
        let mut waiting = lock(&self.waiting);
        let (_, frame) = waiting.frames.pop_first()?;
        waiting.bytes -= frame.bytes.len();
        let left = waiting.frames.len();
        self.metrics.queued_changed(self.lane, left + 1, left);
        Some(frame)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        lock(&self.waiting).frames.len()
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        lock(&self.waiting).bytes
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let left = lock(&self.waiting).frames.len();
        self.metrics.queued_changed(self.lane, left, 0);
    }
}
