//! Planted: heads are counted in place of stake.

use rota_staking::L1Block;

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

    fn l1(&self, _node: NodeId, block: L1Block) -> L1Block {
        with_powers(block, |_, power| power.min(1))
    }
}
