//! Proposals to be made: each of the few things that governance can do.

use alloy::{providers::Provider as _, rpc::types::TransactionRequest};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall as _;
use eyre::{bail, ensure};
use rota_staking::{
    Contracts,
    bindings::{Admission, Expulsions, IStakingParameters::Values, Rewards, StakeGovernor, StakingParameters},
};

use super::{parameters::changed, proposal::parts, words::Words};
use crate::{
    cli::{
        events::finish,
        l1::{Connected, SenderArguments, reason},
    },
    outlook::{Call, described},
};

/// What a proposal is about.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Subject {
    /// Sets parameters of the staking; those that are not named are set as they are now.
    Parameters(ParametersArguments),
    /// Names the account that is credited with penalties.
    Treasury(TreasuryArguments),
    /// Sends a validator out, for ever.
    Expel(ExpelArguments),
    /// Lifts the allow-list, or brings it back for a time; it gates new registrations alone.
    AllowList(AllowListArguments),
    /// Puts accounts on the allow-list.
    Allow(AccountsArguments),
    /// Takes accounts from the allow-list.
    Disallow(AccountsArguments),
    /// Names the guardian, or renews its mandate.
    Guardian(GuardianArguments),
    /// Names who sets the rate of rewards.
    Funder(FunderArguments),
}

/// What all proposals have.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Proposer {
    #[command(flatten)]
    sender: SenderArguments,
    /// Why, for everybody to read; without it, what the proposal does. The same proposal is not made twice.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Proposes also what would be refused if it were executed now, such as what cannot be before some epoch.
    #[arg(long)]
    anyway: bool,
}

/// Parameters and their values.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ParametersArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// What changes, by the contract's names, such as minimumBond=1.25,unbondingDelay=20,exitBound=10%: amounts in
    /// whole tokens, delays in epochs, shares in percent.
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', required = true)]
    set: Vec<String>,
}

/// A treasury.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TreasuryArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// The account.
    #[arg(value_name = "ADDRESS")]
    treasury: Address,
}

/// A validator that is to go.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ExpelArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// The validator, by the account that registered it.
    validator: Address,
}

/// What becomes of the allow-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ListChange {
    /// It is lifted.
    Lift,
    /// It is back before an epoch.
    Until,
}

/// The allow-list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AllowListArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// Lifts it, or brings it back until an epoch.
    change: ListChange,
    /// The first epoch without it.
    #[arg(required_if_eq("change", "until"))]
    epoch: Option<u64>,
}

/// Accounts for the allow-list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AccountsArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// The accounts, 32 at most.
    #[arg(value_name = "ADDRESS", required = true)]
    accounts: Vec<Address>,
}

/// A guardian.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GuardianArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// The account: a multisig, best of people who do not need each other.
    #[arg(value_name = "ADDRESS", required_unless_present = "none", requires = "until")]
    guardian: Option<Address>,
    /// The first epoch in which it is guardian no more.
    #[arg(long, value_name = "EPOCH")]
    until: Option<u64>,
    /// Leaves no guardian.
    #[arg(long, conflicts_with_all = ["guardian", "until"])]
    none: bool,
}

/// A funder.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct FunderArguments {
    #[command(flatten)]
    proposer: Proposer,
    /// The account.
    #[arg(value_name = "ADDRESS")]
    funder: Address,
}

pub(super) async fn run(subject: &Subject) -> eyre::Result<()> {
    let proposer = subject.proposer();
    let sender = proposer.sender.connect().await?;
    let words = Words::read(&sender.connected).await?;
    let call = subject.call(sender.connected.contracts(), &words)?;
    let lines = words.of(&call);
    if let Some(refusal) = refused_now(&sender.connected, &call).await? {
        let refused = format!("executed now, it would be refused: {refusal}");
        ensure!(proposer.anyway, "{refused}; --anyway proposes it nevertheless");
        eprintln!("{refused}");
    }
    if !sender.json {
        lines.iter().for_each(|line| println!("  {line}"));
    }
    let does = lines.join("; ");
    let description = described(proposer.description.as_deref().unwrap_or(&does), sender.address);
    let (targets, values, calldatas) = parts(&[call]);
    let input = StakeGovernor::proposeCall { targets, values, calldatas, description }.abi_encode();
    finish(&sender, &words.token, &[sender.governor(format!("propose({does})"), input)]).await
}

impl Subject {
    const fn proposer(&self) -> &Proposer {
        match self {
            Self::Parameters(arguments) => &arguments.proposer,
            Self::Treasury(arguments) => &arguments.proposer,
            Self::Expel(arguments) => &arguments.proposer,
            Self::AllowList(arguments) => &arguments.proposer,
            Self::Allow(arguments) | Self::Disallow(arguments) => &arguments.proposer,
            Self::Guardian(arguments) => &arguments.proposer,
            Self::Funder(arguments) => &arguments.proposer,
        }
    }

    /// The call that does it.
    fn call(&self, contracts: &Contracts, words: &Words) -> eyre::Result<Call> {
        Ok(match self {
            Self::Parameters(arguments) => set(contracts, changed(&words.values, &arguments.set, &words.token)?),
            Self::Treasury(TreasuryArguments { treasury, .. }) => {
                ensure!(*treasury != words.values.treasury, "{treasury} is the treasury already");
                set(contracts, Values { treasury: *treasury, ..words.values.clone() })
            }
            Self::Expel(ExpelArguments { validator, .. }) => {
                call(contracts.expulsions, Expulsions::expelCall { validator: *validator }.abi_encode())
            }
            Self::AllowList(AllowListArguments { change, epoch, .. }) => {
                let until = match (change, epoch) {
                    (ListChange::Lift, None) => 0,
                    (ListChange::Until, Some(epoch @ 1..)) => *epoch,
                    (ListChange::Lift, Some(_)) => bail!("what is lifted is lifted at once: no epoch is wanted"),
                    (ListChange::Until, _) => bail!("an epoch to come is wanted"),
                };
                call(contracts.admission, Admission::setAllowListCall { untilEpoch: until }.abi_encode())
            }
            Self::Allow(AccountsArguments { accounts, .. }) => allowed(contracts, accounts, true),
            Self::Disallow(AccountsArguments { accounts, .. }) => allowed(contracts, accounts, false),
            Self::Guardian(GuardianArguments { guardian, until, .. }) => {
                let (account, end) = (guardian.unwrap_or_default(), until.unwrap_or_default());
                call(contracts.admission, Admission::setGuardianCall { account, mandateEnd: end }.abi_encode())
            }
            Self::Funder(FunderArguments { funder, .. }) => {
                call(contracts.rewards, Rewards::setFunderCall { account: *funder }.abi_encode())
            }
        })
    }
}

fn call(target: Address, input: Vec<u8>) -> Call {
    Call { target, input: Bytes::from(input) }
}

fn set(contracts: &Contracts, values: Values) -> Call {
    call(contracts.parameters, StakingParameters::setCall { newValues: values }.abi_encode())
}

fn allowed(contracts: &Contracts, accounts: &[Address], allowed: bool) -> Call {
    let accounts = accounts.to_vec();
    call(contracts.admission, Admission::setAllowedCall { accounts, allowed }.abi_encode())
}

/// Why the timelock could not make a call as L1 stands now: bounds are judged when a proposal is executed, which would
/// be late to find out.
async fn refused_now(connected: &Connected, call: &Call) -> eyre::Result<Option<String>> {
    let request = TransactionRequest::default().from(connected.contracts().timelock).to(call.target);
    match connected.l1.call(request.input(call.input.clone().into())).await {
        Ok(_) => Ok(None),
        Err(error) if error.is_error_resp() => Ok(Some(reason(&error))),
        Err(error) => bail!(reason(&error)),
    }
}
