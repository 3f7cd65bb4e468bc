//! One chain: what a node calls final has heights without a gap, each batch the child of the one before, and never
//! shrinks, whatever crashes.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::sim::{
    facts::{Checker, Fact, FinalFact, Scene},
    story::{Brief, NodeId},
};

/// The last final batch that each node told of.
#[derive(Debug)]
pub struct Chain {
    genesis: B256,
    told: BTreeMap<NodeId, (u64, B256)>,
}

impl Chain {
    /// All begin on `genesis`, height 0.
    #[must_use]
    pub const fn new(genesis: B256) -> Self {
        Self { genesis, told: BTreeMap::new() }
    }
}

impl Checker for Chain {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let last = self.told.entry(scene.node).or_insert((0, self.genesis));
        if let Fact::Final(told) = fact {
            return extend(last, told).map_err(|what| format!("n{} calls {what}", scene.node));
        }
        let Fact::Restarted { height, batch } = fact else { return Ok(()) };
        let before = std::mem::replace(last, (*height, *batch));
        if *height < before.0 || *height == before.0 && *batch != before.1 {
            let (node, now, then) = (scene.node, Brief(*batch), Brief(before.1));
            return Err(format!("n{node} came back at height {height} {now} after calling {} {then} final", before.0));
        }
        Ok(())
    }
}

fn extend(last: &mut (u64, B256), told: &FinalFact) -> Result<(), String> {
    let before = std::mem::replace(last, (told.height, told.batch));
    if told.height != before.0 + 1 {
        return Err(format!("height {} final after height {}", told.height, before.0));
    }
    if told.parent != before.1 {
        return Err(format!("{} final, which is no child of {}", Brief(told.batch), Brief(before.1)));
    }
    Ok(())
}
