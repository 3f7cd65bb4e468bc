//! `rota evidence submit`: a file of evidence is tried, sent to the slasher, and waited for until it is mined.

use std::path::PathBuf;

use eyre::WrapErr as _;
use serde_json::json;

use super::read_piece;
use crate::{
    cli::l1::{SenderArguments, Step},
    l1::report,
};

/// What is brought before L1, by whom.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SubmitArguments {
    /// The evidence as `rota evidence show --json` writes it; `-` reads it from the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    sender: SenderArguments,
}

/// Sends it.
///
/// # Errors
/// What does not stand, what the contract refuses by name, or what L1 says.
pub(super) async fn run(arguments: SubmitArguments) -> eyre::Result<()> {
    let piece = read_piece(&arguments.file)?;
    let sender = arguments.sender.connect().await?;
    piece.verify(&sender.connected.network.domain()).wrap_err("the evidence does not stand")?;
    let step = Step {
        contract: "Slasher",
        to: sender.connected.contracts().slasher,
        call: format!("slashVotes({} in epoch {}, validator {})", piece.offence.name(), piece.epoch, piece.validator),
        input: report(&piece.pair()?),
        needs_the_one_before: false,
    };
    for receipt in sender.run(&[step]).await? {
        if sender.json {
            let (hash, block) = (receipt.transaction_hash, receipt.block_number);
            println!("{}", json!({ "validator": piece.validator, "transaction": hash, "block": block }));
        }
    }
    Ok(())
}
