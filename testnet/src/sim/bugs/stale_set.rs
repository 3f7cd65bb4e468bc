//! Planted: every epoch is decided by the first set of all.

use rota_proto::Epoch;
use rota_staking::L1Block;

use crate::sim::{conduct::Conduct, story::NodeId};

/// Keeps the validators with which the contract was deployed: they alone count from epoch 0 or 1 on.
#[derive(Clone, Copy, Debug)]
pub struct StaleSet;

impl Conduct for StaleSet {
    fn name(&self) -> &'static str {
        "stale_set"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn l1(&self, _node: NodeId, mut block: L1Block) -> L1Block {
        block.changes.retain(|change| change.effective_epoch <= Epoch(1));
        block
    }
}
