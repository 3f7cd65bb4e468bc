//! Votes: which are let in, how they count, and what a quorum of them makes (rules N, F, R2).

use rota_proto::{Certificate, Message, SignedVote, Verified, View, Vote, VoteKind};

use crate::{Output, Rejected, Simplex, view::Counted};

impl Simplex {
    /// Whether verifying this vote could change anything: asked before the signature is looked at.
    ///
    /// A vote for a view we left is worth an answer even if it does not count, so it is let in.
    ///
    /// # Errors
    /// [`Rejected`] names why not.
    pub fn admit_vote(&self, signed: &SignedVote) -> Result<(), Rejected> {
        let (round, ours) = (signed.vote.round, self.epoch.set.epoch());
        if round.epoch > ours {
            return Err(Rejected::FutureEpoch { message: round.epoch, ours });
        }
        if round.epoch < ours {
            let known = self.past.contains_key(&round.epoch);
            return if known { Ok(()) } else { Err(Rejected::PastEpoch { message: round.epoch, ours }) };
        }
        // V3: votes so far above our view, and no further.
        let limit = self.config.limits.views_ahead;
        if round.view > self.view.plus(limit) {
            return Err(Rejected::FarFuture { view: round.view, ours: self.view, limit });
        }
        if round.view < self.view {
            return Ok(());
        }
        match self.views.get(&round.view).map_or(Counted::New, |state| state.would_count(signed)) {
            Counted::New => Ok(()),
            Counted::Known => Err(Rejected::Known),
            Counted::Conflicting => Err(Rejected::Conflicting { place: signed.signer, round }),
        }
    }

    pub(crate) fn take_vote(&mut self, signed: Verified<SignedVote>) -> Result<(), Rejected> {
        self.recall_vote(&signed);
        self.admit_vote(&signed)?;
        let round = signed.vote.round;
        if round.epoch < self.epoch.set.epoch() {
            return self.answer_past_epoch(&signed);
        }
        // L3: one verified vote makes a leader active again, also one that comes after its view is final.
        self.silence.remove(&signed.signer);
        if round.view <= self.finalized || self.closed.is_some() {
            self.count_late(&signed);
            return self.answer_left_view(&signed);
        }
        match self.count(signed) {
            Counted::New => {}
            // R2: a vote said again for a view we left, as all that come here known are, tells that its sender lacks
            // what ended that view.
            Counted::Known => return self.answer_left_view(&signed),
            Counted::Conflicting => return Err(Rejected::Conflicting { place: signed.signer, round }),
        }
        Ok(())
    }

    /// Rule P3: a vote for the final batch that comes when the others have made it final still tells that its signer
    /// took part; the next leader names it.
    fn count_late(&mut self, signed: &Verified<SignedVote>) {
        let head = self.head().hash();
        let state = self.views.get_mut(&self.finalized).filter(|_| signed.vote.round.view == self.finalized);
        if let Some(state) = state.filter(|_| signed.vote.kind == VoteKind::Notarize && signed.vote.batch == head) {
            state.count(*signed);
        }
    }

    /// Counts a verified vote of a live view, and what it completes.
    pub(crate) fn count(&mut self, signed: Verified<SignedVote>) -> Counted {
        self.silence.remove(&signed.signer);
        let counted = self.state(signed.vote.round.view).count(signed);
        if counted == Counted::New {
            self.assemble(signed.vote);
        }
        counted
    }

    /// Our own vote came back signed: it counts, and the others hear of it (rules P4, N1, N2, F1).
    pub(crate) fn take_own(&mut self, signed: Verified<SignedVote>) -> Result<(), Rejected> {
        let (round, ours) = (signed.vote.round, self.epoch.set.epoch());
        if round.epoch != ours {
            return Err(Rejected::PastEpoch { message: round.epoch, ours });
        }
        if round.view <= self.finalized {
            return Err(Rejected::Stale { view: round.view, finalized: self.finalized });
        }
        if self.state(round.view).count(signed) != Counted::New {
            return Err(Rejected::Known);
        }
        self.say(&signed);
        self.assemble(signed.vote);
        Ok(())
    }

    /// Sends our own vote; where it proposes a batch, with the body and the proposal.
    pub(crate) fn say(&mut self, signed: &Verified<SignedVote>) {
        let view = signed.vote.round.view;
        let proposes = signed.vote.kind == VoteKind::Notarize && self.leads(view);
        let offer = self.views.get_mut(&view).and_then(|state| state.offers.get_mut(&signed.vote.batch));
        match offer.filter(|_| proposes) {
            Some(offer) => {
                offer.vote = Some(**signed);
                let proposal = offer.proposal();
                self.out.push(Output::BroadcastBody(signed.vote.batch));
                self.out.extend(proposal.map(|proposal| Output::Broadcast(Message::Proposal(Box::new(proposal)))));
            }
            None => self.out.push(Output::Broadcast(Message::Vote(**signed))),
        }
    }

    /// Rules Q1, Q3: votes for one thing in one view become a certificate once their power is a quorum.
    fn assemble(&mut self, vote: Vote) {
        let Some(state) = self.views.get(&vote.round.view) else { return };
        if state.certificate(&vote).is_none() {
            let set = &self.epoch.set;
            if let Some(certificate) = Verified::<Certificate>::assemble(vote, state.votes(vote.kind), set) {
                self.keep_certificate(certificate);
            }
        }
    }

    /// The views above the last final one whose votes of ours may still be needed (rule R1): the current one, and
    /// the latest that is notarized.
    pub(crate) fn views_to_repeat(&self) -> impl Iterator<Item = View> + use<> {
        let notarized = |view: &&View| self.views.get(view).is_some_and(|state| state.notarization().is_some());
        let latest = self.views.range(self.finalized.next()..self.view).map(|(view, _)| view).rev().find(notarized);
        latest.copied().into_iter().chain([self.view])
    }
}
