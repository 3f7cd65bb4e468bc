//! What decides a run: nodes, faults, work, and when it ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use alloy_primitives::B256;
use rota_consensus::Timings;
use rota_proto::Place;

use super::{
    checkers::{Agreement, Bounds, Chain, Innocence, Liveness, Memory, Quorum, Signatures, Sizes},
    conduct::Conduct,
    facts::Checker,
    keys::Crypto,
    l1::L1Plan,
    links::{Cut, LinkPlan},
    outside::Settings,
    queue::Time,
    story::NodeId,
};

/// When a run ends well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The faults are over and every honest node has called this height final.
    Finalized(u64),
    /// This time has come.
    After(Time),
}

/// Every honest node calls this height final.
#[must_use]
pub const fn finalized(height: u64) -> Goal {
    Goal::Finalized(height)
}

/// So many seconds have passed.
#[must_use]
pub const fn seconds(seconds: u64) -> Goal {
    Goal::After(Time::from_ms(seconds * 1_000))
}

/// A crash: a number of tasks after a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// When it draws near.
    pub at: Time,
    /// Of whom.
    pub node: NodeId,
    /// After how many of the node's tasks.
    pub fuse: u64,
    /// How long the node is down.
    pub down_ms: u64,
}

/// When clients send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Milliseconds between transactions.
    pub interval_ms: u64,
    /// Times without any.
    pub pauses: Vec<Range<Time>>,
}

/// Everything that decides a run, besides chance, which the seed decides.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Stakes of the first epoch by node.
    pub stakes: Vec<u64>,
    /// Whether stakes change from epoch to epoch.
    pub changing: bool,
    /// Who breaks the rules.
    pub adversaries: BTreeMap<NodeId, Box<dyn Conduct>>,
    /// A bug that all others have.
    pub bug: Option<Box<dyn Conduct>>,
    /// Leaders in turn, instead of the draw by stake.
    pub leaders: Option<Vec<Place>>,
    /// How signatures are made.
    pub crypto: Crypto,
    /// What all nodes share.
    pub settings: Settings,
    /// The links.
    pub links: LinkPlan,
    /// Until when they lose much.
    pub lossy_until: Time,
    /// Partitions.
    pub cuts: Vec<Cut>,
    /// Crashes.
    pub crashes: Vec<Crash>,
    /// What clocks are ahead.
    pub clocks_ms: Vec<u64>,
    /// L1.
    pub l1: L1Plan,
    /// How late each node sees L1.
    pub l1_lags_ms: Vec<u64>,
    /// The clients.
    pub work: Work,
    /// The end.
    pub goal: Goal,
    /// The checkers that watch, by name; all if empty.
    pub watched_by: Vec<&'static str>,
}

impl Clone for Box<dyn Conduct> {
    fn clone(&self) -> Self {
        self.fresh()
    }
}

impl Plan {
    /// When all cuts have ended, all crashed nodes are up again, and links lose little.
    #[must_use]
    pub fn healed(&self) -> Time {
        let cuts = self.cuts.iter().map(|cut| cut.during.end);
        let crashes = self.crashes.iter().map(|crash| crash.at.plus_ms(1_000 + crash.down_ms));
        cuts.chain(crashes).max().unwrap_or_default().max(self.lossy_until)
    }

    /// With work and without faults, something becomes final within this time: a view timer that grew to the cap
    /// runs out, a few leaders fail one after the other, and whoever is slow to see L1 has seen it.
    #[must_use]
    pub fn bound_ms(&self) -> u64 {
        let Timings { view_timeout_ms, view_timeout_cap_ms, retry_ms, .. } = self.settings.config.timings;
        let lag = self.l1_lags_ms.iter().copied().max().unwrap_or(0) + self.settings.settle_ms;
        3 * view_timeout_cap_ms + 10 * view_timeout_ms + 6 * retry_ms + 2 * lag + 2_000
    }

    /// A run that goes on for longer has failed.
    #[must_use]
    pub fn last_moment(&self) -> Time {
        match self.goal {
            Goal::After(end) => end.plus_ms(1),
            Goal::Finalized(height) => self.healed().plus_ms(2 * self.bound_ms() + height * 2_000 + 60_000),
        }
    }

    /// How a node departs from the rules, if it does.
    #[must_use]
    pub fn conduct_of(&self, node: NodeId) -> Option<Box<dyn Conduct>> {
        self.adversaries.get(&node).or(self.bug.as_ref()).map(|conduct| conduct.fresh())
    }

    /// Whether the checker of this name watches.
    #[must_use]
    pub fn watches(&self, checker: &str) -> bool {
        self.watched_by.is_empty() || self.watched_by.contains(&checker)
    }

    /// Those who watch.
    #[must_use]
    pub fn checkers(&self, genesis: B256) -> Vec<Box<dyn Checker>> {
        let guilty: BTreeSet<NodeId> = self.adversaries.keys().copied().collect();
        let honest = (0..self.stakes.len()).filter(|node| !guilty.contains(node)).collect();
        let bounds = Bounds { healed: self.healed(), bound_ms: self.bound_ms(), honest_views: 12, honest };
        let all: [Box<dyn Checker>; 8] = [
            Box::new(Agreement::default()),
            Box::new(Chain::new(genesis)),
            Box::new(Quorum),
            Box::new(Signatures::default()),
            Box::new(Innocence::new(guilty)),
            Box::new(Memory),
            Box::new(Sizes),
            Box::new(Liveness::new(bounds)),
        ];
        all.into_iter().filter(|checker| self.watches(checker.name())).collect()
    }
}
