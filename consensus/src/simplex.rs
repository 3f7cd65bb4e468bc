//! The state machine: one match decides, helpers in the neighbouring files do one rule each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::B256;
use rota_proto::{
    BatchHeader, Certificate, ConsensusKey, Epoch, EpochSchedule, Fetch, Place, Round, ValidatorSet, Verified, View,
    Vote, VoteKind,
};

use crate::{
    Anchor, Config, EpochContext, GuardRecord, Input, Output, Rejected,
    epoch::PastEpoch,
    startup::Startup,
    tree::Tree,
    view::{OwnVotes, ViewState},
};

/// Stake-weighted Simplex as one node runs it, validator or not.
///
/// It does no IO: [`step`](Self::step) takes what happened and gives what to do. The same inputs give the same
/// outputs, byte for byte.
#[derive(Clone, Debug)]
pub struct Simplex {
    pub(crate) config: Config,
    pub(crate) schedule: EpochSchedule,
    /// Our key, if we are to vote wherever it has a place.
    pub(crate) key: Option<ConsensusKey>,

    pub(crate) epoch: EpochContext,
    pub(crate) me: Option<Place>,
    /// The batch the epoch opened on, final at view 0.
    pub(crate) opening: B256,
    /// The epoch that the final closing batch opens, while its set is awaited.
    pub(crate) closed: Option<Epoch>,
    pub(crate) past: BTreeMap<Epoch, PastEpoch>,

    pub(crate) view: View,
    /// Who leads `view`: drawn once, as every step asks.
    pub(crate) leader: Place,
    pub(crate) entered_by: Option<Verified<Certificate>>,
    /// From the last final view on.
    pub(crate) views: BTreeMap<View, ViewState>,
    pub(crate) tree: Tree,
    /// The last final view, and what made it so; the opening batch needs nothing.
    pub(crate) finalized: View,
    pub(crate) finalization: Option<Verified<Certificate>>,
    /// Which batch of the final chain was notarized in which view, as far back as conflicts are looked for.
    pub(crate) final_chain: BTreeMap<View, B256>,

    /// The conflicting finalization that was reported last, so that it is reported once.
    pub(crate) reported: Option<Vote>,

    /// Notarized views for which our finalize vote is to be considered.
    pub(crate) to_finalize: BTreeSet<View>,
    pub(crate) wanted: BTreeSet<Fetch>,
    pub(crate) building: Option<Round>,
    pub(crate) startup: Option<Startup>,
    /// A vote of ours from here on that we did not sign is another process's (rules S4, S5); none if we do not listen.
    pub(crate) listens_from: Option<Round>,
    /// The guard's record as the start found it: the votes in it count as cast, also in epochs we have yet to reach.
    pub(crate) record: GuardRecord,
    /// We sign nothing below this round, and nothing but nullify votes below `resume` (rule S3).
    pub(crate) floor: Round,
    pub(crate) resume: Round,

    pub(crate) host_work: bool,
    /// Whether the timer of the view runs.
    pub(crate) armed: bool,
    /// Whether it was started, and not forgotten for want of work: it runs or has run out (rule L2).
    pub(crate) timed: bool,
    /// Whether the batch interval has passed since the last proposal.
    pub(crate) paced: bool,
    /// Views left since the last finalization that we had nullified, with work (rule T2).
    pub(crate) failures: u32,
    /// Views in a row in which a quorum, but not this validator, was heard.
    pub(crate) silence: BTreeMap<Place, u32>,

    pub(crate) out: Vec<Output>,
}

impl Simplex {
    /// The state machine at the head of a chain, before [`Input::Started`].
    ///
    /// `key` is ours if the node is to vote in the epochs in which the key has a place.
    #[must_use]
    pub fn new(
        config: Config,
        schedule: EpochSchedule,
        key: Option<ConsensusKey>,
        epoch: EpochContext,
        anchor: Anchor,
    ) -> Self {
        let me = key.and_then(|key| epoch.set.place_of(&key));
        let view = anchor.view.next();
        let leader = epoch.leader(view);
        let mut this = Self {
            config,
            schedule,
            key,
            epoch,
            me,
            opening: anchor.opening.hash(),
            closed: None,
            past: BTreeMap::new(),
            view,
            leader,
            entered_by: None,
            views: BTreeMap::new(),
            tree: Tree::new(anchor.head.clone()),
            finalized: anchor.view,
            finalization: None,
            final_chain: [(anchor.view, anchor.head.hash())].into(),
            reported: None,
            to_finalize: BTreeSet::new(),
            wanted: BTreeSet::new(),
            building: None,
            startup: Some(Startup::default()),
            listens_from: None,
            record: GuardRecord::default(),
            floor: Round::default(),
            resume: Round::default(),
            host_work: false,
            armed: false,
            timed: false,
            paced: true,
            failures: 0,
            silence: BTreeMap::new(),
            out: Vec::new(),
        };
        this.closed = Some(this.tree.root()).filter(|head| this.closes(head)).map(|head| this.epoch_of_origin(head));
        this
    }

    /// Takes one input and gives what it leads to, to be done in order.
    ///
    /// # Errors
    /// [`Rejected`] names why the input changes nothing.
    pub fn step(&mut self, input: Input) -> Result<Vec<Output>, Rejected> {
        assert!(self.out.is_empty(), "every step hands its outputs over");
        match self.take(input) {
            // What says nothing new of the chain may still tell of our own votes (rules S3 to S5).
            Err(refusal) if self.out.is_empty() => return Err(refusal),
            Ok(()) | Err(_) => {}
        }
        self.settle();
        Ok(std::mem::take(&mut self.out))
    }

    fn take(&mut self, input: Input) -> Result<(), Rejected> {
        match input {
            Input::Started(durable) => self.start(*durable),
            Input::Vote(vote) => self.take_vote(vote)?,
            Input::Certificate(certificate) => self.take_certificate(certificate)?,
            Input::Proposal(proposal) => self.take_proposal(&proposal)?,
            Input::Header(header) => self.take_header(*header)?,
            Input::Body(batch) => self.take_body(batch)?,
            Input::Built { round, header } => self.take_built(round, *header)?,
            Input::Checked { batch, valid } => self.take_verdict(batch, valid)?,
            Input::Signed(vote) => self.take_own(vote)?,
            Input::Timer(timer) => self.take_timer(timer)?,
            Input::Work(work) => self.host_work = work,
            Input::Fetch { from, fetch } => self.answer_fetch(from, fetch)?,
            Input::RoundQuery(from) => self.answer_round_query(from),
            Input::RoundAnswer { from, entered_by, votes } => self.take_round_answer(from, entered_by, votes)?,
            Input::Epoch(epoch) => self.enter_epoch(epoch)?,
        }
        Ok(())
    }

    /// The rules that hold whatever the input was, in this order; each does nothing when there is nothing to do.
    fn settle(&mut self) {
        self.finalize();
        if self.closed.is_none() {
            self.arm_timer();
            self.cast_finalize();
            self.notarize();
            self.propose();
        }
    }

    /// The round we are in.
    #[must_use]
    pub fn round(&self) -> Round {
        self.round_of(self.view)
    }

    /// The last final batch.
    #[must_use]
    pub const fn head(&self) -> &BatchHeader {
        self.tree.root()
    }

    /// The last final view of the epoch; 0 while only its opening batch is final.
    #[must_use]
    pub const fn finalized_view(&self) -> View {
        self.finalized
    }

    /// Whether a finalization is known whose batch, or what leads to it, is missing here.
    #[must_use]
    pub fn awaits_final(&self) -> bool {
        self.views.range(self.finalized.next()..).any(|(_, state)| state.finalization().is_some())
    }

    /// Our place in the set of the epoch.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        self.me
    }

    /// Who leads the current view.
    #[must_use]
    pub const fn leader(&self) -> Place {
        self.leader
    }

    /// The set that verifies messages of an epoch: ours, or of one that ended not long ago.
    #[must_use]
    pub fn set(&self, epoch: Epoch) -> Option<&Arc<ValidatorSet>> {
        if epoch == self.epoch.set.epoch() {
            Some(&self.epoch.set)
        } else {
            self.past.get(&epoch).map(|past| &past.set)
        }
    }

    /// The header of a batch at or above the last final one.
    #[must_use]
    pub fn header(&self, batch: B256) -> Option<&BatchHeader> {
        self.tree.header(batch)
    }

    /// The highest notarized batch above the final one whose ancestors are all known: what `pending` speaks of.
    #[must_use]
    pub fn notarized_head(&self) -> Option<&BatchHeader> {
        let notarized = |state: &ViewState| state.notarization().map(|certificate| certificate.vote.batch);
        let batch = self.views.range(self.finalized.next()..).rev().find_map(|(_, state)| notarized(state))?;
        self.tree.path(batch).and_then(|_| self.tree.header(batch))
    }

    /// How much each queue and map holds, by name: each has a bound. What views hold is counted over all of them.
    #[must_use]
    pub fn sizes(&self) -> [(&'static str, usize); 12] {
        let of_views = |count: fn(&ViewState) -> usize| self.views.values().map(count).sum::<usize>();
        [
            ("views", self.views.len()),
            ("view votes", of_views(ViewState::votes_kept)),
            ("certificates", of_views(|state| state.certificates().count())),
            ("proposals", of_views(|state| state.offers.len())),
            ("batches", self.tree.len()),
            ("wanted", self.wanted.len()),
            ("to finalize", self.to_finalize.len()),
            ("final chain", self.final_chain.len()),
            ("past epochs", self.past.len()),
            ("silence", self.silence.len()),
            ("answers", self.startup.as_ref().map_or(0, Startup::answers)),
            ("record", self.record.votes.len()),
        ]
    }

    pub(crate) fn round_of(&self, view: View) -> Round {
        Round::new(self.epoch.set.epoch(), view)
    }

    pub(crate) fn leader_of(&self, view: View) -> Place {
        if view == self.view { self.leader } else { self.epoch.leader(view) }
    }

    pub(crate) fn leads(&self, view: View) -> bool {
        self.me == Some(self.leader_of(view))
    }

    /// Whether we may ask for a signature at all.
    pub(crate) fn votes(&self) -> bool {
        self.me.is_some() && self.startup.is_none() && self.closed.is_none()
    }

    pub(crate) fn own(&self, view: View) -> OwnVotes {
        self.views.get(&view).map_or_else(OwnVotes::default, |state| state.own)
    }

    pub(crate) fn state(&mut self, view: View) -> &mut ViewState {
        self.views.entry(view).or_default()
    }

    /// Whether this batch closes its epoch: its L1 origin lies beyond (rule E1).
    pub(crate) fn closes(&self, header: &BatchHeader) -> bool {
        header.hash() != self.opening && self.epoch_of_origin(header) > header.epoch()
    }

    /// The epoch of a batch's L1 origin. An origin that lies in none, before the first or beyond the last, leaves the
    /// epoch as it is.
    pub(crate) fn epoch_of_origin(&self, header: &BatchHeader) -> Epoch {
        self.schedule.epoch_of(header.extra().origin_number).unwrap_or(header.epoch())
    }

    /// Asks for our signature and remembers that we did: from here on the vote counts as cast, whatever crashes.
    pub(crate) fn sign(&mut self, vote: Vote) {
        assert!(self.votes(), "only a validator in an open epoch votes");
        assert!(vote.round >= self.floor, "nothing is signed below the floor");
        assert!(vote.kind == VoteKind::Nullify || vote.round >= self.resume, "S3: only nullify votes while held back");
        let own = &mut self.state(vote.round.view).own;
        match vote.kind {
            VoteKind::Notarize => {
                assert!(own.notarize.is_none(), "one notarize vote a view");
                own.notarize = Some(vote.batch);
            }
            VoteKind::Nullify => {
                assert!(own.finalize.is_none(), "no nullify vote after finalize");
                own.nullify = true;
            }
            VoteKind::Finalize => {
                assert!(!own.nullify && own.finalize.is_none(), "one finalize vote, and none after nullify");
                own.finalize = Some(vote.batch);
            }
        }
        self.out.push(Output::Sign(vote));
    }

    /// Asks the peers for a missing piece, once; the retry timer repeats it while it is missing (rule R3). A body is
    /// usually on its way beside its proposal, so that only the retry timer asks for it.
    pub(crate) fn want(&mut self, fetch: Fetch) {
        let fresh = self.wanted.len() < self.config.limits.wanted && self.wanted.insert(fetch);
        if fresh && !matches!(fetch, Fetch::Body(_)) {
            self.out.push(Output::Fetch(fetch));
        }
    }

    /// Asks for what is missing of a batch and its ancestors down to the final one; true if anything is.
    pub(crate) fn want_missing(&mut self, batch: B256, round: Round) -> bool {
        let missing = self.tree.missing(batch, round);
        for fetch in &missing {
            self.want(*fetch);
        }
        !missing.is_empty()
    }
}
