//! Leading a view (rules P, E4).

use alloy_primitives::B256;
use rota_proto::{
    BatchHeader, Certificate, Fetch, Justification, Round, Signers, Verified, View, Vote,
    limits::NULLIFICATIONS_PER_PROPOSAL_MAX,
};

use crate::{BuildRequest, Candidate, Output, Record, Rejected, Simplex, tree::Verdict, view::Offer};

/// What a leader builds on.
struct Base {
    view: View,
    batch: B256,
    /// The notarization; none where the batch opens the epoch.
    notarization: Option<Verified<Certificate>>,
}

impl Simplex {
    /// Rules P1 to P5: the leader of the current view with work, once the batch interval has passed, builds on the
    /// highest notarized batch that it can justify.
    pub(crate) fn propose(&mut self) {
        let own = self.own(self.view);
        let held_back = self.round() < self.resume;
        let free = !held_back && !own.nullify && own.notarize.is_none() && self.building.is_none();
        if !self.votes() || !self.leads(self.view) || !free || !self.paced || !self.has_work() {
            return;
        }
        let Some(base) = self.base() else { return };
        if self.want_missing(base.batch, self.round_of(base.view)) {
            return;
        }
        let connected = self.tree.path(base.batch).is_some();
        let Some(header) = self.tree.header(base.batch).filter(|_| connected).cloned() else { return };
        if self.closes(&header) {
            return self.propose_again(&base, header);
        }
        let round = self.round();
        self.building = Some(round);
        // P3: the header will name this notarization; it grows no more until the batch is built.
        let parent_signers = base.notarization.map_or(Signers::NONE, |notarization| notarization.signers);
        let request = BuildRequest { round, parent: base.batch, parent_view: base.view, parent_signers };
        self.out.push(Output::Build(request));
    }

    /// Rule P2: the highest notarized batch such that every view since is nullified. Asks for the certificate that
    /// is missing, if one is, and gives nothing: an unjustified batch would be of no use.
    fn base(&mut self) -> Option<Base> {
        let mut view = self.view.previous();
        loop {
            let state = self.views.get_mut(&view);
            if let Some(notarization) = state.and_then(|state| state.widest_notarization(&self.epoch.set)).cloned() {
                return Some(Base { view, batch: notarization.vote.batch, notarization: Some(notarization) });
            }
            let state = self.views.get(&view);
            if view == View::ZERO {
                return Some(Base { view, batch: self.opening, notarization: None });
            }
            if state.is_none_or(|state| state.nullification().is_none()) || view <= self.finalized {
                let round = self.round_of(view);
                self.want(Fetch::Certificate(round));
                return None;
            }
            view = view.previous();
        }
    }

    /// Rule P4: the batch we asked for is here. It is valid by construction, so we vote for it at once, and the
    /// vote, once signed, carries it to the others.
    pub(crate) fn take_built(&mut self, round: Round, header: BatchHeader) -> Result<(), Rejected> {
        let own = self.own(self.view);
        let open = self.votes() && !own.nullify && own.notarize.is_none();
        if self.building != Some(round) || round != self.round() || !open {
            return Err(Rejected::LateAnswer { answer: round, ours: self.round() });
        }
        self.building = None;
        let base = header.extra().parent_view;
        let parent = self.views.get(&base).and_then(|state| state.notarization()).cloned();
        let batch = header.hash();
        self.know_header(header.clone(), round);
        if let Some(node) = self.tree.get_mut(batch) {
            node.body = true;
            node.verdict = Verdict::Valid;
        }
        self.offer(round, header, base, parent);
        Ok(())
    }

    /// Rule E4: a leader that stands on the closing batch proposes the closing batch itself, justified by its own
    /// notarization.
    fn propose_again(&mut self, base: &Base, header: BatchHeader) {
        let batch = header.hash();
        match self.tree.get_mut(batch) {
            Some(node) if node.verdict == Verdict::Valid => {
                self.offer(self.round(), header, base.view, base.notarization.clone());
            }
            Some(node) if matches!(node.verdict, Verdict::Unasked | Verdict::Invalid(Some(_))) => {
                node.verdict = Verdict::Asked(None);
                self.out.push(Output::Check { batch, proposer: None });
            }
            _ => {}
        }
    }

    /// Makes the candidate durable and asks for our vote; [`say`](Self::say) sends the proposal once it is signed.
    fn offer(&mut self, round: Round, header: BatchHeader, base: View, parent: Option<Verified<Certificate>>) {
        let justification = Justification {
            parent: parent.map(Verified::into_inner),
            nullifications: self.latest_nullifications(base, round.view),
        };
        let batch = header.hash();
        let candidate = Candidate { round, header, justification };
        self.out.push(Output::Persist(Record::Candidate(candidate.clone())));
        self.state(round.view).offers.insert(batch, Offer { candidate, vote: None });
        self.start_pace();
        self.sign(Vote::notarize(round, batch));
    }

    /// The latest nullifications between two views, as many as a proposal carries, in rising order.
    fn latest_nullifications(&self, base: View, view: View) -> Vec<Certificate> {
        let mut latest: Vec<Certificate> = self
            .views
            .range(base.next()..view)
            .rev()
            .filter_map(|(_, state)| state.nullification().map(|nullification| (**nullification).clone()))
            .take(NULLIFICATIONS_PER_PROPOSAL_MAX)
            .collect();
        latest.reverse();
        latest
    }
}
