//! The driver: the one task that owns the replica and carries out what it wants, in order.

mod acts;
mod arrivals;
mod evidence;
mod heard;
mod inbox;
mod inquest;
mod metrics;
mod newcomers;
mod recovery;
mod serve;
mod shares;
mod timers;

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use libp2p::PeerId;
use rota_consensus::Rejected;
use rota_proto::{
    BatchHeader, ConsensusKey, Epoch, FinalBatch, Height, Message, Round, SigningDomain, ValidatorSet, View,
};
use rota_replica::{CommittedBatch, Event, Halt, Replica};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::{
    evidence::{BookError, Docket},
    executor::{ExecutorError, Jobs},
    l1::L1Client,
    network::{Misbehaviour, NetworkEvents, NetworkHandle, Seen},
    rewards::Told,
    signer::{Hand, SignError},
    status::{ChainStatus, Health},
    store::{Head, Store, StoreError, StoredBatch},
};

use arrivals::Arrivals;
use evidence::Accusations;
use heard::Finding;
pub use inbox::{Submission, Submitted};
pub use metrics::Metrics;
use newcomers::Newcomers;
use recovery::{Found, Recovery};
use serve::Given;
use timers::Timers;

/// Verified messages whose gossip copies are known again: some seconds of a hundred validators.
const VOUCHED_MAX: usize = 8_192;

/// Waiting for finality longer than this is told when it ends.
const GAP_TOLD_MS: u64 = 1_000;

/// The replica acts on no older time.
const CLOCK_AGE_MAX: Duration = Duration::from_millis(20);

/// How often it hears the time while nothing happens. Each tick costs four switches between threads.
const CLOCK_TICK: Duration = Duration::from_millis(100);

/// Answers of peers that may wait for the driver.
const GIVEN_MAX: usize = 64;

/// Messages of transactions, their senders recovered, that may wait for the driver.
const FOUND_MAX: usize = 64;

/// Peers' questions that are answered from the store at a time: megabytes are read and encoded for one.
const SERVED_AT_ONCE: usize = 2;

/// Live records are pruned once in so many batches.
const PRUNED_EVERY: u64 = 64;

/// Why the driver stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The replica says that going on would be unsafe or useless.
    #[error("the node halted: {0}")]
    Halted(#[source] Box<Halt>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Evidence could not be kept.
    #[error(transparent)]
    Evidence(#[from] BookError),
    /// The guard's record failed, or the signer is none that can be used.
    #[error("the signer failed: {0}")]
    Signer(#[source] Box<SignError>),
    /// The executor stopped.
    #[error("the executor stopped: {0}")]
    Executor(#[source] Box<ExecutorError>),
    /// The executor's thread is gone without a word.
    #[error("the executor is gone")]
    ExecutorGone,
}

/// What the driver is made of.
pub struct Parts {
    /// The replica, not started yet.
    pub replica: Replica,
    /// The signer, if the node is to vote.
    pub signer: Option<Hand>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The executor.
    pub jobs: Jobs,
    /// The network.
    pub network: NetworkHandle,
    /// What the network says.
    pub network_events: NetworkEvents,
    /// What the executor, L1 and others say.
    pub events: mpsc::Receiver<Event>,
    /// To be given to those others.
    pub event_sender: mpsc::Sender<Event>,
    /// Transactions from users.
    pub submissions: mpsc::Receiver<Submission>,
    /// Where the node's other parts look.
    pub status: watch::Sender<ChainStatus>,
    /// What signatures are bound to.
    pub domain: SigningDomain,
    /// L1, to know whether its endpoints disagree.
    pub l1: L1Client,
    /// Transactions that went into the journal, or left it.
    pub journal: Option<crate::journal::JournalFile>,
    /// Where attestations of peers go.
    pub attestations: mpsc::Sender<Told>,
    /// What is counted.
    pub metrics: Metrics,
    /// The evidence that is kept.
    pub docket: Docket,
    /// How long certificates are kept: L1 takes evidence for so many epochs.
    pub evidence_epochs: u64,
}

/// The task.
pub struct Driver {
    parts: Parts,
    timers: Timers,
    /// When the replica last heard the time.
    clock_at: Instant,
    /// Events of our own making, taken before any other.
    queue: VecDeque<Event>,
    /// The transactions that the replica has not answered yet.
    arrivals: Arrivals,
    peers: usize,
    newcomers: Newcomers,
    accusations: Accusations,
    highest: u64,
    /// The validators of the current epoch, without ourselves.
    others: Vec<ConsensusKey>,
    /// What the message at hand turned out to be, if it was looked at.
    finding: Option<Finding>,
    /// Whether a certificate was kept that is not durable yet.
    unflushed: bool,
    recovery: Recovery,
    /// Transactions of peers whose senders are known.
    found: mpsc::Receiver<Found>,
    /// What peers gave that were asked.
    given: (mpsc::Sender<Given>, mpsc::Receiver<Given>),
    /// Who gave the final batches that are being followed.
    gave_batches: Option<PeerId>,
    /// Questions that are answered from the store at a time: validators', and everyone's.
    serving: (Arc<Semaphore>, Arc<Semaphore>),
    /// Votes, certificates and proposals whose signatures stood, so that a copy need not be verified again.
    vouched: Seen,
    halted: Option<DriverError>,
}

impl Driver {
    /// A driver that has done nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let (sender, found) = mpsc::channel(FOUND_MAX);
        Self {
            recovery: Recovery::new(&parts, sender),
            found,
            parts,
            timers: Timers::default(),
            clock_at: Instant::now(),
            queue: VecDeque::new(),
            arrivals: Arrivals::default(),
            peers: 0,
            newcomers: Newcomers::default(),
            accusations: Accusations::new(Instant::now()),
            highest: 0,
            others: Vec::new(),
            finding: None,
            unflushed: false,
            given: mpsc::channel(GIVEN_MAX),
            gave_batches: None,
            serving: (Arc::new(Semaphore::new(SERVED_AT_ONCE)), Arc::new(Semaphore::new(SERVED_AT_ONCE))),
            vouched: Seen::new(VOUCHED_MAX),
            halted: None,
        }
    }

    /// Runs until `shutdown` or until it must stop by itself.
    ///
    /// # Errors
    /// [`DriverError`] says why it must.
    pub async fn run(mut self, started: Event, mut shutdown: watch::Receiver<bool>) -> Result<(), DriverError> {
        let ended = self.drive(started, &mut shutdown).await;
        if let Err(DriverError::Halted(why)) = &ended {
            self.inquire(why, &mut shutdown).await?;
        }
        ended
    }

    async fn drive(&mut self, started: Event, shutdown: &mut watch::Receiver<bool>) -> Result<(), DriverError> {
        let set = self.parts.replica.simplex().set(self.parts.replica.simplex().round().epoch).cloned();
        if let Some(set) = set {
            self.meet(&set);
        }
        self.queue.push_back(Event::Clock(now_ms()));
        self.take(started)?;
        let mut clock = tokio::time::interval(CLOCK_TICK);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = shutdown.changed() => return Ok(()),
                _ = &mut self.parts.jobs.ended => return Err(DriverError::ExecutorGone),
                timer = self.timers.next() => self.take(Event::Timer(timer))?,
                answered = acts::answered(&mut self.parts.signer) => self.take_answered(answered)?,
                Some(event) = self.parts.events.recv() => self.take(event)?,
                Some(given) = self.given.1.recv() => self.take_given(given)?,
                Some(found) = self.found.recv() => self.take_found(found)?,
                Some(event) = self.parts.network_events.recv() => self.hear(event)?,
                Some(submission) = self.parts.submissions.recv() => self.submit(submission)?,
                _ = clock.tick() => {
                    self.pass_time();
                    self.work()?;
                }
            }
        }
    }

    /// Gives the replica an event and does what it wants.
    fn take(&mut self, event: Event) -> Result<(), DriverError> {
        self.pass_time();
        self.queue.push_back(event);
        self.work()
    }

    /// Tells the replica the time, if what it knows of it is old, and newcomers what is due.
    fn pass_time(&mut self) {
        if self.clock_at.elapsed() >= CLOCK_AGE_MAX {
            self.clock_at = Instant::now();
            self.tell_newcomers();
            self.tell_evidence_to_newcomers();
            self.queue.push_back(Event::Clock(now_ms()));
        }
    }

    /// Does what the replica wants, until nothing is left to do.
    fn work(&mut self) -> Result<(), DriverError> {
        while let Some(event) = self.queue.pop_front() {
            if let Event::Committed(batches) = &event {
                self.tell_committed(batches)?;
            }
            let (effects, refusals) = self.parts.replica.step(event);
            refusals.iter().for_each(|refusal| self.count(refusal));
            for effect in effects {
                self.act(effect)?;
                // Nothing after it: a vote among it may be the one that must not be signed.
                if let Some(error) = self.halted.take() {
                    return Err(error);
                }
            }
        }
        self.tell_gone_by();
        self.tell_status();
        Ok(())
    }

    /// One line a final batch; and, from whoever led the round, the batch itself for those who do not vote.
    fn tell_committed(&mut self, batches: &[CommittedBatch]) -> Result<(), DriverError> {
        let waited_ms = self.parts.replica.waits_for_finality_ms();
        self.parts.metrics.waited(waited_ms);
        if waited_ms > GAP_TOLD_MS {
            tracing::warn!(waited_ms, "finality is back after a gap");
        }
        for batch in batches {
            self.parts.metrics.finalized(batch.transactions.len());
            let (height, hash, transactions) = (batch.height, batch.hash, batch.transactions.len());
            tracing::info!(%height, %hash, transactions, "final");
        }
        let Some(last) = batches.last() else { return Ok(()) };
        self.forget_live(last.height)?;
        self.complain(self.parts.network.set_head(last.height, last.hash));
        if let Some(stored) = self.parts.store.batch_by_height(last.height.0)?.filter(|stored| self.led(stored)) {
            let StoredBatch { header, body, finalization, .. } = stored;
            let batch = FinalBatch { header, transactions: body, finalization };
            self.complain(self.parts.network.publish(&Message::FinalBatch(Box::new(batch))));
        }
        Ok(())
    }

    /// Candidates below what is final and durable, and certificates below the evidence window, are of no more use.
    fn forget_live(&self, height: Height) -> Result<(), DriverError> {
        // Now and then is enough: every scan costs.
        if !height.0.is_multiple_of(PRUNED_EVERY) {
            return Ok(());
        }
        let Some(Head { round, .. }) = self.parts.store.head()? else { return Ok(()) };
        let kept = Round::new(Epoch(round.epoch.0.saturating_sub(self.parts.evidence_epochs)), View::ZERO);
        Ok(self.parts.store.prune_live(round, kept)?)
    }

    /// Whether we led the round in which a batch became final. It may be of the epoch that the batch closed.
    fn led(&self, stored: &StoredBatch) -> bool {
        let round = stored.finalization.as_ref().map(|certificate| certificate.vote.round);
        let leader = round.and_then(|round| self.parts.replica.leader_of(round));
        leader.is_some() && leader == self.parts.signer.as_ref().map(Hand::consensus_key)
    }

    fn count(&mut self, refusal: &Rejected) {
        tracing::trace!(%refusal, "refused");
        self.parts.metrics.refused(refusal.name());
        if matches!(refusal, Rejected::WrongBody(_)) {
            self.finding = Some(Finding::Fault(Misbehaviour::InvalidContent));
        }
    }

    /// The sets change: whom to speak to, whose records to believe.
    fn meet(&mut self, set: &Arc<ValidatorSet>) {
        let ours = self.parts.signer.as_ref().map(Hand::consensus_key);
        self.others =
            set.iter().map(|(_, validator)| validator.consensus_key).filter(|key| Some(*key) != ours).collect();
        let mut known: std::collections::BTreeSet<_> = self.others.iter().copied().collect();
        if let Ok(next) = self.parts.replica.registry().set(set.epoch().next()) {
            known.extend(next.iter().map(|(_, validator)| validator.consensus_key));
        }
        self.complain(self.parts.network.set_validators(known));
    }

    /// What the network did not take is lost, as a message may be.
    fn complain(&self, result: Result<(), crate::network::CommandError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "not sent");
        }
    }

    fn tell_status(&self) {
        self.tell_health(self.health());
    }

    fn tell_health(&self, health: Health) {
        let replica = &self.parts.replica;
        let simplex = replica.simplex();
        let set = simplex.set(simplex.round().epoch);
        let leader = set.and_then(|set| set.get(simplex.leader())).map(|validator| validator.consensus_key);
        let newest = replica.registry().newest();
        let pool = replica.pool().totals();
        let status = ChainStatus {
            head: replica.committed().clone(),
            pending: simplex.notarized_head().cloned(),
            round: simplex.round(),
            leader,
            validator: self.parts.signer.as_ref().map(Hand::consensus_key),
            power: simplex.place().and_then(|place| Some(set?.get(place)?.power)),
            l1: (newest.number, newest.hash),
            pool: (pool.pending, pool.queued),
            peers: self.peers,
            highest: self.highest,
            health,
        };
        self.parts.metrics.show(&status);
        self.parts.status.send_if_modified(|known| {
            let changed = known.head.hash() != status.head.hash()
                || known.pending.as_ref().map(BatchHeader::hash) != status.pending.as_ref().map(BatchHeader::hash)
                || known.round != status.round
                || known.pool != status.pool
                || known.health != status.health
                || known.l1 != status.l1;
            *known = status;
            changed
        });
    }
}

/// Milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
