//! Roots: every honest node has the same state after a final batch, and it is the one that the header names.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::{Brief, NodeId},
};

/// The root of the state after each final batch, and whose word it was.
#[derive(Debug, Default)]
pub struct Roots {
    after: BTreeMap<B256, (B256, NodeId)>,
}

impl Checker for Roots {
    fn name(&self) -> &'static str {
        "roots"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Final(told) = fact else { return Ok(()) };
        if !scene.honest {
            return Ok(());
        }
        let (node, height, ours) = (scene.node, told.height, told.state_root);
        let (theirs, by) = *self.after.entry(told.batch).or_insert((ours, node));
        if ours != theirs {
            let (ours, theirs) = (Brief(ours), Brief(theirs));
            return Err(format!("the state after height {height} is {theirs} at n{by} and {ours} at n{node}"));
        }
        if ours != told.header_state_root {
            let (ours, header) = (Brief(ours), Brief(told.header_state_root));
            return Err(format!("the state after height {height} is {ours} at n{node}, and its header says {header}"));
        }
        Ok(())
    }
}
