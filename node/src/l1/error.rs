//! Why L1 gave no answer that can be used.

use alloy_primitives::{Address, B256};

/// Why L1 gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum L1Error {
    /// The address is none. It is not told, for it may hold a password (rule Z12).
    #[error("the address of endpoint {endpoint} of L1 cannot be used, http://HOST:PORT is expected: {reason}")]
    Address {
        /// The endpoint's place in the list, from 0.
        endpoint: usize,
        /// Why.
        reason: String,
    },
    /// The list of endpoints cannot be used.
    #[error("l1_rpc and l1_agree in node.toml: {0}")]
    Endpoints(String),
    /// It did not answer, or with an error.
    #[error("L1 does not answer: {0}")]
    Transport(String),
    /// It is another chain.
    #[error("L1 has chain id {found}, the network is on {expected}")]
    OtherChain {
        /// Its chain id.
        found: u64,
        /// The network's.
        expected: u64,
    },
    /// There is another contract than the inbox at its address, or the endpoint does not tell the truth.
    #[error("the inbox at {address} says that height {next_height} comes next: is that address the inbox?")]
    NoInbox {
        /// The address of `network.toml`.
        address: Address,
        /// What it says.
        next_height: u64,
    },
    /// There is another contract than the slasher at its address.
    #[error("nothing at {0} says whom it has slashed: is that address the slasher?")]
    NoSlasher(Address),
    /// It has no block where it must have one.
    #[error("L1 has no block {0}")]
    Missing(u64),
    /// The contract of the sets does not answer as it does.
    #[error("{address} does not answer as the contract of the validator sets: {reason}")]
    NoSets {
        /// The address of `network.toml`.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// The registry does not answer as it does.
    #[error("{address} does not answer as the registry of validators: {reason}")]
    NoRegistry {
        /// The address of `network.toml`.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// The governor does not answer as it does.
    #[error("{address} does not answer as the governor: {reason}")]
    NoGovernor {
        /// The address of `network.toml`.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// The contract of the rewards does not answer as it does.
    #[error("{address} does not answer as the contract of the rewards: {reason}")]
    NoRewards {
        /// The address of `network.toml`.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// A log of a contract cannot be read.
    #[error("a log of a contract in block {block} cannot be read: {reason}")]
    Log {
        /// The block.
        block: u64,
        /// Why.
        reason: String,
    },
    /// What an endpoint says contradicts itself (rule Z2).
    #[error("what L1's endpoint says of block {block} contradicts itself: {lie}; use another endpoint")]
    Lie {
        /// The block.
        block: u64,
        /// How.
        lie: Lie,
    },
    /// Endpoints say different things about a block, and too few say the same (rule Z8).
    #[error(
        "L1's endpoints disagree about block {block}, and {needed} have to say the same of it: {sides}; no new block \
         of L1 is taken until they do: find out which of them is wrong, and put another in its place"
    )]
    Disagreement {
        /// The block.
        block: u64,
        /// How many have to say the same.
        needed: usize,
        /// Which endpoints say what.
        sides: String,
    },
    /// Too few endpoints answered (rule Z4).
    #[error("{heard} of {endpoints} endpoints of L1 answered in a way that counts, {needed} have to: see /status")]
    TooFew {
        /// Those that answered, and count.
        heard: usize,
        /// How many there are.
        endpoints: usize,
        /// How many have to.
        needed: usize,
    },
}

/// How what an endpoint says of a block contradicts itself (rule Z2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    /// The header has another hash than the endpoint says.
    #[error("its header hashes to {found}, not to {said}")]
    Header {
        /// What the endpoint says.
        said: B256,
        /// keccak256 of the header's RLP.
        found: B256,
    },
    /// The block has another number than was asked for.
    #[error("its header has number {0}")]
    Number(u64),
    /// The block does not stand on the one before it.
    #[error("its parent is {parent}, and the block before it {previous}")]
    Parent {
        /// What its header says.
        parent: B256,
        /// The hash of the block before it.
        previous: B256,
    },
    /// A log is of another block.
    #[error("a log names another block: {0:?}")]
    LogBlock(Option<B256>),
    /// A log was not asked for: it is of another contract or another event, of another block, or was taken back.
    #[error("a log was not asked for; its contract is {0}")]
    ForeignLog(Address),
    /// The header's bloom excludes a log.
    #[error("its bloom excludes a log that it has")]
    Bloom,
    /// The logs are not in their order.
    #[error("its logs are out of order")]
    LogOrder,
}

impl Lie {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header { .. } => "header-hash",
            Self::Number(_) => "block-number",
            Self::Parent { .. } => "parent-hash",
            Self::LogBlock(_) => "log-of-other-block",
            Self::ForeignLog(_) => "foreign-log",
            Self::Bloom => "bloom",
            Self::LogOrder => "log-order",
        }
    }
}

pub(super) fn transport(error: impl std::fmt::Display) -> L1Error {
    L1Error::Transport(error.to_string())
}
