//! Agreement: no two honest nodes call different batches of one height final.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::{Brief, NodeId},
};

/// The first word on each height, and whose it was.
#[derive(Debug, Default)]
pub struct Agreement {
    first: BTreeMap<u64, (B256, NodeId)>,
}

impl Checker for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Conflict = fact {
            return Err(format!("n{} holds two finalizations that conflict", scene.node));
        }
        let Fact::Final(told) = fact else { return Ok(()) };
        let (batch, by) = *self.first.entry(told.height).or_insert((told.batch, scene.node));
        if batch == told.batch {
            return Ok(());
        }
        let (first, second) = (Brief(batch), Brief(told.batch));
        Err(format!("height {} is {first} at n{by} and {second} at n{}", told.height, scene.node))
    }
}
