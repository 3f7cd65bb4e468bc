//! The two ends of a lane: what reads frames from a peer, and what writes frames to it.

use std::{sync::Arc, time::Instant};

use futures::{AsyncWriteExt, io};
use libp2p::Stream;
use rota_proto::Message;
use tokio::sync::mpsc;

use super::{
    direct::Report,
    event::{NetworkEvent, Way},
    events::EventSender,
    frame::{FrameError, read_frame},
    kind::{Lane, MessageKind},
    limits::NetworkLimits,
    link::Link,
    metrics::{DropReason, Metrics, WayLabel},
    misbehaviour::Misbehaviour,
    rate::Allowed,
};

/// What all lanes of a node share.
#[derive(Clone, Debug)]
pub(crate) struct LaneContext {
    pub(crate) limits: Arc<NetworkLimits>,
    pub(crate) metrics: Metrics,
    pub(crate) events: EventSender,
    pub(crate) reports: mpsc::Sender<Report>,
}

impl LaneContext {
    /// Holds a fault against a peer. The channel is drained by the network at all times; when it is full, the same
    /// peers are already being judged.
    pub(crate) fn report(&self, report: Report) {
        if self.reports.try_send(report).is_err() {
            self.metrics.dropped_unread(DropReason::ReportsFull);
        }
    }
}

/// Writes the frames of a queue to a stream, newest round first, for as long as the stream takes them.
pub(crate) struct LaneWriter {
    pub(crate) stream: Stream,
    pub(crate) lane: Lane,
    pub(crate) link: Arc<Link>,
    pub(crate) context: LaneContext,
}

impl LaneWriter {
    pub(crate) async fn run(mut self) -> io::Error {
        let link = self.link.clone();
        let queue = link.queue(self.lane);
        loop {
            let mut frame = queue.pop().await;
            loop {
                if let Err(error) = self.stream.write_all(&frame.bytes).await {
                    return error;
                }
                self.context.metrics.sent(WayLabel::Direct, frame.kind, frame.bytes.len());
                match queue.try_pop() {
                    Some(next) => frame = next,
                    None => break,
                }
            }
            // N11: nothing waits for company; a flush follows as soon as the queue is empty.
            if let Err(error) = self.stream.flush().await {
                return error;
            }
        }
    }
}

/// Reads the frames of a peer from a stream, at the peer's rate and the node's pace.
pub(crate) struct LaneReader {
    pub(crate) lane: Lane,
    pub(crate) link: Arc<Link>,
    pub(crate) context: LaneContext,
}

impl LaneReader {
    pub(crate) async fn run(self, mut stream: Stream) -> Result<(), FrameError> {
        // N6: the node hears of a peer before it hears from it.
        self.link.announced().await;
        loop {
            // N17: the peer may have taken a validator's seat while we waited.
            let limit = || self.lane.frame_bytes_max(self.link.validator().is_some());
            let patience = self.context.limits.frame_timeout;
            let bytes = match read_frame(&mut stream, limit, patience).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.blame_frame(&error);
                    return Err(error);
                }
            };
            self.throttle(bytes.len()).await;
            match Message::decode(&bytes) {
                Ok(message) => {
                    if !self.deliver(message, bytes.len()).await {
                        return Ok(());
                    }
                }
                Err(error) => {
                    tracing::debug!(peer = %self.link.peer, lane = ?self.lane, %error, "refused a message");
                    self.blame(Misbehaviour::of_wire(&error));
                }
            }
        }
    }

    /// N14: a peer that sends faster than its rate is read more slowly, and it counts against the peer.
    async fn throttle(&self, bytes: usize) {
        let Some(throttle) = self.link.intake(bytes, Instant::now()) else { return };
        self.context.metrics.throttled();
        if throttle.notice {
            self.blame(Misbehaviour::Flood);
        }
        tokio::time::sleep(throttle.wait).await;
    }

    /// Hands a message to the node, waiting for room. Returns false when the node has gone.
    async fn deliver(&self, message: Message, bytes: usize) -> bool {
        let kind = MessageKind::of(&message);
        self.context.metrics.received(WayLabel::Direct, kind, bytes);
        // N10: each kind has its lane.
        if kind.lane() != Some(self.lane) {
            self.blame(Misbehaviour::Misplaced);
            return true;
        }
        if kind.is_request() && !self.may_ask(kind) {
            return true;
        }
        let event =
            NetworkEvent::Message { from: self.link.peer, validator: self.link.validator(), message, way: Way::Direct };
        self.context.events.send(event, bytes).await
    }

    /// N31: a question is one, whatever way it comes.
    fn may_ask(&self, kind: MessageKind) -> bool {
        let Allowed::No { notice } = self.link.question(Instant::now()) else { return true };
        self.context.metrics.dropped(DropReason::Rate, kind);
        if notice {
            self.blame(Misbehaviour::Flood);
        }
        false
    }

    fn blame(&self, fault: Misbehaviour) {
        self.context.report(Report { peer: self.link.peer, fault });
    }

    fn blame_frame(&self, error: &FrameError) {
        match error {
            FrameError::TooLong { .. } => self.blame(Misbehaviour::Oversized),
            FrameError::Stalled { .. } => self.blame(Misbehaviour::Stalled),
            // A connection may break in the middle of a frame without anyone's fault.
            FrameError::Truncated { .. } | FrameError::Io(_) => (),
        }
    }
}
