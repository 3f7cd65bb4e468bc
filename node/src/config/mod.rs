//! What a node is told: `network.toml`, the same for all nodes of a network, and `node.toml`, its own.

mod times;
mod validator;

use std::{
    fs,
    net::SocketAddr,
    num::{NonZeroU64, NonZeroUsize},
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256, keccak256};
use libp2p::Multiaddr;
use rota_proto::{EpochSchedule, L1Origin, NetworkId, ScheduleError, SigningDomain};
use rota_staking::{Contracts, Genesis as RegistryGenesis};
use serde::{Deserialize, Serialize};

pub use times::TimesToml;
pub use validator::{KeyPlace, SignerToml, ValidatorToml};

use crate::signer::SigningNetwork;

/// Everything that all nodes of a network agree on. Its hash is the network's identity: two nodes whose files differ
/// in a single value part by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkToml {
    /// For people.
    pub name: String,
    /// Chain id of the rollup.
    pub rollup_chain_id: u64,
    /// Hash of the genesis batch.
    pub genesis_hash: B256,
    /// L1.
    pub l1: L1Toml,
    /// Timers and bounds.
    #[serde(default)]
    pub times: TimesToml,
    /// How the set tells L1 who took part.
    pub rewards: RewardsToml,
}

/// What the contracts of rewards and attestations were deployed with. A node that reckoned by other numbers would
/// attest what no other does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardsToml {
    /// Epochs of a period.
    pub period_epochs: u64,
    /// Epochs after the one that something is about whose sets may still attest it.
    pub attestation_epochs: u64,
}

/// Where the network stands on L1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct L1Toml {
    /// Chain id of L1.
    pub chain_id: u64,
    /// The block in which the contracts were opened: with it the registry begins.
    pub opening_block: u64,
    /// The first block of epoch 0.
    pub start_block: u64,
    /// Blocks of an epoch.
    pub epoch_length: u64,
    /// The block that genesis builds on.
    pub origin_number: u64,
    /// Its hash.
    pub origin_hash: B256,
    /// A block is taken as final when so many stand on it; without this, when L1 calls it final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<NonZeroU64>,
    /// The contracts.
    pub contracts: Contracts,
}

/// Why a setting cannot be used. Every text says which file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {reason}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, and what is wrong.
        reason: String,
    },
    /// The epochs cannot be.
    #[error("network.toml: {0}")]
    Schedule(#[from] ScheduleError),
    /// The two files are of different networks.
    #[error("genesis.json hashes to {found}, network.toml says {expected}: take both files from the same network")]
    OtherGenesis {
        /// The hash of the genesis batch.
        found: B256,
        /// What `network.toml` says.
        expected: B256,
    },
}

impl NetworkToml {
    /// Reads `network.toml`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        parse(path)
    }

    /// The network's identity: keccak256 of the file as this program would write it, so that comments and spaces do
    /// not count.
    #[must_use]
    pub fn id(&self) -> NetworkId {
        keccak256(self.to_text())
    }

    /// The text of the file.
    ///
    /// # Panics
    /// Never: every field has a TOML form.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| unreachable!("a network has a TOML form: {error}"))
    }

    /// What signatures are bound to.
    #[must_use]
    pub fn domain(&self) -> SigningDomain {
        self.signing().domain()
    }

    /// The same in its parts.
    #[must_use]
    pub const fn signing(&self) -> SigningNetwork {
        SigningNetwork {
            l1_chain_id: self.l1.chain_id,
            staking_contract: self.l1.contracts.stakes,
            rollup_chain_id: self.rollup_chain_id,
        }
    }

    /// What the registry begins with.
    ///
    /// # Errors
    /// [`ConfigError::Schedule`].
    pub fn registry(&self) -> Result<RegistryGenesis, ConfigError> {
        Ok(RegistryGenesis {
            rollup_chain_id: self.rollup_chain_id,
            schedule: EpochSchedule::new(self.l1.start_block, self.l1.epoch_length)?,
            origin: L1Origin { number: self.l1.origin_number, hash: self.l1.origin_hash },
        })
    }
}

/// A node's own settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeToml {
    /// JSON-RPC over HTTP and WebSocket.
    pub rpc: SocketAddr,
    /// Web pages that may use it, by origin, as in `["https://app.example"]`; all if there is none.
    #[serde(default)]
    pub cors_origins: Vec<String>,
    /// Metrics and health.
    pub operator: SocketAddr,
    /// Where to listen for peers.
    pub listen: Vec<Multiaddr>,
    /// Peers to stay connected with.
    #[serde(default)]
    pub peers: Vec<Multiaddr>,
    /// L1's JSON-RPC over HTTP: one address, or several, as in `["http://a:8545", "http://b:8545"]` (rules Z of `l1`).
    #[serde(with = "one_or_more")]
    pub l1_rpc: Vec<String>,
    /// How many of several have to say the same of a block of L1 before it is taken; more than half of them by default
    /// (rule Z4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l1_agree: Option<NonZeroUsize>,
    /// How often L1 is asked for new blocks.
    #[serde(default = "default_l1_poll_ms")]
    pub l1_poll_ms: u64,
    /// What a validator needs; without it the node follows the chain and serves users.
    #[serde(default)]
    pub validator: Option<ValidatorToml>,
    /// What a poster needs; without it the node only follows what others post.
    #[serde(default)]
    pub poster: Option<PosterToml>,
}

/// A text, or a list of texts; a list of one is written as a text.
mod one_or_more {
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
        Ok(match OneOrMore::deserialize(from)? {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        })
    }

    pub(super) fn serialize<S: Serializer>(texts: &[String], to: S) -> Result<S::Ok, S::Error> {
        match texts {
            [one] => one.serialize(to),
            more => more.serialize(to),
        }
    }
}

const fn default_l1_poll_ms() -> u64 {
    1_000
}

/// How final batches are posted to L1 (rules P). Paths are relative to the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosterToml {
    /// The submitter's key: 32 bytes in hex, or a keystore as `cast wallet` writes it. Mode 0600.
    pub key: PathBuf,
    /// The file with the keystore's passphrase; without it the key is in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<PathBuf>,
    /// The validator to post for, by its operator's account; the submitter's own account by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator: Option<Address>,
    /// The most to be paid, in gwei per gas. Posting waits while L1 asks more.
    #[serde(default = "PosterToml::default_max_fee_gwei")]
    pub max_fee_gwei: u64,
    /// The least tip to be offered, in milligwei per gas.
    #[serde(default = "PosterToml::default_tip_milligwei")]
    pub tip_milligwei: u64,
    /// How long each backup waits longer than the one before it, in seconds: a few L1 blocks.
    #[serde(default = "PosterToml::default_backup_after_s")]
    pub backup_after_s: u64,
    /// A batch is posted at this age at the latest, in seconds.
    #[serde(default = "PosterToml::default_max_wait_s")]
    pub max_wait_s: u64,
    /// So much is enough to post before that, in bytes before compression.
    #[serde(default = "PosterToml::default_min_bytes")]
    pub min_bytes: usize,
    /// A transaction is replaced when it was not mined after so many L1 blocks.
    #[serde(default = "PosterToml::default_replace_after_blocks")]
    pub replace_after_blocks: u64,
}

impl PosterToml {
    /// The defaults for 12-second blocks of L1, with a key in this file.
    #[must_use]
    pub const fn with_key(key: PathBuf) -> Self {
        Self {
            key,
            passphrase: None,
            validator: None,
            max_fee_gwei: Self::default_max_fee_gwei(),
            tip_milligwei: Self::default_tip_milligwei(),
            backup_after_s: Self::default_backup_after_s(),
            max_wait_s: Self::default_max_wait_s(),
            min_bytes: Self::default_min_bytes(),
            replace_after_blocks: Self::default_replace_after_blocks(),
        }
    }

    /// A full entry takes 5 million gas: at this fee half an ether.
    const fn default_max_fee_gwei() -> u64 {
        100
    }

    const fn default_tip_milligwei() -> u64 {
        100
    }

    /// Four blocks of 12 seconds.
    const fn default_backup_after_s() -> u64 {
        48
    }

    /// An entry costs 50,000 gas more than its bytes: at this age that is little against what a minute of batches
    /// costs.
    const fn default_max_wait_s() -> u64 {
        60
    }

    /// Transfers compress to three quarters: this comes near to a full payload.
    const fn default_min_bytes() -> usize {
        150_000
    }

    const fn default_replace_after_blocks() -> u64 {
        3
    }
}

impl NodeToml {
    /// Reads `node.toml`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let node: Self = parse(path)?;
        if let Some(validator) = &node.validator {
            let said = validator.key();
            said.map_err(|reason| ConfigError::Parse { path: path.to_path_buf(), reason: reason.into() })?;
        }
        Ok(node)
    }
}

/// Reads a text file.
///
/// # Errors
/// [`ConfigError::Read`].
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = read_text(path)?;
    toml::from_str(&text).map_err(|error| ConfigError::Parse { path: path.to_path_buf(), reason: error.to_string() })
}
