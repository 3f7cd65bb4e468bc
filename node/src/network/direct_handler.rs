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
        ConnectionHandler, ConnectionHandlerEvent, ConnectionId, SubstreamProtocol,
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
    /// Failed too often.
    Lost,
}

struct LaneState {
    out: Out,
    failures: u8,
    reader: Option<BoxFuture<'static, Result<(), FrameError>>>,
    readers: u8,
}

/// Drives the readers and writers of one connection within the connection's own task: no task of theirs outlives it.
pub(crate) struct DirectHandler {
    connection: ConnectionId,
    names: [StreamProtocol; 2],
    link: Arc<Link>,
    context: LaneContext,
    lanes: [LaneState; 2],
}

impl DirectHandler {
    pub(crate) fn new(
        connection: ConnectionId,
        names: [StreamProtocol; 2],
        link: Arc<Link>,
        context: LaneContext,
    ) -> Self {
        let lanes = Lane::ALL.map(|_| LaneState { out: Out::Closed, failures: 0, reader: None, readers: 0 });
        Self { connection, names, link, context, lanes }
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
            self.context.report(Report::Fault { peer: self.link.peer, fault: Misbehaviour::BrokenLane });
            return;
        }
        let reader = LaneReader { lane, link: self.link.clone(), context: self.context.clone() };
        state.reader = Some(reader.run(stream).boxed());
    }

    fn failed(&mut self, lane: Lane, error: &dyn std::fmt::Display) {
        tracing::debug!(peer = %self.link.peer, ?lane, %error, "a lane failed");
        let state = &mut self.lanes[lane.index()];
        state.failures = state.failures.saturating_add(1);
        state.out = if state.failures < LANE_FAILURES_MAX {
            Out::Closed
        } else {
            self.context.report(Report::LaneLost { peer: self.link.peer, connection: self.connection });
            Out::Lost
        };
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

    /// Lets the writer of a lane go on; true if the lane has to be opened.
    fn poll_writer(&mut self, lane: Lane, cx: &mut Context<'_>) -> bool {
        if let Out::Open(writer) = &mut self.lanes[lane.index()].out
            && let Poll::Ready(error) = writer.poll_unpin(cx)
        {
            self.failed(lane, &error);
        }
        let state = &mut self.lanes[lane.index()];
        let closed = matches!(state.out, Out::Closed);
        if closed {
            state.out = Out::Opening;
        }
        closed
    }
}

impl ConnectionHandler for DirectHandler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Infallible;
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

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<LaneUpgrade, Lane, Infallible>> {
        for lane in Lane::ALL {
            self.poll_reader(lane, cx);
            if self.poll_writer(lane, cx) {
                let protocol = SubstreamProtocol::new(self.upgrade(&[lane]), lane);
                return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
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
