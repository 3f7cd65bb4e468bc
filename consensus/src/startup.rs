//! Starting, and starting again (rules S).

use rota_proto::{
    Certificate, ConsensusKey, Message, Place, Round, RoundAnswer, SignedVote, Signers, Verified, View, Vote, VoteKind,
};

use crate::{Durable, Output, Rejected, Simplex, Timer, view::Offer};

/// What a starting validator has heard so far. Until a quorum answered it signs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Startup {
    answered: Signers,
    /// A vote of ours that the guard's record lacks: the record is an old copy.
    lost: Option<Vote>,
}

impl Startup {
    /// How many have answered.
    pub(crate) const fn answers(&self) -> usize {
        self.answered.len()
    }
}

/// Views from the one we are in that a lost vote of ours can lie in: whoever voted in the view before its view has
/// entered that one at least, and a quorum of them has answered.
const DOUBTFUL_VIEWS: u64 = 2;

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
            if !ours || vote.round.view <= self.finalized {
                continue;
            }
            self.recall(vote);
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
    /// floor, proves the record to be an old copy.
    fn recall(&mut self, vote: Vote) {
        let known = vote.round < self.record.floor || self.record.votes.contains(&vote);
        if let Some(startup) = self.startup.as_mut().filter(|startup| !known && startup.lost.is_none()) {
            startup.lost = Some(vote);
            self.out.push(Output::OldRecord(vote));
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

    /// A validator that is still asking when its epoch changes asks the new set.
    pub(crate) fn restart_startup(&mut self) {
        if let Some(startup) = &mut self.startup {
            startup.answered = Signers::NONE;
            self.ask_rounds();
            self.finish_startup();
        }
    }

    /// Rule S2: asks every validator for its round and for our own votes.
    pub(crate) fn ask_rounds(&mut self) {
        if let (Some(_), Some(_), Some(key)) = (&self.startup, self.me, self.key) {
            self.out.push(Output::Broadcast(Message::RoundQuery(key.to_bytes())));
        }
    }

    /// Rule S2, the other side: also a validator that is itself starting answers, or a network that restarts as a
    /// whole would wait for ever.
    pub(crate) fn answer_round_query(&mut self, from: ConsensusKey) {
        let asker = self.epoch.set.place_of(&from);
        let views = self.views.range(self.finalized.next()..).rev();
        let seen = views.flat_map(|(_, state)| asker.into_iter().flat_map(|asker| state.votes_by(asker)));
        let votes = seen.take(rota_proto::limits::VOTES_PER_ANSWER_MAX).collect();
        let entered_by = self.entered_by.clone().map(Verified::into_inner);
        let answer = RoundAnswer { round: self.round(), entered_by, votes };
        self.send(Some(from), Message::RoundAnswer(Box::new(answer)));
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
        if let Some(startup) = &mut self.startup {
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

    /// Rule S2: once validators with a quorum of the power have answered, we vote again, as far as rule S3 lets us.
    /// We count ourselves, unless our record is an old copy: its owner is one of the faulty.
    fn finish_startup(&mut self) {
        let (Some(startup), Some(me), None) = (&self.startup, self.me, self.closed) else { return };
        let lost = startup.lost;
        let others = startup.answered.iter().filter(|place| *place != me);
        let heard: Signers = others.chain([me].into_iter().filter(|_| lost.is_none())).collect();
        if !self.epoch.set.is_quorum(self.epoch.set.power_of(heard)) {
            return;
        }
        self.startup = None;
        let here = self.round();
        let beyond = Round::new(here.epoch, here.view.plus(DOUBTFUL_VIEWS));
        // S3: a vote is known to be lost: whatever else is lost lies below `beyond`.
        if lost.is_some() {
            return self.hold_back(beyond, beyond);
        }
        // S3: the network went further than it can have waited for us: we were away, or the record is an old copy.
        let recorded = self.record.highest();
        let reach = if here.epoch == recorded.epoch { recorded.view.next() } else { View::FIRST };
        if here.epoch >= recorded.epoch && here.view > reach {
            self.hold_back(here, beyond);
        }
    }

    fn hold_back(&mut self, floor: Round, resume: Round) {
        (self.floor, self.resume) = (self.floor.max(floor), self.resume.max(resume));
        self.out.push(Output::HoldBack { floor: self.floor, resume: self.resume });
    }
}
