//! The submitter's key: an account of L1 that pays for entries and holds little.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use alloy::{
    network::TxSignerSync as _,
    signers::local::{LocalSigner, LocalSignerError, PrivateKeySigner},
};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718 as _, Encodable2718 as _};
use alloy_primitives::{Address, B256, Bytes};

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SubmitterError {
    /// The file cannot be read.
    #[error("the submitter's key {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the submitter's key {path} has mode {mode:o}; others must not read it: chmod 600")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no key, or the passphrase does not open it.
    #[error("the submitter's key {path} cannot be used: {reason}")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A text is no key.
    #[error("not a key of 32 bytes in hex")]
    Hex,
    /// The key did not sign.
    #[error("the submitter's key did not sign: {0}")]
    Sign(String),
}

/// The key that signs transactions to L1.
#[derive(Debug)]
pub struct Submitter(PrivateKeySigner);

impl Submitter {
    /// Reads a key that only its owner may read: 32 bytes in hex, or, with a passphrase, a keystore as `cast wallet`
    /// writes it.
    ///
    /// # Errors
    /// [`SubmitterError`].
    pub fn read(path: &Path, passphrase: Option<&str>) -> Result<Self, SubmitterError> {
        let failed = |source| SubmitterError::Io { path: path.into(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SubmitterError::Mode { path: path.into(), mode });
        }
        let unusable = |error: LocalSignerError| SubmitterError::Key { path: path.into(), reason: error.to_string() };
        match passphrase {
            Some(passphrase) => LocalSigner::decrypt_keystore(path, passphrase).map(Self).map_err(unusable),
            None => {
                let text = zeroize::Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
                text.trim().parse().map(Self).map_err(unusable)
            }
        }
    }

    /// A key of 32 bytes in hex.
    ///
    /// # Errors
    /// [`SubmitterError::Hex`].
    pub fn of_hex(text: &str) -> Result<Self, SubmitterError> {
        text.trim().parse().map(Self).map_err(|_| SubmitterError::Hex)
    }

    /// The account.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.0.address()
    }

    /// Signs a transaction: its hash, and its EIP-2718 bytes.
    ///
    /// # Errors
    /// [`SubmitterError::Sign`].
    pub fn sign(&self, mut transaction: TxEip1559) -> Result<(B256, Bytes), SubmitterError> {
        let signature =
            self.0.sign_transaction_sync(&mut transaction).map_err(|error| SubmitterError::Sign(error.to_string()))?;
        let signed = transaction.into_signed(signature);
        Ok((*signed.hash(), signed.encoded_2718().into()))
    }
}

impl From<PrivateKeySigner> for Submitter {
    fn from(key: PrivateKeySigner) -> Self {
        Self(key)
    }
}

impl From<Submitter> for PrivateKeySigner {
    fn from(Submitter(key): Submitter) -> Self {
        key
    }
}

/// The transaction in EIP-2718 bytes that [`Submitter::sign`] gave.
#[must_use]
pub(super) fn unsigned(raw: &[u8]) -> Option<TxEip1559> {
    match TxEnvelope::decode_2718_exact(raw) {
        Ok(TxEnvelope::Eip1559(signed)) => Some(signed.strip_signature()),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
#[path = "tests/submitter.rs"]
mod tests;
