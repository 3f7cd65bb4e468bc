//! Planted: exactly two thirds of the stake are taken for a quorum.

use rota_staking::L1Block;

use super::with_powers;
use crate::sim::{conduct::Conduct, l1::place_of, story::NodeId};

/// For three validators of equal stake, the last of which breaks the rules: to each of the others, itself and that one
/// are quorum enough. Nothing else changes: the two others alone, or any one alone, are none.
#[derive(Clone, Copy, Debug)]
pub struct QuorumOffByOne;

impl Conduct for QuorumOffByOne {
    fn name(&self) -> &'static str {
        "quorum_off_by_one"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn l1(&self, node: NodeId, block: L1Block) -> L1Block {
        let ally = block.changes.iter().map(|change| change.place).max();
        with_powers(block, |place, power| {
            let counts = place == place_of(node) || Some(place) == ally;
            if counts { power * 1_000 } else { power }
        })
    }
}
