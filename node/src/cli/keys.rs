//! `rota keys`: keystores of a validator's keys, made, taken in, looked at and given out (rules Y of the signer).

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use eyre::{ContextCompat as _, WrapErr as _, eyre};
use rota_proto::ConsensusKey;
use serde::Serialize;
use zeroize::Zeroizing;

use super::passphrase;
use crate::{
    secret,
    signer::{AttestationSecret, Keystore, KeystoreError, Strength},
};

/// What is to be done with keystores.
#[derive(Debug, clap::Subcommand)]
pub(super) enum KeysCommand {
    /// Draws a new key and writes its keystore.
    New(NewArguments),
    /// Writes the keystore of a key that is there: a seed in hex, or another keystore.
    Import(ImportArguments),
    /// Says whose keystore a file is; with its passphrase, also whether it opens.
    Show(ShowArguments),
    /// Writes a key out again: under another passphrase, or bare.
    Export(ExportArguments),
}

/// Where a keystore goes, and what protects it.
#[derive(Debug, clap::Args)]
struct Target {
    /// The keystore to be written; a file that stands there stays.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    cost: Cost,
}

/// How hard a passphrase is to guess, and how results are told.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Cost {
    /// A passphrase that is quick to guess (scrypt with N = 2^12, not 2^18): for keys that hold no stake.
    #[arg(long)]
    devnet_scrypt: bool,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// A new key.
#[derive(Debug, clap::Args)]
pub(super) struct NewArguments {
    /// An attestation key (BLS12-381), which a registration names beside the consensus key.
    #[arg(long)]
    attestation: bool,
    #[command(flatten)]
    target: Target,
    /// The file with the passphrase; without it you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// A key from elsewhere.
#[derive(Debug, clap::Args)]
#[group(id = "from", required = true, multiple = false, args = ["seed", "keystore"])]
pub(super) struct ImportArguments {
    #[command(flatten)]
    target: Target,
    /// The file with the seed, 32 bytes in hex; `-` reads it from the standard input.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The keystore that holds it.
    #[arg(long, value_name = "FILE")]
    keystore: Option<PathBuf>,
    /// The file with that keystore's passphrase; without it you are asked.
    #[arg(long, value_name = "FILE", requires = "keystore")]
    keystore_passphrase_file: Option<PathBuf>,
    /// The file with the new keystore's passphrase; without it you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// A keystore to look at.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    /// The keystore.
    #[arg(value_name = "FILE")]
    keystore: PathBuf,
    /// The file with its passphrase: the key is decrypted and held against its public half.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// A keystore to give out.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArguments {
    /// The keystore.
    #[arg(value_name = "FILE")]
    keystore: PathBuf,
    /// The file with its passphrase; without it you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The file to be written; a file that stands there stays. A bare seed without it goes to the standard output.
    #[arg(long, value_name = "FILE", required_unless_present = "raw")]
    out: Option<PathBuf>,
    /// The file with the new keystore's passphrase; without it you are asked.
    #[arg(long, value_name = "FILE", conflicts_with = "raw")]
    new_passphrase_file: Option<PathBuf>,
    /// The bare seed, 32 bytes in hex, which no passphrase protects.
    #[arg(long, requires = "reveal_secret")]
    raw: bool,
    /// Says that you mean it: whoever sees a bare seed can sign with it, and have you slashed.
    #[arg(long)]
    reveal_secret: bool,
    #[command(flatten)]
    cost: Cost,
}

/// What was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    public_key: String,
    file: &'a Path,
    scrypt_n: Option<u64>,
}

/// What a keystore says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    public_key: String,
    file: &'a Path,
    kind: &'a str,
    scrypt_n: u64,
    /// Whether it was decrypted, and its public half is the right one.
    opened: bool,
}

/// Does it.
///
/// # Errors
/// A report that names the file and says what to do.
pub(super) fn run(command: &KeysCommand) -> eyre::Result<()> {
    match command {
        KeysCommand::New(arguments) => new(arguments),
        KeysCommand::Import(arguments) => import(arguments),
        KeysCommand::Show(arguments) => show(arguments),
        KeysCommand::Export(arguments) => export(arguments),
    }
}

fn new(arguments: &NewArguments) -> eyre::Result<()> {
    let NewArguments { attestation, target: Target { out, cost }, passphrase_file } = arguments;
    if *attestation {
        let secret = AttestationSecret::generate();
        let seal = |passphrase: &str, strength| secret.encrypt(passphrase, strength);
        return write_sealed(secret.public().to_string(), out, passphrase_file.as_ref(), *cost, seal);
    }
    let key = SigningKey::from_bytes(&Zeroizing::new(rand::random::<[u8; 32]>()));
    write(&key, out, passphrase_file.as_ref(), *cost)
}

fn import(arguments: &ImportArguments) -> eyre::Result<()> {
    let key = match (&arguments.seed, &arguments.keystore) {
        (Some(seed), _) => key_of_seed(seed)?,
        (None, Some(keystore)) => open(keystore, arguments.keystore_passphrase_file.as_ref())?,
        (None, None) => return Err(eyre!("name a seed or a keystore")),
    };
    write(&key, &arguments.target.out, arguments.passphrase_file.as_ref(), arguments.target.cost)
}

fn show(arguments: &ShowArguments) -> eyre::Result<()> {
    let file = &arguments.keystore;
    let keystore = Keystore::read(file).wrap_err_with(|| named(file))?;
    let opened = arguments.passphrase_file.is_some();
    if opened {
        let passphrase = passphrase::known(arguments.passphrase_file.as_deref(), file)?;
        let opens = match keystore.decrypt(&passphrase).map(drop) {
            Err(KeystoreError::OtherKind { .. }) => AttestationSecret::decrypt(&keystore, &passphrase).map(drop),
            opens => opens,
        };
        opens.wrap_err_with(|| named(file))?;
    }
    let public_key = format!("0x{}", keystore.public_key());
    let shown = Shown { public_key, file, kind: keystore.description(), scrypt_n: keystore.scrypt_n(), opened };
    if arguments.json {
        println!("{}", serde_json::to_string(&shown)?);
        return Ok(());
    }
    println!("public key  {}", shown.public_key);
    println!("kind        {}", shown.kind);
    println!("scrypt      N = {}", shown.scrypt_n);
    println!("opened      {}", if opened { "yes, and the public key is right" } else { "no: no passphrase was given" });
    Ok(())
}

fn export(arguments: &ExportArguments) -> eyre::Result<()> {
    let key = open(&arguments.keystore, arguments.passphrase_file.as_ref())?;
    eprintln!(
        "a key that signs in two places is slashed: stop the node that holds it before another begins, and take the \
         guard's record along (rota guard export)"
    );
    match (&arguments.out, arguments.raw) {
        (Some(out), false) => write(&key, out, arguments.new_passphrase_file.as_ref(), arguments.cost),
        (Some(out), true) => {
            secret::create(out, hex_of(&key).as_bytes())?;
            tell(&Written { public_key: public(&key)?.to_string(), file: out, scrypt_n: None }, arguments.cost.json)
        }
        // Y5: the caller has said that it means it, or clap would have refused the line.
        (None, _) => {
            println!("{}", *hex_of(&key));
            Ok(())
        }
    }
}

/// Writes a keystore under a passphrase to be, and tells.
fn write(key: &SigningKey, out: &Path, passphrase_file: Option<&PathBuf>, cost: Cost) -> eyre::Result<()> {
    let seal = |passphrase: &str, strength| Keystore::encrypt(key, passphrase, strength);
    write_sealed(public(key)?.to_string(), out, passphrase_file, cost, seal)
}

fn write_sealed(
    public_key: String,
    out: &Path,
    passphrase_file: Option<&PathBuf>,
    cost: Cost,
    seal: impl FnOnce(&str, Strength) -> Result<Keystore, KeystoreError>,
) -> eyre::Result<()> {
    // Before anybody is asked for anything.
    if out.exists() {
        return Err(secret::SecretError::Exists { path: out.into() }.into());
    }
    let passphrase = passphrase::new(passphrase_file, out)?;
    let strength = if cost.devnet_scrypt { Strength::Devnet } else { Strength::Strong };
    let keystore = seal(&passphrase, strength)?;
    keystore.write(out)?;
    tell(&Written { public_key, file: out, scrypt_n: Some(keystore.scrypt_n()) }, cost.json)
}

fn tell(written: &Written<'_>, json: bool) -> eyre::Result<()> {
    if json {
        println!("{}", serde_json::to_string(written)?);
    } else {
        println!("public key  {}", written.public_key);
        println!("file        {}", written.file.display());
    }
    Ok(())
}

fn open(keystore: &Path, passphrase_file: Option<&PathBuf>) -> eyre::Result<SigningKey> {
    let locked = Keystore::read(keystore).wrap_err_with(|| named(keystore))?;
    let passphrase = passphrase::known(passphrase_file.map(PathBuf::as_path), keystore)?;
    locked.decrypt(&passphrase).wrap_err_with(|| named(keystore))
}

/// The key of a seed in a file, or from the standard input.
fn key_of_seed(file: &Path) -> eyre::Result<SigningKey> {
    let text = if file == Path::new("-") {
        let mut text = Zeroizing::new(String::new());
        io::stdin().take(secret::SECRET_BYTES_MAX).read_to_string(&mut text)?;
        text
    } else {
        secret::read_line(file)?
    };
    let digits = text.trim().trim_start_matches("0x");
    let bytes = hex::decode(digits).ok().map(Zeroizing::new);
    // What it holds instead is not told: it may be a secret with a slip in it.
    let seed = bytes.and_then(|bytes| Some(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?)));
    Ok(SigningKey::from_bytes(&*seed.wrap_err("the seed is not 32 bytes in hex")?))
}

fn hex_of(key: &SigningKey) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(*Zeroizing::new(key.to_bytes())))
}

fn public(key: &SigningKey) -> eyre::Result<ConsensusKey> {
    Ok(ConsensusKey::from_bytes(&key.verifying_key().to_bytes())?)
}

fn named(keystore: &Path) -> String {
    format!("keystore {}", keystore.display())
}

#[cfg(test)]
#[path = "tests/keys.rs"]
mod tests;
