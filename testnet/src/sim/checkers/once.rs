//! Once: every final transaction stands exactly once on the chain, and where clients were told that it stands.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::sim::{
    facts::{Checker, Fact, FinalFact, Scene},
    story::Brief,
};

/// At which height each final transaction stands.
#[derive(Debug, Default)]
pub struct Once {
    heights: BTreeMap<B256, u64>,
    /// The batches that were looked at, by height.
    batches: BTreeMap<u64, B256>,
}

impl Checker for Once {
    fn name(&self) -> &'static str {
        "once"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Final(told) = fact {
            return self.add(told);
        }
        let Fact::Receipt { transaction, height } = fact else { return Ok(()) };
        let (node, brief) = (scene.node, Brief(*transaction));
        match self.heights.get(transaction) {
            Some(at) if at == height => Ok(()),
            Some(at) => Err(format!("n{node} says that {brief} is final at height {height}, and it is at {at}")),
            None => Err(format!("n{node} says that {brief} is final at height {height}, and no final batch has it")),
        }
    }
}

impl Once {
    /// A batch is looked at when the first node tells of it; others tell of the same, or agreement says so.
    fn add(&mut self, told: &FinalFact) -> Result<(), String> {
        if self.batches.insert(told.height, told.batch) == Some(told.batch) {
            return Ok(());
        }
        for transaction in &told.transactions {
            if let Some(before) = self.heights.insert(*transaction, told.height) {
                let (brief, height) = (Brief(*transaction), told.height);
                return Err(format!("{brief} is final at height {height}, and was at {before} already"));
            }
        }
        Ok(())
    }
}
