//! Planted: after each crash the guard's file is what it was at the crash before.

use crate::sim::{conduct::Conduct, disk::Defects};

/// An operator who restores yesterday's backup. No rule can undo that, but rule S3 keeps the key from being slashed.
#[derive(Clone, Copy, Debug)]
pub struct OldCopy;

impl Conduct for OldCopy {
    fn name(&self) -> &'static str {
        "old_copy"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn defects(&self) -> Defects {
        Defects { restores_guard: true, ..Defects::default() }
    }
}
