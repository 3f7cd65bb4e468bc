#![doc = include_str!("README.md")]

mod metrics;
mod proposal;
mod watcher;

use alloy_primitives::Address;

pub use metrics::Metrics;
pub use proposal::{Call, Notice, Proposal, Standing, State, described};
pub use watcher::{OutlookError, Parts, Watcher};

/// What L1 says of stakers. Empty before the first look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The block of L1 as of which it is, but for earnings, which say their own.
    pub block: u64,
    /// The first period of rewards that L1 was not told of.
    pub next_period: u64,
    /// What validators have earned: the members of L1's current set by their places, then our own if it is none.
    pub earnings: Vec<Earnings>,
    /// The newest proposals, the oldest of them first, and how each stands.
    pub proposals: Vec<(Notice, Standing)>,
}

/// What a validator has earned and was not paid yet, in token units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earnings {
    /// The validator.
    pub validator: Address,
    /// The block of L1 as of which this is so.
    pub block: u64,
    /// What its stake has earned, delegated or its own.
    pub stake: u128,
    /// What its commission has brought it.
    pub commission: u128,
    /// All periods before this one are accounted for.
    pub next_period: u32,
    /// Leaves below the least performance in a row.
    pub bad_in_a_row: u8,
    /// The first epoch in which it may return, if it was put out.
    pub may_resume_from: Option<u64>,
}
