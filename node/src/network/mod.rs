#![doc = include_str!("README.md")]

mod address;
mod admission;
mod answers;
mod attempts;
mod behaviour;
mod codec;
mod config;
mod dialer;
mod direct;
mod direct_handler;
mod event;
mod events;
mod exchange;
mod exchange_events;
mod frame;
mod gossip;
mod handle;
mod handshake;
mod hello;
mod kind;
mod lane;
mod limits;
mod link;
mod lock;
mod metrics;
mod misbehaviour;
mod muxer;
mod outbox;
mod peers;
mod pending;
mod places;
mod queue;
mod rate;
mod record;
mod refusal;
mod roster;
mod seen;
mod service;
mod swarm_events;
mod transactions;
mod transport;
mod trust;

use std::future::Future;

use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;

pub use admission::Denied;
pub use config::{NetworkConfig, NetworkError};
pub use dialer::PeerAddressError;
pub use event::{GossipId, NetworkEvent, Refused, Responder, Verdict, Way};
pub use events::NetworkEvents;
pub use exchange::{Answer, RequestError, Target};
pub use gossip::GossipSettings;
pub use handle::{CommandError, NetworkHandle, PeerInfo, Recipient};
pub use hello::HandshakeError;
pub use kind::{Lane, MessageKind, Topic};
pub use limits::NetworkLimits;
pub use misbehaviour::Misbehaviour;
pub(crate) use rate::Bucket;
pub use rate::Rate;
pub use record::PeerRecord;
pub(crate) use seen::Seen;
pub use service::Network;

#[cfg(test)]
pub(crate) mod tests;

/// Starts a network as a task that runs until `shutdown`: the way to speak to it, what it tells, and its end.
///
/// # Errors
/// [`NetworkError`] names the setting that cannot be.
pub fn spawn(
    config: NetworkConfig,
    registry: &mut Registry,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(NetworkHandle, NetworkEvents, JoinHandle<()>), NetworkError> {
    let (network, handle, events) = Network::new(config, registry)?;
    Ok((handle, events, tokio::spawn(network.run(shutdown))))
}
