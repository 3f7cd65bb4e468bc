//! Direct streams: every connection has two lanes each way, and every peer a queue for each lane.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
    },
};

use super::{
    direct_handler::DirectHandler,
    kind::{Lane, Names},
    lane::LaneContext,
    link::Link,
    misbehaviour::Misbehaviour,
};

/// What the task of a connection tells the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Report {
    /// The peer did something wrong.
    Fault { peer: PeerId, fault: Misbehaviour },
    /// A connection has no working lane any more.
    LaneLost { peer: PeerId, connection: ConnectionId },
}

/// Opens the lanes of every connection and keeps a [`Link`] for every connected peer.
pub(crate) struct Direct {
    lanes: [libp2p::StreamProtocol; 2],
    links: BTreeMap<PeerId, Arc<Link>>,
    context: LaneContext,
}

impl Direct {
    pub(crate) fn new(names: &Names, context: LaneContext) -> Self {
        Self { lanes: Lane::ALL.map(|lane| names.lane(lane)), links: BTreeMap::new(), context }
    }

    /// The link with a connected peer.
    pub(crate) fn link(&self, peer: &PeerId) -> Option<&Arc<Link>> {
        self.links.get(peer)
    }

    /// The handler of a new connection. This behaviour is the last to be asked, so nobody refuses it any more.
    fn handler(&mut self, peer: PeerId, connection: ConnectionId) -> DirectHandler {
        let context = &self.context;
        let link =
            self.links.entry(peer).or_insert_with(|| Arc::new(Link::new(peer, &context.limits, &context.metrics)));
        DirectHandler::new(connection, self.lanes.clone(), link.clone(), self.context.clone())
    }
}

impl NetworkBehaviour for Direct {
    type ConnectionHandler = DirectHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer, connection))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer, connection))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, remaining_established: 0, .. }) = event {
            self.links.remove(&peer_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
