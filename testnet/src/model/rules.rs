//! What an honest validator may do, in a state where every certificate that exists may have reached it.

use super::{Action, Batch, Bug, Simplex, State, VALIDATORS, View, Vote};

/// A batch that a validator may be shown in a view.
pub(super) struct Offer {
    batch: Batch,
    /// What it stands on, if nobody honest has notarized it yet.
    parent: Option<Batch>,
}

impl Simplex {
    /// Rule U1: whether these validators, a bit for each, have a quorum.
    fn is_quorum(&self, signers: u8) -> bool {
        let signed = (0..VALIDATORS).filter(|place| signers >> place & 1 == 1);
        if self.has(Bug::HeadsForStake) {
            return 3 * signed.count() > 2 * VALIDATORS;
        }
        let power: u32 = signed.map(|place| self.powers[place]).sum();
        let total: u32 = self.powers.iter().sum();
        if self.has(Bug::QuorumOffByOne) { power >= 2 * total / 3 } else { 3 * power > 2 * total }
    }

    /// Rule U2: whether the votes for this that were cast, with those of all who are faulty, are a certificate.
    pub(super) fn is_certified(&self, state: &State, vote: Vote) -> bool {
        let signers = match vote {
            Vote::Nullify(_) if self.has(Bug::ViewsAddedUp) => {
                self.views().fold(0, |signers, view| signers | state.signers(Vote::Nullify(view)))
            }
            Vote::Notarize(_) | Vote::Nullify(_) | Vote::Finalize(_) => state.signers(vote),
        };
        self.is_quorum(signers | self.faulty)
    }

    pub(super) fn is_notarized(&self, state: &State, batch: Batch) -> bool {
        batch == Batch::OPENING || self.is_certified(state, Vote::Notarize(batch))
    }

    pub(super) fn is_nullified(&self, state: &State, view: View) -> bool {
        self.is_certified(state, Vote::Nullify(view))
    }

    pub(super) fn is_final(&self, state: &State, batch: Batch) -> bool {
        batch == Batch::OPENING || self.is_certified(state, Vote::Finalize(batch))
    }

    /// Rule U6: whether a certificate of any kind leads out of a view.
    pub(super) fn is_over(&self, state: &State, view: View) -> bool {
        view == View(0)
            || self.is_nullified(state, view)
            || state.batches(view).any(|batch| self.is_notarized(state, batch) || self.is_final(state, batch))
    }

    /// Rules U4, U5: the batches of a view that were notarized, and those that can be made up: the next number on every
    /// parent.
    pub(super) fn proposals(&self, state: &State, view: View) -> Vec<Offer> {
        let mut offers: Vec<Offer> = state.batches(view).map(|batch| Offer { batch, parent: None }).collect();
        let next = (0..self.batches).map(|number| Batch { view, number }).find(|next| state.parent(*next).is_none());
        if let Some(batch) = next {
            let parents = self.parents(state, view).into_iter();
            offers.extend(parents.map(|parent| Offer { batch, parent: Some(parent) }));
        }
        offers
    }

    /// Rule U4: what a batch of a view may stand on: a notarized batch, since which all views are nullified.
    fn parents(&self, state: &State, view: View) -> Vec<Batch> {
        let earlier = Batch::OPENING.view.until(view).flat_map(|view| state.batches(view));
        let is_parent = |parent: &Batch| {
            let notarized = self.has(Bug::ParentNotChecked) || self.is_notarized(state, *parent);
            let mut between = parent.view.until(view);
            let skips = self.has(Bug::NullificationsNotRequired);
            notarized && (skips || between.all(|between| self.is_nullified(state, between)))
        };
        std::iter::once(Batch::OPENING).chain(earlier).filter(is_parent).collect()
    }

    /// Rule U7: once a view, and not where it nullified.
    pub(super) fn notarize(&self, state: &State, place: usize, offers: &[Offer], actions: &mut Vec<Action>) {
        for Offer { batch, parent } in offers {
            let kept = &state.voters[place].kept;
            let vote = Vote::Notarize(*batch);
            let voted = kept.notarized(batch.view) > 0 && !self.has(Bug::NotarizeTwice);
            if !voted && !kept.holds(vote) && !kept.nullified(batch.view) {
                actions.push(match parent {
                    Some(parent) => Action::CastFirst { place, batch: *batch, parent: *parent },
                    None => Action::Cast { place, vote },
                });
            }
        }
    }

    /// Rule U7: at any time, once, and not where it cast finalize. Rule U10: in the last view only where it is counted
    /// for another.
    pub(super) fn nullify(&self, state: &State, place: usize, view: View, actions: &mut Vec<Action>) {
        let kept = &state.voters[place].kept;
        let finalized = kept.finalized(view) > 0 && !self.has(Bug::NullifyAfterFinalize);
        let counts = view.0 < self.views || self.has(Bug::ViewsAddedUp);
        if counts && !kept.nullified(view) && !finalized {
            actions.push(Action::Cast { place, vote: Vote::Nullify(view) });
        }
    }

    /// Rule U7: a notarized batch, in any view that was entered, once a view, and not where it nullified.
    pub(super) fn finalize(&self, state: &State, batch: Batch, actions: &mut Vec<Action>) {
        if !self.is_notarized(state, batch) {
            return;
        }
        let may = |place: &usize| {
            let kept = &state.voters[*place].kept;
            let nullified = kept.nullified(batch.view) && !self.has(Bug::FinalizeAfterNullify);
            kept.finalized(batch.view) == 0 && !nullified
        };
        let vote = Vote::Finalize(batch);
        actions.extend(self.honest().filter(may).map(|place| Action::Cast { place, vote }));
    }
}
