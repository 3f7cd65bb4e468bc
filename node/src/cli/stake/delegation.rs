//! Stake with the validators of others.

use alloy_primitives::Address;
use alloy_sol_types::SolCall as _;
use eyre::ensure;
use rota_staking::bindings::StakeManager;

use crate::cli::{
    amount::wide,
    events::finish,
    l1::{Permit, SenderArguments, choose, paid},
};

/// Tokens behind a validator.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DelegateArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// How much, in whole tokens; the first time at least a thousandth of the minimum bond.
    #[arg(value_name = "TOKENS")]
    amount: String,
    /// The validator, by the account that registered it.
    #[arg(long, value_name = "VALIDATOR")]
    to: Address,
}

/// Tokens that leave a validator.
#[derive(Debug, clap::Args)]
#[group(id = "what_leaves", required = true, multiple = false, args = ["amount", "all"])]
pub(in crate::cli) struct UndelegateArguments {
    #[command(flatten)]
    sender: SenderArguments,
    /// How much, in whole tokens; the rest stays, at least a thousandth of the minimum bond.
    #[arg(value_name = "TOKENS")]
    amount: Option<String>,
    /// All of it.
    #[arg(long)]
    all: bool,
    /// The validator that it leaves.
    #[arg(long)]
    validator: Address,
    /// Another validator that it goes on to: `rota stake withdraw` takes it there when it is due, or pays it out if
    /// that validator takes no delegations then.
    #[arg(long, value_name = "VALIDATOR")]
    towards: Option<Address>,
}

pub(super) async fn delegate(arguments: DelegateArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let amount = token.parse(&arguments.amount)?;
    let validator = arguments.to;
    let payment = choose(&sender, &token, amount).await?;
    let call = format!("delegate(validator {validator}, {})", token.show(amount));
    let steps = paid(&sender, call, payment, |permit| match permit {
        None => StakeManager::delegateCall { validator, amount }.abi_encode().into(),
        Some(Permit { deadline, v, r, s }) => {
            StakeManager::delegateWithPermitCall { validator, amount, deadline, v, r, s }.abi_encode().into()
        }
    });
    finish(&sender, &token, &steps).await
}

pub(super) async fn undelegate(arguments: UndelegateArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let (validator, account) = (arguments.validator, sender.address);
    let amount = match arguments.amount {
        Some(text) => token.parse(&text)?,
        None => {
            let call = StakeManager::positionOfCall { validator, account };
            let position = sender.connected.ask(sender.connected.contracts().stakes, call).await?;
            wide(position.amount)
        }
    };
    ensure!(amount > 0, "{account} has nothing to take back from {validator}");
    let shown = token.show(amount);
    let step = match arguments.towards {
        None => {
            let call = format!("undelegate(validator {validator}, {shown})");
            sender.stakes(call, StakeManager::undelegateCall { validator, amount }.abi_encode())
        }
        Some(to) => {
            let call = format!("redelegate(from {validator}, {shown}, to {to})");
            sender.stakes(call, StakeManager::redelegateCall { from: validator, amount, to }.abi_encode())
        }
    };
    finish(&sender, &token, &[step]).await
}
