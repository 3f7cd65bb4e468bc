//! Evidence: a node makes one piece of evidence of a validator in each of its lives, as long as L1 would take it; more
//! would fill disk and network.

use std::collections::BTreeMap;

use super::Setup;
use crate::sim::{
    facts::{Checker, Fact, Scene},
    queue::Time,
    story::NodeId,
};

/// What every honest node holds since it last began: the epoch of the offence, by node and accused.
#[derive(Debug)]
pub struct Evidence {
    held: BTreeMap<(NodeId, NodeId), u64>,
    epoch_ms: u64,
    window: u64,
}

impl Evidence {
    /// On an L1 whose epochs last so long, and which takes evidence for so many.
    #[must_use]
    pub const fn new(setup: &Setup) -> Self {
        Self { held: BTreeMap::new(), epoch_ms: setup.epoch_ms, window: setup.evidence_epochs }
    }

    /// Whether L1 takes no evidence of an epoch any more.
    const fn is_late(&self, epoch: u64, now: Time) -> bool {
        now.as_ms() / self.epoch_ms > epoch + self.window
    }
}

impl Checker for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if let Fact::Restarted { .. } = fact {
            self.held.retain(|(node, _), _| *node != scene.node);
        }
        let Fact::Accuses { accused, epoch, view, offence } = fact else { return Ok(()) };
        if !scene.honest {
            return Ok(());
        }
        match self.held.insert((scene.node, *accused), *epoch) {
            Some(held) if !self.is_late(held, scene.now) => Err(format!(
                "n{} makes evidence of {offence} by n{accused} in {epoch}.{view}, and has some of epoch {held}",
                scene.node
            )),
            Some(_) | None => Ok(()),
        }
    }
}
