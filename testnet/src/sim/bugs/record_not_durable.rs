//! Planted: the guard's record never reaches the disk.

use crate::sim::{conduct::Conduct, disk::Defects};

/// Signs as if the record were durable; after a crash it has signed nothing.
#[derive(Clone, Copy, Debug)]
pub struct RecordNotDurable;

impl Conduct for RecordNotDurable {
    fn name(&self) -> &'static str {
        "record_not_durable"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn defects(&self) -> Defects {
        Defects { forgets_guard: true, ..Defects::default() }
    }
}
