//! Proposals as L1's logs have them, and how each stands.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use rota_staking::bindings::StakeGovernor::ProposalCreated;
use serde::{Deserialize, Serialize};

/// What a description ends with that only one account may propose (OpenZeppelin): whoever sees it before it is mined
/// cannot propose it first, and cancel it then.
const PROPOSER_MARK: &str = "#proposer=";

/// Bytes of a description that a notice has.
const DESCRIPTION_BYTES_MAX: usize = 4_096;

/// Calls that a notice names: more are in no proposal.
const CALLS_MAX: usize = 16;

/// One call of a proposal. It carries no ether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The contract that is called.
    pub target: Address,
    /// The calldata.
    pub input: Bytes,
}

/// A proposal, as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its number, a hash of what it does and says.
    pub id: U256,
    /// Who made it.
    pub proposer: Address,
    /// What it does.
    pub calls: Vec<Call>,
    /// What it says.
    pub description: String,
    /// Votes count as of the end of this L1 block.
    pub snapshot: u64,
    /// The last L1 block in which votes are cast.
    pub deadline: u64,
}

/// What a node keeps of a proposal, of bounded size (rule O3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its number.
    pub id: U256,
    /// Who made it.
    pub proposer: Address,
    /// The contracts that it calls, and the selectors of the functions.
    pub calls: Vec<(Address, FixedBytes<4>)>,
    /// The beginning of what it says.
    pub description: String,
    /// Votes count as of the end of this L1 block.
    pub snapshot: u64,
    /// The last L1 block in which votes are cast.
    pub deadline: u64,
}

/// Where a proposal is in its life: `IGovernor.ProposalState`, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it is in its life.
    pub state: State,
    /// Votes against it.
    pub against: U256,
    /// Votes for it.
    pub for_it: U256,
    /// Votes of those who abstain.
    pub abstain: U256,
    /// Votes for and abstaining that it needs; known after the snapshot.
    pub quorum: Option<U256>,
    /// From which second of L1's clock on it can be executed; 0 before it is queued.
    pub eta_s: u64,
}

impl State {
    /// All of them, by their numbers.
    pub const ALL: [Self; 8] = [
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
    #[must_use]
    pub const fn name(self) -> &'static str {
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
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Active | Self::Succeeded | Self::Queued => true,
            Self::Canceled | Self::Defeated | Self::Expired | Self::Executed => false,
        }
    }
}

/// A description that this account alone may propose.
#[must_use]
pub fn described(text: &str, proposer: Address) -> String {
    format!("{text} {PROPOSER_MARK}{proposer}")
}

impl Proposal {
    /// The description without what the machine reads.
    #[must_use]
    pub fn words(&self) -> &str {
        self.description.rsplit_once(PROPOSER_MARK).map_or(self.description.as_str(), |(words, _)| words).trim()
    }

    /// The first digits of its number, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.id.to_string().chars().take(10).collect()
    }

    /// What the governor knows it by.
    #[must_use]
    pub fn description_hash(&self) -> B256 {
        keccak256(&self.description)
    }

    /// What is kept of it.
    #[must_use]
    pub fn notice(&self) -> Notice {
        let selector = |input: &[u8]| input.first_chunk().copied().map_or(FixedBytes::ZERO, FixedBytes);
        let calls = self.calls.iter().take(CALLS_MAX);
        let words = self.words();
        Notice {
            id: self.id,
            proposer: self.proposer,
            calls: calls.map(|call| (call.target, selector(&call.input))).collect(),
            description: words.get(..words.floor_char_boundary(DESCRIPTION_BYTES_MAX)).unwrap_or_default().into(),
            snapshot: self.snapshot,
            deadline: self.deadline,
        }
    }
}

impl From<ProposalCreated> for Proposal {
    fn from(event: ProposalCreated) -> Self {
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
}

#[cfg(test)]
#[path = "tests/proposal.rs"]
mod tests;
