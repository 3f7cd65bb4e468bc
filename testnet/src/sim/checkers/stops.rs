//! Stops: an honest node stops itself only for a reason that is real, and from then on, or from the moment its disk
//! failed, it neither signs, nor sends, nor tells anybody anything, until it is started again.

use std::collections::BTreeSet;

use super::{bits_of, stake_of};
use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::NodeId,
};

/// What each node had to bear, and who stopped.
#[derive(Debug)]
pub struct Stops {
    faulty: BTreeSet<NodeId>,
    /// Whether more than a third of the stake was faulty in some epoch.
    may_conflict: bool,
    /// Whom L1 told something else than it has.
    deceived: BTreeSet<NodeId>,
    /// Whose disk failed, ever and in this life.
    disks: BTreeSet<NodeId>,
    failing: BTreeSet<NodeId>,
    stopped: BTreeSet<NodeId>,
}

impl Stops {
    /// With the stakes of the first epoch, and those who are faulty.
    #[must_use]
    pub fn new(stakes: &[u64], faulty: BTreeSet<NodeId>) -> Self {
        let mut this = Self {
            faulty,
            may_conflict: false,
            deceived: BTreeSet::new(),
            disks: BTreeSet::new(),
            failing: BTreeSet::new(),
            stopped: BTreeSet::new(),
        };
        this.look_at(stakes);
        this
    }

    fn look_at(&mut self, stakes: &[u64]) {
        self.may_conflict |= 3 * stake_of(stakes, bits_of(&self.faulty)) > stakes.iter().sum::<u64>();
    }

    fn stop(&mut self, node: NodeId, kind: &str, why: &str) -> Result<(), String> {
        self.stopped.insert(node);
        let is_real = match kind {
            "l1" => self.deceived.contains(&node),
            "conflict" => self.may_conflict,
            "disk" => self.disks.contains(&node),
            _ => false,
        };
        if is_real { Ok(()) } else { Err(format!("n{node} stopped without a cause, by its word {kind}: {why}")) }
    }

    /// What happens to a node, whether it follows the rules or not.
    fn bear(&mut self, node: NodeId, fact: &Fact) {
        if let Fact::Set { stakes, .. } = fact {
            self.look_at(stakes);
        }
        if let Fact::Deceived = fact {
            self.deceived.insert(node);
        }
        if let Fact::DiskFailed = fact {
            self.disks.insert(node);
            self.failing.insert(node);
        }
        if let Fact::Restarted { .. } = fact {
            self.failing.remove(&node);
            self.stopped.remove(&node);
        }
    }
}

/// What a node that stopped does no more.
fn is_deed(fact: &Fact) -> bool {
    matches!(fact, Fact::Signed(_) | Fact::Sent | Fact::Final(_) | Fact::Receipt { .. })
}

impl Checker for Stops {
    fn name(&self) -> &'static str {
        "stops"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let node = scene.node;
        self.bear(node, fact);
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Stopped { kind, why } = fact {
            return self.stop(node, kind, why);
        }
        if self.stopped.contains(&node) && is_deed(fact) {
            return Err(format!("n{node} goes on after it stopped: {fact:?}"));
        }
        if self.failing.contains(&node) && is_deed(fact) {
            return Err(format!("n{node} goes on after its disk failed: {fact:?}"));
        }
        Ok(())
    }
}
