//! `rota stake status`: all that L1 says of one validator, and of what an account has with it.

use std::collections::BTreeSet;

use alloy::rpc::types::Filter;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent as _;
use eyre::ensure;
use rota_staking::bindings::{
    IRewards::Standing,
    IStakeManager::Stake,
    IValidatorRegistry::{Accounts, Keys},
    IValidatorSets::Seat,
    Rewards, StakeManager,
    StakeManager::{UnbondingBegun, UndelegationBegun},
    StakeVotes, ValidatorRegistry, ValidatorSets,
};
use serde_json::{Value, json};

use super::{
    StatusArguments,
    keys::metadata,
    show::{seat_json, seat_text, stake_json, stake_text},
};
use crate::cli::{
    amount::{Token, wide},
    foreign::shown,
    l1::Connected,
    percent,
};

/// The greatest number: an unbonding whose power still serves has no epoch yet.
const NOT_KNOWN: u64 = u64::MAX;

/// The rate of a pool that was never slashed.
const WHOLE_RATE: u64 = 1_000_000_000_000_000_000;

/// A validator, as L1 has it now.
struct Status {
    validator: Address,
    epoch: u64,
    accounts: Accounts,
    keys: Keys,
    node_address: String,
    metadata: String,
    stake: Stake,
    seat: Seat,
    /// Its power in this epoch.
    serves: u64,
    /// In the current period.
    commission_bps: u16,
    standing: Standing,
    unbondings: Vec<Unbonding>,
    holding: Option<Holding>,
}

/// An unbonding that is not paid yet.
struct Unbonding {
    id: u64,
    amount: u128,
    towards: Option<Address>,
    due_epoch: Option<u64>,
}

/// What an account has with a validator.
struct Holding {
    account: Address,
    /// What it has bonded, in nominal units, and the first epoch in which that counts.
    amount: u128,
    since: u32,
    /// What counts before that, and from when on.
    previous: u128,
    previous_since: u32,
    claimable: u128,
    /// All votes that it casts, of its own stake anywhere and of that of others.
    votes: u128,
    /// Who votes with its stake.
    voter: Address,
}

pub(super) async fn run(arguments: &StatusArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let status = Status::read(&connected, arguments.validator, arguments.account).await?;
    if arguments.l1.json {
        println!("{}", status.json());
    } else {
        status.print(&connected.token().await?);
    }
    Ok(())
}

impl Status {
    async fn read(connected: &Connected, validator: Address, account: Option<Address>) -> eyre::Result<Self> {
        let contracts = *connected.contracts();
        let accounts = connected.ask(contracts.registry, ValidatorRegistry::accountsOfCall { validator }).await?;
        ensure!(accounts.operator != Address::ZERO, "nobody registered as {validator}");
        let keys = connected.ask(contracts.registry, ValidatorRegistry::keysOfCall { validator }).await?;
        let said = metadata(connected, validator).await?;
        let (node_address, metadata) = said.map_or_else(Default::default, |said| (said.nodeAddress, said.metadata));
        let stake = connected.ask(contracts.stakes, StakeManager::stakeOfCall { validator }).await?;
        let seat = connected.ask(contracts.sets, ValidatorSets::seatOfCall { validator }).await?;
        let epoch = connected.ask(contracts.sets, ValidatorSets::currentEpochCall {}).await?;
        let serves = connected.ask(contracts.sets, ValidatorSets::powerOfCall { validator, epoch }).await?;
        let length = connected.ask(contracts.rewards, Rewards::periodEpochsCall {}).await?;
        let period = epoch / u64::from(length.max(1));
        let commission_bps = connected.ask(contracts.rewards, Rewards::commissionOfCall { validator, period }).await?;
        let standing = connected.ask(contracts.rewards, Rewards::standingOfCall { validator }).await?;
        let unbondings = unbondings(connected, validator, account).await?;
        let holding = match account {
            Some(account) => Some(Holding::read(connected, validator, account).await?),
            None => None,
        };
        Ok(Self {
            validator,
            epoch,
            accounts,
            keys,
            node_address,
            metadata,
            stake,
            seat,
            serves,
            commission_bps,
            standing,
            unbondings,
            holding,
        })
    }

    fn json(&self) -> Value {
        let Accounts { operator, withdrawal, submitter, feeRecipient: fee_recipient } = &self.accounts;
        let mut told = json!({
            "validator": self.validator, "epoch": self.epoch,
            "operator": operator, "withdrawal": withdrawal, "submitter": submitter, "feeRecipient": fee_recipient,
            "nodeAddress": self.node_address, "metadata": self.metadata,
            "consensusKey": self.keys.consensusKey, "attestationKeyHash": self.keys.attestationKeyHash,
            "stake": stake_json(&self.stake), "seat": seat_json(&self.seat), "powerNow": self.serves,
            "commissionBps": self.commission_bps, "mayResumeFrom": self.may_resume_from(),
            "unbondings": self.unbondings.iter().map(Unbonding::json).collect::<Vec<_>>(),
        });
        if let Some(holding) = &self.holding {
            told["account"] = holding.json(&self.stake);
        }
        told
    }

    fn print(&self, token: &Token) {
        println!("validator       {}", self.validator);
        println!("operator        {}", self.accounts.operator);
        println!("withdrawal      {}", self.accounts.withdrawal);
        println!("submitter       {}", self.accounts.submitter);
        println!("fee recipient   {}", self.accounts.feeRecipient);
        println!("consensus key   {}", self.keys.consensusKey);
        println!("node address    {}", shown(&self.node_address));
        println!("metadata        {}", shown(&self.metadata));
        println!("stake           {}", stake_text(token, &self.stake));
        println!("commission      {}", percent::show(self.commission_bps));
        println!("seat            {}", seat_text(&self.seat));
        println!("power now       {} in epoch {}", self.serves, self.epoch);
        if let Some(epoch) = self.may_resume_from() {
            println!("suspended       may resume from epoch {epoch} on");
        }
        if let Some(holding) = &self.holding {
            holding.print(token, &self.stake);
        }
        for unbonding in &self.unbondings {
            println!("unbonding {:<5} {}", unbonding.id, unbonding.text(token));
        }
    }

    fn may_resume_from(&self) -> Option<u64> {
        self.stake.suspended.then_some(self.standing.mayResumeFrom)
    }
}

impl Holding {
    async fn read(connected: &Connected, validator: Address, account: Address) -> eyre::Result<Self> {
        let contracts = *connected.contracts();
        let position = connected.ask(contracts.stakes, StakeManager::positionOfCall { validator, account }).await?;
        let claimable = connected.ask(contracts.rewards, Rewards::claimableCall { validator, account }).await?;
        let votes = connected.ask(contracts.votes, StakeVotes::getVotesCall { account }).await?;
        let voter = connected.ask(contracts.votes, StakeVotes::delegatesCall { account }).await?;
        Ok(Self {
            account,
            amount: wide(position.amount),
            since: position.since,
            previous: wide(position.previous),
            previous_since: position.previousSince,
            claimable: wide(claimable),
            votes: wide(votes),
            voter,
        })
    }

    /// What the position would bring if it were paid now.
    fn worth(&self, stake: &Stake) -> u128 {
        wide(U256::from(self.amount) * U256::from(stake.rate) / U256::from(WHOLE_RATE))
    }

    fn json(&self, stake: &Stake) -> Value {
        json!({
            "account": self.account, "position": self.amount.to_string(),
            "worth": self.worth(stake).to_string(), "countsSinceEpoch": self.since,
            "before": self.previous.to_string(), "beforeSinceEpoch": self.previous_since,
            "claimable": self.claimable.to_string(), "votes": self.votes.to_string(), "voter": self.voter,
        })
    }

    fn print(&self, token: &Token, stake: &Stake) {
        println!("account         {}", self.account);
        println!("position        {}, counts from epoch {} on", token.show(self.amount), self.since);
        if self.previous > 0 && self.previous_since < self.since {
            println!("  before that   {}, from epoch {} on", token.show(self.previous), self.previous_since);
        }
        if stake.rate < WHOLE_RATE {
            println!("  worth         {} after the slash", token.show(self.worth(stake)));
        }
        println!("claimable       {}", token.show(self.claimable));
        println!("votes           {}", token.show(self.votes));
        if self.voter != self.account {
            println!("  its own stake is voted with by {}", self.voter);
        }
    }
}

impl Unbonding {
    fn text(&self, token: &Token) -> String {
        let amount = token.show(self.amount);
        let way = self.towards.map_or_else(String::new, |to| format!(" towards {to}"));
        match self.due_epoch {
            Some(epoch) => format!("{amount}{way}, due in epoch {epoch}"),
            None => format!("{amount}{way}, whose power still serves"),
        }
    }

    fn json(&self) -> Value {
        json!({ "id": self.id, "amount": self.amount.to_string(), "towards": self.towards,
            "dueEpoch": self.due_epoch })
    }
}

/// What is on its way out: of the own bond, and of the account if one is named.
async fn unbondings(
    connected: &Connected,
    validator: Address,
    account: Option<Address>,
) -> eyre::Result<Vec<Unbonding>> {
    let stakes = connected.contracts().stakes;
    let mut begun = BTreeSet::new();
    let filter = Filter::new().address(stakes).event_signature(UnbondingBegun::SIGNATURE_HASH);
    for log in connected.logs(&filter.topic2(validator.into_word())).await? {
        begun.insert(UnbondingBegun::decode_log(&log.inner)?.data.id);
    }
    if let Some(account) = account {
        let filter = Filter::new().address(stakes).event_signature(UndelegationBegun::SIGNATURE_HASH);
        let filter = filter.topic2(validator.into_word()).topic3(account.into_word());
        for log in connected.logs(&filter).await? {
            begun.insert(UndelegationBegun::decode_log(&log.inner)?.data.id);
        }
    }
    let mut open = Vec::new();
    for id in begun {
        let unbonding = connected.ask(stakes, StakeManager::unbondingOfCall { id }).await?;
        // Paid, or bonded again.
        if unbonding.validator == Address::ZERO {
            continue;
        }
        let due = connected.ask(stakes, StakeManager::dueOfCall { id }).await?;
        let due_epoch = (due.dueEpoch != NOT_KNOWN).then_some(due.dueEpoch);
        let towards = (unbonding.destination != Address::ZERO).then_some(unbonding.destination);
        open.push(Unbonding { id, amount: due.amount, towards, due_epoch });
    }
    Ok(open)
}
