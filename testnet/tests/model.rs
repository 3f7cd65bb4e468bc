//! The vote rules, in every order: four validators, one or two of them faulty, three views.

use std::collections::{BTreeSet, VecDeque};

use rota_testnet::model::{AGREEMENT, Action, Batch, Bug, CHAIN, INNOCENCE, Simplex, State, View, Vote};
use stateright::{Checker as _, HasDiscoveries, Model as _, Path};

/// One of four equal validators is faulty.
fn equal(views: u8) -> Simplex {
    Simplex::new([1; 4], &[0], views, 2)
}

/// Power differs, and less than a third of it is faulty.
fn unequal(faulty: &[usize], views: u8) -> Simplex {
    Simplex::new([40, 30, 20, 10], faulty, views, 2)
}

/// Visits every state: each property holds in all of them, and all that must be seen is seen.
#[track_caller]
fn holds(name: &str, model: Simplex) {
    let checker = model.checker().threads(2).spawn_bfs().join();
    let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{name}: {} states, {unique} unique, depth {depth}", checker.state_count());
    assert!(checker.is_done() && unique > 1_000, "{name}: not every state was visited");
    checker.assert_properties();
}

/// With a planted bug these properties are violated, agreement among them.
#[track_caller]
fn is_found(bug: Bug, model: Simplex, others: &[&'static str]) {
    let violated = BTreeSet::from_iter(others.iter().copied().chain([AGREEMENT]));
    let model = model.named().plant(bug);
    let checker = model.checker().finish_when(HasDiscoveries::AllOf(violated.clone())).spawn_bfs().join();
    for property in violated {
        let steps = checker.discovery(property).map(Path::into_actions).unwrap_or_default();
        assert!(!steps.is_empty(), "{bug:?} does not violate {property}");
        println!("{bug:?} among {} states: {property}: {} steps: {steps:?}", checker.unique_state_count(), steps.len());
    }
}

/// All that can be done after these steps, each of which can be done after those before it.
#[track_caller]
fn after(model: &Simplex, steps: &[Action]) -> Vec<Action> {
    let mut state = State::default();
    for step in steps {
        assert!(possible(model, &state).contains(step), "{step:?} is impossible in {state:?}");
        state = model.next_state(&state, *step).expect("each step leads somewhere");
    }
    possible(model, &state)
}

fn possible(model: &Simplex, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    actions
}

/// Every state, found without stateright.
fn reachable(model: &Simplex) -> BTreeSet<State> {
    let (mut seen, mut ahead) = (BTreeSet::from([State::default()]), VecDeque::from([State::default()]));
    while let Some(state) = ahead.pop_front() {
        for next in possible(model, &state).into_iter().filter_map(|action| model.next_state(&state, action)) {
            if seen.insert(next.clone()) {
                ahead.push_back(next);
            }
        }
    }
    seen
}

const fn batch(view: u8, number: u8) -> Batch {
    Batch { view: View(view), number }
}

const fn first(place: usize, batch: Batch, parent: Batch) -> Action {
    Action::CastFirst { place, batch, parent }
}

const fn notarize(place: usize, batch: Batch) -> Action {
    Action::Cast { place, vote: Vote::Notarize(batch) }
}

const fn nullify(place: usize, view: u8) -> Action {
    Action::Cast { place, vote: Vote::Nullify(View(view)) }
}

const fn finalize(place: usize, batch: Batch) -> Action {
    Action::Cast { place, vote: Vote::Finalize(batch) }
}

const A: Batch = batch(1, 0);
const B: Batch = batch(1, 1);
const SECOND: Batch = batch(2, 0);
const THIRD: Batch = batch(3, 0);

/// Rules U1, U2, U3: one vote and the faulty one's are no quorum, two are, and everybody may know of it.
#[test]
fn two_honest_votes_of_four_are_a_certificate_with_the_faulty_one() {
    let model = equal(2).named();
    let one = after(&model, &[first(1, A, Batch::OPENING)]);
    assert!(!one.contains(&finalize(3, A)) && !one.contains(&first(3, SECOND, A)));
    let two = after(&model, &[first(1, A, Batch::OPENING), notarize(2, A)]);
    assert!(two.contains(&finalize(3, A)) && two.contains(&first(3, SECOND, A)) && two.contains(&nullify(3, 1)));
    assert!(two.iter().all(|action| !matches!(action, Action::Cast { place: 0, .. })), "the faulty one takes no steps");
}

/// Rule U1: power decides, not heads.
#[test]
fn certificate_of_unequal_validators_needs_the_greatest() {
    let model = unequal(&[1], 1);
    let small = after(&model, &[first(2, A, Batch::OPENING), notarize(3, A)]);
    assert!(!small.contains(&finalize(0, A)));
    let great = after(&model, &[first(0, A, Batch::OPENING)]);
    assert!(great.contains(&finalize(2, A)));
}

/// Rule U4: a batch stands on a notarized one, since which all views are nullified.
#[test]
fn parent_is_notarized_and_the_views_since_are_nullified() {
    let model = equal(3).named();
    let notarized = [first(1, A, Batch::OPENING), notarize(2, A)];
    let steps = after(&model, &notarized);
    assert!(steps.contains(&first(3, SECOND, A)) && !steps.contains(&first(3, SECOND, Batch::OPENING)));

    let nullified = [&notarized[..], &[nullify(2, 1), nullify(3, 1)]].concat();
    let steps = after(&model, &nullified);
    assert!(steps.contains(&first(3, SECOND, A)) && steps.contains(&first(3, SECOND, Batch::OPENING)));
    assert!(!steps.contains(&first(3, THIRD, A)), "nobody is in view 3");

    let skipped = [&notarized[..], &[nullify(2, 2), nullify(3, 2)]].concat();
    let steps = after(&model, &skipped);
    assert!(steps.contains(&first(3, THIRD, A)) && !steps.contains(&first(3, THIRD, Batch::OPENING)));
}

/// Rule U5: a view has two batches, and no third.
#[test]
fn view_has_two_batches() {
    let steps = after(&equal(1).named(), &[first(1, A, Batch::OPENING), first(2, B, Batch::OPENING)]);
    assert!(steps.contains(&notarize(3, A)) && steps.contains(&notarize(3, B)));
    assert!(!steps.iter().any(|action| matches!(action, Action::CastFirst { .. })));
}

/// Rule U6: nobody goes back to a view below the one it voted in, but finalizes there.
#[test]
fn views_never_fall() {
    let notarized = [first(1, A, Batch::OPENING), notarize(2, A), nullify(3, 2)];
    let steps = after(&equal(3).named(), &notarized);
    assert!(!steps.contains(&notarize(3, A)) && !steps.contains(&nullify(3, 1)));
    assert!(steps.contains(&finalize(3, A)));
}

/// Rule U7.
#[test]
fn votes_exclude_each_other_as_the_rules_say() {
    let model = equal(2).named();
    let notarized = [first(1, A, Batch::OPENING), notarize(2, A)];
    let steps = after(&model, &notarized);
    assert!(steps.contains(&nullify(1, 1)), "whoever notarized may nullify");
    assert!(!steps.contains(&first(1, B, Batch::OPENING)), "nobody notarizes twice");

    let steps = after(&model, &[&notarized[..], &[nullify(3, 1)]].concat());
    assert!(!steps.contains(&notarize(3, A)) && !steps.contains(&finalize(3, A)), "nullify excludes both");

    let steps = after(&model, &[&notarized[..], &[finalize(3, A)]].concat());
    assert!(!steps.contains(&nullify(3, 1)) && !steps.contains(&finalize(3, A)), "finalize is cast once");
}

/// Rule U8: a crash is a step only for those whose record is not durable, once.
#[test]
fn crash_forgets_only_what_was_not_durable() {
    let voted = [first(1, A, Batch::OPENING)];
    let crash = Action::Crash { place: 1 };
    assert!(!after(&equal(1).named(), &voted).contains(&crash));
    let careless = equal(1).named().plant(Bug::RecordNotDurable);
    let steps = after(&careless, &[&voted[..], &[crash]].concat());
    assert!(steps.contains(&first(1, B, Batch::OPENING)), "it forgot its vote");
    assert!(!steps.contains(&crash));
    assert!(after(&careless, &[voted[0], crash, notarize(2, A)]).contains(&finalize(3, A)), "nobody else forgot it");
}

/// Rules U9, U12: the reduction visits one of each class of states and no others, and stateright visits them all.
#[test]
fn reduction_by_names_leaves_out_nothing_but_names() {
    let without_names = |mut state: State| {
        state.voters[1..].sort_unstable();
        state
    };
    let (reduced, full) = (reachable(&equal(2)), reachable(&equal(2).named()));
    println!("{} states are {} without names", full.len(), reduced.len());
    assert!(full.len() > 5 * reduced.len());
    assert_eq!(full.into_iter().map(without_names).collect::<BTreeSet<_>>(), reduced);
    let checker = equal(2).checker().threads(2).spawn_bfs().join();
    assert_eq!(checker.unique_state_count(), reduced.len());
}

/// Rule U10: whoever may nullify a view before the last may not nullify the last.
#[test]
fn last_view_is_not_nullified() {
    assert!(after(&equal(2).named(), &[]).contains(&nullify(1, 1)));
    assert!(!after(&equal(1).named(), &[]).contains(&nullify(1, 1)));
}

/// Rules U11, U12.
#[test]
fn one_of_four_equal_validators_breaks_nothing_in_three_views() {
    holds("equal powers", equal(3));
}

/// Rules U11, U12: every quorum holds the greatest, who is enough with the faulty.
#[test]
fn less_than_a_third_of_unequal_power_breaks_nothing() {
    holds("40 30 20 10, the last two faulty", unequal(&[2, 3], 3));
    holds("40 30 20 10, the second faulty", unequal(&[1], 2));
}

/// Rules U11, U12: every quorum holds the greatest, who is not enough with the faulty.
#[test]
fn two_validators_that_need_the_greatest_break_nothing() {
    holds("34 26 20 20, the second faulty", Simplex::new([34, 26, 20, 20], &[1], 2, 2));
}

/// Rule U5: a third batch adds nothing.
#[test]
fn three_batches_in_a_view_break_nothing() {
    holds("equal powers, three batches", Simplex::new([1; 4], &[0], 2, 3));
}

/// Rule U13: with less than a third of the power faulty, as in the models that hold.
#[test]
fn planted_bugs_are_found() {
    is_found(Bug::QuorumOffByOne, equal(2), &[CHAIN]);
    is_found(Bug::HeadsForStake, unequal(&[2, 3], 2), &[CHAIN]);
    is_found(Bug::ViewsAddedUp, equal(2), &[CHAIN]);
    is_found(Bug::ParentNotChecked, equal(2), &[CHAIN]);
    is_found(Bug::NullificationsNotRequired, equal(2), &[CHAIN]);
    is_found(Bug::NotarizeTwice, equal(2), &[CHAIN, INNOCENCE]);
    is_found(Bug::RecordNotDurable, equal(2), &[CHAIN, INNOCENCE]);
    is_found(Bug::NullifyAfterFinalize, equal(2), &[CHAIN, INNOCENCE]);
    is_found(Bug::FinalizeAfterNullify, equal(2), &[CHAIN, INNOCENCE]);
}
