//! Planted: users hear that a batch is final before it is durable.

use crate::sim::{conduct::Conduct, disk::Defects};

/// Tells of what a crash takes back.
#[derive(Clone, Copy, Debug)]
pub struct FinalNotDurable;

impl Conduct for FinalNotDurable {
    fn name(&self) -> &'static str {
        "final_not_durable"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn defects(&self) -> Defects {
        Defects { delays_final: true, ..Defects::default() }
    }
}
