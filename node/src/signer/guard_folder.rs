//! The guard's record in the hands of its operator: shown, carried out, taken in (rules G13, G14 of staking).

use std::path::Path;

use rota_proto::{ConsensusKey, Round};
use rota_staking::{ForeignRecord, Joined, RecordTextError, SafetyRecord};

use super::guard_file::{GuardStorage, GuardStorageError, peek};

/// The folder that a guard keeps its record in.
#[derive(Clone, Copy, Debug)]
pub struct GuardFolder<'a>(pub &'a Path);

/// What an import made of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What the folder held.
    pub before: SafetyRecord,
    /// What it holds now, durably.
    pub after: SafetyRecord,
    /// Rounds in which the two contradict each other.
    pub contradictions: Vec<Round>,
}

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum GuardImportError {
    /// The text is no record.
    #[error(transparent)]
    Text(#[from] RecordTextError),
    /// It is of another key or rollup.
    #[error(transparent)]
    Foreign(#[from] ForeignRecord),
    /// Our own record cannot be used.
    #[error(transparent)]
    Storage(#[from] GuardStorageError),
}

impl GuardFolder<'_> {
    /// The record as it was written last, also while a node signs with it.
    ///
    /// # Errors
    /// [`GuardStorageError`].
    pub fn show(self) -> Result<SafetyRecord, GuardStorageError> {
        peek(self.0)
    }

    /// The record as text. A record that a node holds is not given out: it would be old as it is written (rule G14).
    ///
    /// # Errors
    /// [`GuardStorageError`].
    pub fn export(self) -> Result<String, GuardStorageError> {
        let (_held, record) = GuardStorage::open_any(self.0)?;
        Ok(record.to_text())
    }

    /// Joins the record of `key` with one that was exported elsewhere; durable when it returns. Without a record here
    /// one begins.
    ///
    /// # Errors
    /// [`GuardImportError`]; then nothing has changed.
    pub fn import(self, key: ConsensusKey, rollup_chain_id: u64, text: &str) -> Result<Imported, GuardImportError> {
        let theirs = SafetyRecord::from_text(text)?;
        let fresh = SafetyRecord::new(rollup_chain_id, key);
        // Before anything is written: a foreign record leaves no empty one behind.
        fresh.joined(&theirs).map(drop)?;
        let (mut storage, before) = GuardStorage::open(self.0, &fresh)?;
        let Joined { record: after, contradictions } = before.joined(&theirs)?;
        storage.write(&after)?;
        Ok(Imported { before, after, contradictions })
    }
}

#[cfg(test)]
#[path = "tests/guard_folder.rs"]
mod tests;
