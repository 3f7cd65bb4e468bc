//! A node's network on 127.0.0.1.

use std::{collections::BTreeSet, time::Duration};

use libp2p::{Multiaddr, PeerId, identity::Keypair, multiaddr::Protocol};
use prometheus_client::registry::Registry;
use rota_proto::{ConsensusKey, Message, NetworkId};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use super::samples::{Validator, domain, network};
use crate::network::{
    GossipId, NetworkConfig, NetworkEvent, NetworkEvents, NetworkHandle, NetworkLimits, PeerRecord, Responder, Verdict,
    Way, spawn,
};

/// Longer than anything here takes on a busy machine; nothing waits it out that passes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a node is started.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) key: Keypair,
    pub(crate) network: NetworkId,
    pub(crate) listen: Multiaddr,
    pub(crate) peers: Vec<Multiaddr>,
    pub(crate) record: Option<PeerRecord>,
    pub(crate) limits: NetworkLimits,
    pub(crate) validators: BTreeSet<ConsensusKey>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let limits = NetworkLimits {
            redial_first: Duration::from_millis(20),
            redial_max: Duration::from_millis(200),
            ..NetworkLimits::default()
        };
        Self {
            key: Keypair::generate_ed25519(),
            network: network(),
            listen: "/ip4/127.0.0.1/tcp/0".parse().unwrap(),
            peers: Vec::new(),
            record: None,
            limits,
            validators: BTreeSet::new(),
        }
    }

    pub(crate) fn dialling(mut self, nodes: &[&Node]) -> Self {
        self.peers = nodes.iter().map(|node| node.address.clone()).collect();
        self
    }

    /// Speaks for a validator.
    pub(crate) fn validator(mut self, validator: &Validator) -> Self {
        self.record = Some(validator.record(&self.key, 1));
        self
    }

    /// Knows these validators.
    pub(crate) fn knowing(mut self, validators: &[&Validator]) -> Self {
        self.validators = validators.iter().map(|validator| validator.key()).collect();
        self
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut NetworkLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub(crate) fn config(&self) -> NetworkConfig {
        NetworkConfig {
            listen: vec![self.listen.clone()],
            peers: self.peers.clone(),
            node_key: self.key.clone(),
            network: self.network,
            domain: domain(),
            record: self.record,
            version: "rota/test".into(),
            limits: self.limits.clone(),
        }
    }

    pub(crate) async fn start(self) -> Node {
        let mut registry = Registry::with_prefix("rota");
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let (handle, events, task) = spawn(self.config(), &mut registry, shutdown).unwrap();
        handle.set_validators(self.validators).unwrap();
        let peer = handle.local_peer();
        let mut node = Node { handle, events, address: self.listen, peer, registry, stop, task };
        let address = node
            .expect("to listen", |event| match event {
                NetworkEvent::Listening { address } => Some(address),
                _ => None,
            })
            .await;
        node.address = address.with(Protocol::P2p(peer));
        node
    }
}

/// A running network.
pub(crate) struct Node {
    pub(crate) handle: NetworkHandle,
    pub(crate) events: NetworkEvents,
    pub(crate) address: Multiaddr,
    pub(crate) peer: PeerId,
    registry: Registry,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Node {
    /// The first event that `pick` takes; the others before it are passed over.
    #[track_caller]
    pub(crate) fn expect<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(NetworkEvent) -> Option<T>,
    ) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        let what = format!("{what} ({caller})");
        let events = &mut self.events;
        async move {
            let picked = timeout(PATIENCE, async {
                loop {
                    let event = events.recv().await.unwrap_or_else(|| panic!("the network ended before {what}"));
                    if let Some(picked) = pick(event) {
                        return picked;
                    }
                }
            });
            picked.await.unwrap_or_else(|_| panic!("waited in vain {what}"))
        }
    }

    #[track_caller]
    pub(crate) fn connected(&mut self, to: PeerId) -> impl Future<Output = Option<ConsensusKey>> {
        self.expect("for a peer to connect", move |event| match event {
            NetworkEvent::PeerConnected { peer, validator, .. } if peer == to => Some(validator),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn gone_any(&mut self) -> impl Future<Output = PeerId> {
        self.expect("for any peer to go", |event| match event {
            NetworkEvent::PeerGone { peer } => Some(peer),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn gone(&mut self, from: PeerId) -> impl Future<Output = ()> {
        self.expect("for a peer to go", move |event| match event {
            NetworkEvent::PeerGone { peer } if peer == from => Some(()),
            _ => None,
        })
    }

    /// The next message, whatever the way.
    #[track_caller]
    pub(crate) fn message(&mut self) -> impl Future<Output = (PeerId, Option<ConsensusKey>, Message, Way)> {
        self.expect("for a message", |event| match event {
            NetworkEvent::Message { from, validator, message, way } => Some((from, validator, message, way)),
            _ => None,
        })
    }

    /// The next message by gossip, accepted.
    pub(crate) async fn gossip(&mut self) -> (PeerId, Message) {
        let (from, message, id) = self.gossip_unjudged().await;
        self.handle.judge(id, Verdict::Accept).unwrap();
        (from, message)
    }

    #[track_caller]
    pub(crate) fn gossip_unjudged(&mut self) -> impl Future<Output = (PeerId, Message, GossipId)> {
        self.expect("for gossip", |event| match event {
            NetworkEvent::Message { from, message, way: Way::Gossip(id), .. } => Some((from, message, id)),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn request(&mut self) -> impl Future<Output = (PeerId, Message, Responder)> {
        self.expect("for a request", |event| match event {
            NetworkEvent::Request { from, request, responder, .. } => Some((from, request, responder)),
            _ => None,
        })
    }

    /// The value of a metric, its labels as Prometheus writes them; 0 where nothing was counted.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until a metric has reached `least`. Metrics have no events, so this looks again and again.
    pub(crate) async fn metric_reaches(&self, name: &str, least: u64) {
        let reached = timeout(PATIENCE, async {
            while self.metric(name) < least {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        if reached.await.is_err() {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
            panic!("{name} never reached {least}:\n{text}");
        }
    }

    pub(crate) async fn stop(self) {
        let Self { stop, task, events, .. } = self;
        stop.send(()).unwrap();
        drop(events);
        timeout(PATIENCE, task).await.unwrap().unwrap();
    }
}
