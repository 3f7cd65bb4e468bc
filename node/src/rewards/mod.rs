#![doc = include_str!("README.md")]

mod clerk;
mod ledger;
mod metrics;
mod quorum;

pub use clerk::{Clerk, ClerkError, Parts, TOLD_MAX, Told};
pub use ledger::{Ledger, LedgerError, stored_period};
pub use metrics::Metrics;
pub use quorum::{Heard, Quorum, QuorumWord};
