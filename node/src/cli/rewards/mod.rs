//! `rota rewards`: what periods of epochs bring, who earned what, and how it comes to L1.

mod fund;
mod period;
mod show;

use alloy::transports::http::reqwest::Url;
use alloy_primitives::Address;

use super::l1::{L1Arguments, SenderArguments};

/// What is to be done about rewards.
#[derive(Debug, clap::Subcommand)]
pub(super) enum RewardsCommand {
    /// Shows what there is for rewards, what a period brings, and what a validator has earned.
    Show(ShowArguments),
    /// Proves what a period brought a validator: asks a node for the period, and holds it against the root that the
    /// set attested on L1.
    Prove(ProveArguments),
    /// Brings to L1 what a period brought a validator; anyone may, once, in the order of periods.
    Bring(BringArguments),
    /// Adds the sender's tokens to what there is for rewards.
    Fund(FundArguments),
    /// Sets what a period may bring all validators together; only the funder may.
    SetRate(SetRateArguments),
}

/// What is shown.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    l1: L1Arguments,
    /// Also what this validator has earned.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
}

/// A leaf of a period.
#[derive(Debug, clap::Args)]
struct LeafArguments {
    /// The number of the period.
    period: u64,
    /// The validator, by the account that registered it.
    validator: Address,
    /// The JSON-RPC of a node, which knows the period. It need not be trusted: what it says has to fit L1.
    #[arg(long, value_name = "URL")]
    rpc: Url,
}

/// What is proven.
#[derive(Debug, clap::Args)]
pub(super) struct ProveArguments {
    #[command(flatten)]
    l1: L1Arguments,
    #[command(flatten)]
    leaf: LeafArguments,
}

/// What is brought in.
#[derive(Debug, clap::Args)]
pub(super) struct BringArguments {
    #[command(flatten)]
    sender: SenderArguments,
    #[command(flatten)]
    leaf: LeafArguments,
}

/// Tokens for rewards.
#[derive(Debug, clap::Args)]
pub(super) struct FundArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// How much, in whole tokens. Nobody gets it back.
    #[arg(value_name = "TOKENS")]
    amount: String,
}

/// What a period may bring.
#[derive(Debug, clap::Args)]
pub(super) struct SetRateArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// How much, in whole tokens; 0 ends rewards.
    #[arg(value_name = "TOKENS")]
    amount: String,
}

/// Does it.
///
/// # Errors
/// A report that says what a contract refuses, by name, or what does not fit.
pub(super) async fn run(command: RewardsCommand) -> eyre::Result<()> {
    match command {
        RewardsCommand::Show(arguments) => show::run(&arguments).await,
        RewardsCommand::Prove(arguments) => period::prove(&arguments).await,
        RewardsCommand::Bring(arguments) => period::bring(&arguments).await,
        RewardsCommand::Fund(arguments) => fund::fund(&arguments).await,
        RewardsCommand::SetRate(arguments) => fund::set_rate(&arguments).await,
    }
}

#[cfg(test)]
mod tests;
