//! The evidence that a node keeps: one small file, `[version, pieces]` in JSON, replaced as a whole (rules E1, E2).

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::Address;
use rota_proto::Epoch;
use serde::de::IgnoredAny;

use super::piece::{Piece, Progress};
use crate::durable;

/// The version of the file. Another one is refused.
const VERSION: u32 = 1;

/// Pieces that are kept (rule E2): as many as a replica lets be accused. Each has some 900 bytes.
pub const PIECES_MAX: usize = 2_048;

/// Why evidence cannot be kept, or read.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The disk failed.
    #[error("the evidence in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what was written.
    #[error("the evidence in {path} is damaged: {reason}; move the file away, other nodes have it too")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another program wrote it.
    #[error("the evidence in {path} has version {found}, this program knows {VERSION}: use the program that wrote it")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
}

/// What became of evidence that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is durable.
    New,
    /// There is some against the validator, which is enough.
    Known,
    /// There is no room: nothing that is kept is over.
    Full,
}

/// How many pieces there are, by how far they have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Not slashed, or not in a final block.
    pub open: usize,
    /// Slashed in a final block.
    pub confirmed: usize,
    /// Too late.
    pub expired: usize,
}

/// The open file. The node's parts share it.
#[derive(Debug)]
pub struct EvidenceBook {
    path: PathBuf,
    pieces: Mutex<BTreeMap<Address, Piece>>,
}

impl EvidenceBook {
    /// Opens the file at a path; none there is an empty one.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let pieces = Self::read(path)?.into_iter().map(|piece| (piece.validator, piece)).collect();
        Ok(Self { path: path.into(), pieces: Mutex::new(pieces) })
    }

    /// What the file at a path holds, whoever has it open.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn read(path: &Path) -> Result<Vec<Piece>, BookError> {
        let damaged = |reason: String| BookError::Damaged { path: path.into(), reason };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(BookError::Io { path: path.into(), source }),
        };
        // The version first: the fields of another one may have other names.
        let (found, _): (u32, IgnoredAny) =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if found != VERSION {
            return Err(BookError::Version { path: path.into(), found });
        }
        let (_, pieces): (u32, Vec<Piece>) =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if pieces.len() > PIECES_MAX {
            return Err(damaged(format!("{} pieces are more than {PIECES_MAX}", pieces.len())));
        }
        if !pieces.is_sorted_by(|one, other| one.validator < other.validator) {
            return Err(damaged("a validator comes twice, or out of order".into()));
        }
        match pieces.iter().find_map(|piece| piece.pair().err()) {
            Some(error) => Err(damaged(error.to_string())),
            None => Ok(pieces),
        }
    }

    /// Keeps a piece, if there is none against its validator that may still be brought before L1. Durable when it
    /// returns.
    ///
    /// # Errors
    /// [`BookError::Io`]; nothing may be done with the piece then.
    pub fn keep(&self, piece: Piece) -> Result<Kept, BookError> {
        let mut pieces = self.pieces();
        let known = pieces.get(&piece.validator);
        if known.is_some_and(|known| !matches!(known.progress, Progress::Expired { .. })) {
            return Ok(Kept::Known);
        }
        let mut next = pieces.clone();
        next.insert(piece.validator, piece);
        if next.len() > PIECES_MAX {
            let over = pieces.values().filter(|piece| piece.progress.is_over());
            let Some(oldest) = over.min_by_key(|piece| piece.kept_at).map(|piece| piece.validator) else {
                return Ok(Kept::Full);
            };
            next.remove(&oldest);
        }
        self.write(&next)?;
        *pieces = next;
        Ok(Kept::New)
    }

    /// Notes how far the piece against a validator has come. Durable when it returns.
    ///
    /// # Errors
    /// [`BookError::Io`].
    pub fn note(&self, validator: Address, progress: Progress) -> Result<(), BookError> {
        let mut pieces = self.pieces();
        let mut next = pieces.clone();
        match next.get_mut(&validator) {
            Some(piece) if piece.progress != progress => piece.progress = progress,
            Some(_) | None => return Ok(()),
        }
        self.write(&next)?;
        *pieces = next;
        Ok(())
    }

    /// All pieces, by validator.
    #[must_use]
    pub fn list(&self) -> Vec<Piece> {
        self.pieces().values().cloned().collect()
    }

    /// The piece against a validator.
    #[must_use]
    pub fn get(&self, validator: Address) -> Option<Piece> {
        self.pieces().get(&validator).cloned()
    }

    /// Pieces of which more is to be done, the newest first.
    #[must_use]
    pub fn open_pieces(&self) -> Vec<Piece> {
        let mut open: Vec<Piece> = self.pieces().values().filter(|piece| !piece.progress.is_over()).cloned().collect();
        open.sort_by_key(|piece| std::cmp::Reverse(piece.kept_at));
        open
    }

    /// Who is accused, and the epoch of the offence.
    #[must_use]
    pub fn accused(&self) -> Vec<(Address, Epoch)> {
        let pieces = self.pieces();
        let standing = pieces.values().filter(|piece| !matches!(piece.progress, Progress::Expired { .. }));
        standing.map(|piece| (piece.validator, piece.epoch)).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for piece in self.pieces().values() {
            match piece.progress {
                Progress::Open | Progress::Slashed { .. } => totals.open += 1,
                Progress::Final { .. } => totals.confirmed += 1,
                Progress::Expired { .. } => totals.expired += 1,
            }
        }
        totals
    }

    fn pieces(&self) -> MutexGuard<'_, BTreeMap<Address, Piece>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, pieces: &BTreeMap<Address, Piece>) -> Result<(), BookError> {
        let failed = |source| BookError::Io { path: self.path.clone(), source };
        let list: Vec<&Piece> = pieces.values().collect();
        let json = serde_json::to_vec_pretty(&(VERSION, list)).map_err(|error| failed(io::Error::other(error)))?;
        durable::replace(&self.path, &json).map_err(failed)
    }
}

#[cfg(test)]
#[path = "tests/book.rs"]
mod tests;
