//! A node: the production replica with everything around it that does what it asks for (rule D2), as the driver of the
//! real node does it.

mod effects;
mod jobs;
mod messages;
mod peers;
mod start;
mod transactions;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use alloy_primitives::{B256, Bytes};
use rota_consensus::Timer;
use rota_proto::{Certificate, ConsensusKey, Epoch, Place, Round, ValidatorSet, Verified, Vote};
use rota_replica::{Event, Replica};
use rota_staking::{GuardFile, L1Block, SafetyRecord};

use super::{
    conduct::{Conduct, Deed, Hands},
    disk::{Accusation, Disk, DiskError, Part, Write},
    executor::{Done, Executor},
    facts::Fact,
    outside::Outside,
    queue::Time,
    story::NodeId,
};
pub use jobs::Job;
use peers::Question;
pub use start::{Remains, Unstarted};

/// The replica acts on no older time than this.
const CLOCK_AGE_MAX_MS: u64 = 20;

/// Why a node is woken.
#[derive(Debug)]
pub enum Wake {
    /// A timer of its replica ran out, if none of the same kind was set since.
    Timer(Timer, u64),
    /// What it wrote is durable, if the disk does not fail.
    Flushed(Part),
    /// Its executor has done a job.
    Job,
    /// What it did on another thread is done.
    Event(Box<Event>),
    /// A conduct's deed is due.
    Deed(Box<Deed>),
    /// The peer that was asked this question has not answered.
    NoAnswer(u64),
    /// A peer that came lately is to be told the local transactions after this number.
    Newcomer(NodeId, u64),
}

/// Something that the host has to do, in order; a crash may fall before any of them (rule D6).
#[derive(Debug)]
pub enum Task {
    /// An effect of the replica.
    Effect(Box<rota_replica::Effect>),
    /// A deed of a conduct.
    Deed(Box<Deed>),
    /// Wait until everything written to a part of the disk is durable.
    Flush(Part),
    /// The guard's record is durable: sign.
    Signature(Vote, Place, Arc<ValidatorSet>),
    /// The executor's next job.
    Job(Box<Job>),
    /// Evidence is durable: tell everyone whom it accuses.
    Accuse(Box<Accusation>),
    /// The store has these batches: tell everyone that they are final.
    Told(Box<(Verified<Certificate>, Vec<Done>)>),
    /// The next event.
    Step(Box<Incoming>),
}

/// An event on its way to the replica, after those before it.
#[derive(Debug)]
pub struct Incoming {
    event: Event,
    /// Who sent the message in it.
    from: Option<NodeId>,
    /// Whether the node's conduct has no say in it.
    past_conduct: bool,
}

/// Why a node does nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It crashes at this operation of its disk.
    Crash(u64),
    /// It stopped itself: the kind of reason, and the error.
    Stopped(&'static str, String),
}

/// A node that is up.
#[derive(Debug)]
pub struct Host {
    id: NodeId,
    replica: Replica,
    executor: Executor,
    disk: Disk,
    guard: SafetyRecord,
    guard_file: GuardFile,
    conduct: Option<Box<dyn Conduct>>,
    /// RLP of the bodies of batches that are executed and not final.
    bodies: BTreeMap<B256, Bytes>,

    tasks: VecDeque<Task>,
    /// What happened and was not heard yet.
    inbox: VecDeque<Incoming>,
    /// Whether a flush is under way: nothing is done before it ends.
    flushing: bool,
    /// Whether a certificate was kept that is not durable yet.
    unflushed: bool,
    /// What the executor has to do, one after the other, and whether it is at work.
    jobs: VecDeque<Job>,
    working: bool,
    /// The last batch that was invalid, and why: should it become final, that is what there is to say.
    invalid: Option<(B256, String)>,
    /// How often a timer of each kind was set.
    timers: BTreeMap<u8, u64>,
    /// When the replica last heard the time.
    clock_at: Time,
    /// The validators of the epoch without this key, and all whose records it believes.
    others: Vec<ConsensusKey>,
    known: BTreeSet<ConsensusKey>,
    /// What peers were asked, by number.
    questions: BTreeMap<u64, Question>,
    questions_asked: u64,
    /// Number of the next transaction that comes in.
    arrivals: u64,
    round: Round,
    /// Epochs begun and skipped in this life, and the one begun last.
    epochs: [u64; 2],
    last_epoch: Epoch,
    end: Option<End>,
}

impl Host {
    /// Lets the node notice what it was woken for.
    pub fn wake(&mut self, wake: Wake, out: &mut Outside) {
        match wake {
            Wake::Timer(timer, number) if self.timers.get(&kind(timer)) == Some(&number) => {
                out.story.tell(self.id, &[2, kind(timer).into()], || format!("timer {timer:?}"));
                if timer == Timer::Retry {
                    self.report_sizes(out);
                }
                self.take(Event::Timer(timer), out);
            }
            Wake::Timer(..) => {}
            Wake::Flushed(part) => {
                self.flushing = false;
                self.flushed(part, out);
            }
            Wake::Job => {
                if let Some(job) = self.jobs.pop_front() {
                    self.tasks.push_back(Task::Job(Box::new(job)));
                }
            }
            Wake::Event(event) => self.take(*event, out),
            Wake::Deed(deed) => self.tasks.push_back(Task::Deed(deed)),
            Wake::NoAnswer(number) => self.give_up(number, out),
            Wake::Newcomer(peer, after) => self.tell_newcomer(peer, after, out),
        }
    }

    /// The time has passed that a node looks at its clock after.
    pub fn tick(&mut self, out: &mut Outside) {
        if out.queue.now().ms_since(self.clock_at) >= CLOCK_AGE_MAX_MS {
            self.clock_at = out.queue.now();
            self.enter(Event::Clock(out.clock_ms(self.id)), None);
        }
    }

    /// Takes the L1 blocks that are final for the node and that it has not taken.
    pub fn follow_l1(&mut self, out: &mut Outside) {
        let queued = self.inbox.iter().filter(|incoming| matches!(incoming.event, Event::L1(_))).count() as u64;
        let next = self.replica.registry().newest().number + queued + 1;
        for number in next..=out.station(self.id).l1_seen {
            let block = l1_block(self.id, self.conduct.as_deref(), number, out);
            self.take(Event::L1(Box::new(block)), out);
        }
    }

    /// Why it does nothing more, if so.
    #[must_use]
    pub const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Its disk.
    #[must_use]
    pub const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// See [`disk`](Self::disk).
    pub const fn disk_mut(&mut self) -> &mut Disk {
        &mut self.disk
    }

    /// The next task, unless a flush is under way or the node has ended.
    pub fn next_task(&mut self) -> Option<Task> {
        if self.flushing || self.end.is_some() {
            return None;
        }
        let next = || self.inbox.pop_front().map(Box::new).map(Task::Step);
        self.tasks.pop_front().or_else(next)
    }

    /// Does one task.
    pub fn perform(&mut self, task: Task, out: &mut Outside) {
        match task {
            Task::Effect(effect) => self.effect_or_deeds(*effect, out),
            Task::Deed(deed) => self.deed(*deed, out),
            Task::Flush(part) => self.flush(part, out),
            Task::Signature(vote, place, set) => self.sign_now(vote, place, &set, out),
            Task::Job(job) => self.work(*job, out),
            Task::Accuse(accusation) => self.tell_evidence(&accusation, out),
            Task::Told(told) => self.tell_final(&told.0, &told.1, out),
            Task::Step(incoming) => self.hear_or_step(*incoming, out),
        }
    }

    fn effect_or_deeds(&mut self, effect: rota_replica::Effect, out: &mut Outside) {
        match self.conduct {
            None => self.effect(effect, out),
            Some(_) => {
                let deeds = self.with_conduct(out, |conduct, hands| conduct.instead(effect, hands));
                self.tasks_first(deeds.unwrap_or_default().into_iter().map(Box::new).map(Task::Deed).collect());
            }
        }
    }

    fn deed(&mut self, deed: Deed, out: &mut Outside) {
        match deed {
            Deed::Effect(effect) => self.effect(*effect, out),
            Deed::Tell(to, message) => out.send(self.id, &to, message),
            Deed::Feed(event) => self.step(event, out),
            Deed::Later(after_us, deed) => out.wake(self.id, after_us, Wake::Deed(deed)),
        }
    }

    /// Something happens to the replica, once it has heard what came before; the time first, if what it knows of it is
    /// old.
    fn take(&mut self, event: Event, out: &mut Outside) {
        self.tick(out);
        self.enter(event, None);
    }

    fn enter(&mut self, event: Event, from: Option<NodeId>) {
        self.inbox.push_back(Incoming { event, from, past_conduct: false });
    }

    /// An event goes to the conduct of the node, if it has one, then to whoever it is for.
    fn hear_or_step(&mut self, incoming: Incoming, out: &mut Outside) {
        let Incoming { event, from, past_conduct } = incoming;
        if self.conduct.is_some() && !past_conduct {
            let Some((deeds, heard)) = self.with_conduct(out, |conduct, hands| conduct.hear(event, hands)) else {
                return;
            };
            // What its conduct does comes before what the node does on hearing it.
            self.tasks.extend(deeds.into_iter().map(Box::new).map(Task::Deed));
            if let Some(event) = heard {
                self.inbox.push_front(Incoming { event, from, past_conduct: true });
            }
            return;
        }
        match (event, from) {
            (Event::Message { from: key, message }, Some(from)) => self.hear_message(from, key, message, out),
            (event, _) => self.step(event, out),
        }
    }

    /// One step of the replica; what it asks for is done after everything before it.
    fn step(&mut self, event: Event, out: &mut Outside) {
        let (effects, refusals) = self.replica.step(event);
        self.tasks.extend(effects.into_iter().map(Box::new).map(Task::Effect));
        for refusal in refusals {
            out.stats.rejected += 1;
            out.story.tell(self.id, &[3], || format!("  refuses: {refusal}"));
        }
        self.observe_round(out);
    }

    fn observe_round(&mut self, out: &mut Outside) {
        let simplex = self.replica.simplex();
        let round = simplex.round();
        if round == self.round {
            return;
        }
        self.round = round;
        let set = simplex.set(round.epoch);
        let leader = set.and_then(|set| out.keys.seat_at(set, simplex.leader())).unwrap_or(self.id);
        out.story.tell(self.id, &[4, round.epoch.0, round.view.0], || format!("enters {round}, led by n{leader}"));
        out.facts.push((self.id, Fact::Entered { round, leader }));
    }

    fn report_sizes(&self, out: &mut Outside) {
        let simplex = self.replica.simplex();
        let unfinal_views = simplex.round().view.0 - simplex.finalized_view().0;
        let l1_epoch = self.replica.registry().newest_epoch().0;
        out.facts.push((self.id, Fact::Sizes { sizes: self.replica.sizes(), unfinal_views, l1_epoch }));
    }

    /// Asks the conduct of the node, if it has one, with everything it may use.
    fn with_conduct<T>(
        &mut self,
        out: &mut Outside,
        ask: impl FnOnce(&mut dyn Conduct, &mut Hands<'_>) -> T,
    ) -> Option<T> {
        let mut conduct = self.conduct.take()?;
        let mut hands = Hands {
            node: self.id,
            replica: &self.replica,
            executor: &mut self.executor,
            bodies: &self.bodies,
            outside: out,
        };
        let answer = ask(conduct.as_mut(), &mut hands);
        self.conduct = Some(conduct);
        Some(answer)
    }

    /// Puts tasks before all others, in their order.
    fn tasks_first(&mut self, tasks: Vec<Task>) {
        for task in tasks.into_iter().rev() {
            self.tasks.push_front(task);
        }
    }

    /// Writes, and says whether the disk did.
    fn write(&mut self, write: Write, out: &mut Outside) -> bool {
        let result = self.disk.write(write);
        self.survives(result, out)
    }

    fn flush(&mut self, part: Part, out: &mut Outside) {
        if out.settings.flush_us == 0 {
            return self.flushed(part, out);
        }
        self.flushing = true;
        let after = out.up_to(out.settings.flush_us);
        out.wake(self.id, after, Wake::Flushed(part));
    }

    fn flushed(&mut self, part: Part, out: &mut Outside) {
        let result = self.disk.flush(part);
        if self.survives(result, out) && part == Part::Store {
            self.unflushed = false;
        }
    }

    /// A disk that fails stops the node before anything that follows.
    fn survives(&mut self, result: Result<(), DiskError>, out: &mut Outside) -> bool {
        match result {
            Ok(()) => return true,
            Err(DiskError::Crash(operation)) => self.end = Some(End::Crash(operation)),
            Err(error @ (DiskError::Full | DiskError::Io)) => {
                out.facts.push((self.id, Fact::DiskFailed));
                if self.disk.is_ignored() {
                    return true;
                }
                self.end = Some(End::Stopped("disk", error.to_string()));
            }
        }
        false
    }
}

/// An L1 block as a node takes it.
fn l1_block(id: NodeId, conduct: Option<&dyn Conduct>, number: u64, out: &mut Outside) -> L1Block {
    let block = out.l1.block(number).clone();
    if conduct.is_none() && out.l1_lies.is_empty() {
        return block;
    }
    let lies = out.l1_lies.iter().filter(|lie| lie.node == id);
    let told = lies.fold(block.clone(), |block, lie| lie.tell(&out.l1, block));
    let taken = conduct.map_or_else(|| told.clone(), |conduct| conduct.l1(id, told.clone()));
    if taken != block {
        out.facts.push((id, Fact::Deceived));
    }
    taken
}

/// The number of a kind of timer.
const fn kind(timer: Timer) -> u8 {
    match timer {
        Timer::View(_) => 0,
        Timer::Retry => 1,
        Timer::Pace => 2,
        Timer::Listen => 3,
    }
}
