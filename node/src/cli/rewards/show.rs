//! What there is for rewards, what periods bring, and what a validator has earned.

use alloy_primitives::Address;
use rota_staking::bindings::{
    IRewards::{Period, Standing},
    Rewards, StakeManager, ValidatorRegistry, ValidatorSets,
};
use serde_json::{Value, json};

use super::ShowArguments;
use crate::cli::{
    amount::{Token, wide},
    l1::Connected,
    percent,
};

/// Rewards, as L1 has them now.
struct Overview {
    epoch: u64,
    period_epochs: u64,
    /// The next period that the set attests.
    next: u64,
    /// The one before it, if there is any.
    last: Option<Period>,
    rate: u128,
    reserve: u128,
    allocated: u128,
    free: u128,
    funder: Address,
    earner: Option<Earner>,
}

/// What a validator has earned.
struct Earner {
    validator: Address,
    withdrawal: Address,
    standing: Standing,
    /// In the current period.
    commission_bps: u16,
    /// Of the withdrawal account.
    claimable: u128,
}

pub(super) async fn run(arguments: &ShowArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let overview = Overview::read(&connected, arguments.validator).await?;
    if arguments.l1.json {
        println!("{}", overview.json());
    } else {
        overview.print(&connected.token().await?);
    }
    Ok(())
}

impl Overview {
    async fn read(connected: &Connected, validator: Option<Address>) -> eyre::Result<Self> {
        let contracts = *connected.contracts();
        let rewards = contracts.rewards;
        let epoch = connected.ask(contracts.sets, ValidatorSets::currentEpochCall {}).await?;
        let period_epochs = connected.ask(rewards, Rewards::periodEpochsCall {}).await?.max(1).into();
        let next = connected.ask(rewards, Rewards::nextPeriodCall {}).await?;
        let last = match next.checked_sub(1) {
            Some(period) => Some(connected.ask(rewards, Rewards::periodOfCall { period }).await?),
            None => None,
        };
        let earner = match validator {
            Some(validator) => Some(Earner::read(connected, validator, epoch / period_epochs).await?),
            None => None,
        };
        Ok(Self {
            epoch,
            period_epochs,
            next,
            last,
            rate: wide(connected.ask(rewards, Rewards::ratePerPeriodCall {}).await?),
            reserve: connected.ask(contracts.stakes, StakeManager::rewardReserveCall {}).await?,
            allocated: connected.ask(rewards, Rewards::allocatedCall {}).await?,
            free: connected.ask(rewards, Rewards::freeCall {}).await?,
            funder: connected.ask(rewards, Rewards::funderCall {}).await?,
            earner,
        })
    }

    /// The first epoch of the next period to be attested, and the last one.
    const fn next_epochs(&self) -> (u64, u64) {
        let first = self.next.saturating_mul(self.period_epochs);
        (first, first.saturating_add(self.period_epochs - 1))
    }

    fn json(&self) -> Value {
        let last = self.last.as_ref().map(|last| {
            json!({
                "root": last.root, "totalPoints": last.totalPoints.to_string(),
                "maxPoints": last.maxPoints.to_string(), "pot": last.pot.to_string(),
                "broughtPoints": last.broughtPoints.to_string(),
            })
        });
        let (first_epoch, last_epoch) = self.next_epochs();
        json!({
            "epoch": self.epoch, "periodEpochs": self.period_epochs, "nextPeriod": self.next,
            "nextPeriodEpochs": [first_epoch, last_epoch], "lastPeriod": last,
            "ratePerPeriod": self.rate.to_string(), "reserve": self.reserve.to_string(),
            "allocated": self.allocated.to_string(), "free": self.free.to_string(), "funder": self.funder,
            "validator": self.earner.as_ref().map(Earner::json),
        })
    }

    fn print(&self, token: &Token) {
        let (first, last) = self.next_epochs();
        println!("epoch           {}", self.epoch);
        println!("next period     {}: epochs {first} to {last}, attested when they are over", self.next);
        if let Some(last) = &self.last {
            let points = share(wide(last.totalPoints), wide(last.maxPoints));
            let brought = share(wide(last.broughtPoints), wide(last.totalPoints));
            let pot = token.show(wide(last.pot));
            println!("last period     {pot} for all points; {points} earned, {brought} of that brought in");
        }
        println!("rate            {} a period at most", token.show(self.rate));
        println!("reserve         {}", token.show(self.reserve));
        println!("  allocated     {} of it are earned and not paid yet", token.show(self.allocated));
        println!("  free          {} of it are for periods to come", token.show(self.free));
        println!("funder          {}", self.funder);
        if let Some(earner) = &self.earner {
            earner.print(token);
        }
    }
}

impl Earner {
    async fn read(connected: &Connected, validator: Address, period: u64) -> eyre::Result<Self> {
        let contracts = *connected.contracts();
        let rewards = contracts.rewards;
        let withdrawal = connected.ask(contracts.registry, ValidatorRegistry::withdrawalOfCall { validator }).await?;
        let standing = connected.ask(rewards, Rewards::standingOfCall { validator }).await?;
        let commission_bps = connected.ask(rewards, Rewards::commissionOfCall { validator, period }).await?;
        let claim = Rewards::claimableCall { validator, account: withdrawal };
        let claimable = wide(connected.ask(rewards, claim).await?);
        Ok(Self { validator, withdrawal, standing, commission_bps, claimable })
    }

    fn json(&self) -> Value {
        let standing = &self.standing;
        json!({
            "validator": self.validator, "withdrawal": self.withdrawal, "commissionBps": self.commission_bps,
            "nextRiseEpoch": standing.nextRiseEpoch, "nextPeriod": standing.nextPeriod,
            "owed": standing.owed.to_string(), "commission": standing.commission.to_string(),
            "claimable": self.claimable.to_string(), "badInARow": standing.badInARow,
            "mayResumeFrom": (standing.mayResumeFrom != 0).then_some(standing.mayResumeFrom),
        })
    }

    fn print(&self, token: &Token) {
        let standing = &self.standing;
        println!("validator       {}", self.validator);
        let (share, rise) = (percent::show(self.commission_bps), standing.nextRiseEpoch);
        println!("  commission    {share}; it may rise from epoch {rise} on");
        println!("  accounted     all periods before {}", standing.nextPeriod);
        println!("  stake earned  {} that are not paid yet", token.show(wide(standing.owed)));
        println!("  of that       {} are its withdrawal account's, {}", token.show(self.claimable), self.withdrawal);
        println!("  and           {} commission that is not paid yet", token.show(wide(standing.commission)));
        println!("  bad periods   {} in a row", standing.badInARow);
        if standing.mayResumeFrom != 0 {
            println!("  was put out   and may resume from epoch {} on", standing.mayResumeFrom);
        }
    }
}

/// A part of a whole in percent.
fn share(part: u128, whole: u128) -> String {
    let bps = part.saturating_mul(10_000).checked_div(whole).unwrap_or_default();
    percent::show(u16::try_from(bps).unwrap_or(u16::MAX))
}
