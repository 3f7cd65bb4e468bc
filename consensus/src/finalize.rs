//! Finality: what a finalization makes final, and what must never happen (rules F, A).

use rota_proto::{Certificate, Fetch, Verified, View, VoteKind};

use crate::{Output, Simplex};

/// Views of the final chain that conflicting finalizations are recognised in: at ten batches a second, a quarter of
/// an hour. Older ones the host finds in its store.
pub(crate) const FINAL_VIEWS_MAX: usize = 8_192;

/// Batches that become final at once: as many as execution holds unfinal. Nobody notarizes further above what is final,
/// so there is a finalization between for whoever is further behind.
pub(crate) const FINAL_AT_ONCE_MAX: usize = 128;

impl Simplex {
    /// Rules F2, F3: the highest finalized batch whose ancestors are here becomes final, they with it. If there is
    /// none, what is missing is asked for, of the lowest first: whoever was away for long gets there step by step.
    pub(crate) fn finalize(&mut self) {
        if self.closed.is_some() {
            return;
        }
        let finalized = |(view, state): (&View, &crate::view::ViewState)| {
            state.finalization().map(|certificate| (*view, certificate.clone()))
        };
        let finalizations: Vec<(View, Verified<Certificate>)> =
            self.views.range(self.finalized.next()..).filter_map(finalized).collect();
        for (view, certificate) in finalizations.iter().rev() {
            let vote = certificate.vote;
            if vote.batch == self.tree.root().hash() {
                return self.finalize_view(*view, certificate.clone());
            }
            let is_short = || self.tree.path(vote.batch).is_none_or(|path| path.len() <= FINAL_AT_ONCE_MAX);
            if self.tree.missing(vote.batch, vote.round).is_empty() && is_short() {
                return self.make_final(*view, certificate.clone());
            }
        }
        for (_, certificate) in finalizations {
            self.want_missing(certificate.vote.batch, certificate.vote.round);
        }
    }

    fn make_final(&mut self, view: View, certificate: Verified<Certificate>) {
        let batch = certificate.vote.batch;
        let Some(path) = self.tree.path(batch) else { return self.report_conflict(certificate) };
        self.remember_chain(view, &path);
        // F2: the certificate was persisted when it was kept, before anyone is told.
        self.out.push(Output::Finalized { certificate: certificate.clone(), batches: path });
        self.tree.finalize(batch);
        self.finalize_view(view, certificate);
        let head = self.tree.root();
        if self.closes(head) {
            self.close_epoch();
        }
    }

    /// Nothing at or below the final view is needed any more, but the notarization that the next leader builds on.
    fn finalize_view(&mut self, view: View, certificate: Verified<Certificate>) {
        self.finalized = view;
        self.finalization = Some(certificate);
        self.failures = 0;
        self.views = self.views.split_off(&view);
        self.to_finalize = self.to_finalize.split_off(&view.next());
        let tree = &self.tree;
        self.wanted.retain(|fetch| match fetch {
            Fetch::Certificate(round) | Fetch::Proposal { round, .. } => round.view > view,
            Fetch::Body(batch) => tree.get(*batch).is_some_and(|node| !node.body),
        });
    }

    fn remember_chain(&mut self, view: View, path: &[alloy_primitives::B256]) {
        let mut notarized_in = view;
        for batch in path.iter().rev() {
            self.final_chain.insert(notarized_in, *batch);
            let parent = self.tree.header(*batch).map(|header| header.extra().parent_view);
            notarized_in = parent.unwrap_or(View::ZERO);
        }
        while self.final_chain.len() > FINAL_VIEWS_MAX {
            self.final_chain.pop_first();
        }
    }

    /// Rule A1: whether a finalization at or below the last final view names a batch that our chain does not hold.
    pub(crate) fn is_rival(&self, certificate: &Certificate) -> bool {
        let vote = certificate.vote;
        let remembered = self.final_chain.first_key_value().is_some_and(|(first, _)| *first <= vote.round.view);
        vote.kind == VoteKind::Finalize
            && vote.round.epoch == self.epoch.set.epoch()
            && vote.round.view <= self.finalized
            && remembered
            && vote.batch != self.tree.root().hash()
            && self.final_chain.get(&vote.round.view) != Some(&vote.batch)
    }

    /// Rule A2: two finalizations that conflict prove that more than a third of the stake is faulty.
    pub(crate) fn report_conflict(&mut self, theirs: Verified<Certificate>) {
        if self.reported == Some(theirs.vote) {
            return;
        }
        let opening = self.past.values().next_back().map(|past| &past.finalization);
        if let Some(ours) = self.finalization.as_ref().or(opening).cloned() {
            self.reported = Some(theirs.vote);
            self.out.push(Output::Conflict { ours, theirs });
        }
    }
}
