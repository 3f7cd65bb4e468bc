//! The language in which a test says what happens (rule D10).

use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rota_consensus::{Config, Timings};
use rota_replica::Times;

use super::{
    chaos,
    clocks::Step,
    conduct::Conduct,
    executor::ExecutionKind,
    facts::Violation,
    keys::Crypto,
    l1::{Falsehood, L1Lie, L1Outage, L1Plan, place_of},
    links::{Bandwidth, Cut, LinkPlan, Way},
    outcome::Outcome,
    outside::Settings,
    plan::{Crash, DiskFault, FaultKind, Goal, OperationCrash, Plan, Work},
    queue::Time,
    sets::Changes,
    story::NodeId,
    world::World,
};

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
            // L1 is never too far ahead: whole epochs pass in a second, and a partition lasts for many.
            times: Times { origin_settle_ms: 200, heartbeat_ms: 10_000, epoch_lag_max: 1_000_000, ..Times::default() },
            execution: ExecutionKind::Ledger,
        };
        let plan = Plan {
            seed,
            stakes: vec![25; 4],
            twins: Vec::new(),
            changing: Changes::None,
            adversaries: BTreeMap::new(),
            bug: None,
            leaders: None,
            crypto: Crypto::Table,
            settings,
            links: LinkPlan::CALM,
            distances: None,
            lossy_until: Time::default(),
            cuts: Vec::new(),
            crashes: Vec::new(),
            crash_at_operation: None,
            tear: None,
            disk_faults: Vec::new(),
            clocks: Vec::new(),
            l1: L1Plan { interval_ms: 1_000, epoch_blocks: 6 },
            l1_lags_ms: Vec::new(),
            listens_ms: Vec::new(),
            l1_outages: Vec::new(),
            l1_lies: Vec::new(),
            work: Work { interval_ms: 40, pauses: Vec::new() },
            goal: Goal::Finalized(20),
            measured: false,
            watched_by: Vec::new(),
        };
        Self::of(plan)
    }

    /// The run of a plan that has no name.
    #[must_use]
    pub const fn of(plan: Plan) -> Self {
        Self { command: None, plan }
    }

    /// A scenario by name, perhaps with a number of nodes.
    #[must_use]
    pub fn named(name: Named, seed: u64, nodes: Option<usize>) -> Self {
        let mut this = Self::seed(seed);
        match name {
            Named::Chaos => chaos::draw(&mut this.plan, nodes),
            Named::Storm => chaos::draw_storm(&mut this.plan, nodes),
            Named::Calm => {
                this.plan.stakes = vec![25; nodes.unwrap_or(4)];
                this.plan.goal = Goal::Finalized(50);
            }
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
        self.plan.changing = Changes::Stakes;
        self.plan.l1 = L1Plan { interval_ms: block_ms, epoch_blocks: 4 };
        self
    }

    /// The same, and validators rotate their keys: for each node there is a second one with another key, which takes
    /// the place when the stake moves.
    #[must_use]
    pub fn rotating_keys(mut self, block_ms: u64) -> Self {
        self.plan.stakes.extend(vec![0; self.plan.stakes.len()]);
        self.plan.changing = Changes::StakesAndKeys;
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

    /// A node crashes before its durable operation of this number, counted from 1 in all its lives.
    #[must_use]
    pub const fn crash_at_operation(mut self, node: NodeId, operation: u64, down_ms: u64) -> Self {
        self.plan.crash_at_operation = Some(OperationCrash { node, operation, down_ms });
        self
    }

    /// The disk of a node fails at a time in milliseconds, for good.
    #[must_use]
    pub fn disk_fails(mut self, at_ms: u64, node: NodeId, kind: FaultKind) -> Self {
        self.plan.disk_faults.push(DiskFault { node, at: Time::from_ms(at_ms), kind, mended_after_ms: None });
        self
    }

    /// One more node has the key of this one.
    #[must_use]
    pub fn twin(mut self, node: NodeId) -> Self {
        self.plan.twins.push(node);
        self
    }

    /// The production execution runs the batches.
    #[must_use]
    pub const fn with_evm(mut self) -> Self {
        self.plan.settings.execution = ExecutionKind::Evm;
        self
    }

    /// Links behave like this; heavy loss ends after some seconds.
    #[must_use]
    pub fn links(mut self, links: LinkPlan, lossy_seconds: u64) -> Self {
        self.plan.links = links;
        self.plan.lossy_until = Time::from_ms(lossy_seconds * 1_000);
        self
    }

    /// The line of each node carries so many bytes a second, each way.
    #[must_use]
    pub const fn bandwidth(mut self, bytes_s: u64) -> Self {
        self.plan.links.bandwidth = Some(Bandwidth { up: bytes_s, down: bytes_s });
        self
    }

    /// The clock of a node is ahead by so much, and runs so much too fast.
    #[must_use]
    pub fn clock(mut self, node: NodeId, ahead_ms: i64, ppm: i64) -> Self {
        let clock = self.plan.clock_mut(node);
        (clock.ahead_ms, clock.ppm) = (ahead_ms, ppm);
        self
    }

    /// The clock of a node jumps at a time in milliseconds.
    #[must_use]
    pub fn clock_is_set(mut self, at_ms: u64, node: NodeId, by_ms: i64) -> Self {
        self.plan.clock_mut(node).steps.push(Step { at: Time::from_ms(at_ms), by_ms });
        self
    }

    /// Between these seconds these nodes hear nothing of L1; nobody does if none is named.
    #[must_use]
    pub fn l1_outage(mut self, seconds: Range<u64>, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        let during = Time::from_ms(seconds.start * 1_000)..Time::from_ms(seconds.end * 1_000);
        self.plan.l1_outages.push(L1Outage { during, nodes: nodes.into_iter().collect() });
        self
    }

    /// At this second so many blocks at the tip of L1 are replaced: finality comes later by as many for everybody.
    #[must_use]
    pub fn l1_reorg(mut self, second: u64, blocks: u64) -> Self {
        let begin = Time::from_ms(second * 1_000);
        let during = begin..begin.plus_ms(blocks * self.plan.l1.interval_ms);
        self.plan.l1_outages.push(L1Outage { during, nodes: Vec::new() });
        self
    }

    /// The first block of L1 that is final from this second on is a false one at this node.
    #[must_use]
    pub fn l1_lies(mut self, second: u64, node: NodeId, what: Falsehood) -> Self {
        self.plan.l1_lies.push(L1Lie { node, at: Time::from_ms(second * 1_000), what });
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
