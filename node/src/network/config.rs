//! What a node's network is made of.

use libp2p::{Multiaddr, identity::Keypair};
use rota_proto::{NetworkId, SigningDomain};

use super::{
    dialer::PeerAddressError,
    gossip::GossipSettings,
    limits::{NetworkLimits, VERSION_BYTES_MAX},
    record::PeerRecord,
};

/// The settings of a node's network.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// Where to listen: `/ip4/../tcp/..`; port 0 takes a free one. May be empty.
    pub listen: Vec<Multiaddr>,
    /// Peers to stay connected with: `/ip4/../tcp/../p2p/..`; names (`/dns4/..`) are resolved at each dial.
    pub peers: Vec<Multiaddr>,
    /// The node key: ed25519, and not the consensus key.
    pub node_key: Keypair,
    /// The network we belong to.
    pub network: NetworkId,
    /// What records are signed for.
    pub domain: SigningDomain,
    /// Our own record, if a validator speaks through this node.
    pub record: Option<PeerRecord>,
    /// The program's version, for people; at most 64 bytes.
    pub version: String,
    /// The limits.
    pub limits: NetworkLimits,
}

/// Why a network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The node key is not ed25519.
    #[error("the node key is not an ed25519 key")]
    NodeKey,
    /// The record was signed for another node key or network.
    #[error("the record of {0} was not signed for this node key and network")]
    Record(Box<rota_proto::ConsensusKey>),
    /// The version is too long for a status.
    #[error("a version of {length} bytes is above the limit of {limit}")]
    Version {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A configured peer cannot be dialled.
    #[error(transparent)]
    Peer(#[from] PeerAddressError),
    /// We cannot listen there.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Where.
        address: Multiaddr,
        /// Why not.
        reason: String,
    },
    /// The encryption could not be set up.
    #[error("encryption: {0}")]
    Noise(String),
    /// Gossip could not be set up.
    #[error(transparent)]
    Gossip(#[from] GossipSettings),
}

impl NetworkConfig {
    /// What can be told without a socket.
    pub(crate) fn check(&self) -> Result<(), NetworkError> {
        if self.node_key.clone().try_into_ed25519().is_err() {
            return Err(NetworkError::NodeKey);
        }
        if self.version.len() > VERSION_BYTES_MAX {
            return Err(NetworkError::Version { length: self.version.len(), limit: VERSION_BYTES_MAX });
        }
        let peer = self.node_key.public().to_peer_id();
        match self.record {
            Some(record) if !record.stands_for(&self.domain, &peer) => {
                Err(NetworkError::Record(Box::new(record.consensus_key)))
            }
            Some(_) | None => Ok(()),
        }
    }
}
