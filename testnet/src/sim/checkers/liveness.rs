//! Liveness: once the faults are over, work is done within a bound in time and in views led by honest nodes that run,
//! and everybody honest who runs gets to where the others are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rota_proto::Round;

use crate::sim::{
    facts::{Checker, Fact, Scene},
    queue::Time,
    story::NodeId,
};

/// What is promised.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// From when on all links work and all honest nodes are up.
    pub healed: Time,
    /// With work waiting, something becomes final within this time, and everybody has it within this time again.
    pub bound_ms: u64,
    /// Views led by honest nodes that may pass without anything becoming final.
    pub honest_views: usize,
    /// Who follows the rules.
    pub honest: BTreeSet<NodeId>,
}

/// Watches heights and rounds.
#[derive(Debug)]
pub struct Liveness {
    bounds: Bounds,
    heights: BTreeMap<NodeId, u64>,
    /// The highest final height, since when.
    best: u64,
    best_since: Time,
    /// Since when there is work without a break.
    work_since: Option<Time>,
    /// Best heights of the last while, by time.
    past: VecDeque<(Time, u64)>,
    /// Rounds led by honest nodes that were entered since something became final.
    rounds: BTreeSet<Round>,
    /// Who stopped for good, and when the others began.
    stopped: BTreeSet<NodeId>,
    began: BTreeMap<NodeId, Time>,
}

impl Liveness {
    /// Watches from healing on.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            heights: bounds.honest.iter().map(|node| (*node, 0)).collect(),
            best: 0,
            best_since: bounds.healed,
            work_since: None,
            past: VecDeque::new(),
            rounds: BTreeSet::new(),
            stopped: BTreeSet::new(),
            began: BTreeMap::new(),
            bounds,
        }
    }

    fn tick(&mut self, now: Time, waiting: usize) -> Result<(), String> {
        self.work_since = if waiting == 0 { None } else { Some(self.work_since.unwrap_or(now)) };
        if now < self.bounds.healed {
            return Ok(());
        }
        let bound = self.bounds.bound_ms;
        let since = self.work_since.map(|since| since.max(self.best_since).max(self.bounds.healed));
        if since.is_some_and(|since| now.ms_since(since) > bound) {
            return Err(format!("{waiting} transactions wait, and nothing is final since {bound} ms"));
        }
        self.past.push_back((now, self.best));
        while self.past.front().is_some_and(|(at, _)| now.ms_since(*at) > bound) {
            let Some((at, due)) = self.past.pop_front() else { break };
            let late = |(node, height): &(&NodeId, &u64)| **height < due && self.ran_since(at, **node);
            if let Some((node, height)) = self.heights.iter().find(late) {
                return Err(format!("n{node} is at height {height}, and {due} was final {bound} ms ago"));
            }
        }
        Ok(())
    }

    /// Whether a node ran at that time and has been running since, as far as stops and starts tell.
    fn ran_since(&self, at: Time, node: NodeId) -> bool {
        !self.stopped.contains(&node) && self.began.get(&node).is_none_or(|began| *began <= at)
    }

    /// Views count only after the first bound has passed: timers that grew during the faults have run out.
    fn enter(&mut self, now: Time, round: Round, leader: NodeId) -> Result<(), String> {
        let leads = self.bounds.honest.contains(&leader) && !self.stopped.contains(&leader);
        if now < self.bounds.healed.plus_ms(self.bounds.bound_ms / 2) || !leads {
            return Ok(());
        }
        self.rounds.insert(round);
        if self.rounds.len() > self.bounds.honest_views {
            let (first, count) = (self.rounds.first().copied().unwrap_or_default(), self.rounds.len());
            return Err(format!("{count} views led by honest nodes passed since {first}, and nothing became final"));
        }
        Ok(())
    }
}

impl Checker for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if let Fact::Tick { waiting } = fact {
            return self.tick(scene.now, *waiting);
        }
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Entered { round, leader } = fact {
            return self.enter(scene.now, *round, *leader);
        }
        if let Fact::Stopped { .. } = fact {
            self.stopped.insert(scene.node);
        }
        if let Fact::Restarted { .. } = fact {
            self.stopped.remove(&scene.node);
            self.began.insert(scene.node, scene.now);
        }
        let Fact::Final(told) = fact else { return Ok(()) };
        self.heights.insert(scene.node, told.height);
        if told.height > self.best {
            (self.best, self.best_since) = (told.height, scene.now);
            self.rounds.clear();
        }
        Ok(())
    }
}
