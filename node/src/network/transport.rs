//! How bytes travel: TCP without delay, the handshake, yamux.

use std::sync::Arc;

use libp2p::{
    PeerId, Transport as _,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade},
    identity::Keypair,
    noise, tcp,
};

use super::{
    handshake::{Handshake, Reception},
    limits::NetworkLimits,
    muxer::Streams,
};

/// The transport of a node (rule N1).
///
/// # Errors
/// If the node key cannot sign the key of the encryption.
pub(crate) fn transport(
    node_key: &Keypair,
    reception: Arc<Reception>,
    limits: &NetworkLimits,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, noise::Error> {
    let handshake = Handshake { noise: noise::Config::new(node_key)?, reception };
    // Version V1 waits for the other's consent to the handshake, so that a node of another kind is told apart from
    // a failed encryption.
    Ok(tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(upgrade::Version::V1)
        .authenticate(handshake)
        .multiplex(Streams::new())
        .timeout(limits.handshake_timeout)
        .boxed())
}
