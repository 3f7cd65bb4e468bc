//! The command line.

mod amount;
mod epoch;
mod events;
mod evidence;
mod foreign;
mod gov;
mod guard;
mod keys;
mod l1;
pub(crate) mod passphrase;
mod percent;
mod replay;
mod rewards;
mod signer;
mod stake;
mod testnet;

use std::{
    fs::OpenOptions,
    io::{IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use rota_execution::{ExecutionError, GenesisError};
use rota_replica::Halt;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use passphrase::PassphraseError;

use crate::{
    config::ConfigError,
    driver::DriverError,
    evidence::BookError,
    executor::ExecutorError,
    instance::InstanceError,
    l1::L1Error,
    network::NetworkError,
    node::{self, Folder, Voting},
    poster::{PosterError, SubmitterError},
    secret::{self, SecretError},
    signer::{GuardImportError, GuardStorageError, KeystoreError, LinkError, ServeError, SignError},
    store::StoreError,
};

/// Rota: a proof-of-stake network of sequencers for an Ethereum rollup.
#[derive(Debug, Parser)]
#[command(name = "rota", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a node from its data folder.
    Node(NodeArguments),
    /// Runs a node that only watches: it follows the chain, serves JSON-RPC, keeps evidence and tells of it, and
    /// neither votes nor posts, whatever its settings say.
    Watch(WatchArguments),
    /// Holds a validator's key and the record of what it signed, in a process apart from its node.
    ///
    /// Started by the user whom the node runs as, from a folder of its own. The node asks it for every signature over a
    /// Unix socket and never has the key. The signer judges by its own record: whatever the node asks for, it signs no
    /// two votes that L1 would slash for.
    Signer(signer::SignerArguments),
    /// Lists, shows, verifies and reports what validators are accused with.
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// Shows, gives out and takes in the record of what a validator's key may have signed.
    #[command(subcommand)]
    Guard(guard::GuardCommand),
    /// Makes, takes in, shows and gives out the keystores of consensus keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Makes the folders of a new network, and deploys its contracts on L1.
    Testnet(Box<testnet::TestnetArguments>),
    /// Executes the chain anew from what was posted to L1, and nothing else.
    Replay(Box<replay::ReplayArguments>),
    /// Stakes, delegates, unbonds, claims, rotates keys on L1, and tells of validators.
    #[command(subcommand)]
    Stake(Box<stake::StakeCommand>),
    /// Tells what stake earns, and brings what a period of epochs brought to L1.
    #[command(subcommand)]
    Rewards(Box<rewards::RewardsCommand>),
    /// Proposes, votes and carries out on L1 what governance can change.
    #[command(subcommand)]
    Gov(Box<gov::GovCommand>),
    /// Tells who serves in which epoch, as L1 has it.
    #[command(subcommand)]
    Epoch(epoch::EpochCommand),
}

#[derive(Debug, clap::Args)]
struct NodeArguments {
    /// The data folder, with config/, keys/ and data/.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Votes at once, without listening first whether the key signs elsewhere: for devnets, whose keys hold no stake.
    #[arg(long)]
    no_doppelganger_wait: bool,
    /// Logs as JSON, one object a line.
    #[arg(long, env = "ROTA_LOG_JSON")]
    log_json: bool,
}

#[derive(Debug, clap::Args)]
struct WatchArguments {
    /// The data folder, with config/, keys/ and data/.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Logs as JSON, one object a line.
    #[arg(long, env = "ROTA_LOG_JSON")]
    log_json: bool,
}

/// Exit codes: each way to die has its own.
mod exit {
    /// Anything else; the text says why. (2, a command line that is not understood, is clap's own.)
    pub(super) const FAILED: u8 = 1;
    /// Another process holds the data folder or the key.
    pub(super) const HELD: u8 = 75;
    /// The key signs elsewhere. Nobody should start the node again before that is ended.
    pub(super) const DOPPELGANGER: u8 = 77;
    /// The node stopped itself because going on would have been unsafe.
    pub(super) const HALTED: u8 = 70;
    /// The disk failed or is full.
    pub(super) const STORE: u8 = 74;
    /// A setting cannot be used.
    pub(super) const CONFIG: u8 = 78;
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let log_json = match &cli.command {
        Command::Node(NodeArguments { log_json, .. }) | Command::Watch(WatchArguments { log_json, .. }) => *log_json,
        Command::Signer(arguments) => arguments.log_json,
        Command::Evidence(_)
        | Command::Guard(_)
        | Command::Keys(_)
        | Command::Testnet(_)
        | Command::Replay(_)
        | Command::Stake(_)
        | Command::Rewards(_)
        | Command::Gov(_)
        | Command::Epoch(_) => false,
    };
    start_logs(log_json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("rota: no runtime: {error}");
            return ExitCode::from(exit::FAILED);
        }
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Node(arguments) => {
                let voting = if arguments.no_doppelganger_wait { Voting::AtOnce } else { Voting::Listened };
                node::run(&Folder::new(arguments.data), voting, until_stopped()).await
            }
            Command::Watch(arguments) => node::run(&Folder::new(arguments.data), Voting::Never, until_stopped()).await,
            Command::Signer(arguments) => signer::run(arguments, until_stopped()).await,
            Command::Evidence(command) => evidence::run(command).await,
            Command::Guard(command) => guard::run(&command),
            Command::Keys(command) => keys::run(&command),
            Command::Testnet(arguments) => testnet::make(*arguments).await,
            Command::Replay(arguments) => replay::run(*arguments).await,
            Command::Stake(command) => stake::run(*command).await,
            Command::Rewards(command) => rewards::run(*command).await,
            Command::Gov(command) => gov::run(*command).await,
            Command::Epoch(command) => epoch::run(&command).await,
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln!("rota: {report:#}");
            ExitCode::from(code(&report))
        }
    }
}

fn code(report: &eyre::Report) -> u8 {
    if report.chain().any(is_doppelganger) {
        exit::DOPPELGANGER
    } else if report.chain().any(is_halt) {
        exit::HALTED
    } else if report.chain().any(is_held) {
        exit::HELD
    } else if report.chain().any(is_setting) {
        exit::CONFIG
    } else if report.chain().any(is_storage) {
        exit::STORE
    } else {
        exit::FAILED
    }
}

/// An error in a report's chain.
type Cause = dyn std::error::Error + 'static;

/// Whether the key was heard to sign elsewhere.
fn is_doppelganger(error: &Cause) -> bool {
    matches!(carried(error), Some(Halt::Doppelganger(_)))
}

/// Whether going on would be unsafe: what is final contradicts itself, here or on L1.
fn is_halt(error: &Cause) -> bool {
    carried::<Halt>(error).is_some()
        || carried::<rota_staking::RegistryError>(error).is_some()
        || carried::<ExecutorError>(error).is_some_and(ExecutorError::is_halt)
        || matches!(carried(error), Some(SignError::OldRecord(_)))
}

/// Whether another process has what this one needs alone.
fn is_held(error: &Cause) -> bool {
    matches!(carried(error), Some(InstanceError::Folder { .. } | InstanceError::Key { .. }))
        || matches!(carried(error), Some(SignError::Instance(InstanceError::Key { .. })))
        || matches!(carried(error), Some(GuardStorageError::Locked { .. }))
        || matches!(carried(error), Some(ServeError::Taken { .. }))
        || matches!(carried(error), Some(LinkError::Busy))
        || matches!(carried(error), Some(SignError::Storage(GuardStorageError::Locked { .. })))
        || matches!(carried(error), Some(GuardImportError::Storage(GuardStorageError::Locked { .. })))
}

/// Whether a file that the operator writes, or what it names, cannot be used.
fn is_setting(error: &Cause) -> bool {
    carried::<ConfigError>(error).is_some()
        || carried::<GenesisError>(error).is_some()
        || carried::<KeystoreError>(error).is_some()
        || carried::<SecretError>(error).is_some()
        || carried::<PassphraseError>(error).is_some()
        || matches!(carried(error), Some(GuardImportError::Text(_) | GuardImportError::Foreign(_)))
        || carried::<SubmitterError>(error).is_some()
        || carried::<NetworkError>(error).is_some()
        || matches!(carried(error), Some(L1Error::Address { .. } | L1Error::Endpoints(_) | L1Error::OtherChain { .. }))
        || matches!(carried(error), Some(StoreError::Schema { .. } | StoreError::OtherGenesis { .. }))
        || matches!(carried(error), Some(GuardStorageError::Foreign { .. }))
        || matches!(carried(error), Some(ServeError::Folder(_) | ServeError::NoSocket { .. }))
        || matches!(
            carried(error),
            Some(LinkError::OtherUser { .. } | LinkError::OtherProtocol { .. } | LinkError::OtherNetwork { .. })
        )
}

/// Whether the store or the guard's record failed. An error that is transparent stands in the chain in place of the one
/// that it carries.
fn is_storage(error: &Cause) -> bool {
    carried::<StoreError>(error).is_some()
        || carried::<GuardStorageError>(error).is_some()
        || carried::<BookError>(error).is_some()
        || matches!(carried(error), Some(SignError::Storage(_)))
        || matches!(carried(error), Some(GuardImportError::Storage(_)))
        || matches!(carried(error), Some(ExecutorError::Store(_) | ExecutorError::Execution(ExecutionError::State(_))))
        || matches!(carried(error), Some(PosterError::Store(_) | PosterError::Journal(_)))
        || matches!(carried(error), Some(DriverError::Store(_) | DriverError::Evidence(_)))
}

fn carried<T: std::error::Error + 'static>(error: &Cause) -> Option<&T> {
    error.downcast_ref::<T>().or_else(|| error.downcast_ref::<Box<T>>().map(AsRef::as_ref))
}

/// What is logged without `RUST_LOG`. Gossipsub warns of each vote that is said again, as rule R1 wants it.
const LOGGED: &str = "info,libp2p=warn,libp2p_gossipsub=error";

fn start_logs(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let ansi = std::io::stderr().is_terminal();
    if json { builder.json().init() } else { builder.with_target(false).with_ansi(ansi).init() }
}

/// Turns true with the first SIGINT or SIGTERM; a second one ends the process at once, as a crash does.
fn until_stopped() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        signalled().await;
        tracing::info!("stopping; a second signal ends the process at once");
        // Nobody may be left to tell.
        let _ = stop.send(true);
        // Receivers learn the end from the value; the sender stays so that they do not take its loss for one.
        signalled().await;
        std::process::exit(exit::FAILED.into());
    });
    stopped
}

async fn signalled() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught");
            // An error here leaves only SIGKILL.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Writes a file for its owner alone, with the folders above it, in the place of one that stands there.
///
/// # Errors
/// What the system says.
pub fn write_secret(path: &Path, bytes: &[u8]) -> eyre::Result<()> {
    if let Some(folder) = path.parent() {
        secret::make_folder(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests;
