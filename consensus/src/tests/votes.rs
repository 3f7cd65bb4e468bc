//! Which votes count, and what a quorum makes of them (rules Q, V3, F3, R2).

use rota_proto::{Epoch, Round, View, Vote};

use super::{
    network::{EPOCH, Network, STAKES, place, round},
    node::{Node, check, check_rejected, check_timeout},
};
use crate::{Input, LeaderSchedule, Limits, Rejected};

/// Rule Q1: finality needs more than two thirds of the stake, not of the heads. Without the 40 there is none.
#[test]
fn without_the_40_three_of_four_notarize_nothing() {
    let network = Network::led_by(&STAKES, LeaderSchedule::Chosen(vec![place(1)]));
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    check(&mut node, network.notarize(1, &a, 3), &[]);
    assert_eq!(node.core.round(), round(1), "30 + 20 + 10 of 100 are no quorum");
    for number in [1, 2, 3] {
        let _ = node.outputs(network.finalize(1, &a, number));
        let _ = node.outputs(network.nullify(1, number));
    }
    assert_eq!((node.core.round(), node.core.finalized_view()), (round(1), View::ZERO));
}

/// Rule Q1: without the 30 there is.
#[test]
fn without_the_30_a_batch_becomes_final() {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    check(
        &mut node,
        network.notarize(1, &a, 3),
        &["persist notarization 1 A", "notarized A", "cancel view timer", "timer view 2 750", "sign finalize 1 A"],
    );
    let own = node.own(Vote::finalize(round(1), a.hash()));
    check(&mut node, own, &["broadcast finalize 1 A of 2"]);
    check(&mut node, network.finalize(1, &a, 3), &[]);
    check(
        &mut node,
        network.finalize(1, &a, 0),
        &["persist finalization 1 A", "final A by finalization 1 A", "cancel view timer"],
    );
    assert_eq!(node.core.head(), &a);
}

/// Rule Q1: two thirds are not more than two thirds.
#[test]
fn two_of_three_equal_stakes_are_no_quorum() {
    let network = Network::new(&[1, 1, 1]);
    let mut node = Node::new(&network, 2);
    check(&mut node, network.nullify(1, 0), &["timer view 1 750"]);
    check(&mut node, network.nullify(1, 1), &[]);
    check_timeout(&mut node, &["sign nullify 1"]);
    let own = node.own(Vote::nullify(round(1)));
    check(&mut node, own, &["broadcast nullify 1 of 2", "persist nullification 1"]);
}

/// Rule Q3: votes of different rounds, kinds or batches are never added up.
#[test]
fn votes_for_different_things_are_not_added_up() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    check(&mut node, network.notarize(1, &a, 0), &["timer view 1 750"]);
    check(&mut node, network.notarize(1, &b, 1), &[]);
    check(&mut node, network.notarize(2, &a, 2), &[]);
    check(&mut node, network.finalize(1, &a, 1), &[]);
    check(&mut node, network.finalize(2, &a, 2), &[]);
    check(&mut node, network.nullify(1, 2), &[]);
    check(&mut node, network.nullify(2, 1), &[]);
    check(&mut node, network.nullify(3, 0), &[]);
    assert_eq!(node.core.round(), round(1));
}

/// Rule Q3: of each validator the first vote of a kind counts.
#[test]
fn second_vote_of_a_kind_in_a_round_does_not_count() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.step(network.notarize(1, &a, 0));
    let conflicting = Rejected::Conflicting { place: place(0), round: round(1) };
    check_rejected(&mut node, network.notarize(1, &b, 0), conflicting);
    check_rejected(&mut node, network.notarize(1, &a, 0), Rejected::Known);
    node.step(network.notarize(1, &b, 1));
    node.step(network.notarize(1, &b, 2));
    assert_eq!(node.core.round(), round(1), "two of four voted for B, the third for A");
    check(&mut node, network.nullify(1, 0), &[]);
}

/// Rules Q3, V2: late votes count. A view that was nullified is notarized later, and finalized.
#[test]
fn vote_for_a_view_that_was_left_counts() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.enter(2);
    check(
        &mut node,
        network.notarize(1, &a, 1),
        &["persist notarization 1 A", "notarized A", "timer view 2 750", "sign finalize 1 A"],
    );
    assert_eq!(node.core.round(), round(2));
}

/// Rules Q3, R2: a second vote for another batch is not answered as if it were the first said again.
#[test]
fn conflicting_vote_for_a_view_that_was_left_is_refused() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.enter(2);
    node.step(network.notarize(1, &a, 0));
    check(&mut node, network.notarize(1, &a, 0), &["send 0 nullification 1"]);
    let conflicting = Rejected::Conflicting { place: place(0), round: round(1) };
    check_rejected(&mut node, network.notarize(1, &b, 0), conflicting);
}

/// Rule V3, at the limit and one past.
#[test]
fn vote_too_far_ahead_is_refused() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let limit = Limits::default().views_ahead;
    check(&mut node, network.nullify(1 + limit, 0), &[]);
    check_rejected(
        &mut node,
        network.nullify(2 + limit, 0),
        Rejected::FarFuture { view: View(2 + limit), ours: View(1), limit },
    );
}

/// Rules F3, R2, P3: a vote that is not above the final view is answered, and not counted, but for one that notarizes
/// the final batch.
#[test]
fn late_vote_is_answered_and_counts_only_for_the_final_batch() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.finalization(1, &a));
    let other = network.batch("B", &network.opening, 0, &[]);
    let kept = node.size("view votes");
    for vote in [network.nullify(1, 2), network.finalize(1, &a, 2), network.notarize(1, &other, 2)] {
        check(&mut node, vote, &["send 2 finalization 1 A"]);
    }
    assert_eq!(node.size("view votes"), kept);
    for _ in 0..2 {
        check(&mut node, network.notarize(1, &a, 2), &["send 2 finalization 1 A"]);
    }
    assert_eq!(node.size("view votes"), kept + 1);
}

/// Rule E5 says which epochs are remembered; this one never was.
#[test]
fn vote_of_another_epoch_is_refused() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let of_epoch = |epoch| {
        let other = network.next(epoch, &[1; 4], &network.opening);
        Input::Vote(other.verified(Vote::nullify(Round::new(epoch, View(1))), 0))
    };
    let past = Rejected::PastEpoch { message: Epoch(6), ours: EPOCH };
    check_rejected(&mut node, of_epoch(Epoch(6)), past);
    let future = Rejected::FutureEpoch { message: Epoch(8), ours: EPOCH };
    check_rejected(&mut node, of_epoch(Epoch(8)), future);
    let signed = network.signed(Vote::nullify(Round::new(Epoch(6), View(1))), 0);
    assert_eq!(node.core.admit_vote(&signed), Err(past), "before its signature is looked at");
}

/// Rule N2: what the signer answers is counted and sent once.
#[test]
fn own_vote_counts_once_and_only_while_its_view_lives() {
    let network = Network::new(&[1; 4]);
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let own = node.own(Vote::nullify(round(1)));
    check(&mut node, own.clone(), &["broadcast nullify 1 of 3", "timer view 1 750"]);
    check_rejected(&mut node, own.clone(), Rejected::Known);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.finalization(1, &a));
    check_rejected(&mut node, own, Rejected::Stale { view: View(1), finalized: View(1) });
    let other = network.next(Epoch(8), &[1; 4], &network.opening);
    let foreign = Input::Signed(other.verified(Vote::nullify(Round::new(Epoch(8), View(1))), 3));
    check_rejected(&mut node, foreign, Rejected::PastEpoch { message: Epoch(8), ours: EPOCH });
}
