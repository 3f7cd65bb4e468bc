//! A member of the set that is no node: a test holds its keys, and listens in its place.

use std::{collections::BTreeSet, path::Path};

use ed25519_dalek::{Signer as _, SigningKey};
use eyre::{Result, WrapErr as _};
use libp2p::identity::Keypair;
use prometheus_client::registry::Registry as MetricsRegistry;
use rota_node::{
    config::{NetworkToml, NodeToml},
    network::{NetworkConfig, NetworkEvents, NetworkHandle, NetworkLimits, PeerRecord, spawn},
    signer::Keystore,
};
use rota_proto::{ConsensusKey, Place, Signature, SignedVote, SigningDomain, Vote};
use tokio::{sync::oneshot, task::JoinHandle};

/// The consensus key in the folder of a validator.
pub(crate) fn consensus_secret(folder: &Path) -> Result<SigningKey> {
    let passphrase = std::fs::read_to_string(folder.join("keys/passphrase"))?;
    Ok(Keystore::read(&folder.join("keys/consensus.json"))?.decrypt(passphrase.trim_end())?)
}

/// A consensus key's public half.
pub(crate) fn public(secret: &SigningKey) -> Result<ConsensusKey> {
    Ok(ConsensusKey::from_bytes(&secret.verifying_key().to_bytes())?)
}

/// A vote of a key that no guard protects.
pub(crate) fn sign(secret: &SigningKey, domain: &SigningDomain, vote: Vote, signer: Place) -> SignedVote {
    let signature = Signature(secret.sign(domain.vote(&vote).as_slice()).to_bytes());
    SignedVote { vote, signer, signature }
}

/// A member of the set, connected to the nodes of its folder's settings.
pub(crate) struct Member {
    pub(crate) handle: NetworkHandle,
    pub(crate) domain: SigningDomain,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Member {
    /// Takes the place of the node in `folder`, which must not run.
    pub(crate) fn join(folder: &Path, validators: &[ConsensusKey]) -> Result<(Self, NetworkEvents)> {
        let network = NetworkToml::read(&folder.join("config/network.toml"))?;
        let settings = NodeToml::read(&folder.join("config/node.toml"))?;
        let (node_key, secret, domain) = (node_key(folder)?, consensus_secret(folder)?, network.domain());
        let consensus_key = public(&secret)?;
        let digest = PeerRecord::digest(&domain, &consensus_key, &node_key.public().try_into_ed25519()?, 1);
        let signature = Signature(secret.sign(digest.as_slice()).to_bytes());
        let config = NetworkConfig {
            listen: settings.listen,
            peers: settings.peers,
            node_key,
            network: network.id(),
            domain: domain.clone(),
            record: Some(PeerRecord { consensus_key, sequence: 1, signature }),
            version: "rota/test".into(),
            limits: NetworkLimits::default(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            // A sender that is gone means the end as well.
            let _ = stopped.await;
        };
        let (handle, events, task) = spawn(config, &mut MetricsRegistry::default(), shutdown)?;
        handle.set_validators(validators.iter().copied().collect::<BTreeSet<_>>())?;
        Ok((Self { handle, domain, stop, task }, events))
    }

    /// Leaves the network.
    pub(crate) async fn leave(self) -> Result<()> {
        drop(self.stop);
        self.task.await.wrap_err("the network of the member")
    }
}

fn node_key(folder: &Path) -> Result<Keypair> {
    Ok(Keypair::from_protobuf_encoding(&std::fs::read(folder.join("keys/node"))?)?)
}
