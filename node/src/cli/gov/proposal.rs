//! Proposals as L1's logs have them, and the state that each is in.

use alloy::{eips::BlockNumberOrTag, providers::Provider as _, rpc::types::Filter};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolEvent as _;
use eyre::{ContextCompat as _, bail};
use rota_staking::bindings::{StakeGovernor, StakeGovernor::ProposalCreated};

use crate::cli::l1::Connected;

/// What a description ends with that only one account may propose (OpenZeppelin): whoever sees it before it is mined
/// cannot propose it first, and cancel it then.
const PROPOSER_MARK: &str = "#proposer=";

/// One call of a proposal. It carries no ether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The contract that is called.
    pub(super) target: Address,
    /// The calldata.
    pub(super) input: Bytes,
}

/// A proposal, as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) id: U256,
    pub(super) proposer: Address,
    pub(super) calls: Vec<Call>,
    pub(super) description: String,
    /// Votes count as of the end of this L1 block.
    pub(super) snapshot: u64,
    /// The last L1 block in which votes are cast.
    pub(super) deadline: u64,
}

/// Where a proposal is in its life: `IGovernor.ProposalState`, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its snapshot is to come.
    Pending,
    /// Votes are cast.
    Active,
    /// Its proposer or the guardian ended it.
    Canceled,
    /// The vote went against it, or too few took part.
    Defeated,
    /// It has passed, and waits to be queued.
    Succeeded,
    /// The timelock has it.
    Queued,
    /// Nobody carried it out in time; the timelock has no such end.
    Expired,
    /// It is carried out.
    Executed,
}

/// How a proposal stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) against: U256,
    pub(super) for_it: U256,
    pub(super) abstain: U256,
    /// Votes for and abstaining that it needs; known after the snapshot.
    pub(super) quorum: Option<U256>,
    /// From which second of L1's clock on it can be executed; 0 before it is queued.
    pub(super) eta_s: u64,
    /// The block of L1 as of which this holds, and its second.
    pub(super) now: (u64, u64),
}

impl State {
    /// All of them, by their numbers.
    const ALL: [Self; 8] = [
        Self::Pending,
        Self::Active,
        Self::Canceled,
        Self::Defeated,
        Self::Succeeded,
        Self::Queued,
        Self::Expired,
        Self::Executed,
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Canceled => "cancelled",
            Self::Defeated => "defeated",
            Self::Succeeded => "succeeded",
            Self::Queued => "queued",
            Self::Expired => "expired",
            Self::Executed => "executed",
        }
    }

    /// Whether something may still come of it.
    pub(super) const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Active | Self::Succeeded | Self::Queued => true,
            Self::Canceled | Self::Defeated | Self::Expired | Self::Executed => false,
        }
    }
}

/// A description that this account alone may propose.
pub(super) fn described(text: &str, proposer: Address) -> String {
    format!("{text} {PROPOSER_MARK}{proposer}")
}

impl Proposal {
    /// All that were made, the oldest first.
    ///
    /// # Errors
    /// What L1 says.
    pub(super) async fn all(connected: &Connected) -> eyre::Result<Vec<Self>> {
        let filter = Filter::new().address(connected.contracts().governor);
        let logs = connected.logs(&filter.event_signature(ProposalCreated::SIGNATURE_HASH)).await?;
        logs.iter().map(|log| Ok(Self::of(ProposalCreated::decode_log(&log.inner)?.data))).collect()
    }

    /// The one whose number this is, or begins like this.
    ///
    /// # Errors
    /// That there is none or more than one, or what L1 says.
    pub(super) async fn find(connected: &Connected, digits: &str) -> eyre::Result<Self> {
        chosen(Self::all(connected).await?, digits)
    }

    fn of(event: ProposalCreated) -> Self {
        let calls = event.targets.into_iter().zip(event.calldatas);
        Self {
            id: event.proposalId,
            proposer: event.proposer,
            calls: calls.map(|(target, input)| Call { target, input }).collect(),
            description: event.description,
            snapshot: event.voteStart.saturating_to(),
            deadline: event.voteEnd.saturating_to(),
        }
    }

    /// The description without what the machine reads.
    pub(super) fn words(&self) -> &str {
        self.description.rsplit_once(PROPOSER_MARK).map_or(self.description.as_str(), |(words, _)| words).trim()
    }

    /// The first digits of its number, for people.
    pub(super) fn short(&self) -> String {
        self.id.to_string().chars().take(10).collect()
    }

    /// What the governor knows it by.
    pub(super) fn description_hash(&self) -> B256 {
        keccak256(&self.description)
    }

    /// Its calls as the governor takes them: targets, values, calldata.
    pub(super) fn parts(&self) -> (Vec<Address>, Vec<U256>, Vec<Bytes>) {
        parts(&self.calls)
    }

    /// How it stands.
    ///
    /// # Errors
    /// What L1 says.
    pub(super) async fn standing(&self, connected: &Connected) -> eyre::Result<Standing> {
        let governor = connected.contracts().governor;
        let id = self.id;
        let newest = connected.l1.get_block_by_number(BlockNumberOrTag::Latest).await?;
        let newest = newest.wrap_err("L1 has no newest block")?.header;
        let state = connected.ask(governor, StakeGovernor::stateCall { proposalId: id }).await?;
        let state = State::ALL.get(usize::from(state)).copied();
        let votes = connected.ask(governor, StakeGovernor::proposalVotesCall { proposalId: id }).await?;
        let eta = connected.ask(governor, StakeGovernor::proposalEtaCall { proposalId: id }).await?;
        let quorum = if newest.number > self.snapshot {
            let call = StakeGovernor::quorumCall { timepoint: U256::from(self.snapshot) };
            Some(connected.ask(governor, call).await?)
        } else {
            None
        };
        Ok(Standing {
            state: state.wrap_err("the governor tells of an unknown state")?,
            against: votes.againstVotes,
            for_it: votes.forVotes,
            abstain: votes.abstainVotes,
            quorum,
            eta_s: eta.saturating_to(),
            now: (newest.number, newest.timestamp),
        })
    }

    /// What comes next, in words.
    pub(super) fn next(&self, standing: &Standing) -> String {
        let (block, second) = standing.now;
        let (snapshot, deadline, eta_s) = (self.snapshot, self.deadline, standing.eta_s);
        match standing.state {
            State::Pending => {
                let left = snapshot.saturating_sub(block);
                format!("votes are counted as of the end of L1 block {snapshot}, {left} more, and cast after it")
            }
            State::Active => {
                let left = deadline.saturating_sub(block);
                format!("votes are cast until L1 block {deadline}, {left} more")
            }
            State::Succeeded => "it has passed: anyone can queue it now".into(),
            State::Queued if eta_s > second => {
                let left = eta_s - second;
                format!("it can be executed from second {eta_s} of L1's clock on, {left} more")
            }
            State::Queued => "anyone can execute it now".into(),
            State::Canceled | State::Defeated | State::Expired | State::Executed => "nothing: it is over".into(),
        }
    }
}

/// Calls as the governor takes them: targets, values, calldata.
pub(super) fn parts(calls: &[Call]) -> (Vec<Address>, Vec<U256>, Vec<Bytes>) {
    let targets = calls.iter().map(|call| call.target).collect();
    let inputs = calls.iter().map(|call| call.input.clone()).collect();
    (targets, vec![U256::ZERO; calls.len()], inputs)
}

/// The only one that these digits name. Numbers are hashes, so the first few digits do, and never mean another one
/// later: then they are refused.
fn chosen(proposals: Vec<Proposal>, digits: &str) -> eyre::Result<Proposal> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!("'{digits}' is no number of a proposal: `rota gov list` tells them");
    }
    let mut named: Vec<_> =
        proposals.into_iter().filter(|proposal| proposal.id.to_string().starts_with(digits)).collect();
    let whole = named.iter().position(|proposal| proposal.id.to_string() == digits);
    match (whole, named.len()) {
        (Some(index), _) => Ok(named.swap_remove(index)),
        (None, 1) => Ok(named.swap_remove(0)),
        (None, 0) => bail!("no proposal's number begins with {digits}: `rota gov list` tells them"),
        (None, count) => bail!("{count} proposals' numbers begin with {digits}: more digits are wanted"),
    }
}

#[cfg(test)]
#[path = "tests/proposal.rs"]
mod tests;
