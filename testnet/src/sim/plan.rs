//! What decides a run: nodes, faults, work, and when it ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use rota_consensus::Timings;
use rota_execution::Genesis;
use rota_mempool::MempoolLimits;
use rota_proto::Place;

use super::{
    checkers::{self, Bounds, Setup},
    clocks::Clock,
    conduct::Conduct,
    disk::DiskError,
    facts::Checker,
    keys::Crypto,
    l1::{Falsehood, L1, L1Lie, L1Outage, L1Plan},
    links::{Cut, Distances, LinkPlan},
    meter::Meter,
    outside::Settings,
    queue::Time,
    sets::Changes,
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

/// A crash before one durable operation of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationCrash {
    /// Of whom.
    pub node: NodeId,
    /// The number of the operation, counted from 1 in all lives of the node.
    pub operation: u64,
    /// How long the node is down.
    pub down_ms: u64,
}

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing more can be written.
    Full,
    /// What was written cannot be made durable.
    Error,
}

/// A disk that fails from some time on, so that its node stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFault {
    /// Whose.
    pub node: NodeId,
    /// From when on.
    pub at: Time,
    /// How.
    pub kind: FaultKind,
    /// After how long the disk is whole again, and whoever mended it starts the node.
    pub mended_after_ms: Option<u64>,
}

impl FaultKind {
    /// What the disk says.
    #[must_use]
    pub const fn error(self) -> DiskError {
        match self {
            Self::Full => DiskError::Full,
            Self::Error => DiskError::Io,
        }
    }
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
    /// Stakes of the first epoch by seat.
    pub stakes: Vec<u64>,
    /// For each entry there is one more node, which shares the key of this one.
    pub twins: Vec<NodeId>,
    /// How sets differ from epoch to epoch.
    pub changing: Changes,
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
    /// How far apart nodes are, if not all links take [`LinkPlan::latency_us`].
    pub distances: Option<Distances>,
    /// Until when they lose much.
    pub lossy_until: Time,
    /// Partitions.
    pub cuts: Vec<Cut>,
    /// Crashes.
    pub crashes: Vec<Crash>,
    /// A crash at a chosen operation of a disk.
    pub crash_at_operation: Option<OperationCrash>,
    /// How many bytes of a write to the guard's file arrive that a crash cuts short; drawn if nothing is said.
    pub tear: Option<usize>,
    /// Disks that fail.
    pub disk_faults: Vec<DiskFault>,
    /// The clocks; those that are not named are right.
    pub clocks: Vec<Clock>,
    /// L1.
    pub l1: L1Plan,
    /// How late each node sees L1.
    pub l1_lags_ms: Vec<u64>,
    /// How long each node listens on a start whether its key signs elsewhere; one that is not named does not.
    pub listens_ms: Vec<u64>,
    /// When nodes hear nothing of L1.
    pub l1_outages: Vec<L1Outage>,
    /// What endpoints of L1 say that is false.
    pub l1_lies: Vec<L1Lie>,
    /// The clients.
    pub work: Work,
    /// The end.
    pub goal: Goal,
    /// Whether the time to finality is measured.
    pub measured: bool,
    /// The checkers that watch, by name; all if empty.
    pub watched_by: Vec<&'static str>,
}

impl Clone for Box<dyn Conduct> {
    fn clone(&self) -> Self {
        self.fresh()
    }
}

impl Plan {
    /// How many nodes there are.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.stakes.len() + self.twins.len()
    }

    /// Whose key and place a node has: its own, but for a twin.
    #[must_use]
    pub fn seat(&self, node: NodeId) -> usize {
        let twin = node.checked_sub(self.stakes.len()).and_then(|number| self.twins.get(number));
        twin.copied().unwrap_or(node)
    }

    /// The seats whose keys do not follow the rules: those of adversaries, of twins, and of nodes that count by a set
    /// that L1 does not have.
    #[must_use]
    pub fn guilty(&self) -> BTreeSet<usize> {
        let misled = self.l1_lies.iter().filter(|lie| lie.what == Falsehood::Change).map(|lie| &lie.node);
        let nodes = self.adversaries.keys().chain(misled);
        nodes.map(|node| self.seat(*node)).chain(self.twins.iter().copied()).collect()
    }

    /// The clock of a node.
    pub fn clock_mut(&mut self, node: NodeId) -> &mut Clock {
        if self.clocks.len() <= node {
            self.clocks.resize(node + 1, Clock::default());
        }
        self.clocks.get_mut(node).unwrap_or_else(|| unreachable!("made above"))
    }

    /// When all cuts and outages have ended, all crashed nodes are up again, clocks are let alone, and links lose
    /// little.
    #[must_use]
    pub fn healed(&self) -> Time {
        let cuts = self.cuts.iter().map(|cut| cut.during.end);
        let crashes = self.crashes.iter().map(|crash| crash.at.plus_ms(1_000 + crash.down_ms));
        let mended = self.disk_faults.iter().filter_map(|fault| Some(fault.at.plus_ms(fault.mended_after_ms?)));
        let outages = self.l1_outages.iter().map(|outage| outage.during.end);
        let set = self.clocks.iter().flat_map(|clock| &clock.steps).map(|step| step.at);
        cuts.chain(crashes).chain(mended).chain(outages).chain(set).max().unwrap_or_default().max(self.lossy_until)
    }

    /// With work and without faults, something becomes final within this time: a view timer that grew to the cap
    /// runs out, a few leaders fail one after the other, and whoever is slow to see L1 has seen it.
    #[must_use]
    pub fn bound_ms(&self) -> u64 {
        let Timings { view_timeout_ms, view_timeout_cap_ms, retry_ms, .. } = self.settings.config.timings;
        let lag = self.l1_lags_ms.iter().copied().max().unwrap_or(0) + self.settings.times.origin_settle_ms;
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
    pub fn checkers(&self, genesis: &Genesis, l1: &L1) -> Vec<Box<dyn Checker>> {
        let guilty = self.guilty();
        let honest = (0..self.nodes()).filter(|node| !guilty.contains(&self.seat(*node))).collect();
        let limits = MempoolLimits::default();
        let setup = Setup {
            genesis: genesis.header.hash(),
            genesis_origin: l1.first_block(),
            first_l1_block: l1.first_block(),
            epoch_blocks: self.l1.epoch_blocks,
            epoch_ms: self.l1.epoch_blocks * self.l1.interval_ms,
            l1_lag_ms: self.l1_lags_ms.iter().copied().max().unwrap_or(0),
            evidence_epochs: self.settings.times.evidence_epochs,
            stakes: self.stakes.clone(),
            guilty,
            bounds: Bounds { healed: self.healed(), bound_ms: self.bound_ms(), honest_views: 12, honest },
            origin_age_max_s: self.settings.times.origin_age_max_s,
            pool: [limits.slots, limits.bytes],
        };
        let mut all = checkers::all(setup);
        all.retain(|checker| self.watches(checker.name()));
        all.extend(self.measured.then(|| -> Box<dyn Checker> { Box::new(Meter::default()) }));
        all
    }
}
