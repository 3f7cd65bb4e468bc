//! What stake earned: paid or bonded; a validator's commission; and the way back of one that earned too little.

use alloy_primitives::Address;
use alloy_sol_types::SolCall as _;
use rota_staking::bindings::{Rewards, StakeManager};

use crate::cli::{amount::wide, events::finish, l1::SenderArguments, percent};

/// Rewards to be paid. Anyone may push that; they go to the owner.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ClaimArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// With which validator they were earned.
    #[arg(long)]
    validator: Address,
    /// Whose stake earned them; without it, the sender's.
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
    /// The commission of the validator in their place; it goes to the validator's withdrawal account.
    #[arg(long, conflicts_with = "account")]
    commission: bool,
}

/// Rewards to be bonded.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RestakeArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// With which validator the sender's stake earned them, and where they are bonded.
    #[arg(long)]
    validator: Address,
}

/// Another commission.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SetCommissionArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// Which share of its rewards the validator keeps before they are shared, in percent, such as 5 or 12.5.
    #[arg(value_name = "PERCENT")]
    commission: String,
    /// Which validator; without it, the one that the sender registered.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
}

/// A suspended validator.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ResumeArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// Which validator; without it, the one that the sender registered.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<Address>,
}

pub(super) async fn claim(arguments: ClaimArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let validator = arguments.validator;
    if arguments.commission {
        let call = format!("claimCommission(validator {validator})");
        let step = sender.rewards(call, Rewards::claimCommissionCall { validator }.abi_encode());
        return finish(&sender, &token, &[step]).await;
    }
    let account = arguments.account.unwrap_or(sender.address);
    let rewards = sender.connected.contracts().rewards;
    let due = sender.connected.ask(rewards, Rewards::claimableCall { validator, account }).await?;
    let call = format!("claim(validator {validator}, account {account}): {}", token.show(wide(due)));
    let step = sender.rewards(call, Rewards::claimCall { validator, account }.abi_encode());
    finish(&sender, &token, &[step]).await?;
    if !sender.dry_run && !sender.json {
        // One claim pays so many changes of a position at most.
        let left = wide(sender.connected.ask(rewards, Rewards::claimableCall { validator, account }).await?);
        if left > 0 {
            println!("{} more can be claimed: claim again", token.show(left));
        }
    }
    Ok(())
}

pub(super) async fn restake(arguments: RestakeArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let (validator, account) = (arguments.validator, sender.address);
    let call = format!("restake(validator {validator}, account {account})");
    let step = sender.rewards(call, Rewards::restakeCall { validator, account }.abi_encode());
    finish(&sender, &token, &[step]).await
}

pub(super) async fn set_commission(arguments: SetCommissionArguments) -> eyre::Result<()> {
    let bps = percent::parse(&arguments.commission)?;
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let validator = arguments.validator.unwrap_or(sender.address);
    let call = format!("setCommission(validator {validator}, {})", percent::show(bps));
    let step = sender.rewards(call, Rewards::setCommissionCall { validator, commissionBps: bps }.abi_encode());
    finish(&sender, &token, &[step]).await
}

pub(super) async fn resume(arguments: ResumeArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let validator = arguments.validator.unwrap_or(sender.address);
    let call = format!("resume(validator {validator})");
    let step = sender.stakes(call, StakeManager::resumeCall { validator }.abi_encode());
    finish(&sender, &token, &[step]).await
}
