//! A node: the production core with everything around it that does what it asks for (rule D2).

mod catch_up;
mod effects;
mod execution;
mod messages;
mod start;
mod verify;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use alloy_primitives::B256;
use rota_consensus::{Input, Output, Rejected, Simplex, Timer};
use rota_proto::{
    BatchHeader, BodyMessage, Certificate, Epoch, FinalBatch, Message, Place, Round, ValidatorSet, Verified, Vote,
};
use rota_staking::{GuardFile, SafetyRecord, Slasher};

use super::{
    conduct::{Body, Conduct, Deed, Hands},
    disk::Disk,
    facts::Fact,
    outside::{Outside, Wake},
    pool::Pool,
    queue::Time,
    story::{Brief, NodeId},
};

/// Something that the host has to do, in order; a crash may fall before any of them (rule D6).
#[derive(Debug)]
pub enum Task {
    /// An effect of the core.
    Effect(Box<Output>),
    /// A deed of a conduct.
    Deed(Deed),
    /// Wait until everything written is durable.
    Flush,
    /// The guard's record is durable: sign.
    Signature(Vote),
    /// The store has these batches: tell everyone that they are final.
    Told(Verified<Certificate>, Vec<B256>),
}

/// A batch whose check waits for L1 or the clock.
#[derive(Clone, Copy, Debug)]
struct Check {
    batch: B256,
    proposer: Option<Place>,
}

/// A node that is up.
#[derive(Debug)]
pub struct Host {
    id: NodeId,
    core: Simplex,
    disk: Disk,
    guard: SafetyRecord,
    guard_file: GuardFile,
    slasher: Slasher,
    conduct: Option<Box<dyn Conduct>>,

    /// Headers and bodies of batches that are not final.
    headers: BTreeMap<B256, BatchHeader>,
    bodies: BTreeMap<B256, Body>,
    /// Bodies that came before their header.
    unmatched: VecDeque<BodyMessage>,
    checks: Vec<Check>,
    /// The epoch whose set the core waits for.
    epoch_due: Option<Epoch>,
    /// Final batches that peers sent, as far as they could not be used yet.
    backlog: VecDeque<FinalBatch>,

    tasks: VecDeque<Task>,
    flushing: bool,
    /// How often a timer of each kind was set.
    timers: BTreeMap<u8, u64>,
    pool: Pool,
    work: bool,
    last_final: Time,
    round: Round,
    /// When we last asked for final batches, and told somebody how far we are.
    asked: Option<Time>,
    told: BTreeMap<NodeId, Time>,
    accused: BTreeSet<NodeId>,
    /// In this life.
    epochs_begun: u64,
}

impl Host {
    /// What it is woken for.
    pub fn wake(&mut self, wake: Wake, out: &mut Outside) {
        match wake {
            Wake::Timer(timer, number) if self.timers.get(&kind(timer)) == Some(&number) => {
                out.story.tell(self.id, &[2, kind(timer).into()], || format!("timer {timer:?}"));
                self.step(Input::Timer(timer), out).ok();
                if timer == Timer::Retry {
                    self.report_sizes(out);
                }
            }
            Wake::Timer(..) | Wake::Look => {}
            Wake::Flushed => {
                self.flushing = false;
                self.disk.flush();
            }
            Wake::Input(input) => {
                self.step(*input, out).ok();
            }
        }
        self.look(out);
    }

    /// Looks again at everything that waits for L1, the clock or work.
    pub fn look(&mut self, out: &mut Outside) {
        self.look_at_checks(out);
        self.look_for_epoch(out);
        self.look_for_work(out);
    }

    /// The next task, unless a flush is under way.
    pub fn next_task(&mut self) -> Option<Task> {
        if self.flushing { None } else { self.tasks.pop_front() }
    }

    /// A client brings a transaction.
    pub fn submit(&mut self, transaction: u64, out: &mut Outside) {
        if !self.disk.is_spent(transaction) {
            self.pool.add(transaction);
            let list = vec![super::batch::encode_transaction(transaction)];
            out.send_all(self.id, Message::Transactions(list));
        }
        self.look(out);
    }

    /// One step of the core; what it asks for is done after everything before it.
    fn step(&mut self, input: Input, out: &mut Outside) -> Result<(), Rejected> {
        match self.core.step(input) {
            Ok(effects) => {
                self.tasks.extend(effects.into_iter().map(Box::new).map(Task::Effect));
                self.observe_round(out);
                Ok(())
            }
            Err(rejected) => {
                out.stats.rejected += 1;
                out.story.tell(self.id, &[3], || format!("  refuses: {rejected}"));
                Err(rejected)
            }
        }
    }

    fn observe_round(&mut self, out: &mut Outside) {
        let round = self.core.round();
        if round == self.round {
            return;
        }
        self.round = round;
        let leader = usize::from(self.core.leader().number());
        out.story.tell(self.id, &[4, round.epoch.0, round.view.0], || format!("enters {round}, led by n{leader}"));
        out.facts.push((self.id, Fact::Entered { round, leader }));
    }

    fn report_sizes(&self, out: &mut Outside) {
        let unfinal_views = self.core.round().view.0 - self.core.finalized_view().0;
        out.facts.push((self.id, Fact::Sizes { sizes: self.core.sizes(), unfinal_views }));
    }

    /// The set that verifies messages of an epoch.
    fn set(&self, epoch: Epoch) -> Option<Arc<ValidatorSet>> {
        self.core.set(epoch).cloned()
    }

    /// The header of a batch that is final last or not final yet.
    fn header(&self, batch: B256) -> Option<&BatchHeader> {
        self.headers.get(&batch).or_else(|| self.core.header(batch)).or_else(|| {
            let tip = &self.disk.tip().header;
            Some(tip).filter(|tip| tip.hash() == batch)
        })
    }

    /// Asks the conduct of the node, if it has one, with everything it may use.
    fn with_conduct<T>(
        &mut self,
        out: &mut Outside,
        ask: impl FnOnce(&mut dyn Conduct, &mut Hands<'_>) -> T,
    ) -> Option<T> {
        let mut conduct = self.conduct.take()?;
        let mut hands = Hands { node: self.id, core: &self.core, bodies: &self.bodies, outside: out };
        let answer = ask(conduct.as_mut(), &mut hands);
        self.conduct = Some(conduct);
        Some(answer)
    }

    /// Rule I1: transactions that wait, an L1 block that closes the epoch, or nothing final for too long.
    fn look_for_work(&mut self, out: &mut Outside) {
        let settled = out.l1.epoch_of(out.station(self.id).l1_settled);
        let closing = settled > self.core.round().epoch;
        let due = out.queue.now().ms_since(self.last_final) >= out.settings.heartbeat_ms;
        let work = closing || due || self.pool.has_work();
        if work != self.work {
            self.work = work;
            out.story.tell(self.id, &[5, work.into()], || (if work { "has work" } else { "has no work" }).to_owned());
            self.step(Input::Work(work), out).ok();
        }
    }

    /// Gives the core the next epoch once L1 told who is in it.
    fn look_for_epoch(&mut self, out: &mut Outside) {
        let Some(next) = self.epoch_due else { return };
        if out.station(self.id).l1_seen < out.l1.block_before(next) {
            return;
        }
        let context = self.context(next, out);
        self.epoch_due = None;
        out.story.tell(self.id, &[6, next.0], || format!("begins epoch {next}"));
        self.epochs_begun += 1;
        out.stats.epochs = out.stats.epochs.max(self.epochs_begun);
        self.step(Input::Epoch(context), out).ok();
        self.slasher.finalized(Round::new(next, rota_proto::View::ZERO));
        self.use_backlog(out);
    }

    /// Set and leaders of an epoch as this node takes them.
    fn context(&self, epoch: Epoch, out: &mut Outside) -> rota_consensus::EpochContext {
        let context = out.l1.context(epoch);
        match &self.conduct {
            Some(conduct) => conduct.context(self.id, context),
            None => context,
        }
    }

    /// Names whom a vote convicts.
    fn observe(&mut self, signed: Verified<rota_proto::SignedVote>, set: &ValidatorSet, out: &mut Outside) {
        let Some(evidence) = self.slasher.observe(signed, set) else { return };
        let accused = usize::from(evidence.place().number());
        if self.accused.insert(accused) {
            let offence = evidence.offence();
            out.story.tell(self.id, &[7, accused as u64], || format!("proves {offence} against n{accused}"));
            out.facts.push((self.id, Fact::Accuses(accused)));
        }
    }

    /// Keeps a body that its header names.
    fn keep_body(&mut self, batch: B256, bytes: alloy_primitives::Bytes, out: &mut Outside) {
        let transactions = super::batch::transactions_of(&bytes);
        self.bodies.insert(batch, Body { bytes, transactions });
        out.story.tell(self.id, &[8, super::story::short(batch)], || format!("has body of {}", Brief(batch)));
        self.step(Input::Body(batch), out).ok();
    }
}

/// The number of a kind of timer.
const fn kind(timer: Timer) -> u8 {
    match timer {
        Timer::View(_) => 0,
        Timer::Retry => 1,
        Timer::Pace => 2,
    }
}
