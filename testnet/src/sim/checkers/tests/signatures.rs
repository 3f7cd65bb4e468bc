use rota_proto::{Epoch, Round, View, Vote};

use super::{Watch, hash, restarted, round, watch};
use crate::sim::{checkers::Signatures, facts::Fact};

/// A node signs these in turn; it crashes between any two.
#[track_caller]
fn signs(votes: &[Vote]) -> Watch<Signatures> {
    let run = watch(Signatures::default());
    votes.iter().fold(run, |run, vote| run.see(0, restarted(0)).see(0, Fact::Signed(*vote)))
}

#[test]
fn what_l1_does_not_slash_may_be_signed() {
    let later = Round::new(Epoch(2), View(4));
    let here = [Vote::notarize(round(4), hash(1)), Vote::notarize(round(4), hash(1)), Vote::nullify(round(4))];
    signs(&here).holds();
    signs(&[Vote::notarize(round(4), hash(1)), Vote::finalize(round(4), hash(2))]).holds();
    signs(&[Vote::notarize(round(4), hash(1)), Vote::notarize(later, hash(2)), Vote::nullify(later)]).holds();
}

#[test]
fn each_pair_that_l1_slashes_is_a_violation() {
    let [one, other] = [1, 2].map(|number| Vote::notarize(round(4), hash(number)));
    signs(&[one, other]).fires("n0 signed notarize 1.4 020202 after");
    let [one, other] = [1, 2].map(|number| Vote::finalize(round(4), hash(number)));
    signs(&[one, other]).fires("n0 signed finalize 1.4 020202 after");
    signs(&[Vote::nullify(round(4)), one]).fires("n0 signed finalize 1.4 010101 after");
    signs(&[one, Vote::nullify(round(4))]).fires("n0 signed nullify 1.4 after");
}

#[test]
fn nodes_have_keys_of_their_own() {
    let run = signs(&[Vote::nullify(round(4))]).see(1, Fact::Signed(Vote::finalize(round(4), hash(1))));
    let run = run.see_faulty(2, Fact::Signed(Vote::finalize(round(4), hash(1))));
    run.see_faulty(2, Fact::Signed(Vote::finalize(round(4), hash(2)))).holds();
}

#[test]
fn vote_that_the_guard_refuses_is_a_violation() {
    let run = watch(Signatures::default()).see_faulty(2, Fact::Refused(Vote::nullify(round(4))));
    run.see(0, Fact::Refused(Vote::nullify(round(4)))).fires("asked for nullify 1.4, which its guard refused");
}
