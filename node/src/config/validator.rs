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
    /// The file with its passphrase; without it the node asks for it at the terminal that it is started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<PathBuf>,
    /// The keystore of the attestation key, with the same passphrase; without it the node attests nothing, and others
    /// have to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<PathBuf>,
    /// In the place of both: the socket of the signer that has the key, `rota signer`.
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
        match (&self.keystore, &self.passphrase, &self.signer) {
            (Some(keystore), passphrase, None) => {
                Ok(KeyPlace::Keystore { keystore, passphrase: passphrase.as_deref() })
            }
            (None, None, Some(socket)) => Ok(KeyPlace::Signer(socket)),
            (None, _, None) => Err("[validator] names no key: name a keystore, or the socket of a signer"),
            (_, _, Some(_)) => Err("[validator] names a signer, which has the key: name no keystore and no passphrase"),
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
