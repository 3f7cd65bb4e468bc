//! Planted: a node goes on though its disk refuses to write.

use crate::sim::{conduct::Conduct, disk::Defects};

/// Signs and tells as if everything were durable that it wrote.
#[derive(Clone, Copy, Debug)]
pub struct DiskFaultIgnored;

impl Conduct for DiskFaultIgnored {
    fn name(&self) -> &'static str {
        "disk_fault_ignored"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn defects(&self) -> Defects {
        Defects { is_ignored: true, ..Defects::default() }
    }
}
