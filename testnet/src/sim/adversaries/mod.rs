//! Those who break the rules on purpose, one named file each.

mod accomplice;
mod double_voter;
mod equivocator;
mod silent;
mod skipper;

pub use accomplice::Accomplice;
pub use double_voter::DoubleVoter;
pub use equivocator::Equivocator;
pub use silent::Silent;
pub use skipper::Skipper;
