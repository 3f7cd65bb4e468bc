//! Starting, and starting again (rules S).

use rota_proto::{
    Certificate, ConsensusKey, Message, Place, Round, RoundAnswer, SignedVote, Signers, Verified, View, Vote, VoteKind,
};

use crate::{
    Durable, Output, Rejected, Simplex, Timer,
    view::{Offer, ViewState},
};

/// What a starting validator has heard so far. Until it is done it signs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Startup {
    phase: Phase,
    answered: Signers,
    /// The newest vote of ours that the guard's record lacks: the record is an old copy, or the key signs elsewhere.
    lost: Option<Vote>,
    /// How long to listen; not at all if it is 0.
    listen_ms: u64,
}

/// How far a start is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// A quorum has yet to answer (rule S2).
    #[default]
    Asking,
    /// A quorum has answered; the timer runs, and one validator after another is asked (rule S4). The last was this.
    Listening(Option<Place>),
    /// The timer has run out; a quorum has yet to answer once more (rule S4).
    AskingAgain,
}

impl Startup {
    /// How many have answered.
    pub(crate) const fn answers(&self) -> usize {
        self.answered.len()
    }

    const fn is_listening(&self) -> bool {
        matches!(self.phase, Phase::Listening(_))
    }
}

/// Views from the one we are in that a lost vote of ours can lie in: whoever voted in the view before its view has
/// entered that one at least, and a quorum of them has answered.
const DOUBTFUL_VIEWS: u64 = 2;

/// Views beyond those that a validator sees pass in silence before it votes, if a vote of its own was lost: in each of
/// them a second holder of the key would have voted (rule S4).
const SILENT_VIEWS: u64 = 2;

impl Simplex {
    /// Rule S1: takes up what was durable. The votes are said again by the retry timer.
    pub(crate) fn start(&mut self, durable: Durable) {
        let epoch = self.epoch.set.epoch();
        self.record = durable.record;
        self.record.votes.extend(durable.votes.iter().map(|signed| signed.vote));
        (self.floor, self.resume) = (self.record.floor, self.record.resume);
        for candidate in durable.proposals {
            let (round, header) = (candidate.round, candidate.header.clone());
            let batch = header.hash();
            self.know_header(header, round);
            if let Some(node) = self.tree.get_mut(batch) {
                node.body = true;
            }
            if round.epoch == epoch && round.view > self.finalized {
                self.state(round.view).offers.insert(batch, Offer { candidate, vote: None });
            }
        }
        let live = durable.certificates.into_iter().filter(|certificate| certificate.vote.round.epoch == epoch);
        for certificate in live {
            if certificate.vote.round.view == self.finalized {
                self.restore_final(certificate);
            } else {
                self.keep_certificate(certificate);
            }
        }
        self.import(durable.votes);
        self.remember_record();
        self.startup = self.startup.take().filter(|_| durable.ask);
        if let Some(startup) = &mut self.startup {
            startup.listen_ms = durable.listen_ms;
        }
        self.out.push(Output::SetTimer { timer: Timer::Retry, after_ms: self.config.timings.retry_ms });
        self.ask_rounds();
        self.finish_startup();
    }

    /// The last final view's certificates: the next leader builds on the notarization, late voters get the other.
    fn restore_final(&mut self, certificate: Verified<Certificate>) {
        self.recall_certificate(&certificate);
        if certificate.vote.kind == VoteKind::Finalize && certificate.vote.batch == self.head().hash() {
            self.finalization = Some(certificate.clone());
        }
        if self.view == self.finalized.next() && self.entered_by.is_none() {
            self.entered_by = Some(certificate.clone());
        }
        let view = self.finalized;
        self.state(view).keep(certificate);
    }

    /// Rule S1: our own votes of live views are remembered as cast, and no earlier view than theirs is entered.
    fn import(&mut self, votes: Vec<Verified<SignedVote>>) {
        for signed in votes {
            let vote = signed.vote;
            let ours = self.me == Some(signed.signer) && vote.round.epoch == self.epoch.set.epoch();
            if !ours {
                continue;
            }
            self.recall(vote);
            if vote.round.view <= self.finalized {
                continue;
            }
            self.remember(vote);
            self.restore_offer_vote(&signed);
            // Q1: it may be the one that completes a quorum.
            self.count(signed);
            if vote.round.view > self.view {
                self.enter(vote.round.view, None);
            }
        }
    }

    /// What the guard's record holds of this epoch counts as cast (rule A4).
    pub(crate) fn remember_record(&mut self) {
        let (epoch, finalized) = (self.epoch.set.epoch(), self.finalized);
        let live = |vote: &&Vote| vote.round.epoch == epoch && vote.round.view > finalized;
        let votes: Vec<Vote> = self.record.votes.iter().filter(live).copied().collect();
        votes.into_iter().for_each(|vote| self.remember(vote));
    }

    fn remember(&mut self, vote: Vote) {
        let own = &mut self.state(vote.round.view).own;
        match vote.kind {
            VoteKind::Notarize => own.notarize = Some(vote.batch),
            VoteKind::Nullify => own.nullify = true,
            VoteKind::Finalize => own.finalize = Some(vote.batch),
        }
    }

    /// Rule S3: every vote is in the guard's record before it is signed, so one that is not there, and not below its
    /// floor, proves the record to be an old copy. Rules S4, S5: or that the key signs elsewhere, if no lost self can
    /// have cast it.
    fn recall(&mut self, vote: Vote) {
        if self.knows_own(&vote) {
            return;
        }
        if self.listens_from.is_some_and(|from| vote.round >= from) {
            return self.give_way(vote);
        }
        if let Some(startup) = &mut self.startup {
            let first = startup.lost.is_none();
            startup.lost = startup.lost.max(Some(vote));
            if first {
                self.out.push(Output::OldRecord(vote));
            }
            // S3, where a quorum has answered already.
            if let Some(beyond) = self.listens_from {
                self.hold_back(beyond, beyond);
            }
        }
    }

    /// Whether a vote of ours is one that we signed, as far as we can tell: what was signed since the start is known
    /// for as long as its view is not final.
    fn knows_own(&self, vote: &Vote) -> bool {
        let recorded = vote.round < self.record.floor || self.record.votes.contains(vote);
        let live = vote.round.epoch == self.epoch.set.epoch() && vote.round.view > self.finalized;
        recorded || self.startup.is_none() && (!live || self.own(vote.round.view).has(vote))
    }

    /// A vote that somebody sent: it may be ours.
    pub(crate) fn recall_vote(&mut self, signed: &SignedVote) {
        let signer = self.set(signed.vote.round.epoch).and_then(|set| set.get(signed.signer));
        if self.key.is_some() && signer.map(|signer| signer.consensus_key) == self.key {
            self.recall(signed.vote);
        }
    }

    /// The same for our vote in a certificate, which also those keep who forget single votes.
    pub(crate) fn recall_certificate(&mut self, certificate: &Certificate) {
        if self.me.is_some_and(|me| certificate.signers.contains(me)) {
            self.recall(certificate.vote);
        }
    }

    fn restore_offer_vote(&mut self, signed: &Verified<SignedVote>) {
        let vote = signed.vote;
        if vote.kind == VoteKind::Notarize
            && self.leads(vote.round.view)
            && let Some(offer) = self.state(vote.round.view).offers.get_mut(&vote.batch)
        {
            offer.vote = Some(**signed);
        }
    }

    /// A validator that is still asking when its epoch changes asks the new set; one that listens goes on listening.
    pub(crate) fn restart_startup(&mut self) {
        if let Some(startup) = &mut self.startup {
            startup.answered = Signers::NONE;
            self.ask_rounds();
            self.finish_startup();
        }
    }

    /// Rule S2: asks every validator for its round and for our own votes; rule S4: the next one, while we listen.
    pub(crate) fn ask_rounds(&mut self) {
        let (Some(startup), Some(me), Some(key)) = (&mut self.startup, self.me, self.key) else { return };
        let question = Message::RoundQuery(key.to_bytes());
        let Phase::Listening(last) = startup.phase else { return self.out.push(Output::Broadcast(question)) };
        let others = || self.epoch.set.iter().filter(|(place, _)| *place != me);
        let next = others().find(|(place, _)| Some(*place) > last).or_else(|| others().next());
        if let Some((place, validator)) = next {
            startup.phase = Phase::Listening(Some(place));
            self.out.push(Output::Send { to: validator.consensus_key, message: question });
        }
    }

    /// Whether we sign nothing yet because we listen whether our key signs elsewhere (rule S4).
    #[must_use]
    pub const fn is_listening(&self) -> bool {
        self.me.is_some() && self.startup.is_some() && self.listens_from.is_some()
    }

    /// Rule S2, the other side: also a validator that is itself starting answers, or a network that restarts as a
    /// whole would wait for ever.
    pub(crate) fn answer_round_query(&mut self, from: ConsensusKey) {
        let asker = self.epoch.set.place_of(&from);
        // S4: of the last final view too. Where there is little to do all views are final most of the time.
        let views = self.views.range(self.finalized..).rev();
        let seen = views.flat_map(|(_, state)| asker.into_iter().flat_map(|asker| state.votes_by(asker)));
        let votes = seen.take(rota_proto::limits::VOTES_PER_ANSWER_MAX).collect();
        let entered_by = self.entered_by.clone().map(Verified::into_inner);
        let answer = RoundAnswer { round: self.round(), entered_by, votes };
        self.send(Some(from), Message::RoundAnswer(Box::new(answer)));
        self.tell_last_epochs_votes(from);
    }

    /// Rule S4: where there is little to do, an epoch has no view but its last, whose votes no answer tells of once the
    /// next epoch has begun. Until that has a final view of its own they follow the answer.
    fn tell_last_epochs_votes(&mut self, from: ConsensusKey) {
        let Some(past) = self.past.values().next_back().filter(|_| self.finalized == View::ZERO) else { return };
        let Some(asker) = past.set.place_of(&from) else { return };
        let votes: Vec<SignedVote> = past.votes.iter().filter(|vote| vote.signer == asker).copied().collect();
        for vote in votes {
            self.send(Some(from), Message::Vote(vote));
        }
    }

    /// Whether verifying an answer of a validator that says it is in `round` could tell anything: asked before the
    /// signatures in it are looked at. One of a later epoch tells nothing of ours, but that it is over.
    ///
    /// # Errors
    /// [`Rejected`] names why not.
    pub fn admit_round_answer(&self, round: Round) -> Result<(), Rejected> {
        let ours = self.round();
        if round.epoch > ours.epoch {
            return Err(Rejected::FutureEpoch { message: round.epoch, ours: ours.epoch });
        }
        if self.startup.is_none() {
            return Err(Rejected::LateAnswer { answer: round, ours });
        }
        Ok(())
    }

    pub(crate) fn take_round_answer(
        &mut self,
        from: Place,
        entered_by: Option<Verified<Certificate>>,
        votes: Vec<Verified<SignedVote>>,
    ) -> Result<(), Rejected> {
        let proven = entered_by.as_ref().map_or(self.round_of(View::FIRST), |by| by.vote.round.next_view());
        self.admit_round_answer(proven)?;
        if let Some(startup) = self.startup.as_mut().filter(|startup| !startup.is_listening()) {
            startup.answered.insert(from);
        }
        let ours = self.round().epoch;
        if let Some(certificate) = entered_by.filter(|_| proven.epoch == ours && self.closed.is_none()) {
            self.keep_certificate(certificate);
        }
        self.import(votes);
        self.finish_startup();
        Ok(())
    }

    /// Rule S2: once validators with a quorum of the power have answered, we vote again, as far as rule S3 lets us and
    /// once we have listened (rule S4). We count ourselves, unless our record is an old copy: its owner is one of the
    /// faulty.
    fn finish_startup(&mut self) {
        let (Some(startup), Some(me), None) = (&self.startup, self.me, self.closed) else { return };
        let (lost, phase, listen_ms) = (startup.lost, startup.phase, startup.listen_ms);
        let others = startup.answered.iter().filter(|place| *place != me);
        let heard: Signers = others.chain([me].into_iter().filter(|_| lost.is_none())).collect();
        if startup.is_listening() || !self.epoch.set.is_quorum(self.epoch.set.power_of(heard)) {
            return;
        }
        if phase == Phase::Asking {
            let here = self.round();
            let beyond = Round::new(here.epoch, here.view.plus(DOUBTFUL_VIEWS));
            match lost {
                // S3: a vote is known to be lost: whatever else is lost lies below `beyond`.
                Some(_) => self.hold_back(beyond, beyond),
                None => self.doubt(here, beyond),
            }
            if listen_ms > 0 {
                return self.begin_listening(lost, listen_ms);
            }
        } else if lost.is_some() && !self.has_passed_in_silence() {
            return self.listen(listen_ms);
        }
        self.startup = None;
    }

    /// Rule S3: the network went further than it can have waited for us: we were away, or the record is an old copy.
    fn doubt(&mut self, here: Round, beyond: Round) {
        let recorded = self.record.highest();
        let reach = if here.epoch == recorded.epoch { recorded.view.next() } else { View::FIRST };
        if here.epoch >= recorded.epoch && here.view > reach {
            self.hold_back(here, beyond);
        }
    }

    /// Rule S4: a quorum has answered. No lost self can have voted two views beyond what is proven, so whoever did,
    /// perhaps before we knew so, is another process.
    fn begin_listening(&mut self, lost: Option<Vote>, listen_ms: u64) {
        let from = self.round_of(self.proven().plus(DOUBTFUL_VIEWS));
        self.listens_from = Some(from);
        match lost.filter(|vote| vote.round >= from) {
            Some(vote) => self.give_way(vote),
            None => self.listen(listen_ms),
        }
    }

    /// Rules S4, S5: the key is another process's too. Nothing more is signed with it, whatever the host does.
    fn give_way(&mut self, vote: Vote) {
        (self.key, self.me) = (None, None);
        self.out.push(Output::Doppelganger(vote));
    }

    /// The highest view that a certificate or the guard's record proves. A vote of ours that the record lacks, which
    /// may be another process's, proves nothing.
    fn proven(&self) -> View {
        let certified = |(view, state): (&View, &ViewState)| state.certificates().next().map(|_| view.next());
        let recorded = self.record.votes.iter().filter(|vote| vote.round.epoch == self.epoch.set.epoch());
        let highest = self.views.iter().rev().find_map(certified).max(recorded.map(|vote| vote.round.view).max());
        highest.unwrap_or(View::FIRST).max(self.finalized.next())
    }

    /// Rule S4: views in which another process would have voted are over.
    fn has_passed_in_silence(&self) -> bool {
        let silent = |from: Round| Round::new(from.epoch, from.view.plus(SILENT_VIEWS));
        self.listens_from.is_none_or(|from| self.round_of(self.proven()) >= silent(from))
    }

    /// Rule S4: now we listen whether our key signs elsewhere.
    fn listen(&mut self, listen_ms: u64) {
        if let Some(startup) = &mut self.startup {
            startup.phase = Phase::Listening(None);
            startup.answered = Signers::NONE;
            self.out.push(Output::SetTimer { timer: Timer::Listen, after_ms: listen_ms });
        }
    }

    /// Rule S4: we have listened long enough, and ask everybody once more.
    pub(crate) fn stop_listening(&mut self) -> Result<(), Rejected> {
        let listening = self.startup.as_mut().filter(|startup| startup.is_listening());
        listening.ok_or(Rejected::OldTimer)?.phase = Phase::AskingAgain;
        self.ask_rounds();
        self.finish_startup();
        Ok(())
    }

    fn hold_back(&mut self, floor: Round, resume: Round) {
        let before = (self.floor, self.resume);
        (self.floor, self.resume) = (self.floor.max(floor), self.resume.max(resume));
        if before != (self.floor, self.resume) {
            self.out.push(Output::HoldBack { floor: self.floor, resume: self.resume });
        }
    }
}
