//! Origins: a final batch names an L1 block that L1 really has, no older one than its parent's, its age within bounds;
//! it belongs to the epoch of its parent's origin; and it is dated neither before its parent nor before its origin.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use super::Setup;
use crate::sim::{
    facts::{Checker, Fact, FinalFact, Scene},
    story::Brief,
};

/// Origin and time of every final batch.
#[derive(Debug)]
pub struct Origins {
    first_l1_block: u64,
    epoch_blocks: u64,
    age_max_s: u64,
    /// The number of the origin, and the Unix time.
    batches: BTreeMap<B256, (u64, u64)>,
}

impl Origins {
    /// Begins with genesis, whose time does not matter.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        Self {
            first_l1_block: setup.first_l1_block,
            epoch_blocks: setup.epoch_blocks,
            age_max_s: setup.origin_age_max_s,
            batches: [(setup.genesis, (setup.genesis_origin, 0))].into(),
        }
    }

    fn judge(&self, told: &FinalFact) -> Result<(), String> {
        let FinalFact { origin: (number, hash), timestamp, epoch, .. } = told;
        let Some((l1_hash, l1_time)) = told.l1 else { return Err(format!("names block {number}, which L1 has not")) };
        if *hash != l1_hash {
            return Err(format!("names {} as block {number}, and L1 has {}", Brief(*hash), Brief(l1_hash)));
        }
        // A parent that nobody called final is what the checker of the chain speaks of.
        let Some((parent, parent_time)) = self.batches.get(&told.parent) else { return Ok(()) };
        if number < parent {
            return Err(format!("goes back from block {parent} to {number}"));
        }
        if *timestamp < l1_time.max(*parent_time) {
            return Err(format!("is dated {timestamp}, its origin {l1_time}, its parent {parent_time}"));
        }
        let age_s = timestamp - l1_time;
        if age_s > self.age_max_s {
            return Err(format!("is dated {timestamp}, {age_s} s after its origin"));
        }
        let begun = parent.saturating_sub(self.first_l1_block) / self.epoch_blocks;
        if *epoch != begun {
            return Err(format!("is of epoch {epoch}, and block {parent}, its parent's origin, of epoch {begun}"));
        }
        Ok(())
    }
}

impl Checker for Origins {
    fn name(&self) -> &'static str {
        "origins"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Final(told) = fact else { return Ok(()) };
        if !scene.honest || self.batches.contains_key(&told.batch) {
            return Ok(());
        }
        let verdict = self.judge(told);
        self.batches.insert(told.batch, (told.origin.0, told.timestamp));
        verdict.map_err(|what| format!("final height {} {} {what}", told.height, Brief(told.batch)))
    }
}
