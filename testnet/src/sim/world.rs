//! The run: one loop over the queue.

use std::collections::BTreeMap;

use rota_proto::Message;
use rota_staking::SafetyRecord;

use super::{
    batch,
    conduct::Conduct,
    disk::{Defects, Disk},
    facts::{Checker, Fact, Scene, Violation},
    host::Host,
    keys::{Keys, public_key},
    l1::L1,
    links::Links,
    outcome::Stats,
    outside::{Clients, Event, Outside, Packet, Station},
    plan::{Crash, Goal, Plan},
    queue::{Queue, Time},
    random::Random,
    sets::Sets,
    story::{NodeId, Story},
    verdicts::Verdicts,
};

/// A crash that has not fallen after this long falls anyhow.
const FUSE_MS: u64 = 500;
/// Tasks that one event leads to at a node: far more than any step asks for.
const TASKS_MAX: usize = 10_000;
/// Clients send again what is not final after this long.
const RESEND_MS: u64 = 2_000;
/// Transactions that clients have under way at a time.
const CLIENT_WINDOW: usize = 128;

/// A place where a node runs.
#[derive(Debug)]
struct Slot {
    host: Option<Host>,
    /// What is left of it while it is down.
    down: Option<(Disk, Option<Box<dyn Conduct>>)>,
    /// Tasks until it crashes, and for how long.
    fuse: Option<(u64, usize)>,
}

/// Everything there is in a run.
#[derive(Debug)]
pub struct World {
    plan: Plan,
    out: Outside,
    slots: Vec<Slot>,
    checkers: Vec<Box<dyn Checker>>,
    /// Final heights of the honest nodes.
    heights: BTreeMap<NodeId, u64>,
    violation: Option<Violation>,
}

impl World {
    /// The world of a plan, at its beginning.
    #[must_use]
    pub fn new(plan: Plan, told: bool) -> Self {
        let nodes = plan.stakes.len();
        let faulty: Vec<NodeId> = plan.adversaries.keys().copied().collect();
        let sets = Sets::new(plan.stakes.clone(), plan.changing, faulty, Random::of(plan.seed, 1));
        let l1 = L1::new(plan.seed, plan.l1, sets, plan.leaders.clone());
        let healed = plan.healed();
        let station = |node| Station {
            honest: !plan.adversaries.contains_key(&node),
            life: 0,
            clock_ahead_ms: plan.clocks_ms.get(node).copied().unwrap_or(0),
            l1_lag_ms: plan.l1_lags_ms.get(node).copied().unwrap_or(0),
            l1_seen: l1.first_block(),
            l1_settled: l1.first_block(),
        };
        let stations = (0..nodes).map(station).collect();
        let out = Outside {
            queue: Queue::default(),
            story: Story::new(told),
            links: Links::new(plan.links, plan.cuts.clone(), healed, Random::of(plan.seed, 2)),
            l1,
            keys: Keys::new(nodes, plan.crypto),
            verdicts: Verdicts::default(),
            random: Random::of(plan.seed, 3),
            settings: plan.settings,
            stations,
            clients: Clients::default(),
            facts: Vec::new(),
            stats: Stats::default(),
        };
        let genesis = batch::genesis(&out.l1.block(out.l1.first_block()));
        let checkers = plan.checkers(genesis.hash());
        let mut this = Self { plan, out, slots: Vec::new(), checkers, heights: BTreeMap::new(), violation: None };
        for node in 0..nodes {
            let conduct = this.plan.conduct_of(node);
            let defects = conduct.as_ref().map_or_else(Defects::default, |conduct| conduct.defects());
            let record = SafetyRecord::new(this.out.keys.domain().rollup_chain_id(), public_key(node));
            let disk = Disk::new(genesis.clone(), &record, defects);
            this.slots.push(Slot { host: None, down: Some((disk, conduct)), fuse: None });
        }
        this.plan_events();
        this
    }

    /// Runs to the end: the goal, a violation, or the last moment.
    pub fn run(&mut self) {
        for node in 0..self.slots.len() {
            self.start(node, true);
        }
        self.watch();
        while self.violation.is_none() && !self.is_done() {
            let Some(event) = self.out.queue.pop() else { break };
            let now = self.out.queue.now();
            if now > self.plan.last_moment() {
                if self.plan.watches("liveness") {
                    self.fail("liveness", format!("{:?} was not reached", self.plan.goal));
                }
                break;
            }
            self.out.story.set_time(now);
            self.out.stats.events += 1;
            self.happen(event);
            self.watch();
        }
        self.out.stats.virtual_ms = self.out.queue.now().as_ms();
        self.out.stats.heights = self.heights.values().copied().max().unwrap_or(0);
    }

    /// The time it has got to.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.out.queue.now()
    }

    /// What came of it.
    #[must_use]
    pub fn into_parts(self) -> (Story, Stats, Option<Violation>) {
        (self.out.story, self.out.stats, self.violation)
    }

    fn plan_events(&mut self) {
        for (number, crash) in self.plan.crashes.iter().enumerate() {
            self.out.queue.plan(crash.at, Event::Fuse(number));
        }
        self.out.queue.plan(Time::from_ms(1_000), Event::Tick);
        self.out.queue.plan(Time::from_ms(RESEND_MS), Event::Resend);
        self.plan_client(Time::default());
        for node in 0..self.out.nodes() {
            self.plan_block(node, self.out.l1.first_block() + 1);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrives { to, from, packet } => self.deliver(to, from, packet),
            Event::Wakes { node, life, wake } => {
                if self.out.station(node).life == life {
                    self.with_host(node, |host, out| host.wake(wake, out));
                }
            }
            Event::L1Seen { node, block } => {
                self.out.station_mut(node).l1_seen = block;
                self.plan_block(node, block + 1);
                let settles = self.out.queue.now().plus_ms(self.plan.settings.settle_ms);
                self.out.queue.plan(settles, Event::L1Settled { node, block });
                self.with_host(node, Host::look);
            }
            Event::L1Settled { node, block } => {
                self.out.station_mut(node).l1_settled = block;
                self.with_host(node, Host::look);
            }
            Event::Client => self.client(),
            Event::Resend => self.resend(),
            Event::Fuse(number) => self.light(number),
            Event::Crash(number) => {
                let node = self.plan.crashes.get(number).map(|crash| crash.node);
                let lit = |slot: &Slot| slot.fuse.is_some_and(|(_, lit)| lit == number);
                if let Some(node) = node.filter(|node| self.slots.get(*node).is_some_and(lit)) {
                    self.crash(node, number);
                }
            }
            Event::Restart(node) => self.start(node, false),
            Event::Tick => {
                let waiting = self.out.clients.waiting.len();
                self.out.facts.push((0, Fact::Tick { waiting }));
                self.out.queue.plan(self.out.queue.now().plus_ms(1_000), Event::Tick);
            }
        }
    }

    fn deliver(&mut self, to: NodeId, from: NodeId, packet: Packet) {
        let message = match packet {
            Packet::Words(message) => (*message).clone(),
            Packet::Bytes(bytes) => Message::decode(&bytes).expect("what we encode decodes"),
        };
        self.with_host(to, |host, out| host.hear(from, message, out));
    }

    /// Lets a node that is up do something, then its tasks up to a crash, a flush or their end.
    fn with_host(&mut self, node: NodeId, action: impl FnOnce(&mut Host, &mut Outside)) {
        let Some(slot) = self.slots.get_mut(node) else { return };
        let Some(host) = slot.host.as_mut() else { return };
        action(host, &mut self.out);
        let mut tasks = 0;
        while let Some(task) = host.next_task() {
            tasks += 1;
            assert!(tasks < TASKS_MAX, "tasks of n{node} end: {task:?} is number {tasks}");
            match &mut slot.fuse {
                Some((0, number)) => {
                    let number = *number;
                    return self.crash(node, number);
                }
                Some((left, _)) => *left -= 1,
                None => {}
            }
            host.perform(task, &mut self.out);
        }
    }

    fn start(&mut self, node: NodeId, first: bool) {
        let Some((disk, conduct)) = self.slots.get_mut(node).and_then(|slot| slot.down.take()) else { return };
        let host = Host::start(node, disk, conduct, first, &mut self.out);
        if let Some(slot) = self.slots.get_mut(node) {
            slot.host = Some(host);
        }
        self.with_host(node, Host::look);
    }

    fn light(&mut self, number: usize) {
        let Some(Crash { node, fuse, .. }) = self.plan.crashes.get(number).cloned() else { return };
        let up = |slot: &&mut Slot| slot.host.is_some() && slot.fuse.is_none();
        if let Some(slot) = self.slots.get_mut(node).filter(up) {
            slot.fuse = Some((fuse, number));
            self.out.queue.plan(self.out.queue.now().plus_ms(FUSE_MS), Event::Crash(number));
        }
    }

    fn crash(&mut self, node: NodeId, number: usize) {
        let Some(host) = self.slots.get_mut(node).and_then(|slot| slot.host.take()) else { return };
        let (mut disk, conduct) = host.crash();
        let flushed = disk.is_flushed();
        disk.crash(&mut self.out.random);
        self.out.station_mut(node).life += 1;
        self.out.stats.crashes += 1;
        let down_ms = self.plan.crashes.get(number).map_or(0, |crash| crash.down_ms);
        self.out.story.tell(node, &[70, flushed.into(), down_ms], || {
            format!("CRASHES for {down_ms} ms, {} unflushed", if flushed { "nothing" } else { "with writes" })
        });
        self.out.queue.plan(self.out.queue.now().plus_ms(down_ms), Event::Restart(node));
        if let Some(slot) = self.slots.get_mut(node) {
            slot.down = Some((disk, conduct));
            slot.fuse = None;
        }
    }

    fn plan_block(&mut self, node: NodeId, block: u64) {
        let at = self.out.l1.time_of(block).plus_ms(self.out.station(node).l1_lag_ms);
        self.out.queue.plan(at, Event::L1Seen { node, block });
    }

    /// Clients send one transaction, if they are at work.
    fn client(&mut self) {
        let now = self.out.queue.now();
        if self.out.clients.waiting.len() < CLIENT_WINDOW {
            self.out.clients.sent += 1;
            let transaction = self.out.clients.sent;
            self.submit(transaction);
        }
        self.plan_client(now.plus_ms(self.plan.work.interval_ms));
    }

    /// The next transaction: at this time, or when the pause in which it lies is over.
    fn plan_client(&mut self, at: Time) {
        let pause = self.plan.work.pauses.iter().find(|pause| pause.contains(&at));
        let at = pause.map_or(at, |pause| pause.end);
        self.out.queue.plan(at, Event::Client);
    }

    fn resend(&mut self) {
        let now = self.out.queue.now();
        let late = |(_, sent): &(&u64, &Time)| now.ms_since(**sent) >= RESEND_MS;
        let late: Vec<u64> = self.out.clients.waiting.iter().filter(late).map(|(number, _)| *number).collect();
        for transaction in late {
            self.submit(transaction);
        }
        self.out.queue.plan(now.plus_ms(RESEND_MS), Event::Resend);
    }

    fn submit(&mut self, transaction: u64) {
        let now = self.out.queue.now();
        self.out.clients.waiting.insert(transaction, now);
        let up = |(node, slot): (usize, &Slot)| slot.host.is_some().then_some(node);
        let up: Vec<NodeId> = self.slots.iter().enumerate().filter_map(up).collect();
        if !up.is_empty() {
            let node = *self.out.random.pick(&up);
            self.with_host(node, |host, out| host.submit(transaction, out));
        }
    }

    /// Shows the checkers what happened.
    fn watch(&mut self) {
        for (node, fact) in std::mem::take(&mut self.out.facts) {
            let honest = self.out.station(node).honest;
            self.count(node, honest, &fact);
            let scene = Scene { now: self.out.queue.now(), node, honest };
            let mut wrong = None;
            for checker in &mut self.checkers {
                if let Err(what) = checker.see(scene, &fact) {
                    wrong = wrong.or(Some((checker.name(), what)));
                }
            }
            if let Some((checker, what)) = wrong {
                self.fail(checker, what);
            }
        }
    }

    fn count(&mut self, node: NodeId, honest: bool, fact: &Fact) {
        if !honest {
            return;
        }
        if let Fact::Final(told) = fact {
            self.heights.insert(node, told.height);
            self.out.stats.finals += 1;
        }
        if let Fact::Entered { .. } = fact {
            self.out.stats.views += 1;
        }
        if let Fact::Accuses(accused) = fact {
            self.out.stats.accused.insert(*accused);
        }
    }

    fn fail(&mut self, checker: &'static str, what: String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { checker, at: self.out.queue.now(), what });
        }
    }

    fn is_done(&self) -> bool {
        let now = self.out.queue.now();
        match self.plan.goal {
            Goal::After(end) => now >= end,
            Goal::Finalized(height) => {
                let reached = |node: NodeId| self.heights.get(&node).is_some_and(|at| *at >= height);
                let mut honest = (0..self.slots.len()).filter(|node| self.out.station(*node).honest);
                now >= self.plan.healed() && honest.all(reached)
            }
        }
    }
}
