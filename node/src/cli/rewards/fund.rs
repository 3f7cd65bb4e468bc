//! Where rewards come from.

use alloy_primitives::aliases::U96;
use alloy_sol_types::SolCall as _;
use eyre::WrapErr as _;
use rota_staking::bindings::{Rewards, StakeManager};

use super::{FundArguments, SetRateArguments};
use crate::cli::{
    events::finish,
    l1::{Step, allow},
};

pub(super) async fn fund(arguments: &FundArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let amount = token.parse(&arguments.amount)?;
    // The call takes no permit: whoever funds is seldom in a hurry.
    let mut steps = Vec::from_iter(allow(&sender, &token, amount).await?);
    let call = format!("fundRewards({})", token.show(amount));
    let needs_the_one_before = !steps.is_empty();
    let input = StakeManager::fundRewardsCall { amount }.abi_encode();
    steps.push(Step { needs_the_one_before, ..sender.stakes(call, input) });
    finish(&sender, &token, &steps).await
}

pub(super) async fn set_rate(arguments: &SetRateArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let amount = token.parse(&arguments.amount)?;
    let rate = U96::try_from(amount).wrap_err_with(|| format!("{} is more than a rate can be", token.show(amount)))?;
    let call = format!("setRate({} a period)", token.show(amount));
    let step = sender.rewards(call, Rewards::setRateCall { ratePerPeriod_: rate }.abi_encode());
    finish(&sender, &token, &[step]).await
}
