//! What must hold in every state, and what some state must show.

use stateright::Property;

use super::{Batch, Simplex, State, View, Vote};

/// Rule U11: the name of agreement.
pub const AGREEMENT: &str = "agreement: no two final batches conflict";

/// Rule U11: the name of what makes agreement last.
pub const CHAIN: &str = "chain: what is notarized in the view of a final batch or later descends from it";

/// Rule U11: the name of what the guard protects.
pub const INNOCENCE: &str = "innocence: no honest validator signs a slashable pair";

/// Rules U11, U12.
pub(super) fn all() -> Vec<Property<Simplex>> {
    vec![
        Property::always(AGREEMENT, agreement),
        Property::always(CHAIN, chain),
        Property::always(INNOCENCE, innocence),
        Property::sometimes("a batch of the last view is final", last_is_final),
        Property::sometimes("a final batch skips a view", skips_a_view),
        Property::sometimes("two batches of a view are notarized by honest validators", equivocates),
        Property::sometimes("a view is notarized and nullified", is_both),
        Property::sometimes("a notarized batch is lost", loses),
    ]
}

/// All batches of which a certificate exists.
fn notarized(model: &Simplex, state: &State) -> Vec<Batch> {
    let batches = model.views().flat_map(|view| state.batches(view));
    batches.filter(|batch| model.is_notarized(state, *batch)).collect()
}

/// All batches that some validator may call final.
fn finals(model: &Simplex, state: &State) -> Vec<Batch> {
    let batches = model.views().flat_map(|view| state.batches(view));
    batches.filter(|batch| model.is_final(state, *batch)).collect()
}

fn agreement(model: &Simplex, state: &State) -> bool {
    let finals = finals(model, state);
    let mut pairs = finals.iter().flat_map(|later| finals.iter().map(move |earlier| (*earlier, *later)));
    pairs.all(|(earlier, later)| later.view < earlier.view || state.descends(later, earlier))
}

fn chain(model: &Simplex, state: &State) -> bool {
    let (finals, notarized) = (finals(model, state), notarized(model, state));
    let mut pairs = finals.iter().flat_map(|last| notarized.iter().map(move |batch| (*last, *batch)));
    pairs.all(|(last, batch)| batch.view < last.view || state.descends(batch, last))
}

/// Two notarize votes, two finalize votes, or nullify and finalize, in one view.
fn innocence(model: &Simplex, state: &State) -> bool {
    let is_innocent = |place: usize, view: View| {
        let cast = &state.voters[place].cast;
        let finalized = cast.finalized(view);
        cast.notarized(view) <= 1 && finalized <= 1 && !(finalized == 1 && cast.holds(Vote::Nullify(view)))
    };
    model.honest().all(|place| model.views().all(|view| is_innocent(place, view)))
}

fn last_is_final(model: &Simplex, state: &State) -> bool {
    finals(model, state).iter().any(|batch| batch.view == View(model.views))
}

fn skips_a_view(model: &Simplex, state: &State) -> bool {
    let skips = |batch: &Batch| state.parent(*batch).is_some_and(|parent| parent.view < batch.view.previous());
    finals(model, state).iter().any(skips)
}

fn equivocates(model: &Simplex, state: &State) -> bool {
    model.views().any(|view| state.batches(view).count() > 1)
}

fn is_both(model: &Simplex, state: &State) -> bool {
    notarized(model, state).iter().any(|batch| model.is_nullified(state, batch.view))
}

/// A batch that was notarized is no ancestor of a final one of a later view.
fn loses(model: &Simplex, state: &State) -> bool {
    let finals = finals(model, state);
    let is_lost = |batch: &Batch| finals.iter().any(|last| last.view > batch.view && !state.descends(*last, *batch));
    notarized(model, state).iter().any(is_lost)
}
