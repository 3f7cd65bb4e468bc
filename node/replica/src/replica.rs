//! The replica: consensus, registry, slasher and pool put together; one match decides.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::{Address, B256};
use rota_consensus::{Anchor, EpochContext, Input, LeaderSchedule, Output, Rejected, Simplex};
use rota_mempool::Mempool;
use rota_proto::{BatchHeader, ConsensusKey, Epoch, Height, Place, Round};
use rota_staking::{Registry, Slasher, Window};

use crate::{
    Arrival, Effect, Event, Halt, ReplicaConfig, Source, catch_up::CatchUp, evidence::Accused, live::LiveBatches,
    words::Ticket,
};

/// A whole sequencer without IO.
///
/// It decides everything and does nothing: [`step`](Self::step) takes what happened and gives what to do, in order.
/// The same events give the same effects.
#[derive(Debug)]
pub struct Replica {
    pub(crate) config: ReplicaConfig,
    pub(crate) consensus: Simplex,
    pub(crate) registry: Registry,
    pub(crate) slasher: Slasher,
    pub(crate) accused: Accused,
    pub(crate) pool: Mempool,
    /// Rule B13: a line for each sender of whom the authorizations of a transaction are being recovered: what came from
    /// the same side since. The host bounds how much that is.
    pub(crate) lines: BTreeMap<(Source, Address), VecDeque<Arrival>>,

    pub(crate) live: LiveBatches,
    /// The last committed batch: final, executed, durable.
    pub(crate) committed: BatchHeader,
    /// The height that is committed once all is done that was ordered.
    pub(crate) last_ordered: Height,
    /// The parents of batches that are being built, in rounds above the last final one.
    pub(crate) builds: BTreeMap<Round, B256>,
    /// Checks that consensus waits for, with the first proposer if nobody notarized the batch yet.
    pub(crate) checks: BTreeMap<B256, Option<Place>>,
    pub(crate) catch_up: CatchUp,

    /// Milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// When each L1 block that may still be adopted was first seen here.
    pub(crate) origins_seen: VecDeque<(u64, u64)>,
    /// When the last batch was committed here.
    pub(crate) committed_at_ms: u64,
    pub(crate) told_work: bool,
    /// When work appeared, or the last batch was committed since.
    pub(crate) waits_since_ms: u64,
    /// Whether there is work, or a notarized batch that is not final.
    pub(crate) waits: bool,
    /// Whether the last committed batch has no transactions.
    pub(crate) committed_empty: bool,

    pub(crate) effects: Vec<Effect>,
}

impl Replica {
    /// A replica at the head of a chain, before [`Event::Started`].
    ///
    /// # Errors
    /// [`rota_staking::EpochError`] if the registry does not know the epoch of the head yet: follow L1 first.
    pub fn new(
        config: ReplicaConfig,
        key: Option<ConsensusKey>,
        registry: Registry,
        anchor: Anchor,
    ) -> Result<Self, rota_staking::EpochError> {
        let schedule = registry.genesis().schedule;
        // The opening batch belongs to the epoch before, but for genesis.
        let epoch = if anchor.view.0 == 0 {
            schedule.epoch_of(anchor.opening.extra().origin_number).unwrap_or(anchor.opening.epoch())
        } else {
            anchor.head.epoch()
        };
        let context = epoch_context(&config, &registry, epoch)?;
        let committed = anchor.head.clone();
        let round = Round::new(epoch, anchor.view);
        let window = Window::with_views_ahead(config.consensus.limits.views_ahead);
        let pool = Mempool::new(config.pool, pool_rules(&config));
        Ok(Self {
            slasher: Slasher::new(config.domain.rollup_chain_id(), window, round),
            consensus: Simplex::new(config.consensus, schedule, key, context, anchor),
            accused: Accused::default(),
            pool,
            lines: BTreeMap::new(),
            registry,
            live: LiveBatches::default(),
            last_ordered: committed.height(),
            committed,
            builds: BTreeMap::new(),
            checks: BTreeMap::new(),
            catch_up: CatchUp::default(),
            now_ms: 0,
            origins_seen: VecDeque::new(),
            committed_at_ms: 0,
            told_work: false,
            waits_since_ms: 0,
            waits: false,
            committed_empty: true,
            effects: Vec::new(),
            config,
        })
    }

    /// Takes one event and gives what it leads to, to be done in order; the refusals it met on the way are for the
    /// caller to count and, where a peer is to blame, to score.
    pub fn step(&mut self, event: Event) -> (Vec<Effect>, Vec<Rejected>) {
        assert!(self.effects.is_empty(), "every step hands its effects over");
        let mut refusals = Vec::new();
        match event {
            Event::Started(started) => self.start(*started, &mut refusals),
            Event::Clock(now_ms) => {
                self.now_ms = now_ms;
                self.ask_after_silence();
            }
            Event::Message { from, message } => self.receive(from, message, &mut refusals),
            Event::Verified(checked) => self.take_checked(*checked, &mut refusals),
            Event::Unverified(Ticket::CatchUp) => self.catch_up.abandon(),
            Event::Unverified(Ticket::Other) => {}
            Event::Timer(timer) => self.consensus(Input::Timer(timer), &mut refusals),
            Event::Signed(vote) => self.consensus(Input::Signed(vote), &mut refusals),
            Event::Built { round, batch, refused } => self.take_built(round, *batch, &refused, &mut refusals),
            Event::NotBuilt(round) => drop(self.builds.remove(&round)),
            Event::Executed { batch, verdict } => self.take_verdict(batch, verdict, &mut refusals),
            Event::Committed(batches) => self.take_committed(batches),
            Event::L1(block) => self.take_l1(&block, &mut refusals),
            Event::Transactions(list) => self.take_transactions(list),
            Event::Recovered(recovered) => self.take_recovered(*recovered),
            Event::CaughtUp(batches) => self.take_catch_up(batches),
            Event::PeerHeight(height) => self.hear_of_height(height),
        }
        self.settle(&mut refusals);
        (std::mem::take(&mut self.effects), refusals)
    }

    /// What holds whatever the event was: waiting epochs and checks, what consensus has forgotten, the work there is.
    fn settle(&mut self, refusals: &mut Vec<Rejected>) {
        self.enter_awaited_epoch(refusals);
        self.order_checks(refusals);
        self.forget_strays();
        self.tell_work(refusals);
    }

    /// Gives consensus an input and turns its outputs into effects.
    pub(crate) fn consensus(&mut self, input: Input, refusals: &mut Vec<Rejected>) {
        match self.consensus.step(input) {
            Ok(outputs) => outputs.into_iter().for_each(|output| self.act(output)),
            Err(refusal) => self.take_refusal(refusal, refusals),
        }
    }

    /// A message from rounds that we cannot follow tells that we are behind.
    pub(crate) fn take_refusal(&mut self, refusal: Rejected, refusals: &mut Vec<Rejected>) {
        if matches!(refusal, Rejected::FutureEpoch { .. } | Rejected::FarFuture { .. }) {
            self.ask_to_catch_up();
        }
        refusals.push(refusal);
    }

    pub(crate) fn act(&mut self, output: Output) {
        match output {
            Output::Persist(record) => self.persist(record),
            Output::Sign(vote) => self.sign(vote),
            Output::Broadcast(message) => self.effects.push(Effect::Broadcast(message)),
            Output::BroadcastBody(batch) => self.broadcast_body(batch),
            Output::Send { to, message } => self.effects.push(Effect::Send { to, message }),
            Output::SetTimer { timer, after_ms } => self.effects.push(Effect::SetTimer { timer, after_ms }),
            Output::CancelViewTimer => self.effects.push(Effect::CancelViewTimer),
            Output::Build(request) => self.order_build(&request),
            Output::Check { batch, proposer } => {
                self.checks.insert(batch, proposer);
            }
            Output::Fetch(fetch) => {
                self.notice_gap(&fetch);
                self.effects.push(Effect::Fetch(fetch));
            }
            Output::ShareWork => self.share_work(),
            Output::Notarized(batch) => self.hide(batch),
            Output::Finalized { certificate, batches } => self.order_commit(certificate, batches),
            Output::EpochClosed { .. } => {}
            Output::HoldBack { floor, resume } => self.effects.push(Effect::HoldBack { floor, resume }),
            Output::Doppelganger(vote) => self.halt(Halt::Doppelganger(vote)),
            Output::OldRecord(vote) => self.effects.push(Effect::OldRecord(vote)),
            Output::Conflict { ours, theirs } => {
                self.halt(Halt::Conflict { ours: Box::new(ours.into_inner()), theirs: Box::new(theirs.into_inner()) })
            }
        }
    }

    pub(crate) fn halt(&mut self, why: Halt) {
        self.effects.push(Effect::Halt(why));
    }

    /// The rules' view of things, for RPC, health and metrics.
    #[must_use]
    pub const fn simplex(&self) -> &Simplex {
        &self.consensus
    }

    /// The transactions that wait.
    #[must_use]
    pub const fn pool(&self) -> &Mempool {
        &self.pool
    }

    /// Who may vote when, as L1 said so far.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The key of the validator that leads a round, of this epoch or of an earlier one that the registry remembers.
    #[must_use]
    pub fn leader_of(&self, round: Round) -> Option<ConsensusKey> {
        let epoch = epoch_context(&self.config, &self.registry, round.epoch).ok()?;
        epoch.set.get(epoch.leader(round.view)).map(|leader| leader.consensus_key)
    }

    /// The last committed batch: final, executed and durable.
    #[must_use]
    pub const fn committed(&self) -> &BatchHeader {
        &self.committed
    }

    /// Whether peers claim to be further than we are.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        self.catch_up.is_behind(self.committed.height())
    }

    /// For how long there has been work without a batch becoming final.
    #[must_use]
    pub const fn waits_for_finality_ms(&self) -> u64 {
        if self.waits { self.now_ms.saturating_sub(self.waits_since_ms) } else { 0 }
    }

    /// How much each queue and map holds, by name, those of consensus, slasher, registry and pool among them; no name
    /// comes twice. Votes are counted one by one.
    #[must_use]
    pub fn sizes(&self) -> Vec<(&'static str, usize)> {
        let [early, early_bytes] = self.live.early();
        let [pieces, piece_batches, offered] = self.catch_up.sizes();
        let own = [
            ("live", self.live.len()),
            ("builds", self.builds.len()),
            ("checks", self.checks.len()),
            ("early", early),
            ("early bytes", early_bytes),
            ("pieces", pieces),
            ("piece batches", piece_batches),
            ("offered", offered),
            ("origins", self.origins_seen.len()),
            ("lines", self.lines.len()),
            ("accused", self.accused.len()),
            ("lined up", self.lines.values().map(VecDeque::len).sum()),
        ];
        let parts = self.consensus.sizes().into_iter().chain(self.slasher.sizes()).chain(self.registry.sizes());
        own.into_iter().chain(parts).chain(self.pool.sizes()).collect()
    }
}

/// Set and leaders of an epoch, as the registry knows them (rule E3 of consensus). Leaders that a scenario chose
/// wait for the seed too.
pub(crate) fn epoch_context(
    config: &ReplicaConfig,
    registry: &Registry,
    epoch: Epoch,
) -> Result<EpochContext, rota_staking::EpochError> {
    let set = registry.set(epoch)?;
    let drawn = LeaderSchedule::Drawn(registry.leader_seed(epoch)?);
    Ok(EpochContext { set, leaders: config.leaders.clone().map_or(drawn, LeaderSchedule::Chosen) })
}

fn pool_rules(config: &ReplicaConfig) -> rota_mempool::ChainRules {
    rota_mempool::ChainRules {
        chain_id: config.rules.chain_id,
        gas_limit: config.rules.gas_limit,
        base_fee_min: config.rules.minimum_base_fee_wei,
    }
}
