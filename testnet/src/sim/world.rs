//! The run: one loop over the queue.

mod clients;
mod faults;

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::B256;
use rota_proto::Message;
use rota_staking::SafetyRecord;

use super::{
    disk::{Defects, Disk},
    facts::{Checker, Fact, FinalFact, Scene, Violation},
    genesis::{ROLLUP_CHAIN_ID, genesis},
    host::{End, Host, Remains, Unstarted},
    keys::{Keys, public_key},
    l1::{L1, heard_at},
    links::Links,
    outcome::Stats,
    outside::{Clients, Event, Outside, Packet, Station},
    plan::{Goal, Plan},
    queue::{Queue, Time},
    random::Random,
    sets::Sets,
    story::{NodeId, Story},
    verdicts::Verdicts,
};

/// Tasks that one event leads to at a node: far more than any step asks for.
const TASKS_MAX: usize = 10_000;
/// How often nodes look at their clocks while nothing happens.
const CLOCK_TICK_MS: u64 = 100;
/// A node whose L1 is not far enough tries to start again after so long.
const START_AGAIN_MS: u64 = 200;

/// A place where a node runs.
#[derive(Debug)]
struct Slot {
    host: Option<Host>,
    /// What is left of it while it is down.
    down: Option<Remains>,
    /// Tasks until it crashes, and the number of the crash.
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
    /// The view of the first finalization of each batch.
    final_in: BTreeMap<B256, u64>,
    /// Who stopped itself, for which kind of reason.
    stopped: BTreeMap<NodeId, &'static str>,
    violation: Option<Violation>,
}

impl World {
    /// The world of a plan, at its beginning.
    #[must_use]
    pub fn new(plan: Plan, told: bool) -> Self {
        let guilty = plan.guilty();
        let sets =
            Sets::new(plan.stakes.clone(), plan.changing, guilty.iter().copied().collect(), Random::of(plan.seed, 1));
        let mut l1 = L1::new(plan.seed, plan.l1, sets);
        let seats: Vec<usize> = (0..plan.nodes()).map(|node| plan.seat(node)).collect();
        let station = |(node, seat): (NodeId, &usize)| Station {
            honest: !guilty.contains(seat),
            seat: *seat,
            up: false,
            life: 0,
            clock: plan.clocks.get(node).cloned().unwrap_or_default(),
            listen_ms: plan.listens_ms.get(node).copied().unwrap_or(0),
            l1_lag_ms: plan.l1_lags_ms.get(node).copied().unwrap_or(0),
            l1_seen: l1.first_block(),
        };
        let stations = seats.iter().enumerate().map(station).collect();
        let genesis = genesis(l1.block(l1.first_block()));
        let checkers = plan.checkers(&genesis, &l1);
        let out = Outside {
            queue: Queue::default(),
            story: Story::new(told),
            links: Links::new(
                plan.links,
                plan.distances.clone(),
                plan.cuts.clone(),
                plan.healed(),
                Random::of(plan.seed, 2),
            ),
            l1,
            l1_lies: plan.l1_lies.clone(),
            genesis,
            leaders: plan.leaders.clone(),
            keys: Keys::new(seats, plan.crypto),
            verdicts: Verdicts::default(),
            random: Random::of(plan.seed, 3),
            settings: plan.settings,
            stations,
            clients: Clients::default(),
            facts: Vec::new(),
            stats: Stats::default(),
        };
        let (slots, heights, stopped) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let final_in = BTreeMap::new();
        let mut this = Self { plan, out, slots, checkers, heights, final_in, stopped, violation: None };
        this.slots = (0..this.plan.nodes()).map(|node| this.slot(node)).collect();
        this.plan_events();
        this
    }

    /// A node that has not begun.
    fn slot(&self, node: NodeId) -> Slot {
        let conduct = self.plan.conduct_of(node);
        let defects = conduct.as_ref().map_or_else(Defects::default, |conduct| conduct.defects());
        let record = SafetyRecord::new(ROLLUP_CHAIN_ID, public_key(self.plan.seat(node)));
        let mut disk = Disk::new(&self.out.genesis, self.plan.settings.execution, &record, defects);
        if let Some(crash) = self.plan.crash_at_operation.filter(|crash| crash.node == node) {
            disk.crash_at(crash.operation);
        }
        Slot { host: None, down: Some(Remains { disk, conduct }), fuse: None }
    }

    /// Runs to the end: the goal, a violation, or the last moment.
    pub fn run(&mut self) {
        for node in 0..self.slots.len() {
            self.start(node);
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
        self.sum_up();
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

    fn sum_up(&mut self) {
        let stats = &mut self.out.stats;
        stats.waiting = self.out.clients.waiting.len() as u64;
        stats.crowded_out = self.out.links.crowded_out();
        stats.virtual_ms = self.out.queue.now().as_ms();
        stats.heights = self.heights.values().copied().max().unwrap_or(0);
        for (node, slot) in self.slots.iter().enumerate() {
            let disk = slot.host.as_ref().map(Host::disk).or_else(|| slot.down.as_ref().map(|remains| &remains.disk));
            stats.operations.insert(node, disk.map_or(0, Disk::operations));
        }
        self.checkers.iter().for_each(|checker| checker.sum_up(stats));
    }

    fn plan_events(&mut self) {
        for (number, crash) in self.plan.crashes.iter().enumerate() {
            self.out.queue.plan(crash.at, Event::Fuse(number));
        }
        for (number, fault) in self.plan.disk_faults.iter().enumerate() {
            self.out.queue.plan(fault.at, Event::DiskFault(number));
            if let Some(after_ms) = fault.mended_after_ms {
                self.out.queue.plan(fault.at.plus_ms(after_ms), Event::DiskMended(number));
            }
        }
        for (number, cut) in self.plan.cuts.iter().enumerate() {
            self.out.queue.plan(cut.during.end, Event::Heals(number));
        }
        self.out.queue.plan(Time::from_ms(CLOCK_TICK_MS), Event::Clock);
        self.out.queue.plan(Time::from_ms(1_000), Event::Tick);
        self.plan_clients();
        for node in 0..self.out.nodes() {
            self.plan_block(node, self.out.l1.first_block() + 1);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Comes { to, from, packet, load } => self.out.receive(to, from, packet, load),
            Event::Arrives { to, from, packet } => self.deliver(to, from, packet),
            Event::Wakes { node, life, wake } => {
                if self.out.station(node).life == life {
                    self.with_host(node, |host, out| host.wake(wake, out));
                }
            }
            Event::L1Seen { node, block } => {
                self.out.station_mut(node).l1_seen = block;
                self.plan_block(node, block + 1);
                self.with_host(node, Host::follow_l1);
            }
            Event::Clock => {
                for node in 0..self.slots.len() {
                    self.with_host(node, Host::tick);
                }
                self.out.queue.plan(self.out.queue.now().plus_ms(CLOCK_TICK_MS), Event::Clock);
            }
            Event::Heals(number) => self.meet_across(number),
            Event::Client => self.client(),
            Event::Resend => self.resend(),
            Event::Fuse(number) => self.light(number),
            Event::Crash(number) => {
                let node = self.plan.crashes.get(number).map(|crash| crash.node);
                let lit = |slot: &Slot| slot.fuse.is_some_and(|(_, lit)| lit == number);
                if let Some(node) = node.filter(|node| self.slots.get(*node).is_some_and(lit)) {
                    self.crash_by_plan(node, number);
                }
            }
            Event::DiskFault(number) => self.break_disk(number),
            Event::DiskMended(number) => self.mend_disk(number),
            Event::Restart(node) => self.start(node),
            Event::Tick => {
                let waiting = self.out.clients.waiting.len();
                self.out.facts.push((0, Fact::Tick { waiting }));
                self.out.queue.plan(self.out.queue.now().plus_ms(1_000), Event::Tick);
            }
        }
    }

    fn deliver(&mut self, to: NodeId, from: NodeId, packet: Packet) {
        let message = match packet {
            Packet::Words(message) => Arc::unwrap_or_clone(message),
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
                    return self.crash_by_plan(node, number);
                }
                Some((left, _)) => *left -= 1,
                None => {}
            }
            host.perform(task, &mut self.out);
        }
        match host.end().cloned() {
            None => {}
            Some(End::Crash(_)) => self.crash(node, self.plan.crash_at_operation.map_or(0, |crash| crash.down_ms)),
            Some(End::Stopped(kind, why)) => self.stop(node, kind, why),
        }
    }

    fn start(&mut self, node: NodeId) {
        let Some(remains) = self.slots.get_mut(node).and_then(|slot| slot.down.take()) else { return };
        let started = Host::start(node, remains, &mut self.out);
        let Some(slot) = self.slots.get_mut(node) else { return };
        match started {
            Ok(host) => slot.host = Some(host),
            Err(Unstarted { remains, error }) => {
                slot.down = Some(*remains);
                let again = self.out.queue.now().plus_ms(START_AGAIN_MS);
                return match error {
                    None => self.out.queue.plan(again, Event::Restart(node)),
                    Some(error) => self.stay_down(node, "l1", error.to_string()),
                };
            }
        }
        self.out.station_mut(node).up = true;
        for peer in (0..self.slots.len()).filter(|peer| *peer != node) {
            self.meet(node, peer);
        }
        self.with_host(node, |_, _| {});
    }

    /// Two nodes that are up are connected.
    fn meet(&mut self, one: NodeId, other: NodeId) {
        if self.out.station(one).up && self.out.station(other).up {
            self.with_host(one, |host, out| host.greet(other, out));
            self.with_host(other, |host, out| host.greet(one, out));
        }
    }

    fn meet_across(&mut self, cut: usize) {
        let side = self.plan.cuts.get(cut).map(|cut| cut.side.clone()).unwrap_or_default();
        let others: Vec<NodeId> = (0..self.slots.len()).filter(|node| !side.contains(node)).collect();
        for (one, other) in side.iter().flat_map(|one| others.iter().map(move |other| (*one, *other))) {
            self.meet(one, other);
        }
    }

    fn plan_block(&mut self, node: NodeId, block: u64) {
        let at = self.out.l1.time_of(block).plus_ms(self.out.station(node).l1_lag_ms);
        let at = heard_at(&self.plan.l1_outages, node, at);
        self.out.queue.plan(at, Event::L1Seen { node, block });
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
            self.count_closing(told);
            self.out.stats.finals += 1;
            self.out.stats.transactions += told.transactions.len() as u64;
        }
        if let Fact::Entered { .. } = fact {
            self.out.stats.views += 1;
        }
        if let Fact::Accuses { accused, .. } = fact {
            self.out.stats.accused.insert(*accused);
        }
        if let Fact::Kept { accused, .. } = fact {
            self.out.stats.kept.insert((node, *accused));
        }
    }

    /// Only a closing batch, which may be proposed again, has finalizations of two views.
    fn count_closing(&mut self, told: &FinalFact) {
        if told.signers.is_some() {
            let first = *self.final_in.entry(told.batch).or_insert(told.view);
            self.out.stats.closed_apart += u64::from(first != told.view);
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
                let reached = |node: &NodeId| self.heights.get(node).is_some_and(|at| *at >= height);
                let runs = |node: &NodeId| self.out.station(*node).honest && !self.stopped.contains_key(node);
                let mut running = (0..self.slots.len()).filter(runs).peekable();
                now >= self.plan.healed() && running.peek().is_some() && running.all(|node| reached(&node))
            }
        }
    }
}
