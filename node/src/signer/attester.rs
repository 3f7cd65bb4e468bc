//! The signer of attestations: the record of what was said is durable before a signature exists (rules G15 to G17 of
//! staking).

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rota_proto::{Attestation, AttestationKey, AttestationSignature, SigningDomain};
use rota_staking::{AttestationRecord, AttestationRecordError, AttestationRefusal};

use super::AttestationSecret;
use crate::durable;

/// The record's file, in the folder of the guard.
const RECORD: &str = "attestations";

/// Signs what the set tells L1, if the record agrees.
pub struct Attester {
    secret: AttestationSecret,
    domain: SigningDomain,
    record: AttestationRecord,
    path: PathBuf,
    /// Held as long as we live.
    _lock: File,
}

/// Why nothing was attested.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The record refuses: it would contradict what was said, or what was said is not known any more.
    #[error("the guard refuses to attest: {0}")]
    Refused(#[from] AttestationRefusal),
    /// The disk failed.
    #[error("the record of attestations {path} failed: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no record.
    #[error("the record of attestations {path} cannot be used: {source}. Put its newest copy in its place")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: AttestationRecordError,
    },
    /// It belongs to another key or rollup.
    #[error("the record of attestations {path} belongs to another key or rollup")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process of this host attests with it.
    #[error("another process holds {path}: a key may sign in one place only")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
}

impl Attester {
    /// Opens the record in `folder`, or begins one, and locks it against a second process.
    ///
    /// # Errors
    /// [`AttestError`].
    pub fn open(folder: &Path, secret: AttestationSecret, domain: SigningDomain) -> Result<Self, AttestError> {
        let path = folder.join(RECORD);
        fs::create_dir_all(folder).map_err(failed(&path))?;
        let held = folder.join("attestations.lock");
        let lock = durable::lock(&held).map_err(failed(&held))?.ok_or(AttestError::Locked { path: held })?;
        let fresh = AttestationRecord::new(domain.rollup_chain_id(), secret.public());
        let record = match fs::read_to_string(&path) {
            Ok(text) => {
                AttestationRecord::decode(&text).map_err(|source| AttestError::Record { path: path.clone(), source })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => fresh.clone(),
            Err(source) => return Err(AttestError::Io { path, source }),
        };
        if record.key() != fresh.key() || record.rollup_chain_id() != fresh.rollup_chain_id() {
            return Err(AttestError::Foreign { path });
        }
        Ok(Self { secret, domain, record, path, _lock: lock })
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &AttestationKey {
        self.record.key()
    }

    /// Asks the record, makes it durable, signs.
    ///
    /// # Errors
    /// [`AttestError`]; what was not made durable was not signed.
    pub fn attest(&mut self, attestation: &Attestation) -> Result<AttestationSignature, AttestError> {
        let admitted = self.record.admit(attestation)?;
        if admitted != self.record {
            durable::replace(&self.path, admitted.encode().as_bytes()).map_err(failed(&self.path))?;
            self.record = admitted;
        }
        Ok(self.secret.attest(&self.domain.attestation(attestation)))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> AttestError {
    let path = path.to_path_buf();
    move |source| AttestError::Io { path, source }
}

#[cfg(test)]
#[path = "tests/attester.rs"]
mod tests;
