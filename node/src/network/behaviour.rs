//! All protocols of a node in one behaviour.

use std::{collections::BTreeSet, sync::Arc};

use libp2p::{
    PeerId,
    connection_limits::{self, ConnectionLimits},
    identify, identity, ping, request_response,
    swarm::NetworkBehaviour,
};
use prometheus_client::registry::Registry;

use super::{
    admission::Admission,
    codec::Codec,
    direct::Direct,
    gossip::{self, GossipSettings, Gossipsub},
    handshake::Reception,
    kind::Names,
    lane::LaneContext,
    limits::{NetworkLimits, STREAMS_PER_CONNECTION_MAX},
};

/// In the order in which they are asked about a connection: those that refuse come first, and the one that keeps
/// something for each connection last.
#[derive(NetworkBehaviour)]
pub(crate) struct Protocols {
    pub(crate) admission: Admission,
    limits: connection_limits::Behaviour,
    pub(crate) gossip: Gossipsub,
    pub(crate) exchange: request_response::Behaviour<Codec>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(crate) direct: Direct,
}

/// What the protocols are made of.
pub(crate) struct Parts {
    pub(crate) names: Names,
    pub(crate) public_key: identity::PublicKey,
    pub(crate) limits: Arc<NetworkLimits>,
    pub(crate) reception: Arc<Reception>,
    pub(crate) known: BTreeSet<PeerId>,
    pub(crate) lanes: LaneContext,
}

impl Protocols {
    pub(crate) fn new(parts: Parts, registry: &mut Registry) -> Result<Self, GossipSettings> {
        let Parts { names, public_key, limits, reception, known, lanes } = parts;
        let connections = ConnectionLimits::default()
            .with_max_pending_outgoing(Some(limits.pending_out_max))
            .with_max_established(Some(limits.connections_max))
            .with_max_established_per_peer(Some(limits.connections_per_peer_max));
        let both_ways = request_response::ProtocolSupport::Full;
        let exchange = request_response::Behaviour::with_codec(
            Codec { patience: limits.frame_timeout },
            [(names.exchange(), both_ways)],
            request_response::Config::default()
                .with_request_timeout(limits.request_timeout)
                // N41: as many as a connection has streams, so that libp2p drops none and we count what is too much.
                .with_max_concurrent_streams(STREAMS_PER_CONNECTION_MAX),
        );
        // We use no address that a peer tells of itself, so none is kept.
        let identify = identify::Config::new(names.identify(), public_key).with_cache_size(0);
        let ping = ping::Config::new().with_interval(limits.ping_interval).with_timeout(limits.ping_timeout);
        Ok(Self {
            gossip: gossip::behaviour(&names, registry)?,
            admission: Admission::new(reception, limits, known),
            limits: connection_limits::Behaviour::new(connections),
            exchange,
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping),
            direct: Direct::new(&names, lanes),
        })
    }
}
