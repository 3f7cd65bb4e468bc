//! Evidence: a node makes one piece of evidence of a validator, an epoch and an offence in each of its lives, which is
//! all that L1 takes; more would fill disk and network.

use std::collections::{BTreeMap, BTreeSet};

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::NodeId,
};

/// Against whom, in which epoch, of what.
type Piece = (NodeId, u64, &'static str);

/// What every honest node holds since it last began.
#[derive(Debug, Default)]
pub struct Evidence {
    held: BTreeMap<NodeId, BTreeSet<Piece>>,
}

impl Checker for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if let Fact::Restarted { .. } = fact {
            self.held.remove(&scene.node);
        }
        let Fact::Accuses { accused, epoch, view, offence } = fact else { return Ok(()) };
        if !scene.honest || self.held.entry(scene.node).or_default().insert((*accused, *epoch, *offence)) {
            return Ok(());
        }
        Err(format!("n{} makes evidence of {offence} by n{accused} in epoch {epoch} again, of view {view}", scene.node))
    }
}
