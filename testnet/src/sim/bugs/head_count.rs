//! Planted: heads are counted in place of stake.

use rota_consensus::EpochContext;

use super::with_powers;
use crate::sim::{conduct::Conduct, story::NodeId};

/// Every validator weighs the same.
#[derive(Clone, Copy, Debug)]
pub struct HeadCount;

impl Conduct for HeadCount {
    fn name(&self) -> &'static str {
        "head_count"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn context(&self, _node: NodeId, context: EpochContext) -> EpochContext {
        with_powers(context, |_, _| 1)
    }
}
