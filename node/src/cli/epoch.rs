//! `rota epoch`: the sets of epochs, as L1 has them.

use alloy::providers::Provider as _;
use eyre::{WrapErr as _, ensure};
use rota_proto::EpochSchedule;
use rota_staking::{
    ChangeHash,
    bindings::{IValidatorSets::Member, ValidatorSets},
};
use serde_json::{Value, json};

use super::l1::{Connected, L1Arguments};

/// Which epoch.
#[derive(Debug, clap::Subcommand)]
pub(super) enum EpochCommand {
    /// Shows the set of an epoch: the current one, or any up to the next.
    Show(ShowArguments),
    /// Shows the set of the next epoch, when it begins, and what is being formed for the one after.
    Next(NextArguments),
}

/// An epoch of the past, the current one, or the next.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    l1: L1Arguments,
    /// Its number; without it, the current one.
    epoch: Option<u64>,
}

/// The next epoch.
#[derive(Debug, clap::Args)]
pub(super) struct NextArguments {
    #[command(flatten)]
    l1: L1Arguments,
}

/// What L1 says of an epoch.
struct Epoch {
    number: u64,
    /// Its first L1 block and its last.
    blocks: (u64, u64),
    members: Vec<Member>,
    total: u64,
    change_hash: ChangeHash,
}

/// Does it.
///
/// # Errors
/// What L1 says, or why it cannot be asked.
pub(super) async fn run(command: &EpochCommand) -> eyre::Result<()> {
    match command {
        EpochCommand::Show(arguments) => show(arguments).await,
        EpochCommand::Next(arguments) => next(arguments).await,
    }
}

async fn show(arguments: &ShowArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let number = match arguments.epoch {
        Some(number) => number,
        None => current(&connected).await?,
    };
    let epoch = read(&connected, number).await?;
    if arguments.l1.json {
        println!("{}", epoch.json());
    } else {
        epoch.print();
    }
    Ok(())
}

async fn next(arguments: &NextArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let now = connected.l1.get_block_number().await?;
    let epoch = read(&connected, current(&connected).await? + 1).await?;
    let forming = connected.ask(connected.contracts().sets, ValidatorSets::formingCall {}).await?;
    let begins_in = epoch.blocks.0.saturating_sub(now);
    if arguments.l1.json {
        let mut told = epoch.json();
        told["beginsInBlocks"] = begins_in.into();
        told["forming"] = json!({
            "epoch": epoch.number + 1, "totalPower": forming.totalPower, "members": forming.takenPlaces.count_ones(),
            "waiting": forming.waiting.to_string(), "entryLeft": forming.entryLeft, "exitLeft": forming.exitLeft,
        });
        println!("{told}");
        return Ok(());
    }
    println!("begins in       {begins_in} L1 blocks");
    epoch.print();
    println!(
        "forming         that of epoch {}: {} members with power {}, {} waiting; {} may still enter, {} may leave",
        epoch.number + 1,
        forming.takenPlaces.count_ones(),
        forming.totalPower,
        forming.waiting,
        forming.entryLeft,
        forming.exitLeft,
    );
    Ok(())
}

async fn current(connected: &Connected) -> eyre::Result<u64> {
    connected.ask(connected.contracts().sets, ValidatorSets::currentEpochCall {}).await
}

async fn read(connected: &Connected, number: u64) -> eyre::Result<Epoch> {
    let sets = connected.contracts().sets;
    let settings = &connected.network.l1;
    let length = connected.ask(sets, ValidatorSets::epochLengthCall {}).await?;
    ensure!(
        length == settings.epoch_length,
        "the contract's epochs have {length} L1 blocks, network.toml says {}",
        settings.epoch_length
    );
    let schedule = EpochSchedule::new(settings.start_block, length).wrap_err("network.toml")?;
    let members = connected.ask(sets, ValidatorSets::setOfCall { epoch: number }).await?;
    let total = connected.ask(sets, ValidatorSets::totalsOfCall { epoch: number }).await?.totalPower;
    let change_hash = connected.ask(sets, ValidatorSets::changeHashOfCall { epoch: number }).await?;
    let first = schedule.first_block(rota_proto::Epoch(number));
    Ok(Epoch { number, blocks: (first, first.saturating_add(length - 1)), members, total, change_hash })
}

impl Epoch {
    fn json(&self) -> Value {
        let member = |member: &Member| {
            json!({
                "place": member.place, "validator": member.validator, "consensusKey": member.consensusKey,
                "power": member.power, "feeRecipient": member.feeRecipient,
            })
        };
        json!({
            "epoch": self.number, "firstBlock": self.blocks.0, "lastBlock": self.blocks.1, "totalPower": self.total,
            "changeHash": self.change_hash, "members": self.members.iter().map(member).collect::<Vec<_>>(),
        })
    }

    fn print(&self) {
        println!("epoch           {}", self.number);
        println!("L1 blocks       {} to {}", self.blocks.0, self.blocks.1);
        println!("total power     {}", self.total);
        println!("change hash     {}", self.change_hash);
        println!("{:<6} {:<43} {:>20} {:>8}  consensus key", "place", "validator", "power", "share");
        for Member { place, validator, consensusKey: key, power, .. } in &self.members {
            let share = u128::from(*power) * 10_000 / u128::from(self.total.max(1));
            let validator = validator.to_string();
            println!("{place:<6} {validator:<43} {power:>20} {:>4}.{:02}%  {key}", share / 100, share % 100);
        }
    }
}
