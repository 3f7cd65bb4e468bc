//! Files that are their owner's alone: keys, passphrases, and the folders they stand in (rules Y1, Y2 of the signer).

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Bytes of a file with a secret: a keystore has 700, a passphrase or a key in hex less.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// What others may do with a file or folder, of its mode.
const OTHERS: u32 = 0o077;

/// Why a file with a secret cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read or written.
    #[error("{path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read or change it.
    #[error("{path} has mode {mode:03o}: others may read or change it. Make it yours alone: chmod 600 {path}")]
    FileMode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others may look into its folder, or put another file into its place.
    #[error(
        "the folder {path} has mode {mode:03o}, and a secret stands in it. Make it yours alone: chmod 700 {path}, or \
         move the secret into a folder of its own"
    )]
    FolderMode {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file stands where another was to be written.
    #[error("{path} is there already and stays as it is: choose another name")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is no file of ours.
    #[error("{path} has more than the {SECRET_BYTES_MAX} bytes that a key or passphrase may have")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is not text.
    #[error("{path} is not text in UTF-8")]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a file that nobody but its owner may read or change, from a folder that nobody else may look into (rule Y1).
///
/// # Errors
/// [`SecretError`].
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    check_folder(folder_of(path))?;
    // Of the file that is open, so that it cannot be exchanged between look and read.
    let file = File::open(path).map_err(io_error(path))?;
    let mode = mode_of(&file.metadata().map_err(io_error(path))?);
    if mode & OTHERS != 0 {
        return Err(SecretError::FileMode { path: path.into(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let read = file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io_error(path))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > SECRET_BYTES_MAX {
        return Err(SecretError::TooLong { path: path.into() });
    }
    Ok(bytes)
}

/// The same as text, without the line's end.
///
/// # Errors
/// [`SecretError`].
pub fn read_line(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText { path: path.into() })?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Writes a new file for its owner alone, and its folders if there are none; durable when it returns. What stands
/// there stays (rule Y2).
///
/// # Errors
/// [`SecretError`]; then there is no file of ours.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), SecretError> {
    let folder = folder_of(path);
    own_folder_of(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            SecretError::Exists { path: path.into() }
        } else {
            SecretError::Io { path: path.into(), source }
        }
    })?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(source) = written.and_then(|()| File::open(folder)?.sync_all()) {
        // Half a key is none; that it cannot be removed either is told by the next attempt.
        let _ = fs::remove_file(path);
        return Err(SecretError::Io { path: path.into(), source });
    }
    Ok(())
}

/// Makes a folder for its owner alone, with those above it; one that is there stays as it is.
///
/// # Errors
/// [`SecretError::Io`].
pub fn make_folder(path: &Path) -> Result<(), SecretError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_error(path))
}

/// Makes the folder of a path for its owner alone, or sees that the one that is there is so (rule Y1).
///
/// # Errors
/// [`SecretError::Io`], [`SecretError::FolderMode`].
pub fn own_folder_of(path: &Path) -> Result<(), SecretError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    check_folder(folder)
}

fn check_folder(path: &Path) -> Result<(), SecretError> {
    let mode = mode_of(&fs::metadata(path).map_err(io_error(path))?);
    if mode & OTHERS == 0 { Ok(()) } else { Err(SecretError::FolderMode { path: path.into(), mode }) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn mode_of(metadata: &fs::Metadata) -> u32 {
    metadata.permissions().mode() & 0o777
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> SecretError + '_ {
    |source| SecretError::Io { path: path.into(), source }
}

#[cfg(test)]
#[path = "tests/secret.rs"]
pub(crate) mod tests;
