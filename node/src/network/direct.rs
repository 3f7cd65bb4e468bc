//! Direct streams: every connection has two lanes each way, and every peer a queue for each lane.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, ToSwarm,
    },
};

use super::{
    direct_handler::{DirectHandler, LaneLost},
    kind::{Lane, Names},
    lane::LaneContext,
    link::Link,
    misbehaviour::Misbehaviour,
};

/// A fault that the task of a connection saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) peer: PeerId,
    pub(crate) fault: Misbehaviour,
}

/// Opens the lanes of every connection and keeps a [`Link`] for every connected peer.
pub(crate) struct Direct {
    lanes: [libp2p::StreamProtocol; 2],
    links: BTreeMap<PeerId, Arc<Link>>,
    context: LaneContext,
    /// Connections with a lane that is lost, to be closed. Each is named once a lane, so they are no more than twice
    /// the connections.
    lost: VecDeque<(PeerId, ConnectionId)>,
}

impl Direct {
    pub(crate) fn new(names: &Names, context: LaneContext) -> Self {
        Self { lanes: Lane::ALL.map(|lane| names.lane(lane)), links: BTreeMap::new(), context, lost: VecDeque::new() }
    }

    /// The link with a connected peer.
    pub(crate) fn link(&self, peer: &PeerId) -> Option<&Arc<Link>> {
        self.links.get(peer)
    }

    /// The handler of a new connection. This behaviour is the last to be asked, so nobody refuses it any more.
    fn handler(&mut self, peer: PeerId) -> DirectHandler {
        let context = &self.context;
        let link =
            self.links.entry(peer).or_insert_with(|| Arc::new(Link::new(peer, &context.limits, &context.metrics)));
        DirectHandler::new(self.lanes.clone(), link.clone(), self.context.clone())
    }
}

impl NetworkBehaviour for Direct {
    type ConnectionHandler = DirectHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, remaining_established: 0, .. }) = event {
            self.links.remove(&peer_id);
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, _: LaneLost) {
        tracing::debug!(%peer, "a connection without lanes is closed");
        self.lost.push_back((peer, connection));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.lost.pop_front() {
            Some((peer_id, connection)) => {
                Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) })
            }
            None => Poll::Pending,
        }
    }
}
