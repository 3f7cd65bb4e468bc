//! `rota evidence`: what validators are accused with: listed, shown, verified, brought before L1.

mod submit;

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use alloy::{
    providers::{Provider as _, ProviderBuilder},
    transports::http::reqwest::Url,
};
use alloy_primitives::{Address, B256};
use eyre::{WrapErr as _, ensure, eyre};
use serde_json::json;

use crate::{
    config::{NetworkToml, read_text},
    evidence::{EvidenceBook, Piece, Progress},
};

/// What is to be done with evidence.
#[derive(Debug, clap::Subcommand)]
pub(super) enum EvidenceCommand {
    /// Lists what a node keeps.
    List(ListArguments),
    /// Shows what a validator is accused with; as JSON, it is what the other commands read.
    Show(ShowArguments),
    /// Checks a file of evidence without any node: form, conflict, both signatures.
    Verify(VerifyArguments),
    /// Brings a file of evidence before L1.
    Submit(Box<submit::SubmitArguments>),
}

/// Where a node's evidence is read.
#[derive(Debug, clap::Args)]
struct Source {
    /// The folder of a node, running or not.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// The JSON-RPC of a node, in place of its folder.
    #[arg(long, value_name = "URL")]
    rpc: Option<Url>,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Whose evidence is listed.
#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    source: Source,
    /// Only what L1 has not judged finally.
    #[arg(long)]
    open: bool,
}

/// Which evidence is shown.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    /// The validator, by its name on L1: the account that registered it.
    #[arg(value_name = "VALIDATOR")]
    validator: Address,
    #[command(flatten)]
    source: Source,
}

/// What is verified.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArguments {
    /// The evidence as `rota evidence show --json` writes it; `-` reads it from the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The consensus key that must have signed, as the set of the epoch has it; without it, the one the file names.
    #[arg(long, value_name = "KEY")]
    key: Option<B256>,
    /// The node's folder: a relative path to the network's file begins there.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// The network's file: signatures are bound to it.
    #[arg(long, value_name = "FILE", default_value = "config/network.toml")]
    network: PathBuf,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// A report that names the file, the node or the fault.
pub(super) async fn run(command: EvidenceCommand) -> eyre::Result<()> {
    match command {
        EvidenceCommand::List(arguments) => list(&arguments).await,
        EvidenceCommand::Show(arguments) => show(&arguments).await,
        EvidenceCommand::Verify(arguments) => verify(&arguments),
        EvidenceCommand::Submit(arguments) => submit::run(*arguments).await,
    }
}

impl Source {
    async fn read(&self, validator: Option<Address>) -> eyre::Result<Vec<Piece>> {
        let mut pieces = match &self.rpc {
            None => EvidenceBook::read(&self.data.join("data/evidence.json"))?,
            Some(url) => {
                let node = ProviderBuilder::new().connect_http(url.clone());
                let answer = node.raw_request("rota_evidence".into(), (validator,)).await;
                answer.wrap_err_with(|| format!("the node at {url}"))?
            }
        };
        pieces.retain(|piece| validator.is_none_or(|validator| piece.validator == validator));
        Ok(pieces)
    }
}

async fn list(arguments: &ListArguments) -> eyre::Result<()> {
    let mut pieces = arguments.source.read(None).await?;
    pieces.retain(|piece| !arguments.open || !piece.progress.is_over());
    if arguments.source.json {
        println!("{}", serde_json::to_string(&pieces)?);
        return Ok(());
    }
    if pieces.is_empty() {
        println!("nobody is accused");
    }
    for piece in &pieces {
        println!("{}", line(piece));
    }
    Ok(())
}

async fn show(arguments: &ShowArguments) -> eyre::Result<()> {
    let validator = arguments.validator;
    let pieces = arguments.source.read(Some(validator)).await?;
    let piece = pieces.first().ok_or_else(|| eyre!("nothing is kept against {validator}"))?;
    if arguments.source.json {
        println!("{}", serde_json::to_string_pretty(piece)?);
        return Ok(());
    }
    println!("validator      {}", piece.validator);
    println!("consensus key  {}", B256::from(piece.consensus_key.to_bytes()));
    println!("offence        {} in epoch {}, view {}", piece.offence.name(), piece.epoch, piece.view);
    println!("place          {}", piece.place);
    for (name, vote) in [("first vote ", &piece.first), ("second vote", &piece.second)] {
        println!("{name}    {} {}", vote.kind.name(), vote.batch);
        println!("               signature {}", vote.signature);
    }
    println!("kept           {}", if piece.heard { "others found it" } else { "found here" });
    println!("on L1          {}", progress(piece.progress));
    Ok(())
}

fn verify(arguments: &VerifyArguments) -> eyre::Result<()> {
    let piece = read_piece(&arguments.file)?;
    let network = NetworkToml::read(&arguments.data.join(&arguments.network))?;
    let named = B256::from(piece.consensus_key.to_bytes());
    if let Some(key) = arguments.key {
        ensure!(key == named, "the evidence is against key {named}, not against {key}");
    }
    piece.verify(&network.domain()).wrap_err("the evidence does not stand")?;
    if arguments.json {
        println!("{}", json!({ "stands": true, "validator": piece.validator, "consensusKey": named }));
        return Ok(());
    }
    println!("it stands: key {named} signed {} in epoch {}, view {}", piece.offence.name(), piece.epoch, piece.view);
    if arguments.key.is_none() {
        println!("whether that key held place {} in epoch {} is for L1 to say", piece.place, piece.epoch);
    }
    Ok(())
}

/// A piece from a file, or from the standard input.
fn read_piece(file: &Path) -> eyre::Result<Piece> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        text
    } else {
        read_text(file)?
    };
    serde_json::from_str(&text).wrap_err_with(|| format!("{} is no evidence", file.display()))
}

/// A piece in a line.
fn line(piece: &Piece) -> String {
    let Piece { validator, epoch, view, place, .. } = piece;
    let how = if piece.heard { "heard" } else { "found" };
    let (offence, on_l1) = (piece.offence.name(), progress(piece.progress));
    format!("{validator}  {offence:<16}  epoch {epoch} view {view} place {place}  {how}  {on_l1}")
}

fn progress(progress: Progress) -> String {
    match progress {
        Progress::Open => "not slashed".into(),
        Progress::Slashed { block } => format!("slashed as of block {block}, which is not final"),
        Progress::Final { block } => format!("slashed as of block {block}"),
        Progress::Expired { block } => format!("too late since block {block}"),
    }
}

#[cfg(test)]
mod tests;
