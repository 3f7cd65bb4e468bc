//! `rota stake`: what holders of stake and operators do on L1.

mod change;
mod delegation;
mod earnings;
mod keys;
mod show;
mod status;

use std::path::PathBuf;

use alloy_primitives::Address;

use super::l1::{L1Arguments, SenderArguments};

/// What is to be done with stake.
#[derive(Debug, clap::Subcommand)]
pub(super) enum StakeCommand {
    /// Registers the sender as a validator, with its keys and its bond.
    Register(Box<RegisterArguments>),
    /// Adds to the bond of a validator.
    TopUp(TopUpArguments),
    /// Begins to unbond a part of a bond, or all of it.
    Unbond(UnbondArguments),
    /// Bonds again what was unbonding.
    Cancel(CancelArguments),
    /// Pays out what is due: an unbonding, what a slash left of a bond, or a credit.
    Withdraw(WithdrawArguments),
    /// Puts tokens behind the validator of somebody else, to share its rewards and its slashes.
    Delegate(delegation::DelegateArguments),
    /// Begins to take tokens back from a validator, or to move them to another one.
    Undelegate(delegation::UndelegateArguments),
    /// Pays what stake with a validator earned, or the validator's commission.
    Claim(earnings::ClaimArguments),
    /// Bonds what the sender's stake with a validator earned with that validator.
    Restake(earnings::RestakeArguments),
    /// Sets which share of its rewards a validator keeps.
    SetCommission(earnings::SetCommissionArguments),
    /// Brings a validator back that was suspended because it missed too much.
    Resume(earnings::ResumeArguments),
    /// Replaces one key of a validator or both.
    RotateKey(RotateKeyArguments),
    /// Changes accounts of a validator, or what it says about itself.
    Set(SetArguments),
    /// Does what there is to do on the set that is being formed, such as the next part of an exit; anyone may.
    Advance(AdvanceArguments),
    /// Tells of one validator: accounts, keys, stake, seat, commission, unbondings; and of what an account has with it.
    Status(StatusArguments),
    /// Lists all validators that ever registered.
    List(ListArguments),
}

/// A new validator.
#[derive(Debug, clap::Args)]
pub(super) struct RegisterArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The bond, in whole tokens, such as 30 or 0.5.
    #[arg(long, value_name = "TOKENS")]
    amount: String,
    /// The account that owns the stake and receives every payout; it never changes.
    #[arg(long, value_name = "ADDRESS")]
    withdrawal: Address,
    /// The account on the rollup that receives priority fees; without it, the withdrawal account.
    #[arg(long, value_name = "ADDRESS")]
    fee_recipient: Option<Address>,
    /// The account that appends to the inbox; without it, whoever is the operator.
    #[arg(long, value_name = "ADDRESS")]
    submitter: Option<Address>,
    /// Where the node listens, for others to find: at most 256 bytes.
    #[arg(long, value_name = "TEXT", default_value = "")]
    node_address: String,
    /// Words about the validator: at most 1,024 bytes.
    #[arg(long, value_name = "TEXT", default_value = "")]
    metadata: String,
    #[command(flatten)]
    keys: KeyFiles,
}

/// Where a validator's keys are.
#[derive(Debug, clap::Args)]
pub(super) struct KeyFiles {
    /// The keystore of the consensus key.
    #[arg(long, value_name = "FILE", default_value = "keys/consensus.json")]
    consensus: PathBuf,
    /// The keystore of the attestation key.
    #[arg(long, value_name = "FILE", default_value = "keys/attestation.json")]
    attestation: PathBuf,
    /// The file with the passphrase of both.
    #[arg(long, value_name = "FILE", default_value = "keys/passphrase")]
    passphrase_file: PathBuf,
}

/// More stake.
#[derive(Debug, clap::Args)]
pub(super) struct TopUpArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// How much, in whole tokens.
    #[arg(value_name = "TOKENS")]
    amount: String,
    /// Whose bond; without it, the sender's.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
}

/// Less stake.
#[derive(Debug, clap::Args)]
#[group(id = "how_much", required = true, multiple = false, args = ["amount", "all"])]
pub(super) struct UnbondArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// How much, in whole tokens; at least the minimum stays bonded.
    #[arg(value_name = "TOKENS")]
    amount: Option<String>,
    /// All of it: the validator leaves.
    #[arg(long)]
    all: bool,
    /// Whose bond; without it, the sender's.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
}

/// An unbonding that is taken back.
#[derive(Debug, clap::Args)]
pub(super) struct CancelArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// Its number.
    id: u64,
}

/// A payout. Anyone may push it; it goes to the owner.
#[derive(Debug, clap::Args)]
#[group(id = "what", required = true, multiple = false, args = ["id", "rest_of", "credit_of"])]
pub(super) struct WithdrawArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The number of an unbonding that is due.
    id: Option<u64>,
    /// The slashed validator of whose stake something was left.
    #[arg(long, value_name = "ADDRESS")]
    rest_of: Option<Address>,
    /// With --rest-of, who had staked with it; without it, the validator's withdrawal account.
    #[arg(long, value_name = "ADDRESS", requires = "rest_of", conflicts_with_all = ["id", "credit_of"])]
    account: Option<Address>,
    /// The account that has a credit: a reporter, the treasury.
    #[arg(long, value_name = "ADDRESS")]
    credit_of: Option<Address>,
}

/// Other keys. Both keystores are needed, since both keys sign.
#[derive(Debug, clap::Args)]
pub(super) struct RotateKeyArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// Whose keys; without it, those of the validator that the sender registered.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
    #[command(flatten)]
    keys: KeyFiles,
}

/// What changes; a transaction each, in this order.
#[derive(Debug, clap::Args)]
#[group(
    id = "what_changes",
    required = true,
    multiple = true,
    args = ["fee_recipient", "submitter", "node_address", "metadata", "operator", "accept"]
)]
pub(super) struct SetArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// Which validator; without it, the one that the sender registered.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
    /// The account on the rollup that receives priority fees, from the epoch after next on.
    #[arg(long, value_name = "ADDRESS")]
    fee_recipient: Option<Address>,
    /// The account that appends to the inbox, at once; the zero address: whoever is the operator.
    #[arg(long, value_name = "ADDRESS")]
    submitter: Option<Address>,
    /// Where the node listens. Without it, what was said last stays.
    #[arg(long, value_name = "TEXT")]
    node_address: Option<String>,
    /// Words about the validator. Without it, what was said last stays.
    #[arg(long, value_name = "TEXT")]
    metadata: Option<String>,
    /// Asks another account to become the operator; the zero address takes that back.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "accept")]
    operator: Option<Address>,
    /// Becomes the operator that the sender was asked to be.
    #[arg(long)]
    accept: bool,
}

/// Work on the sets.
#[derive(Debug, clap::Args)]
pub(super) struct AdvanceArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// The most steps that are done.
    #[arg(long, default_value_t = 32)]
    steps: u64,
}

/// Whose status.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    l1: L1Arguments,
    /// The validator, by the account that registered it.
    validator: Address,
    /// Also what this account has with it: stake, rewards to be claimed, unbondings, votes.
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
}

/// A list.
#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    l1: L1Arguments,
}

/// Does it.
///
/// # Errors
/// A report that says what a contract refuses, by name, or which file or endpoint cannot be used.
pub(super) async fn run(command: StakeCommand) -> eyre::Result<()> {
    match command {
        StakeCommand::Register(arguments) => change::register(*arguments).await,
        StakeCommand::TopUp(arguments) => change::top_up(arguments).await,
        StakeCommand::Unbond(arguments) => change::unbond(arguments).await,
        StakeCommand::Cancel(arguments) => change::cancel(arguments).await,
        StakeCommand::Withdraw(arguments) => change::withdraw(arguments).await,
        StakeCommand::Delegate(arguments) => delegation::delegate(arguments).await,
        StakeCommand::Undelegate(arguments) => delegation::undelegate(arguments).await,
        StakeCommand::Claim(arguments) => earnings::claim(arguments).await,
        StakeCommand::Restake(arguments) => earnings::restake(arguments).await,
        StakeCommand::SetCommission(arguments) => earnings::set_commission(arguments).await,
        StakeCommand::Resume(arguments) => earnings::resume(arguments).await,
        StakeCommand::RotateKey(arguments) => keys::rotate(arguments).await,
        StakeCommand::Set(arguments) => keys::set(arguments).await,
        StakeCommand::Advance(arguments) => change::advance(arguments).await,
        StakeCommand::Status(arguments) => status::run(&arguments).await,
        StakeCommand::List(arguments) => show::list(&arguments).await,
    }
}

#[cfg(test)]
mod tests;
