//! The poster's journal: the one transaction in flight, durable before it is sent (rule P8).
//!
//! One small file, `[version, record]` in JSON, replaced as a whole: written beside, synced, renamed, its folder
//! synced.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::words::Sent;
use crate::durable;

/// The version of the file. A newer one is refused; the older ones have no reports of validators, or nothing to tell of
/// rewards, and are read as they are.
const VERSION: u32 = 3;
const OLDEST: u32 = 1;

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

/// A part of a stream that L1 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// keccak256 of the whole stream.
    pub stream: B256,
    /// The transaction that carries the part.
    pub transaction: B256,
}

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    record: Option<Record>,
    /// The parts of a stream that were mined, from the first on.
    parts: Vec<Part>,
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
    state: State,
}

impl Journal {
    /// Opens the journal at a path; none there is an empty one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let damaged = |error: serde_json::Error| JournalError::Damaged { path: path.into(), reason: error.to_string() };
        let state = match fs::read(path) {
            Ok(bytes) => {
                // The version first: the fields of another one may have other names.
                let (found, _): (u32, IgnoredAny) = serde_json::from_slice(&bytes).map_err(damaged)?;
                if !(OLDEST..=VERSION).contains(&found) {
                    return Err(JournalError::Version { path: path.into(), found });
                }
                let (_, state): (u32, State) = serde_json::from_slice(&bytes).map_err(damaged)?;
                state
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(source) => return Err(JournalError::Io { path: path.into(), source }),
        };
        Ok(Self { path: path.into(), state })
    }

    /// The transaction in flight.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        self.state.record.as_ref()
    }

    /// Keeps a transaction, or forgets the one there is; durable when it returns.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the transaction must not be sent then.
    pub fn put(&mut self, record: Option<Record>) -> Result<(), JournalError> {
        self.change(State { record, parts: self.state.parts.clone() })
    }

    /// The transactions that carry the first parts of a stream, with what is known of no other stream.
    pub fn parts(&self, stream: B256) -> impl Iterator<Item = B256> {
        self.state.parts.iter().filter(move |part| part.stream == stream).map(|part| part.transaction)
    }

    /// Forgets the transaction in flight, which carried the next part of a stream; parts of another stream go.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn part_done(&mut self, part: Part) -> Result<(), JournalError> {
        let kept = self.state.parts.iter().filter(|known| known.stream == part.stream);
        let parts = kept.copied().chain([part]).collect();
        self.change(State { record: None, parts })
    }

    /// Keeps only the first parts of a stream: L1 lost the next one.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn keep_parts(&mut self, count: usize) -> Result<(), JournalError> {
        let parts = self.state.parts.iter().copied().take(count).collect();
        self.change(State { record: self.state.record.clone(), parts })
    }

    fn change(&mut self, state: State) -> Result<(), JournalError> {
        let failed = |source| JournalError::Io { path: self.path.clone(), source };
        let json = serde_json::to_vec(&(VERSION, &state)).map_err(|error| failed(io::Error::other(error)))?;
        durable::replace(&self.path, &json).map_err(failed)?;
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/journal.rs"]
pub(super) mod tests;
