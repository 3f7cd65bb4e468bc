//! Starting, and starting again (rules S).

use rota_proto::{
    Certificate, ConsensusKey, Message, Place, Round, RoundAnswer, SignedVote, Signers, Verified, View, VoteKind,
};

use crate::{Durable, Output, Rejected, Simplex, Timer, view::Offer};

/// What a starting validator has heard so far. Until a quorum answered it signs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Startup {
    answered: Signers,
    /// The highest round that an answer proved.
    highest: Round,
    /// The highest round that anything durable here speaks of.
    recorded: Round,
}

impl Simplex {
    /// Rule S1: takes up what was durable. The votes are said again by the retry timer.
    pub(crate) fn start(&mut self, durable: Durable) {
        let epoch = self.epoch.set.epoch();
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
        let startup = Startup { recorded: self.round(), highest: self.round(), answered: Signers::NONE };
        self.startup = Some(startup).filter(|_| durable.ask);
        self.out.push(Output::SetTimer { timer: Timer::Retry, after_ms: self.config.timings.retry_ms });
        self.ask_rounds();
        self.finish_startup();
    }

    /// The last final view's certificates: the next leader builds on the notarization, late voters get the other.
    fn restore_final(&mut self, certificate: Verified<Certificate>) {
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
            let own = &mut self.state(vote.round.view).own;
            match vote.kind {
                VoteKind::Notarize => own.notarize = Some(vote.batch),
                VoteKind::Nullify => own.nullify = true,
                VoteKind::Finalize => own.finalize = Some(vote.batch),
            }
            self.restore_offer_vote(&signed);
            // Q1: it may be the one that completes a quorum.
            self.count(signed);
            if vote.round.view > self.view {
                self.enter(vote.round.view, None);
            }
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

    /// A validator that is still asking when its epoch changes asks the new set; its record tells nothing of it.
    pub(crate) fn restart_startup(&mut self) {
        let round = self.round();
        if let Some(startup) = &mut self.startup {
            *startup = Startup { answered: Signers::NONE, highest: round, recorded: round };
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
        let kinds = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize];
        let seen = self.views.range(self.finalized.next()..).rev().flat_map(|(_, state)| {
            kinds.iter().filter_map(move |kind| asker.and_then(|asker| state.vote_of(asker, *kind)))
        });
        let votes = seen.map(|signed| **signed).take(rota_proto::limits::VOTES_PER_ANSWER_MAX).collect();
        let entered_by = self.entered_by.clone().map(Verified::into_inner);
        let answer = RoundAnswer { round: self.round(), entered_by, votes };
        self.send(Some(from), Message::RoundAnswer(Box::new(answer)));
    }

    pub(crate) fn take_round_answer(
        &mut self,
        from: Place,
        entered_by: Option<Verified<Certificate>>,
        votes: Vec<Verified<SignedVote>>,
    ) -> Result<(), Rejected> {
        let ours = self.round();
        let proven = entered_by.as_ref().map_or(self.round_of(View::FIRST), |by| by.vote.round.next_view());
        let Some(startup) = &mut self.startup else { return Err(Rejected::LateAnswer { answer: proven, ours }) };
        if proven.epoch > ours.epoch {
            return Err(Rejected::FutureEpoch { message: proven.epoch, ours: ours.epoch });
        }
        startup.answered.insert(from);
        startup.highest = startup.highest.max(proven);
        if let Some(certificate) = entered_by.filter(|_| proven.epoch == ours.epoch && self.closed.is_none()) {
            self.keep_certificate(certificate);
        }
        self.import(votes);
        self.finish_startup();
        Ok(())
    }

    /// Rule S3: once validators with a quorum of the power, ourselves counted, have answered, we vote again. If the
    /// highest round is more than one view above our record, the record may be an old copy, and everything up to
    /// one above that round is left to whoever signed there.
    fn finish_startup(&mut self) {
        let (Some(startup), Some(me)) = (&self.startup, self.me) else { return };
        let mut heard = startup.answered;
        heard.insert(me);
        if !self.epoch.set.is_quorum(self.epoch.set.power_of(heard)) {
            return;
        }
        let (highest, recorded) = (startup.highest, startup.recorded);
        self.startup = None;
        if highest.epoch == recorded.epoch && highest.view > recorded.view.next() {
            let floor = highest.next_view();
            self.out.push(Output::RaiseFloor(floor));
            self.floor = floor;
            if floor.view > self.view {
                self.enter(floor.view, None);
            }
        }
    }
}
