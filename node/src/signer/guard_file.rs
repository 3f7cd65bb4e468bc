//! The guard's record on the disk: a small file of two slots, written in turn and synced before each signature.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rota_staking::{GuardFile, GuardFileError, SafetyRecord};

use crate::durable;

/// The record's file, in the folder of the guard.
const RECORD: &str = "guard";

/// Why the record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GuardStorageError {
    /// The disk failed.
    #[error("the guard's record {path} failed: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a record.
    #[error(
        "the guard's record {path} cannot be used: {source}. Put its newest copy in its place or, without one, take \
         the file away: the node then begins a new one and holds its votes back where a lost one may stand (rule G10)"
    )]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: GuardFileError,
    },
    /// There is none.
    #[error("there is no guard's record {path}: nothing was signed from here")]
    Absent {
        /// Where it would be.
        path: PathBuf,
    },
    /// The record belongs to another key or rollup.
    #[error("the guard's record {path} belongs to another key or rollup")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process of this host signs with it (rule G9).
    #[error("another process holds {path}: a key may sign in one place only")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
}

/// The open file, locked for this process.
pub(super) struct GuardStorage {
    path: PathBuf,
    file: File,
    layout: GuardFile,
    /// Held as long as we live.
    _lock: File,
}

impl GuardStorage {
    /// Opens the record in a folder, or begins with `fresh`.
    pub(super) fn open(folder: &Path, fresh: &SafetyRecord) -> Result<(Self, SafetyRecord), GuardStorageError> {
        let path = folder.join(RECORD);
        let failed = |source| GuardStorageError::Io { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = lock(&folder.join("guard.lock"))?;
        if !path.exists() {
            create(folder, &path, fresh).map_err(failed)?;
        }
        let (storage, record) = Self::read(path, lock)?;
        let same =
            record.consensus_key() == fresh.consensus_key() && record.rollup_chain_id() == fresh.rollup_chain_id();
        if !same {
            return Err(GuardStorageError::Foreign { path: storage.path });
        }
        Ok((storage, record))
    }

    /// Opens the record that is in a folder, of whatever key.
    pub(super) fn open_any(folder: &Path) -> Result<(Self, SafetyRecord), GuardStorageError> {
        let path = folder.join(RECORD);
        if !path.exists() {
            return Err(GuardStorageError::Absent { path });
        }
        let lock = lock(&folder.join("guard.lock"))?;
        Self::read(path, lock)
    }

    fn read(path: PathBuf, lock: File) -> Result<(Self, SafetyRecord), GuardStorageError> {
        let failed = |source| GuardStorageError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        let (layout, record) = read_image(&mut file, &path)?;
        Ok((Self { path, file, layout, _lock: lock }, record))
    }

    /// Writes the record into the slot that is not the newest; durable when it returns.
    pub(super) fn write(&mut self, record: &SafetyRecord) -> Result<(), GuardStorageError> {
        let slot = self.layout.write(record);
        let offset = u64::try_from(slot.offset).unwrap_or(u64::MAX);
        let write = || -> io::Result<()> {
            self.file.seek(SeekFrom::Start(offset))?;
            self.file.write_all(&slot.bytes)?;
            self.file.sync_data()
        };
        let mut write = write;
        write().map_err(|source| GuardStorageError::Io { path: self.path.clone(), source })
    }
}

/// The record in a folder, also while a node signs with it: the newest that was completely written.
pub(super) fn peek(folder: &Path) -> Result<SafetyRecord, GuardStorageError> {
    let path = folder.join(RECORD);
    match File::open(&path) {
        Ok(mut file) => Ok(read_image(&mut file, &path)?.1),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Err(GuardStorageError::Absent { path }),
        Err(source) => Err(GuardStorageError::Io { path, source }),
    }
}

fn read_image(file: &mut File, path: &Path) -> Result<(GuardFile, SafetyRecord), GuardStorageError> {
    let mut image = Vec::new();
    // One byte more than a record's file has is enough to refuse another.
    let length = u64::try_from(GuardFile::BYTES + 1).unwrap_or(u64::MAX);
    let read = file.take(length).read_to_end(&mut image);
    read.map_err(|source| GuardStorageError::Io { path: path.into(), source })?;
    GuardFile::open(&image).map_err(|source| GuardStorageError::Record { path: path.into(), source })
}

/// A new file is complete under its name or not there at all: write beside it, sync, rename, sync the folder.
fn create(folder: &Path, path: &Path, record: &SafetyRecord) -> io::Result<()> {
    let (_, image) = GuardFile::create(record);
    let beside = path.with_extension("new");
    // What it holds is no secret, but nobody else may change it.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&image)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

fn lock(path: &Path) -> Result<File, GuardStorageError> {
    let failed = |source| GuardStorageError::Io { path: path.to_path_buf(), source };
    durable::lock(path).map_err(failed)?.ok_or_else(|| GuardStorageError::Locked { path: path.to_path_buf() })
}
