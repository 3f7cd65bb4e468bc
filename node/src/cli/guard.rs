//! `rota guard`: the record of what a validator's key may have signed (rules G13, G14 of staking).

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use eyre::{ContextCompat as _, WrapErr as _, eyre};
use rota_proto::{ConsensusKey, Round};
use rota_staking::{SafetyRecord, limits::RECORD_TEXT_BYTES_MAX};
use serde_json::{Value, json};

use crate::{
    config::{NetworkToml, NodeToml, SignerToml},
    node::Folder,
    signer::{GuardFolder, Imported, Keystore},
};

/// What is to be done with the record.
#[derive(Debug, clap::Subcommand)]
pub(super) enum GuardCommand {
    /// Says what the record holds, also while it is in use.
    Show(ShowArguments),
    /// Gives the record out, to go with the key to another machine. Neither node nor signer may run.
    Export(ExportArguments),
    /// Joins the record with one that was given out: afterwards all is forbidden that either forbids. Neither node nor
    /// signer may run.
    Import(ImportArguments),
}

/// Whose record, and how it is told.
#[derive(Debug, clap::Args)]
struct Source {
    /// The data folder of the node, or of its signer.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// A record to look at.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    source: Source,
}

/// A record to give out.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArguments {
    /// The data folder of the node, or of its signer.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The file to be written; a file that stands there stays. Without it the record goes to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A record to take in.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArguments {
    #[command(flatten)]
    source: Source,
    /// The file with the record that was given out; `-` reads it from the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Does it.
///
/// # Errors
/// A report that names the file and says what to do.
pub(super) fn run(command: &GuardCommand) -> eyre::Result<()> {
    match command {
        GuardCommand::Show(arguments) => show(&arguments.source),
        GuardCommand::Export(arguments) => export(arguments),
        GuardCommand::Import(arguments) => import(arguments),
    }
}

fn show(source: &Source) -> eyre::Result<()> {
    let record = GuardFolder(&guard_folder(&source.data)).show()?;
    if source.json {
        // Not the text itself: one of a record that is in use is not to be taken in elsewhere.
        println!("{}", json!({ "record": serde_json::from_str::<Value>(&record.to_text())? }));
        return Ok(());
    }
    println!("key       {}", record.consensus_key());
    println!("rollup    {}", record.rollup_chain_id());
    println!("floor     {}: nothing is signed below it", record.floor());
    println!("resume    {}: nothing but nullify votes is signed below it", record.resume());
    for (vote, signature) in record.votes() {
        println!("vote      {vote}{}", if signature.is_some() { "" } else { ", perhaps not signed" });
    }
    Ok(())
}

fn export(arguments: &ExportArguments) -> eyre::Result<()> {
    let text = GuardFolder(&guard_folder(&arguments.data)).export()?;
    let Some(out) = &arguments.out else {
        println!("{text}");
        return Ok(());
    };
    let named = || out.display().to_string();
    let mut file = OpenOptions::new().write(true).create_new(true).open(out).wrap_err_with(named)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).wrap_err_with(named)
}

fn import(arguments: &ImportArguments) -> eyre::Result<()> {
    let Source { data, json } = &arguments.source;
    let text = read(&arguments.file)?;
    let (key, rollup_chain_id) = validator(data)?;
    let imported = GuardFolder(&guard_folder(data)).import(key, rollup_chain_id, &text)?;
    for round in &imported.contradictions {
        eprintln!(
            "the two records contradict each other in round {round}: if both votes were signed, the key can be slashed"
        );
    }
    if *json {
        println!("{}", told(&imported));
        return Ok(());
    }
    for (name, record) in [("before", &imported.before), ("after", &imported.after)] {
        let (floor, resume, votes) = (record.floor(), record.resume(), record.votes().count());
        println!("{name:8}  floor {floor}, resume {resume}, {votes} votes");
    }
    Ok(())
}

fn told(imported: &Imported) -> Value {
    json!({
        "consensusKey": imported.after.consensus_key(),
        "before": summary(&imported.before),
        "after": summary(&imported.after),
        "contradictions": imported.contradictions.iter().copied().map(round).collect::<Vec<_>>(),
    })
}

fn summary(record: &SafetyRecord) -> Value {
    json!({
        "floor": round(record.floor()),
        "resume": round(record.resume()),
        "votes": record.votes().count(),
    })
}

fn round(round: Round) -> Value {
    json!({ "epoch": round.epoch.0, "view": round.view.0 })
}

/// The text of an exported record, and no more than one can have.
fn read(file: &Path) -> eyre::Result<String> {
    let limit = u64::try_from(RECORD_TEXT_BYTES_MAX)? + 1;
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().take(limit).read_to_string(&mut text)?;
    } else {
        let open = std::fs::File::open(file).wrap_err_with(|| file.display().to_string())?;
        open.take(limit).read_to_string(&mut text).wrap_err_with(|| file.display().to_string())?;
    }
    Ok(text)
}

/// Where the node or the signer of a data folder keeps its guard's record.
fn guard_folder(data: &Path) -> PathBuf {
    Folder::new(data).path("data")
}

/// The key and the rollup that the node or the signer of a data folder signs for.
fn validator(data: &Path) -> eyre::Result<(ConsensusKey, u64)> {
    let folder = Folder::new(data);
    let network = NetworkToml::read(&folder.path("config/network.toml"))?;
    let name = keystore(&folder)?;
    let keystore = Keystore::read(&folder.path(&name))?;
    let bytes = hex::decode(keystore.public_key()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| eyre!("{} names no key of 32 bytes", name.display()))?;
    Ok((ConsensusKey::from_bytes(&bytes)?, network.rollup_chain_id))
}

/// The keystore that the settings of a data folder name.
fn keystore(folder: &Folder) -> eyre::Result<PathBuf> {
    let signer = folder.path("config/signer.toml");
    if signer.exists() {
        return Ok(SignerToml::read(&signer)?.keystore);
    }
    let node = NodeToml::read(&folder.path("config/node.toml"))?;
    let validator = node.validator.wrap_err("config/node.toml names no validator: there is no key to import for")?;
    validator.keystore.wrap_err("config/node.toml names a signer, which has the key and the record: name its folder")
}
