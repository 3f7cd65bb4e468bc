//! Planted: header, body and justification of a batch never reach the disk before the vote for it.

use crate::sim::{conduct::Conduct, disk::Defects};

/// Votes as if the batch were durable; after a crash nobody has it.
#[derive(Clone, Copy, Debug)]
pub struct CandidateNotDurable;

impl Conduct for CandidateNotDurable {
    fn name(&self) -> &'static str {
        "candidate_not_durable"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn defects(&self) -> Defects {
        Defects { forgets_candidates: true, ..Defects::default() }
    }
}
