//! Certificates: how views begin and end (rules V, N3, F1).

use rota_proto::{Certificate, Fetch, Verified, View, Vote, VoteKind};

use crate::{Output, Record, Rejected, Simplex};

impl Simplex {
    /// Whether verifying this certificate could change anything: asked before its signatures are looked at.
    ///
    /// # Errors
    /// [`Rejected`] names why not.
    pub fn admit_certificate(&self, certificate: &Certificate) -> Result<(), Rejected> {
        let (vote, ours) = (certificate.vote, self.epoch.set.epoch());
        if vote.round.epoch > ours {
            return Err(Rejected::FutureEpoch { message: vote.round.epoch, ours });
        }
        if vote.round.epoch < ours {
            return Err(Rejected::PastEpoch { message: vote.round.epoch, ours });
        }
        let known = self.views.get(&vote.round.view).is_some_and(|state| state.certificate(&vote).is_some());
        if known {
            return Err(Rejected::Known);
        }
        if !self.is_live(&vote) && !self.is_rival(certificate) {
            return Err(Rejected::Stale { view: vote.round.view, finalized: self.finalized });
        }
        Ok(())
    }

    pub(crate) fn take_certificate(&mut self, certificate: Verified<Certificate>) -> Result<(), Rejected> {
        self.admit_certificate(&certificate)?;
        if self.is_rival(&certificate) {
            self.out.push(Output::Persist(Record::Certificate(certificate.clone())));
            self.report_conflict(certificate);
            return Ok(());
        }
        if self.closed.is_some() {
            return Err(Rejected::EpochClosed(self.epoch.set.epoch()));
        }
        self.keep_certificate(certificate);
        Ok(())
    }

    /// Keeps a certificate that is new and above the last final view, and does what it says.
    pub(crate) fn keep_certificate(&mut self, certificate: Verified<Certificate>) {
        let vote = certificate.vote;
        self.recall_certificate(&certificate);
        let view = vote.round.view;
        if !self.is_live(&vote) || !self.state(view).keep(certificate.clone()) {
            return;
        }
        // A3: every certificate is kept, also of abandoned views: one may prove guilt.
        self.out.push(Output::Persist(Record::Certificate(certificate.clone())));
        self.wanted.remove(&Fetch::Certificate(vote.round));
        match vote.kind {
            VoteKind::Notarize => {
                self.mark_certified(vote.batch, vote.round);
                self.to_finalize.insert(view);
            }
            VoteKind::Finalize => self.mark_certified(vote.batch, vote.round),
            VoteKind::Nullify => {}
        }
        // V2: a certificate of our view or of any later one takes us to the view after it.
        if view >= self.view {
            self.enter(view.next(), Some(certificate));
        }
    }

    /// Whether a certificate can still matter: above the last final view, or the notarization of the final batch
    /// itself, which the next leader builds on.
    fn is_live(&self, vote: &Vote) -> bool {
        let of_head = vote.kind == VoteKind::Notarize && vote.batch == self.head().hash();
        vote.round.view > self.finalized || (vote.round.view == self.finalized && of_head)
    }

    /// Begins a view (rule V2).
    pub(crate) fn enter(&mut self, view: View, entered_by: Option<Verified<Certificate>>) {
        self.leave();
        self.view = view;
        self.leader = self.epoch.leader(view);
        self.entered_by = entered_by;
        self.building = None;
        self.forget_timer();
        self.wanted.clear();
        let stray = View(view.0.saturating_sub(self.config.limits.stray_views));
        self.tree.drop_strays(self.round_of(stray));
        for (_, state) in self.views.range_mut(..stray) {
            let certified = state.notarization().map(|certificate| certificate.vote.batch);
            state.offers.retain(|batch, _| Some(*batch) == certified);
        }
    }

    /// What a view teaches as we leave it: about the network (rule T2) and its leaders (rule L2).
    fn leave(&mut self) {
        // T2: one validator that nullifies while nobody has work must not slow the views of those who will.
        if self.own(self.view).nullify && self.has_work() {
            self.failures = self.failures.saturating_add(1);
        }
        let heard = self.views.get(&self.view).map_or_else(Default::default, |state| state.heard());
        let set = self.epoch.set.clone();
        if self.timed && set.is_quorum(set.power_of(heard)) {
            for (place, _) in set.iter().filter(|(place, _)| !heard.contains(*place) && Some(*place) != self.me) {
                let silent = self.silence.entry(place).or_default();
                *silent = silent.saturating_add(1);
            }
        }
    }

    /// Rule F1: whoever sees a notarization and did not nullify its view casts finalize.
    pub(crate) fn cast_finalize(&mut self) {
        if !self.votes() {
            return;
        }
        for view in std::mem::take(&mut self.to_finalize) {
            let own = self.own(view);
            let notarized = self.views.get(&view).and_then(|state| state.notarization()).map(|c| c.vote.batch);
            let round = self.round_of(view);
            let open = view > self.finalized && round >= self.resume && !own.nullify && own.finalize.is_none();
            if let Some(batch) = notarized.filter(|_| open) {
                self.sign(Vote::finalize(round, batch));
            }
        }
    }
}
