//! Checkers: one rule a file, restated in plain numbers without any production predicate.

mod agreement;
mod chain;
mod innocence;
mod liveness;
mod memory;
mod quorum;
mod signatures;
mod sizes;

pub use agreement::Agreement;
pub use chain::Chain;
pub use innocence::Innocence;
pub use liveness::{Bounds, Liveness};
pub use memory::Memory;
pub use quorum::Quorum;
pub use signatures::Signatures;
pub use sizes::Sizes;
