//! One process a data folder, and one a key: a second is refused by name (rules Y6, Y7 of the signer).

use std::{
    fs::{self, File},
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    path::{Path, PathBuf},
};

use alloy_primitives::keccak256;
use rota_proto::ConsensusKey;

use crate::durable;

/// Why this process may not go on beside another.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Another process has the data folder.
    #[error("another node runs from {folder}: stop it first, or give this one a folder of its own")]
    Folder {
        /// The data folder.
        folder: PathBuf,
    },
    /// Another process has the key.
    #[error(
        "another process on this host signs with key {key} for rollup {rollup_chain_id}: a key may sign in one place \
         only, or it is slashed. Find that process: ss -xlp | grep {name}"
    )]
    Key {
        /// The key.
        key: Box<ConsensusKey>,
        /// The rollup.
        rollup_chain_id: u64,
        /// The name that it holds.
        name: String,
    },
    /// The system gave no lock.
    #[error("no lock of {what}: {source}")]
    Io {
        /// What was to be locked.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A data folder that is this process's alone until this is dropped, or the process ends in whatever way.
#[derive(Debug)]
#[must_use = "a lock that is dropped locks nothing"]
pub struct FolderLock {
    _file: File,
}

/// A key with which this process alone signs on this host, likewise.
#[derive(Debug)]
#[must_use = "a lock that is dropped locks nothing"]
pub struct KeyLock {
    _socket: UnixListener,
}

/// Rule Y6: takes a data folder, making it if there is none.
///
/// # Errors
/// [`InstanceError::Folder`] if another process has it, [`InstanceError::Io`].
pub fn hold_folder(folder: &Path) -> Result<FolderLock, InstanceError> {
    let path = folder.join("lock");
    let failed = |source| InstanceError::Io { what: path.display().to_string(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    match durable::lock(&path).map_err(failed)? {
        Some(file) => Ok(FolderLock { _file: file }),
        None => Err(InstanceError::Folder { folder: folder.into() }),
    }
}

/// Rule Y7: takes a key for a rollup on this host, wherever the data folder is and whoever runs the process.
///
/// The lock is the name of a socket that nobody connects to, in Linux's abstract namespace. A file would need a place
/// that all processes find alike, and there is none: `XDG_RUNTIME_DIR` is not set for a system's services, and in
/// `/tmp` each user would have to trust who came first. The name needs no folder, and goes with the process.
///
/// # Errors
/// [`InstanceError::Key`] if another process has it, [`InstanceError::Io`].
pub fn hold_key(key: ConsensusKey, rollup_chain_id: u64) -> Result<KeyLock, InstanceError> {
    let name = key_name(&key, rollup_chain_id);
    let bound = SocketAddr::from_abstract_name(&name).and_then(|address| UnixListener::bind_addr(&address));
    match bound {
        Ok(listener) => Ok(KeyLock { _socket: listener }),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(InstanceError::Key { key: Box::new(key), rollup_chain_id, name })
        }
        Err(source) => Err(InstanceError::Io { what: format!("key {key}"), source }),
    }
}

/// As the guard's record: one a key and rollup (rule G1 of staking).
fn key_name(key: &ConsensusKey, rollup_chain_id: u64) -> String {
    let preimage = [&rollup_chain_id.to_be_bytes(), key.to_bytes().as_slice()].concat();
    format!("rota-key-{}", hex::encode(keccak256(preimage)))
}

#[cfg(test)]
#[path = "tests/instance.rs"]
mod tests;
