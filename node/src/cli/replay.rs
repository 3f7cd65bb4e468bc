//! `rota replay`: the chain from L1 alone.

use std::path::PathBuf;

use rota_execution::Genesis;

use crate::{
    config::{NetworkToml, read_text},
    l1::L1Client,
    replay::replay,
};

/// What is to be replayed.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArguments {
    /// The network's settings.
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// The chain's genesis.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// L1's JSON-RPC; it has to keep old blocks and their transactions. Given more than once, most of them have to say
    /// the same of its blocks.
    #[arg(long, value_name = "URL", required = true)]
    l1: Vec<String>,
    /// The last height to be executed; by default all that L1's final blocks have.
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Replays and prints where it ended.
///
/// # Errors
/// A report that names the entry and the batch.
pub(super) async fn run(arguments: ReplayArguments) -> eyre::Result<()> {
    let network = NetworkToml::read(&arguments.network)?;
    let genesis = Genesis::parse(&read_text(&arguments.genesis)?)?;
    let l1 = L1Client::of(&arguments.l1, None, network.l1.clone())?;
    let replayed = replay(&l1, &network, &genesis, arguments.to, |so_far| {
        tracing::info!(height = so_far.height, l1 = so_far.l1_block, entries = so_far.entries, "replayed");
    })
    .await?;
    if arguments.json {
        println!("{}", serde_json::to_string(&replayed)?);
        return Ok(());
    }
    println!("height      {}", replayed.height);
    println!("hash        {}", replayed.hash);
    println!("state root  {}", replayed.state_root);
    println!("from        {} entries up to L1 block {}", replayed.entries, replayed.l1_block);
    println!("executed    {} transactions", replayed.transactions);
    if replayed.unproven > 0 {
        println!("unproven    {} batches wait for a later entry's finalization", replayed.unproven);
    }
    Ok(())
}
