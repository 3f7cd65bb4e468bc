//! How views begin and end, and what they teach (rules V, F1, L2, L3, T2, A3).

use std::rc::Rc;

use rota_proto::{Epoch, Round, View, Vote};

use super::{
    network::{EPOCH, Network, STAKES, round},
    node::{Node, check, check_rejected},
};
use crate::{Config, Input, Limits, Rejected};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

/// Rule V1.
#[test]
fn epoch_begins_in_view_1() {
    let node = Node::new(&network(), 2);
    assert_eq!((node.core.round(), node.core.finalized_view()), (round(1), View::ZERO));
    assert_eq!(node.core.leader().number(), 0);
}

/// Rules V2, V3: a certificate of any kind, from any later view, takes us past that view.
#[test]
fn certificate_of_any_kind_takes_us_past_its_view() {
    let network = network();
    let a = network.batch("A", &network.opening, 0, &[]);
    let mut node = Node::new(&network, 2);
    let expected = ["persist nullification 9"];
    check(&mut node, Input::Certificate(network.nullification(9)), &expected);
    assert_eq!(node.core.round(), round(10));

    let mut node = Node::new(&network, 2);
    let expected = ["persist notarization 9 A", "timer view 10 750", "sign finalize 9 A"];
    check(&mut node, Input::Certificate(network.notarization(9, &a, &[0, 1])), &expected);
    assert_eq!(node.core.round(), round(10));

    let mut node = Node::new(&network, 2);
    let expected = ["persist finalization 9 A", "fetch proposal 9 A"];
    check(&mut node, Input::Certificate(network.finalization(9, &a)), &expected);
    assert_eq!(node.core.round(), round(10));
}

/// Rule V2: a certificate of the current view, and one far beyond any vote that is taken.
#[test]
fn certificates_are_taken_from_our_view_and_from_far_ahead() {
    let network = network();
    for view in [1, 1_000, u64::from(u32::MAX)] {
        let mut node = Node::new(&network, 2);
        node.certificate(&network.nullification(view));
        assert_eq!(node.core.round(), round(view + 1));
    }
}

/// Rule V2: views never fall. A certificate of a view before ours is kept, as evidence and for others.
#[test]
fn certificate_of_an_earlier_view_is_kept_and_moves_nothing() {
    let network = network();
    let mut node = Node::new(&network, 2);
    node.enter(5);
    check(&mut node, Input::Certificate(network.nullification(3)), &["persist nullification 3"]);
    assert_eq!(node.core.round(), round(5));
    check_rejected(&mut node, Input::Certificate(network.nullification(3)), Rejected::Known);
}

/// Rule F3.
#[test]
fn certificate_below_the_final_view_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(2, &a, network.because(None, &[1])));
    node.certificate(&network.finalization(2, &a));
    assert_eq!(node.core.head(), &a);
    for (certificate, view) in [
        (network.nullification(2), View(2)),
        (network.notarization(1, &network.batch("B", &network.opening, 0, &[]), &[0, 1]), View(1)),
        (network.notarization(2, &network.batch("B", &network.opening, 0, &[]), &[0, 1]), View(2)),
    ] {
        let stale = Rejected::Stale { view, finalized: View(2) };
        check_rejected(&mut node, Input::Certificate(certificate), stale);
    }
}

/// Rules F3, J3: nor is it kept where a justification brings it.
#[test]
fn certificate_below_the_final_view_in_a_justification_is_dropped() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.follow(network.propose(2, &a, network.because(None, &[1])));
    node.certificate(&network.finalization(2, &a));
    let expected = ["timer pace 100", "timer view 3 750"];
    check(&mut node, network.propose(3, &b, network.because(None, &[1, 2])), &expected);
}

/// Rule F3: the notarization of the final batch stays wanted, because the next leader builds on it.
#[test]
fn notarization_of_the_final_batch_is_taken_after_it_is_final() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.finalization(1, &a));
    let notarization = Input::Certificate(network.notarization(1, &a, &[0, 1]));
    check(&mut node, notarization.clone(), &["persist notarization 1 A"]);
    check_rejected(&mut node, notarization, Rejected::Known);
}

#[test]
fn certificate_of_another_epoch_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 2);
    for (epoch, rejected) in [
        (Epoch(6), Rejected::PastEpoch { message: Epoch(6), ours: EPOCH }),
        (Epoch(8), Rejected::FutureEpoch { message: Epoch(8), ours: EPOCH }),
    ] {
        let other = network.next(epoch, &STAKES, &network.opening);
        let certificate = other.certificate(Vote::nullify(Round::new(epoch, View(1))), &[0, 1]);
        check_rejected(&mut node, Input::Certificate(certificate), rejected);
    }
}

/// Rules F1, A4: nullify and finalize in one round could be slashed.
#[test]
fn view_that_we_nullified_is_not_finalized_by_us() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(Input::Work(true));
    node.time_out();
    let expected = ["persist notarization 1 A", "timer view 2 1126"];
    check(&mut node, Input::Certificate(network.notarization(1, &a, &[0, 1])), &expected);
}

/// Rule F1: also an earlier view than ours, once.
#[test]
fn notarization_of_an_earlier_view_is_finalized_once() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.enter(5);
    let expected = ["persist notarization 3 A", "timer view 5 750", "sign finalize 3 A"];
    check(&mut node, Input::Certificate(network.notarization(3, &a, &[0, 1])), &expected);
    let own = node.own(Vote::finalize(round(3), a.hash()));
    check(&mut node, own, &["broadcast finalize 3 A of 2"]);
    check_rejected(&mut node, Input::Certificate(network.notarization(3, &a, &[0, 1, 2])), Rejected::Known);
}

/// Rule A3: every certificate that is new is persisted, also where two exclude each other: the guilt may lie there.
#[test]
fn every_new_certificate_is_persisted() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.enter(9);
    for (certificate, expected) in [
        (network.notarization(4, &a, &[0, 1]), "persist notarization 4 A"),
        (network.notarization(4, &b, &[0, 1]), "persist notarization 4 B"),
        (network.nullification(4), "persist nullification 4"),
        (network.finalization(4, &b), "persist finalization 4 B"),
    ] {
        assert_eq!(node.certificate(&certificate)[0], expected);
    }
}

/// A node whose leaders are skipped after 2 silent views.
fn impatient(network: &Rc<Network>) -> Node {
    let limits = Limits { silent_views: 2, ..Limits::default() };
    Node::configured(network, 2, Config { limits, ..Config::default() })
}

/// Places 0 and 1 nullify a view; together they are the quorum that was heard.
fn pass_view(node: &mut Node, view: u64) {
    let network = Rc::clone(&node.network);
    node.run(network.nullify(view, 0));
    node.run(network.nullify(view, 1));
    assert_eq!(node.core.round(), round(view + 1));
}

/// Rule L2: place 3 was silent in two views in which 0 and 1 were heard; when it leads, its timer has run out.
#[test]
fn leader_that_was_silent_is_skipped_at_once() {
    let network = network();
    let mut node = impatient(&network);
    node.run(Input::Work(true));
    pass_view(&mut node, 1);
    pass_view(&mut node, 2);
    node.run(network.nullify(3, 0));
    let expected = ["persist nullification 3", "cancel view timer", "share work", "sign nullify 4"];
    check(&mut node, network.nullify(3, 1), &expected);
}

/// Rule L2, one view short.
#[test]
fn leader_that_was_silent_once_gets_its_whole_timer() {
    let network = network();
    let mut node = impatient(&network);
    node.run(Input::Work(true));
    pass_view(&mut node, 1);
    node.certificate(&network.nullification(3));
    assert_eq!(node.core.round(), round(4));
    check(&mut node, Input::Work(false), &["cancel view timer"]);
    check(&mut node, Input::Work(true), &["timer view 4 750"]);
}

/// Rule L2: a view counts whose timer was started, also one that ended because our own timer had run out: that is
/// how views of dead leaders end.
#[test]
fn views_that_our_own_timer_ended_count_as_silent_too() {
    let network = network();
    let mut node = impatient(&network);
    node.run(Input::Work(true));
    for view in [1, 2] {
        node.time_out();
        pass_view(&mut node, view);
    }
    node.certificate(&network.nullification(3));
    assert_eq!(node.core.round(), round(4));
    assert_eq!(node.disk.votes.last().map(|vote| vote.vote), Some(Vote::nullify(round(4))), "skipped at once");
}

/// Rule L2: silence where nothing was to be said, or where nobody was heard, is no inactivity.
#[test]
fn silence_without_a_timer_or_without_a_quorum_is_not_inactivity() {
    let network = network();
    let mut node = impatient(&network);
    for view in 2..=8 {
        node.enter(view);
    }
    node.run(Input::Work(true));
    for view in 9..=12 {
        node.run(network.nullify(view - 1, 1));
        node.enter(view);
    }
    assert_eq!(node.core.leader().number(), 3);
    check(&mut node, Input::Work(false), &["cancel view timer"]);
    check(&mut node, Input::Work(true), &["timer view 12 750"]);
}

/// Rule L3.
#[test]
fn one_vote_makes_a_validator_active_again() {
    let network = network();
    for late in [network.nullify(1, 3), network.nullify(3, 3), network.nullify(9, 3)] {
        let mut node = impatient(&network);
        node.run(Input::Work(true));
        pass_view(&mut node, 1);
        pass_view(&mut node, 2);
        node.run(late);
        node.run(network.nullify(3, 0));
        let expected = ["persist nullification 3", "cancel view timer", "timer view 4 750"];
        check(&mut node, network.nullify(3, 1), &expected);
    }
}

/// Rule L3: a slow validator, whose votes come when their view is final, is not inactive.
#[test]
fn vote_for_a_final_view_makes_active_too() {
    let network = network();
    let mut node = impatient(&network);
    node.run(Input::Work(true));
    pass_view(&mut node, 1);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(2, &a, network.because(None, &[1])));
    node.run(network.notarize(2, &a, 0));
    node.certificate(&network.finalization(2, &a));
    let mut skipped = node.clone();
    pass_view(&mut skipped, 3);
    assert_eq!(skipped.disk.votes.last().map(|vote| vote.vote), Some(Vote::nullify(round(4))));
    check(&mut node, network.notarize(2, &a, 3), &["send 3 finalization 2 A"]);
    pass_view(&mut node, 3);
    assert!(!node.disk.votes.iter().any(|vote| vote.vote == Vote::nullify(round(4))), "place 3 has its turn");
}

/// Rule T2: half as long again for each view left having nullified it, and back after a finalization.
#[test]
fn timer_grows_with_nullified_views_and_falls_back_when_a_batch_is_final() {
    let network = network();
    let mut node = Node::new(&network, 3);
    assert_eq!(node.step(Input::Work(true)), ["timer view 1 750"]);
    for (view, timer) in [(1, "timer view 2 1126"), (2, "timer view 3 1690")] {
        node.time_out();
        assert_eq!(node.certificate(&network.nullification(view)).last().map(String::as_str), Some(timer));
    }
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(3, &a, network.because(None, &[1, 2])));
    let texts = node.certificate(&network.notarization(3, &a, &[0, 1]));
    assert!(texts.contains(&"timer view 4 1690".to_owned()), "{texts:?}");
    node.certificate(&network.finalization(3, &a));
    let texts = node.certificate(&network.nullification(4));
    assert!(texts.contains(&"timer view 5 750".to_owned()), "{texts:?}");
}
