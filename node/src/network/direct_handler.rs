//! The lanes of one connection: opened at once, reopened a few times, then given up.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture, io};
use libp2p::{
    Stream, StreamProtocol,
    core::{
        UpgradeInfo,
        upgrade::{InboundUpgrade, OutboundUpgrade},
    },
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use super::{
    direct::Report,
    frame::FrameError,
    kind::Lane,
    lane::{LaneContext, LaneReader, LaneWriter},
    limits::{LANE_FAILURES_MAX, LANE_REPLACEMENTS_MAX},
    link::Link,
    misbehaviour::Misbehaviour,
};

/// Agrees on a lane's name; the stream itself needs no upgrade.
#[derive(Clone, Debug)]
pub(crate) struct LaneUpgrade {
    names: Vec<(StreamProtocol, Lane)>,
}

impl UpgradeInfo for LaneUpgrade {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.names.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().into_iter()
    }
}

impl LaneUpgrade {
    fn lane(&self, name: &StreamProtocol) -> Lane {
        let found = self.names.iter().find(|(ours, _)| ours == name);
        found.map(|(_, lane)| *lane).expect("only a name that we offered is agreed on")
    }
}

impl InboundUpgrade<Stream> for LaneUpgrade {
    type Output = (Stream, Lane);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
        ready(Ok((stream, self.lane(&name))))
    }
}

impl OutboundUpgrade<Stream> for LaneUpgrade {
    type Output = (Stream, Lane);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
        ready(Ok((stream, self.lane(&name))))
    }
}

/// The way out of a lane.
enum Out {
    /// Not open; may be asked for.
    Closed,
    /// Asked for.
    Opening,
    /// Open: the writer runs until it fails.
    Open(BoxFuture<'static, io::Error>),
    /// Failed too often, which is not told yet.
    Failed,
    /// Failed too often.
    Lost,
}

/// A connection has a lane that does not work and will not be opened again. It is told on the handler's own way to
/// its behaviour, on which nothing is dropped: otherwise the connection would live on without a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LaneLost;

struct LaneState {
    out: Out,
    failures: u8,
    reader: Option<BoxFuture<'static, Result<(), FrameError>>>,
    readers: u8,
}

/// Drives the readers and writers of one connection within the connection's own task: no task of theirs outlives it.
pub(crate) struct DirectHandler {
    names: [StreamProtocol; 2],
    link: Arc<Link>,
    context: LaneContext,
    lanes: [LaneState; 2],
}

impl DirectHandler {
    pub(crate) fn new(names: [StreamProtocol; 2], link: Arc<Link>, context: LaneContext) -> Self {
        let lanes = Lane::ALL.map(|_| LaneState { out: Out::Closed, failures: 0, reader: None, readers: 0 });
        Self { names, link, context, lanes }
    }

    fn upgrade(&self, lanes: &[Lane]) -> LaneUpgrade {
        LaneUpgrade { names: lanes.iter().map(|lane| (self.names[lane.index()].clone(), *lane)).collect() }
    }

    fn opened_by_us(&mut self, stream: Stream, lane: Lane) {
        let writer = LaneWriter { stream, lane, link: self.link.clone(), context: self.context.clone() };
        self.lanes[lane.index()].out = Out::Open(writer.run().boxed());
    }

    /// A peer that opens a lane anew takes the place of the old one: there is one reader a lane.
    fn opened_by_peer(&mut self, stream: Stream, lane: Lane) {
        let state = &mut self.lanes[lane.index()];
        state.readers = state.readers.saturating_add(1);
        if state.readers > LANE_REPLACEMENTS_MAX {
            self.context.report(Report { peer: self.link.peer, fault: Misbehaviour::BrokenLane });
            return;
        }
        let reader = LaneReader { lane, link: self.link.clone(), context: self.context.clone() };
        state.reader = Some(reader.run(stream).boxed());
    }

    fn failed(&mut self, lane: Lane, error: &dyn std::fmt::Display) {
        tracing::debug!(peer = %self.link.peer, ?lane, %error, "a lane failed");
        let state = &mut self.lanes[lane.index()];
        state.failures = state.failures.saturating_add(1);
        state.out = if state.failures < LANE_FAILURES_MAX { Out::Closed } else { Out::Failed };
    }

    /// Lets the reader of a lane go on.
    fn poll_reader(&mut self, lane: Lane, cx: &mut Context<'_>) {
        let state = &mut self.lanes[lane.index()];
        let Some(reader) = &mut state.reader else { return };
        if let Poll::Ready(end) = reader.poll_unpin(cx) {
            state.reader = None;
            if let Err(error) = end {
                tracing::debug!(peer = %self.link.peer, ?lane, %error, "a lane from the peer ended");
            }
        }
    }

    /// Lets the writer of a lane go on; gives what the connection has to do about it.
    fn poll_writer(&mut self, lane: Lane, cx: &mut Context<'_>) -> Option<HandlerEvent> {
        if let Out::Open(writer) = &mut self.lanes[lane.index()].out
            && let Poll::Ready(error) = writer.poll_unpin(cx)
        {
            self.failed(lane, &error);
        }
        let out = &mut self.lanes[lane.index()].out;
        match out {
            Out::Closed => {
                *out = Out::Opening;
                let protocol = SubstreamProtocol::new(self.upgrade(&[lane]), lane);
                Some(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Out::Failed => {
                *out = Out::Lost;
                Some(ConnectionHandlerEvent::NotifyBehaviour(LaneLost))
            }
            Out::Opening | Out::Open(_) | Out::Lost => None,
        }
    }
}

type HandlerEvent = ConnectionHandlerEvent<LaneUpgrade, Lane, LaneLost>;

impl ConnectionHandler for DirectHandler {
    type FromBehaviour = Infallible;
    type ToBehaviour = LaneLost;
    type InboundProtocol = LaneUpgrade;
    type OutboundProtocol = LaneUpgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Lane;

    fn listen_protocol(&self) -> SubstreamProtocol<LaneUpgrade> {
        SubstreamProtocol::new(self.upgrade(&Lane::ALL), ())
    }

    /// Peers stay connected until one of them goes.
    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<HandlerEvent> {
        for lane in Lane::ALL {
            self.poll_reader(lane, cx);
            if let Some(event) = self.poll_writer(lane, cx) {
                return Poll::Ready(event);
            }
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, LaneUpgrade, LaneUpgrade, (), Lane>) {
        if let ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) = event {
            let (stream, lane) = protocol;
            self.opened_by_peer(stream, lane);
        } else if let ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, .. }) = event {
            let (stream, lane) = protocol;
            self.opened_by_us(stream, lane);
        } else if let ConnectionEvent::DialUpgradeError(DialUpgradeError { info: lane, error }) = event {
            self.failed(lane, &error);
        }
    }
}
