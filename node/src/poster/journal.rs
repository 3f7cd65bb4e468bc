//! The poster's journal: the one transaction in flight, durable before it is sent (rule P8).
//!
//! One small file, `[version, record]` in JSON, replaced as a whole: written beside, synced, renamed, the folder synced.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::plan::Sent;

/// The version of the file. A newer one is refused.
const VERSION: u32 = 1;

/// A transaction as it was signed, with all that a restart needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What a plan goes by.
    pub sent: Sent,
    /// The hashes of all transactions signed with this nonce, the newest last: any of them may be mined.
    pub hashes: Vec<B256>,
    /// The newest, in EIP-2718 bytes.
    pub raw: Bytes,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk failed.
    #[error("the poster's journal {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what was written.
    #[error(
        "the poster's journal {path} is damaged: {reason}; remove it: the inbox refuses what would be posted twice"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another program wrote it.
    #[error(
        "the poster's journal {path} has version {found}, this program knows {VERSION}: use the program that wrote it"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    record: Option<Record>,
}

impl Journal {
    /// Opens the journal at a path; none there is an empty one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let damaged = |error: serde_json::Error| JournalError::Damaged { path: path.into(), reason: error.to_string() };
        let record = match fs::read(path) {
            Ok(bytes) => {
                // The version first: the fields of another one may have other names.
                let (found, _): (u32, IgnoredAny) = serde_json::from_slice(&bytes).map_err(damaged)?;
                if found != VERSION {
                    return Err(JournalError::Version { path: path.into(), found });
                }
                let (_, record): (u32, Option<Record>) = serde_json::from_slice(&bytes).map_err(damaged)?;
                record
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(JournalError::Io { path: path.into(), source }),
        };
        Ok(Self { path: path.into(), record })
    }

    /// The transaction in flight.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Keeps a transaction, or forgets the one there is; durable when it returns.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the transaction must not be sent then.
    pub fn put(&mut self, record: Option<Record>) -> Result<(), JournalError> {
        let failed = |source| JournalError::Io { path: self.path.clone(), source };
        let json = serde_json::to_vec(&(VERSION, &record)).map_err(|error| failed(io::Error::other(error)))?;
        self.replace(&json).map_err(failed)?;
        self.record = record;
        Ok(())
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

#[cfg(test)]
#[path = "tests/journal.rs"]
mod tests;
