use std::collections::BTreeSet;

use rota_proto::{Epoch, Round, View, Vote};

use super::{Watch, certified, hash, round, told, watch};
use crate::sim::{
    checkers::Accountability,
    facts::{Checker as _, Fact},
    outcome::Stats,
};

/// Four validators with equal stakes, the last two of which are faulty.
fn two_of_four() -> Watch<Accountability> {
    watch(Accountability::new(vec![10; 4], [2, 3].into()))
}

/// Two batches of height 1, called final by two honest nodes.
#[track_caller]
fn forked(watch: Watch<Accountability>) -> Watch<Accountability> {
    watch.see(0, told(1, |_| {})).see(1, told(1, |told| told.batch = hash(9)))
}

#[track_caller]
fn names(checker: &Accountability, guilty: impl Into<BTreeSet<usize>>) {
    let mut stats = Stats::default();
    checker.sum_up(&mut stats);
    assert_eq!(stats.accountable, guilty.into());
    assert_eq!(checker.guilty(), stats.accountable);
}

#[test]
fn certificates_without_a_conflict_need_to_name_nobody() {
    let vote = Vote::notarize(round(1), hash(1));
    let run = two_of_four().see(0, certified(vote, 0b0111)).see(1, certified(vote, 0b1110));
    let run = run.see(0, certified(Vote::finalize(round(1), hash(1)), 0b0111)).see(0, told(1, |_| {}));
    names(&run.see(1, told(1, |_| {})).holds(), []);
}

#[test]
fn notarizations_of_two_batches_name_those_who_signed_both() {
    let run = two_of_four().see(0, certified(Vote::notarize(round(1), hash(1)), 0b1101));
    let run = run.see(1, certified(Vote::notarize(round(1), hash(9)), 0b1110));
    names(&forked(run).holds(), [2, 3]);
}

#[test]
fn finalizations_of_two_batches_name_those_who_signed_both() {
    let run = two_of_four().see(0, certified(Vote::finalize(round(1), hash(1)), 0b1101));
    let run = run.see(1, certified(Vote::finalize(round(1), hash(9)), 0b1110));
    names(&forked(run).holds(), [2, 3]);
}

#[test]
fn nullification_and_finalization_of_a_round_name_those_who_signed_both() {
    let run = two_of_four().see(0, certified(Vote::nullify(round(1)), 0b1101));
    let run = run.see(1, certified(Vote::finalize(round(1), hash(9)), 0b1110));
    names(&forked(run).holds(), [2, 3]);
}

#[test]
fn certificates_that_faulty_nodes_keep_count_too() {
    let run = two_of_four().see_faulty(2, certified(Vote::nullify(round(1)), 0b1101));
    let run = run.see_faulty(3, certified(Vote::finalize(round(1), hash(9)), 0b1110));
    names(&forked(run).holds(), [2, 3]);
}

#[test]
fn conflict_that_a_core_reports_is_judged_as_one_of_users() {
    let run = two_of_four().see(0, certified(Vote::finalize(round(1), hash(1)), 0b1101));
    let run = run.see(0, certified(Vote::finalize(round(1), hash(9)), 0b1110));
    names(&run.see(0, Fact::Conflict).holds(), [2, 3]);
    names(&two_of_four().see(0, Fact::Conflict).fires("name no more than a third"), []);
}

#[test]
fn conflict_of_faulty_nodes_alone_is_none() {
    let run = two_of_four().see_faulty(2, told(1, |_| {})).see(1, told(1, |told| told.batch = hash(9)));
    names(&run.see_faulty(2, Fact::Conflict).holds(), []);
}

#[test]
fn conflict_that_names_nobody_is_a_violation() {
    names(&forked(two_of_four()).fires("name no more than a third"), []);
}

#[test]
fn a_third_is_not_more_than_a_third() {
    let run = watch(Accountability::new(vec![10; 3], [1, 2].into())).see(0, certified(Vote::nullify(round(1)), 0b110));
    let run = run.see(0, certified(Vote::finalize(round(1), hash(1)), 0b101));
    names(&run.see(0, Fact::Conflict).fires("[(10, 30)]"), [2]);
}

#[test]
fn pairs_of_different_rounds_are_none() {
    let run = two_of_four().see(0, certified(Vote::notarize(round(1), hash(1)), 0b1111));
    let run = run.see(1, certified(Vote::notarize(round(2), hash(9)), 0b1111));
    let later = Round::new(Epoch(2), View(1));
    let run = run.see(1, certified(Vote::finalize(later, hash(9)), 0b1111));
    forked(run.see(1, certified(Vote::nullify(round(1)), 0b1111))).fires("name no more than a third");
}

#[test]
fn guilt_of_two_epochs_does_not_add_up() {
    let later = Round::new(Epoch(2), View(1));
    let stakes = || watch(Accountability::new(vec![30, 30, 20, 20], [2, 3].into()));
    let run = stakes().see(0, certified(Vote::nullify(round(1)), 0b0110));
    let run = run.see(0, certified(Vote::finalize(round(1), hash(1)), 0b0101));
    let run =
        run.see(0, certified(Vote::nullify(later), 0b1010)).see(0, certified(Vote::finalize(later, hash(1)), 0b1001));
    let run = run.see(0, told(1, |told| told.stakes = vec![30, 30, 20, 20]));
    run.see(1, told(1, |told| (told.batch, told.epoch) = (hash(9), 2))).fires("[(20, 100), (10, 40)]");
}

#[test]
fn stakes_are_those_of_the_epoch() {
    let members = vec![(0, 50), (1, 50), (2, 20), (3, 20)];
    let set = Fact::Set { epoch: 1, members, stakes: vec![50, 50, 20, 20] };
    let run = two_of_four().see(0, set).see(0, certified(Vote::nullify(round(1)), 0b1101));
    forked(run.see(1, certified(Vote::finalize(round(1), hash(9)), 0b1110))).fires("[(40, 140)]");
}

#[test]
fn honest_nodes_are_never_named_whether_there_is_a_conflict_or_not() {
    let run = two_of_four().see(0, certified(Vote::notarize(round(4), hash(1)), 0b0111));
    run.see(1, certified(Vote::notarize(round(4), hash(9)), 0b1110)).fires("round 1.4 name n1, who is honest");
}

#[test]
fn beyond_two_thirds_nothing_is_promised() {
    let run = watch(Accountability::new(vec![10; 4], [1, 2, 3].into()));
    forked(run).holds();
    let exactly = watch(Accountability::new(vec![10; 3], [1, 2].into()));
    exactly.see(0, Fact::Conflict).fires("name no more than a third");
}
