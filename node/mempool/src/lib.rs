#![doc = include_str!("../README.md")]

mod account;
mod admit;
mod candidate;
mod chain;
mod gas;
mod head;
mod hidden;
mod index;
mod journal;
pub mod limits;
mod offer;
mod pool;
mod recent;
mod refused;

pub use account::{AccountCode, AccountState, Origin};
pub use admit::Added;
pub use candidate::{Candidate, CandidateForm};
pub use chain::ChainFrom;
pub use gas::GasNeeded;
pub use hidden::TooManyHidden;
pub use index::Totals;
pub use journal::{
    JOURNAL_DEAD_RECORDS_MAX, JOURNAL_VERSION, Journal, JournalError, JournalRecord, journal_is_worth_rotating,
};
pub use limits::{ChainRules, MempoolLimits};
pub use offer::Work;
pub use pool::{Changes, DropReason, Dropped, Mempool, Pooled, Status};
pub use refused::Refused;

#[cfg(test)]
mod tests;
