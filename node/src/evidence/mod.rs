#![doc = include_str!("README.md")]

mod book;
mod court;
mod metrics;
mod piece;

use std::sync::Arc;

pub use book::{BookError, EvidenceBook, Kept, PIECES_MAX, Totals};
pub use court::{CHARGES_MAX, Court, CourtError};
pub use metrics::Metrics;
pub use piece::{KindName, OffenceName, Piece, PieceError, PieceVote, Progress};

/// The evidence of a node, and what is counted of it. Its parts share both.
#[derive(Clone, Debug)]
pub struct Docket {
    /// The evidence.
    pub book: Arc<EvidenceBook>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Pieces for the tests of other modules.
#[cfg(test)]
pub(crate) mod samples {
    pub(crate) use super::piece::tests::{piece, validator};
}
