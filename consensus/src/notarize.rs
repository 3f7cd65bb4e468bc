//! Proposals of others: taking them in, judging them, voting for them (rules J, N).

use alloy_primitives::B256;
use rota_proto::{BatchHeader, Fetch, Proposal, Round, Verified, View, Vote};

use crate::{
    Candidate, Output, Record, Rejected, Simplex, Timer,
    tree::Verdict,
    view::{Counted, Offer, ViewState},
};

/// What is to be done about a proposal.
enum Judgement {
    /// Vote for it.
    Good,
    /// Its signed content is bad: nullify.
    Bad,
    /// Something is missing; it was asked for.
    Wait,
}

/// Proposals of one leader in one view that are looked at (rule J6): the second is evidence, a third tells nothing new.
const OFFERS_MAX: usize = 2;

impl Simplex {
    /// Whether verifying this proposal could change anything: asked before its signatures are looked at.
    ///
    /// # Errors
    /// [`Rejected`] names why not.
    pub fn admit_proposal(&self, proposal: &Proposal) -> Result<(), Rejected> {
        let (vote, ours) = (proposal.vote.vote, self.epoch.set.epoch());
        let (round, batch) = (vote.round, vote.batch);
        if round.epoch < ours {
            return Err(Rejected::PastEpoch { message: round.epoch, ours });
        }
        if round.epoch > ours {
            return Err(Rejected::FutureEpoch { message: round.epoch, ours });
        }
        // V3: proposals so far above our view, and no further.
        let limit = self.config.limits.views_ahead;
        if round.view > self.view.plus(limit) {
            return Err(Rejected::FarFuture { view: round.view, ours: self.view, limit });
        }
        if round.view <= self.finalized && !self.wants_header(batch) {
            return Err(Rejected::Stale { view: round.view, finalized: self.finalized });
        }
        let leader = self.leader_of(round.view);
        if proposal.vote.signer != leader {
            return Err(Rejected::NotLeader { place: proposal.vote.signer, round, leader });
        }
        // E4: no batch but the closing one may be its own parent.
        if proposal.justification.renews(&proposal.header) && !self.closes(&proposal.header) {
            return Err(Rejected::NotClosing(batch));
        }
        match self.views.get(&round.view) {
            _ if self.wants_header(batch) => Ok(()),
            Some(state) if state.offers.contains_key(&batch) => Err(Rejected::Known),
            Some(state) if state.offers.len() >= OFFERS_MAX => Err(Rejected::TooManyProposals(round)),
            _ => Ok(()),
        }
    }

    pub(crate) fn take_proposal(&mut self, proposal: &Verified<Proposal>) -> Result<(), Rejected> {
        self.admit_proposal(proposal)?;
        if self.closed.is_some() {
            return Err(Rejected::EpochClosed(self.epoch.set.epoch()));
        }
        let vote = proposal.vote.vote;
        let candidate = Candidate {
            round: vote.round,
            header: proposal.header.clone(),
            justification: proposal.justification.clone(),
        };
        // J3: the justification is a bag of certificates; each counts by itself, whatever becomes of the proposal.
        for certificate in proposal.certificates() {
            self.keep_certificate(certificate);
        }
        self.know_header(proposal.header.clone(), vote.round);
        if vote.round.view > self.finalized {
            let offer = Offer { candidate, vote: Some(proposal.vote) };
            self.state(vote.round.view).offers.insert(vote.batch, offer);
            // P5: of the current view only, or a leader of views to come could hold up the leaders before it.
            if vote.round.view == self.view {
                self.start_pace();
            }
            // The proposal is its leader's notarize vote; one that counted before, or conflicts, changes nothing.
            if self.state(vote.round.view).would_count(&proposal.vote) == Counted::New {
                self.count(proposal.vote());
            }
        }
        Ok(())
    }

    /// A header by itself, which we asked for.
    pub(crate) fn take_header(&mut self, header: BatchHeader) -> Result<(), Rejected> {
        let batch = header.hash();
        if !self.wants_header(batch) {
            return Err(Rejected::NotWanted(batch));
        }
        let round = header.parent_round();
        self.know_header(header, round);
        Ok(())
    }

    pub(crate) fn take_body(&mut self, batch: B256) -> Result<(), Rejected> {
        self.wanted.remove(&Fetch::Body(batch));
        match self.tree.get_mut(batch) {
            Some(node) if node.body => Err(Rejected::Known),
            Some(node) => {
                node.body = true;
                Ok(())
            }
            None => Err(Rejected::NotWanted(batch)),
        }
    }

    pub(crate) fn take_verdict(&mut self, batch: B256, valid: bool) -> Result<(), Rejected> {
        let node = self.tree.get_mut(batch).ok_or(Rejected::NotWanted(batch))?;
        let proposer = if let Verdict::Asked(proposer) = node.verdict { proposer } else { None };
        node.verdict = if valid { Verdict::Valid } else { Verdict::Invalid(proposer) };
        Ok(())
    }

    /// Whether somebody certified, or a descendant needs, a header that we lack.
    pub(crate) fn wants_header(&self, batch: B256) -> bool {
        self.wanted.iter().any(|fetch| matches!(fetch, Fetch::Proposal { batch: wanted, .. } if *wanted == batch))
    }

    pub(crate) fn know_header(&mut self, header: BatchHeader, round: Round) {
        let batch = header.hash();
        self.tree.insert(header, round, self.wants_header(batch));
        self.wanted.retain(|fetch| !matches!(fetch, Fetch::Proposal { batch: wanted, .. } if *wanted == batch));
        let certified = self.views.values().any(|state| state.certificates().any(|known| known.vote.batch == batch));
        if certified {
            self.mark_certified(batch, round);
        }
    }

    /// A certificate names the batch: it is kept until it is final or lost, and its transactions may be hidden.
    pub(crate) fn mark_certified(&mut self, batch: B256, round: Round) {
        if let Some(node) = self.tree.get_mut(batch) {
            node.round = node.round.max(round);
            if !node.certified {
                node.certified = true;
                self.out.push(Output::Notarized(batch));
            }
        }
    }

    /// Rule N1: votes for the first good proposal of the current view; rule N4: nullifies for a bad one.
    pub(crate) fn notarize(&mut self) {
        let own = self.own(self.view);
        if !self.votes() || self.round() < self.resume || own.nullify || own.notarize.is_some() {
            return;
        }
        let Some(state) = self.views.get(&self.view) else { return };
        let candidates: Vec<Candidate> = state.offers.values().map(|offer| offer.candidate.clone()).collect();
        for candidate in candidates {
            match self.judge(&candidate) {
                Judgement::Good => {
                    let vote = Vote::notarize(candidate.round, candidate.header.hash());
                    // N2: header, body and justification are durable before the vote exists.
                    self.out.push(Output::Persist(Record::Candidate(candidate)));
                    return self.sign(vote);
                }
                Judgement::Bad => return self.nullify(),
                Judgement::Wait => {}
            }
        }
    }

    /// Rules J1 to J5: only what the leader signed can make a proposal bad.
    fn judge(&mut self, candidate: &Candidate) -> Judgement {
        let Candidate { round, header, justification } = candidate;
        let again = justification.renews(header);
        if !again && !self.follows(header, round.view) {
            return Judgement::Bad;
        }
        let base = self.base_view(candidate);
        // J2 cannot hold below the final view: a quorum that finalized never nullifies.
        if base < self.finalized || self.want_nullifications(base, round.view) {
            return Judgement::Wait;
        }
        // J4: nothing is built on a closing batch; heights rise by one.
        let parent = self.tree.header(header.parent());
        if parent.is_some_and(|parent| self.closes(parent) || header.height() != parent.height().next()) {
            return Judgement::Bad;
        }
        if self.want_missing(header.hash(), *round) || self.tree.path(header.hash()).is_none() {
            return Judgement::Wait;
        }
        self.ask_verdict(header.hash(), candidate)
    }

    /// The view of the notarization on which a candidate stands. Of a batch that closes the epoch it is the latest that
    /// we know of the batch itself, whatever the justification names: a relay may put an older one into a re-proposal
    /// (rules J3, E4), and the view of the later is never nullified.
    fn base_view(&self, candidate: &Candidate) -> View {
        let Candidate { round, header, justification } = candidate;
        let named = justification.base_view(header);
        if !self.closes(header) {
            return named;
        }
        let batch = header.hash();
        let renews = |state: &ViewState| state.notarization().is_some_and(|known| known.vote.batch == batch);
        let renewed = self.views.range(..round.view).rev().find(|(_, state)| renews(state));
        renewed.map_or(named, |(view, _)| named.max(*view))
    }

    /// Rule J1, as far as the header alone tells: it belongs to this epoch, its parent's view lies before its own,
    /// and view 0 means the batch that opened the epoch.
    fn follows(&self, header: &BatchHeader, view: View) -> bool {
        let extra = header.extra();
        let opens = extra.parent_view == View::ZERO;
        extra.epoch == self.epoch.set.epoch()
            && extra.parent_view < view
            && opens == (header.parent() == self.opening)
            && (!opens || extra.parent_signers.is_empty())
    }

    /// Rule J5: what the host says of the batch. A batch that was bad as the proposal of one leader, who put his name
    /// to another's batch, may be good as that of another or once it is certified: then it is asked for again.
    fn ask_verdict(&mut self, batch: B256, candidate: &Candidate) -> Judgement {
        let leader = self.leader_of(candidate.round.view);
        let Some(node) = self.tree.get_mut(batch) else { return Judgement::Wait };
        let proposer = Some(leader).filter(|_| !node.certified);
        match node.verdict {
            Verdict::Valid => Judgement::Good,
            Verdict::Asked(_) => Judgement::Wait,
            Verdict::Invalid(asked) if asked.is_none() || asked == proposer => Judgement::Bad,
            Verdict::Unasked | Verdict::Invalid(_) => {
                node.verdict = Verdict::Asked(proposer);
                self.out.push(Output::Check { batch, proposer });
                Judgement::Wait
            }
        }
    }

    /// Rule J2: every view between the base and the proposal's is nullified. Asks for what is missing; true if
    /// anything is.
    pub(crate) fn want_nullifications(&mut self, base: View, view: View) -> bool {
        let mut missing = Vec::new();
        let mut between = base.next();
        while between < view {
            if self.views.get(&between).is_none_or(|state| state.nullification().is_none()) {
                missing.push(Fetch::Certificate(self.round_of(between)));
            }
            between = between.next();
        }
        for fetch in &missing {
            self.want(*fetch);
        }
        !missing.is_empty()
    }

    /// Rule P5: the next batch waits for the batch interval.
    pub(crate) fn start_pace(&mut self) {
        self.paced = false;
        self.out.push(Output::SetTimer { timer: Timer::Pace, after_ms: self.config.timings.batch_interval_ms });
    }
}
