//! Passphrases: from a file, or typed at the terminal without being shown (rule Y4 of the signer).

use std::{
    io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::secret::{self, SecretError};

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassphraseError {
    /// Its file cannot be used.
    #[error("the passphrase: {0}")]
    File(#[from] SecretError),
    /// Nobody can be asked for it.
    #[error("no terminal to ask for the passphrase at ({0}): name a file that holds it")]
    NoTerminal(io::Error),
    /// It was typed differently the second time.
    #[error("the two passphrases differ: nothing was written")]
    Differ,
    /// It protects nothing.
    #[error("the passphrase is empty: it would protect nothing")]
    Empty,
}

/// The passphrase of a key that is there.
///
/// # Errors
/// [`PassphraseError`].
pub(crate) fn known(file: Option<&Path>, of: &Path) -> Result<Zeroizing<String>, PassphraseError> {
    known_by(file, of, &mut typed)
}

/// A passphrase to be: typed twice if it is typed.
///
/// # Errors
/// [`PassphraseError`].
pub(super) fn new(file: Option<&PathBuf>, of: &Path) -> Result<Zeroizing<String>, PassphraseError> {
    new_by(file.map(PathBuf::as_path), of, &mut typed)
}

/// Asks for a passphrase by a text.
type Ask<'a> = &'a mut dyn FnMut(&str) -> io::Result<String>;

fn known_by(file: Option<&Path>, of: &Path, ask: Ask<'_>) -> Result<Zeroizing<String>, PassphraseError> {
    match file {
        Some(file) => Ok(secret::read_line(file)?),
        None => asked(ask, &format!("Passphrase of {}: ", of.display())),
    }
}

fn new_by(file: Option<&Path>, of: &Path, ask: Ask<'_>) -> Result<Zeroizing<String>, PassphraseError> {
    let passphrase = match file {
        Some(file) => secret::read_line(file)?,
        None => {
            let first = asked(ask, &format!("New passphrase for {}: ", of.display()))?;
            if asked(ask, "The same again: ")? != first {
                return Err(PassphraseError::Differ);
            }
            first
        }
    };
    if passphrase.is_empty() { Err(PassphraseError::Empty) } else { Ok(passphrase) }
}

fn asked(ask: Ask<'_>, text: &str) -> Result<Zeroizing<String>, PassphraseError> {
    ask(text).map(Zeroizing::new).map_err(PassphraseError::NoTerminal)
}

fn typed(text: &str) -> io::Result<String> {
    rpassword::prompt_password(text)
}

#[cfg(test)]
#[path = "tests/passphrase.rs"]
mod tests;
