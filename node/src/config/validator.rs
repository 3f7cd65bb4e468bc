//! Where a validator's key is: with the node, or with a signer in another process.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ConfigError, parse};

/// What a validator needs. Paths are relative to the data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorToml {
    /// The keystore of the consensus key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keystore: Option<PathBuf>,
    /// The file with the passphrase of both keystores; without it the node asks for it at the terminal that it is
    /// started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<PathBuf>,
    /// The keystore of the attestation key, which stands with the node, also if the consensus key does not; without it
    /// the node attests nothing, and others have to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<PathBuf>,
    /// In the place of a keystore: the socket of the signer that has the consensus key, `rota signer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<PathBuf>,
    /// For how long, in milliseconds, the node listens on a start whether its key signs elsewhere, before it votes
    /// (rule S4 of consensus); up to half as much is added by lot. Without it as long as
    /// [`TimesToml::doppelganger_wait_ms`](super::TimesToml::doppelganger_wait_ms) says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doppelganger_wait_ms: Option<u64>,
}

/// Where the key is, by paths relative to the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace<'a> {
    /// In a keystore of the node's own.
    Keystore {
        /// The keystore.
        keystore: &'a Path,
        /// The file with its passphrase.
        passphrase: Option<&'a Path>,
    },
    /// With the signer at this socket.
    Signer(&'a Path),
}

impl ValidatorToml {
    /// Where the key is.
    ///
    /// # Errors
    /// What to write instead, if the settings name no place or two.
    pub fn key(&self) -> Result<KeyPlace<'_>, &'static str> {
        match (&self.keystore, &self.signer) {
            (Some(keystore), None) => Ok(KeyPlace::Keystore { keystore, passphrase: self.passphrase.as_deref() }),
            (None, Some(_)) if self.passphrase.is_some() && self.attestation.is_none() => {
                Err("[validator] names a passphrase, and no keystore that it opens: the signer has its own")
            }
            (None, Some(socket)) => Ok(KeyPlace::Signer(socket)),
            (None, None) => Err("[validator] names no key: name a keystore, or the socket of a signer"),
            (Some(_), Some(_)) => Err("[validator] names a signer, which has the consensus key: name no keystore"),
        }
    }
}

/// The settings of `rota signer`: `config/signer.toml`. Paths are relative to its data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerToml {
    /// The keystore of the consensus key.
    pub keystore: PathBuf,
    /// The file with its passphrase; without it the signer asks for it at the terminal that it is started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<PathBuf>,
}

impl SignerToml {
    /// Reads `signer.toml`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        parse(path)
    }
}

#[cfg(test)]
#[path = "tests/validator.rs"]
mod tests;
