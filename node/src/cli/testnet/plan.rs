//! The folder of each node of a new network.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use eyre::{ContextCompat as _, eyre};
use libp2p::Multiaddr;

use super::{NodeKeys, TestnetArguments, write, write_secret};
use crate::{
    config::{NetworkToml, NodeToml, PosterToml, ValidatorToml},
    signer::{Keystore, Strength, ValidatorKeys},
};

/// What devnet keystores are encrypted with: it protects nothing and says so.
const DEVNET_PASSPHRASE: &str = "devnet";

/// What the nodes' settings are made from.
pub(super) struct Plan<'a> {
    pub(super) arguments: &'a TestnetArguments,
    /// Where peers reach each node.
    pub(super) hosts: &'a [IpAddr],
    pub(super) keys: &'a [NodeKeys],
}

impl Plan<'_> {
    /// Writes the folder of a node.
    pub(super) fn write(&self, index: u8, network: &NetworkToml, genesis: &str) -> eyre::Result<()> {
        let folder = self.arguments.out.join(format!("node{index}"));
        let keys = self.keys.get(usize::from(index)).wrap_err("a node without keys")?;
        write(&folder.join("config/network.toml"), network.to_text())?;
        write(&folder.join("config/node.toml"), toml::to_string_pretty(&self.node(index)?)?)?;
        write(&folder.join("config/genesis.json"), genesis.to_owned())?;
        write_secret(&folder.join("keys/node"), &keys.node.to_protobuf_encoding()?)?;
        fs::create_dir_all(folder.join("data"))?;
        if self.validates(index) {
            write_secret(&folder.join("keys/passphrase"), DEVNET_PASSPHRASE.as_bytes())?;
            let ValidatorKeys { consensus, attestation } = &keys.validator;
            let consensus = Keystore::encrypt(consensus, DEVNET_PASSPHRASE, Strength::Devnet)?;
            consensus.write(&folder.join("keys/consensus.json"))?;
            let attestation = attestation.encrypt(DEVNET_PASSPHRASE, Strength::Devnet)?;
            attestation.write(&folder.join("keys/attestation.json"))?;
            write_secret(&folder.join("keys/operator"), hex::encode(keys.operator.to_bytes()).as_bytes())?;
        }
        Ok(())
    }

    /// The settings of a node.
    pub(super) fn node(&self, index: u8) -> eyre::Result<NodeToml> {
        let arguments = self.arguments;
        let validates = self.validates(index);
        let others = (0u8..).zip(self.keys).map(|(other, _)| other).filter(|other| *other != index);
        Ok(NodeToml {
            rpc: SocketAddr::new(arguments.rpc_host, port(arguments.rpc_port, index)?),
            cors_origins: Vec::new(),
            operator: SocketAddr::new(arguments.operator_host, port(arguments.operator_port, index)?),
            listen: vec![self.listen(index)?],
            peers: others.map(|other| self.reached(other)).collect::<eyre::Result<_>>()?,
            l1_rpc: vec![arguments.l1.clone()],
            l1_agree: None,
            l1_poll_ms: 500,
            validator: validates.then(|| ValidatorToml {
                keystore: Some(PathBuf::from("keys/consensus.json")),
                passphrase: Some(PathBuf::from("keys/passphrase")),
                attestation: Some(PathBuf::from("keys/attestation.json")),
                ..ValidatorToml::default()
            }),
            poster: validates.then(|| PosterToml {
                backup_after_s: arguments.backup_after_s,
                max_wait_s: arguments.max_wait_s,
                ..PosterToml::with_key(PathBuf::from("keys/operator"))
            }),
        })
    }

    const fn validates(&self, index: u8) -> bool {
        index < self.arguments.validators
    }

    /// Where peers reach a node, with its peer id.
    pub(super) fn reached(&self, index: u8) -> eyre::Result<Multiaddr> {
        let keys = self.keys.get(usize::from(index)).wrap_err("a node without keys")?;
        let address = multiaddr(self.host(index)?, port(self.arguments.p2p_port, index)?)?;
        address.with_p2p(keys.node.public().to_peer_id()).map_err(|address| eyre!("{address} names another peer"))
    }

    /// Where a node listens for peers: on every interface if they come from other hosts, whose way to the node may
    /// lead through an address that is none of its own.
    fn listen(&self, index: u8) -> eyre::Result<Multiaddr> {
        let host = match self.host(index)? {
            host if self.arguments.hosts.is_empty() => host,
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        multiaddr(host, port(self.arguments.p2p_port, index)?)
    }

    fn host(&self, index: u8) -> eyre::Result<IpAddr> {
        self.hosts.get(usize::from(index)).copied().wrap_err("a node without a host")
    }
}

fn port(base: u16, index: u8) -> eyre::Result<u16> {
    base.checked_add(10 * u16::from(index)).wrap_err("a port above 65535")
}

fn multiaddr(host: IpAddr, port: u16) -> eyre::Result<Multiaddr> {
    let family = if host.is_ipv4() { "ip4" } else { "ip6" };
    Ok(format!("/{family}/{host}/tcp/{port}").parse()?)
}
