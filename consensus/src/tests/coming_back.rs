//! Coming back after an absence, or with an old copy of the guard's record (rule S3).

use std::rc::Rc;

use rota_proto::{Epoch, Round, View, Vote};

use super::{
    network::{STAKES, round},
    node::{Node, check, check_timeout},
    startup::{answer, asking_with, first, network},
};
use crate::{Config, Durable, GuardRecord, Input};

/// Rule S3, at the limit and one past: the network can have gone one view further with the votes in our record.
#[test]
fn record_that_lies_more_than_one_view_back_holds_votes_back() {
    let network = network();
    let mut node = asking_with(&network, 3, &[Vote::nullify(round(1))]);
    node.step(answer(0, Some(&network.nullification(1)), &[], &network));
    check(&mut node, answer(1, None, &[], &network), &[]);
    assert_eq!(node.core.round(), round(2));
    assert_eq!(node.step(Input::Work(true)), ["timer view 2 750"]);

    let mut node = asking_with(&network, 3, &[Vote::nullify(round(1))]);
    node.step(answer(0, Some(&network.nullification(2)), &[], &network));
    check(&mut node, answer(1, None, &[], &network), &["nothing below 7.3, only nullify votes below 7.5"]);
    assert_eq!(node.core.round(), round(3), "it is where the others are");
}

/// Rule S3, liveness: who was away may be the one that the others wait for, and its nullify vote ends their view.
#[test]
fn validator_that_was_away_nullifies_the_view_that_the_others_are_in() {
    let network = network();
    let mut node = asking_with(&network, 2, &[]);
    node.step(Input::Work(true));
    node.step(answer(0, Some(&network.nullification(7)), &[], &network));
    node.step(answer(1, None, &[], &network));
    assert_eq!(node.core.round(), round(8));
    node.run(network.nullify(8, 0));
    let texts = node.time_out();
    assert!(texts.contains(&"broadcast nullify 8 of 2".to_owned()), "{texts:?}");
    node.run(network.nullify(8, 3));
    assert_eq!(node.core.round(), round(9), "40 + 20 + 10 of 100");
}

/// Rule S3: two views without notarize and finalize votes, and without a proposal; then everything.
#[test]
fn validator_that_was_away_signs_everything_two_views_later() {
    let network = network();
    let mut node = asking_with(&network, 2, &[]);
    let a = first(&network);
    node.step(answer(0, Some(&network.nullification(2)), &[], &network));
    node.step(answer(1, None, &[], &network));
    let expected = ["persist nullification 1", "timer pace 100", "timer view 3 750"];
    check(&mut node, network.propose(3, &a, network.because(None, &[1, 2])), &expected);
    check(&mut node, Input::Body(a.hash()), &[]);
    let by = network.notarization(3, &a, &[0, 1]);
    check(
        &mut node,
        Input::Certificate(by),
        &["persist notarization 3 A", "notarized A", "cancel view timer", "timer view 4 750"],
    );
    check_timeout(&mut node, &["sign nullify 4"]);
    let b = network.batch("B", &a, 3, &[0, 1]);
    let texts = node.run(Input::Certificate(network.notarization(5, &b, &[0, 1])));
    assert!(texts.iter().any(|text| text.starts_with("broadcast finalize 5 B")), "from view 5 on: {texts:?}");
}

/// Rule S3, at the limit: in the view before the third it notarizes nothing, in the third it does.
#[test]
fn validator_that_was_away_notarizes_two_views_later() {
    let network = network();
    let a = first(&network);
    for (view, why, notarizes) in [(4, &[1, 2, 3][..], false), (5, &[1, 2, 3, 4], true)] {
        let mut node = asking_with(&network, 2, &[]);
        node.step(answer(0, Some(&network.nullification(2)), &[], &network));
        node.step(answer(1, None, &[], &network));
        node.follow(network.propose(view, &a, network.because(None, why)));
        let cast: Vec<_> = node.disk.votes.iter().map(|signed| signed.vote).collect();
        assert_eq!(cast.contains(&Vote::notarize(round(view), a.hash())), notarizes, "{cast:?}");
    }
}

/// Rule S3: nor does it propose in these two views.
#[test]
fn validator_that_was_away_proposes_two_views_later() {
    let network = network();
    for (number, back_in, leads, others) in [(3, 4, 4, &[0, 1][..]), (2, 2, 3, &[0, 1]), (1, 4, 6, &[0, 2, 3])] {
        let mut node = asking_with(&network, number, &[]);
        let nullification = |view| network.certificate(Vote::nullify(round(view)), others);
        for other in others {
            let _ = node.outputs(answer(*other, Some(&nullification(back_in - 1)), &[], &network));
        }
        for passed in (1..leads).filter(|passed| *passed != back_in - 1) {
            node.certificate(&nullification(passed));
        }
        let texts = node.run(Input::Work(true));
        assert_eq!(node.core.leader().number(), number);
        let free = leads == back_in + 2;
        assert_eq!(texts.iter().any(|text| text.starts_with("build")), free, "view {leads}: {texts:?}");
    }
}

/// Rule S3: view 1 of a later epoch is one view further, whatever view the record is of.
#[test]
fn record_of_an_earlier_epoch_goes_on_at_once_in_view_1_only() {
    let network = network();
    let earlier = Vote::nullify(Round::new(Epoch(5), View(90)));
    let mut node = asking_with(&network, 3, &[earlier, Vote::nullify(Round::new(Epoch(5), View(1)))]);
    node.step(answer(0, None, &[], &network));
    check(&mut node, answer(1, None, &[], &network), &[]);
    check(&mut node, Input::Work(true), &["timer view 1 750"]);
    let mut node = asking_with(&network, 3, &[earlier]);
    node.step(answer(0, Some(&network.nullification(1)), &[], &network));
    check(&mut node, answer(1, None, &[], &network), &["nothing below 7.2, only nullify votes below 7.4"]);
}

/// Rules S3, A4: a vote of ours that the record lacks proves it old. Others with a quorum must have answered, and
/// whatever else was lost lies below two views further.
#[test]
fn record_that_lacks_a_vote_of_ours_is_old() {
    let network = network();
    let mut node = asking_with(&network, 3, &[Vote::nullify(round(1))]);
    let texts = node.step(answer(0, None, &[(Vote::notarize(round(2), first(&network).hash()), 3)], &network));
    assert_eq!(texts, ["old record lacks notarize 2 A"]);
    // 40 + 20 of 100 and its own 10 would be a quorum.
    check(&mut node, answer(2, None, &[], &network), &[]);
    check(&mut node, answer(1, None, &[], &network), &["nothing below 7.4, only nullify votes below 7.4"]);
    check(&mut node, Input::Work(true), &[]);
    node.enter(3);
    check(&mut node, Input::Work(true), &[]);
    node.enter(4);
    check_timeout(&mut node, &["share work", "sign nullify 4"]);
}

/// Rule S3: also a signature of ours in a certificate is a vote.
#[test]
fn certificate_with_a_signature_of_ours_that_the_record_lacks_shows_its_age() {
    let network = network();
    let mut node = asking_with(&network, 3, &[]);
    let by = network.certificate(Vote::nullify(round(4)), &[0, 1, 3]);
    let texts = node.step(answer(0, Some(&by), &[], &network));
    assert_eq!(texts, ["old record lacks nullify 4", "persist nullification 4"]);

    let mut known = asking_with(&network, 3, &[Vote::nullify(round(4))]);
    let texts = known.step(answer(0, Some(&by), &[], &network));
    assert_eq!(texts, ["persist nullification 4"]);
    check(&mut known, answer(1, None, &[], &network), &[]);
}

/// Rule S3: a record forgets only what lies below its floor, and that proves nothing.
#[test]
fn vote_below_the_floor_of_the_record_proves_nothing() {
    let network = network();
    let mut node = Node::unstarted(&network, 3, Config::default());
    let record = GuardRecord { floor: round(5), resume: round(5), ..GuardRecord::default() };
    node.step(Input::Started(Box::new(Durable { ask: true, record, ..Durable::default() })));
    let mut at_the_floor = node.clone();
    node.step(answer(0, Some(&network.nullification(4)), &[(Vote::nullify(round(4)), 3)], &network));
    check(&mut node, answer(1, None, &[], &network), &[]);
    let texts = at_the_floor.step(answer(0, None, &[(Vote::nullify(round(5)), 3)], &network));
    assert_eq!(texts[0], "old record lacks nullify 5");
}

/// Rules S3, G10: what was held back before a crash is held back after it.
#[test]
fn crash_does_not_end_what_is_held_back() {
    let network = network();
    let mut node = Node::unstarted(&network, 2, Config::default());
    let votes = [Vote::nullify(round(3))].into();
    let record = GuardRecord { floor: round(3), resume: round(5), votes };
    node.step(Input::Started(Box::new(Durable { ask: true, record, ..Durable::default() })));
    node.step(answer(0, Some(&network.nullification(3)), &[], &network));
    check(&mut node, answer(1, None, &[], &network), &[]);
    let a = first(&network);
    node.step(network.propose(4, &a, network.because(None, &[1, 2, 3])));
    check(&mut node, Input::Body(a.hash()), &[]);
    check_timeout(&mut node, &["sign nullify 4"]);
}

/// Rules S1, A4: the guard may be ahead of the store by an epoch: what it signed there counts as cast.
#[test]
fn votes_of_an_epoch_that_the_store_has_not_reached_count_as_cast() {
    let network = network();
    let ahead = Vote::nullify(Round::new(Epoch(8), View(1)));
    let mut node = asking_with(&network, 3, &[ahead]);
    node.step(answer(0, None, &[], &network));
    node.step(answer(1, None, &[], &network));
    let x = network.closing("X", &network.opening, 0, &[]);
    node.run(network.propose(1, &x, network.because(None, &[])));
    node.run(Input::Body(x.hash()));
    node.certificate(&network.finalization(1, &x));
    let next = network.next(Epoch(8), &STAKES, &x);
    node.network = Rc::clone(&next);
    node.run(Input::Epoch(next.context()));
    check(&mut node, Input::Work(true), &[]);
}
