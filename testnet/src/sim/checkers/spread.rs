//! Spread: evidence that one honest node keeps is kept by every honest node soon, those that were away included.

use std::collections::{BTreeMap, BTreeSet};

use super::Setup;
use crate::sim::{
    facts::{Checker, Fact, Scene},
    queue::Time,
    story::NodeId,
};

/// A message to everyone, by everyone who has it, is heard within this time, though links lose some.
const HEARD_MS: u64 = 3_000;

/// Watches who keeps what.
#[derive(Debug)]
pub struct Spread {
    /// Who is accused: since when somebody honest has it, and the epoch of the offence.
    accused: BTreeMap<NodeId, (Time, u64)>,
    kept: BTreeSet<(NodeId, NodeId)>,
    /// Since when each honest node runs.
    running: BTreeMap<NodeId, Time>,
    healed: Time,
    bound_ms: u64,
    epoch_ms: u64,
    window: u64,
}

impl Spread {
    /// Judges from healing on. Whoever could not take it at first, not knowing the set of its epoch, hears of it again
    /// when an epoch begins.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        Self {
            accused: BTreeMap::new(),
            kept: BTreeSet::new(),
            running: setup.bounds.honest.iter().map(|node| (*node, Time::default())).collect(),
            healed: setup.bounds.healed,
            bound_ms: HEARD_MS + setup.epoch_ms + 2 * setup.l1_lag_ms,
            epoch_ms: setup.epoch_ms,
            window: setup.evidence_epochs,
        }
    }

    fn judge(&self, now: Time) -> Result<(), String> {
        for (accused, (since, epoch)) in &self.accused {
            // Nodes hear of L1 late, so that none forgets before.
            if now.as_ms() / self.epoch_ms > epoch + self.window {
                continue;
            }
            let late = |(node, began): &(&NodeId, &Time)| {
                let since = (*since).max(**began).max(self.healed);
                now.ms_since(since) > self.bound_ms && !self.kept.contains(&(**node, *accused))
            };
            if let Some((node, _)) = self.running.iter().find(late) {
                return Err(format!(
                    "n{node} keeps nothing against n{accused}, and others have evidence of epoch {epoch}"
                ));
            }
        }
        Ok(())
    }
}

impl Checker for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if let Fact::Tick { .. } = fact {
            return self.judge(scene.now);
        }
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Restarted { .. } = fact {
            self.kept.retain(|(node, _)| *node != scene.node);
            self.running.insert(scene.node, scene.now);
        }
        if let Fact::Stopped { .. } = fact {
            self.running.remove(&scene.node);
        }
        if let Fact::Kept { accused, epoch } = fact {
            self.kept.insert((scene.node, *accused));
            let first = self.accused.entry(*accused).or_insert((scene.now, *epoch));
            // The first is too late for L1: what counts is the new one.
            if scene.now.as_ms() / self.epoch_ms > first.1 + self.window && *epoch > first.1 {
                *first = (scene.now, *epoch);
                self.kept.retain(|(node, against)| against != accused || *node == scene.node);
            }
        }
        Ok(())
    }
}
