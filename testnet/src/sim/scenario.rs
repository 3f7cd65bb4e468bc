//! The language in which a test says what happens (rule D10).

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use alloy_primitives::B256;
use rota_consensus::{Config, Timings};
use rota_proto::Place;

use super::{
    chaos,
    checkers::{Agreement, Bounds, Chain, Innocence, Liveness, Memory, Quorum, Signatures, Sizes},
    conduct::Conduct,
    facts::{Checker, Violation},
    keys::Crypto,
    l1::{L1Plan, place_of},
    links::{Cut, LinkPlan, Way},
    outcome::Outcome,
    outside::Settings,
    queue::Time,
    story::NodeId,
    world::World,
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

/// A run that is yet to begin.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The command that runs it, if it has a name of its own.
    command: Option<String>,
    plan: Plan,
}

/// Scenarios with a name, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Named {
    /// Everything drawn from the seed: nodes, stakes, adversaries, links, partitions, crashes, epochs, work. All
    /// heals, and then everybody must get on.
    Chaos,
    /// The same, but faults go on to the end, and only safety is asked for.
    Storm,
    /// Four nodes without faults.
    Calm,
}

impl Scenario {
    /// Four nodes of equal stake on a calm network, with clients at work.
    #[must_use]
    pub fn seed(seed: u64) -> Self {
        let timings =
            Timings { view_timeout_ms: 500, view_timeout_cap_ms: 4_000, retry_ms: 300, batch_interval_ms: 50 };
        let settings = Settings {
            config: Config { timings, ..Config::default() },
            wire: false,
            flush_us: 0,
            execution_us: 1_000,
            settle_ms: 200,
            heartbeat_ms: 10_000,
        };
        let plan = Plan {
            seed,
            stakes: vec![25; 4],
            changing: false,
            adversaries: BTreeMap::new(),
            bug: None,
            leaders: None,
            crypto: Crypto::Table,
            settings,
            links: LinkPlan::CALM,
            lossy_until: Time::default(),
            cuts: Vec::new(),
            crashes: Vec::new(),
            clocks_ms: Vec::new(),
            l1: L1Plan { interval_ms: 1_000, epoch_blocks: 6 },
            l1_lags_ms: Vec::new(),
            work: Work { interval_ms: 40, pauses: Vec::new() },
            goal: Goal::Finalized(20),
            watched_by: Vec::new(),
        };
        Self { command: None, plan }
    }

    /// A scenario by name, perhaps with a number of nodes.
    #[must_use]
    pub fn named(name: Named, seed: u64, nodes: Option<usize>) -> Self {
        let mut this = Self::seed(seed);
        match name {
            Named::Chaos => chaos::draw(&mut this.plan, nodes),
            Named::Storm => chaos::draw_storm(&mut this.plan, nodes),
            Named::Calm => this.plan.stakes = vec![25; nodes.unwrap_or(4)],
        }
        let nodes = nodes.map_or_else(String::new, |nodes| format!(" --nodes {nodes}"));
        let name = format!("{name:?}").to_lowercase();
        this.command = Some(format!("scripts/simulate --scenario {name} --seed {seed}{nodes} --story"));
        this
    }

    /// Everything drawn from the seed.
    #[must_use]
    pub fn chaos(seed: u64) -> Self {
        Self::named(Named::Chaos, seed, None)
    }

    /// Changes anything; what has no word of its own yet.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        change(&mut self.plan);
        self
    }

    /// One node for each stake.
    #[must_use]
    pub fn stake(mut self, stakes: impl IntoIterator<Item = u64>) -> Self {
        self.plan.stakes = stakes.into_iter().collect();
        self
    }

    /// Stakes change from epoch to epoch, and epochs have four L1 blocks of this many milliseconds.
    #[must_use]
    pub fn changing_sets(mut self, block_ms: u64) -> Self {
        self.plan.changing = true;
        self.plan.l1 = L1Plan { interval_ms: block_ms, epoch_blocks: 4 };
        self
    }

    /// This node breaks the rules.
    #[must_use]
    pub fn adversary(mut self, node: NodeId, conduct: impl Conduct + 'static) -> Self {
        self.plan.adversaries.insert(node, Box::new(conduct));
        self
    }

    /// Every other node has this bug.
    #[must_use]
    pub fn plant(mut self, bug: impl Conduct + 'static) -> Self {
        self.plan.bug = Some(Box::new(bug));
        self
    }

    /// These lead in turn.
    #[must_use]
    pub fn leaders(mut self, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        self.plan.leaders = Some(nodes.into_iter().map(place_of).collect());
        self
    }

    /// From one second to another these nodes and the others do not hear each other.
    #[must_use]
    pub fn partition(self, seconds: Range<u64>, side: impl IntoIterator<Item = NodeId>) -> Self {
        self.cut(seconds, side, Way::Both)
    }

    /// The same, perhaps one way only.
    #[must_use]
    pub fn cut(mut self, seconds: Range<u64>, side: impl IntoIterator<Item = NodeId>, way: Way) -> Self {
        let during = Time::from_ms(seconds.start * 1_000)..Time::from_ms(seconds.end * 1_000);
        self.plan.cuts.push(Cut { during, side: side.into_iter().collect(), way });
        self
    }

    /// A node crashes so many tasks after a time in milliseconds, and comes back after as many as it is down.
    #[must_use]
    pub fn crash(mut self, at_ms: u64, node: NodeId, fuse: u64, down_ms: u64) -> Self {
        self.plan.crashes.push(Crash { at: Time::from_ms(at_ms), node, fuse, down_ms });
        self
    }

    /// Links behave like this; heavy loss ends after some seconds.
    #[must_use]
    pub fn links(mut self, links: LinkPlan, lossy_seconds: u64) -> Self {
        self.plan.links = links;
        self.plan.lossy_until = Time::from_ms(lossy_seconds * 1_000);
        self
    }

    /// Clients rest between these seconds.
    #[must_use]
    pub fn pause(mut self, seconds: Range<u64>) -> Self {
        let pause = Time::from_ms(seconds.start * 1_000)..Time::from_ms(seconds.end * 1_000);
        self.plan.work.pauses.push(pause);
        self
    }

    /// Messages travel in their production encoding.
    #[must_use]
    pub fn on_the_wire(mut self) -> Self {
        self.plan.settings.wire = true;
        self
    }

    /// Signatures are real.
    #[must_use]
    pub fn with_ed25519(mut self) -> Self {
        self.plan.crypto = Crypto::Ed25519;
        self
    }

    /// Only these checkers watch.
    #[must_use]
    pub fn watched_by(mut self, checkers: impl IntoIterator<Item = &'static str>) -> Self {
        self.plan.watched_by = checkers.into_iter().collect();
        self
    }

    /// What is planned.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Runs to the goal.
    #[must_use]
    pub fn run_until(self, goal: Goal) -> Outcome {
        self.with(|plan| plan.goal = goal).run()
    }

    /// Runs to the goal that is planned.
    #[must_use]
    pub fn run(self) -> Outcome {
        self.perform(false).1
    }

    /// Runs to the goal that is planned and tells what happened, one line an event.
    #[must_use]
    pub fn run_told(self) -> (Vec<String>, Outcome) {
        self.perform(true)
    }

    /// How to run it again.
    #[must_use]
    pub fn again(&self) -> String {
        let test = || format!("the test that wrote this, which uses seed {}", self.plan.seed);
        self.command.clone().unwrap_or_else(test)
    }

    /// A panic of production code is a violation like any other, so that it comes with its seed and its story.
    fn perform(self, told: bool) -> (Vec<String>, Outcome) {
        let mut world = World::new(self.plan.clone(), told);
        let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
        let panic = ended.err().map(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
        });
        let now = world.now();
        let (story, stats, violation) = world.into_parts();
        let violation = panic.map(|what| Violation { checker: "assertion", at: now, what }).or(violation);
        let outcome = Outcome { trace_hash: story.hash(), stats, violation, scenario: self };
        (story.into_lines(), outcome)
    }
}
