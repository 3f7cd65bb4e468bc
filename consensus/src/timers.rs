//! Timers and work (rules T, I, L2, N3).

use rota_proto::{Message, View, Vote, VoteKind};

use crate::{Output, Rejected, Simplex, Timer};

impl Simplex {
    pub(crate) fn take_timer(&mut self, timer: Timer) -> Result<(), Rejected> {
        match timer {
            Timer::View(round) if self.armed && round == self.round() => {
                self.armed = false;
                self.give_up();
            }
            Timer::View(_) => return Err(Rejected::OldTimer),
            Timer::Retry => self.say_again(),
            Timer::Pace => self.paced = true,
            Timer::Listen => self.stop_listening()?,
        }
        Ok(())
    }

    /// Rule I1: there is work when the host has some or a notarized batch is not final.
    pub(crate) fn has_work(&self) -> bool {
        self.host_work || self.views.range(self.finalized.next()..).any(|(_, state)| state.notarization().is_some())
    }

    /// Rules I2, I3: work, or a verified vote for the current view, starts its timer; without either none runs.
    /// Rule L2: the timer of an inactive leader has run out already.
    pub(crate) fn arm_timer(&mut self) {
        let voted = self.views.get(&self.view).is_some_and(|state| !state.heard().is_empty());
        let needed = voted || self.has_work();
        if self.armed && !needed {
            self.forget_timer();
        }
        if self.armed || !needed || !self.may_nullify() {
            return;
        }
        self.armed = true;
        self.timed = true;
        if self.is_inactive(self.leader()) {
            return self.give_up();
        }
        let after_ms = self.config.timings.view_timeout_after(self.failures);
        self.out.push(Output::SetTimer { timer: Timer::View(self.round()), after_ms });
    }

    pub(crate) fn forget_timer(&mut self) {
        if self.armed {
            self.out.push(Output::CancelViewTimer);
        }
        self.armed = false;
        self.timed = false;
    }

    /// Rule L2: a leader that was silent in several views in a row is inactive.
    fn is_inactive(&self, leader: rota_proto::Place) -> bool {
        self.silence.get(&leader).is_some_and(|silent| *silent >= self.config.limits.silent_views)
    }

    /// Rule N3: the view lasted too long. Rule I4: the work for whose sake we nullify goes to everyone first.
    fn give_up(&mut self) {
        if self.host_work && self.may_nullify() {
            self.out.push(Output::ShareWork);
        }
        self.nullify();
    }

    /// Casts nullify in the current view, once; its timer has nothing more to say.
    pub(crate) fn nullify(&mut self) {
        if self.may_nullify() {
            self.sign(Vote::nullify(self.round()));
        }
    }

    /// Once a view, and never where we cast finalize: a peer may have told a restarted node of that vote before the
    /// node has seen the notarization again (rules S2, A4).
    fn may_nullify(&self) -> bool {
        let own = self.own(self.view);
        self.votes() && self.round() >= self.floor && !own.nullify && own.finalize.is_none()
    }

    /// Rule R1: says again what the others may have missed, and asks again for what is missing (rule R3).
    fn say_again(&mut self) {
        self.out.push(Output::SetTimer { timer: Timer::Retry, after_ms: self.config.timings.retry_ms });
        let missing: Vec<_> = self.wanted.iter().copied().map(Output::Fetch).collect();
        self.out.extend(missing);
        if self.closed.is_some() {
            return;
        }
        self.ask_rounds();
        if let Some(me) = self.me {
            if let Some(certificate) = &self.entered_by {
                self.out.push(Output::Broadcast(Message::Certificate((**certificate).clone())));
            }
            for view in self.views_to_repeat() {
                self.repeat_votes(view, me);
            }
        }
    }

    fn repeat_votes(&mut self, view: View, me: rota_proto::Place) {
        let kinds = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize];
        let state = self.views.get(&view);
        let votes: Vec<_> =
            kinds.iter().filter_map(|kind| state.and_then(|state| state.vote_of(me, *kind)).copied()).collect();
        let offers = state.map(|state| &state.offers).filter(|_| self.leads(view) && view == self.view);
        let messages: Vec<_> = votes
            .iter()
            .map(|signed| {
                let offer = offers.and_then(|offers| offers.get(&signed.vote.batch));
                match offer.and_then(crate::view::Offer::proposal) {
                    Some(proposal) => Message::Proposal(Box::new(proposal)),
                    None => Message::Vote(**signed),
                }
            })
            .collect();
        self.out.extend(messages.into_iter().map(Output::Broadcast));
    }
}
