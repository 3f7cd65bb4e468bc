//! From one epoch to the next (rules E).

use std::rc::Rc;

use rota_proto::{BatchHeader, Epoch, Justification, Round, View, Vote};

use super::{
    network::{EPOCH, Network, STAKES, round},
    node::{Node, check, check_rejected},
};
use crate::{Input, Rejected, Timer};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

fn bare() -> Justification {
    Justification::default()
}

/// Node `number` with the closing batch X notarized in view 1, not final.
fn closing(network: &Rc<Network>, number: u8) -> (Node, BatchHeader) {
    let mut node = Node::new(network, number);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.follow(network.propose(1, &x, bare()));
    let _ = node.outputs(Input::Certificate(network.notarization(1, &x, &[0, 1])));
    (node, x)
}

/// Node `number` with X final and the epoch closed.
fn closed(network: &Rc<Network>, number: u8) -> (Node, BatchHeader) {
    let (mut node, x) = closing(network, number);
    node.certificate(&network.finalization(1, &x));
    (node, x)
}

/// Rules E1, E2: the batch whose origin lies beyond the epoch closes it, once it is final.
#[test]
fn epoch_closes_when_the_closing_batch_is_final() {
    let network = network();
    let (mut node, x) = closing(&network, 3);
    assert_eq!(node.core.awaited_epoch(), None);
    let expected =
        ["persist finalization 1 X", "final X by finalization 1 X", "cancel view timer", "epoch 7 closed, 8 opens"];
    check(&mut node, Input::Certificate(network.finalization(1, &x)), &expected);
    assert_eq!(node.core.awaited_epoch(), Some(Epoch(8)));
}

/// Rule E1: the last block of the epoch does not close it, the first of the next does.
#[test]
fn origin_decides_which_batch_closes() {
    let network = network();
    for (origin, closes) in [(799, false), (800, true)] {
        let mut node = Node::new(&network, 3);
        let a = network.draft("A", &network.opening, 0, &[], |extra, _| extra.origin_number = origin);
        node.follow(network.propose(1, &a, bare()));
        node.certificate(&network.finalization(1, &a));
        assert_eq!(node.core.awaited_epoch().is_some(), closes, "origin {origin}");
    }
}

/// Rule E2: nothing more is voted on; what comes late is refused or answered.
#[test]
fn closed_epoch_takes_nothing_more() {
    let network = network();
    let (mut node, x) = closed(&network, 3);
    let rejected = Rejected::EpochClosed(EPOCH);
    let a = network.batch("A", &network.opening, 0, &[]);
    check_rejected(&mut node, network.propose(2, &a, network.because(None, &[1])), rejected);
    check_rejected(&mut node, Input::Certificate(network.nullification(2)), rejected);
    check(&mut node, Input::Work(true), &[]);
    check(&mut node, Input::Timer(Timer::Retry), &["timer retry 500"]);
    check_rejected(&mut node, Input::Timer(Timer::View(round(2))), Rejected::OldTimer);
    for vote in [network.nullify(2, 2), network.notarize(1, &x, 2)] {
        check(&mut node, vote, &["send 2 finalization 1 X"]);
    }
}

/// Rules E2, E3: any of its finalizations will do: here the batch is final by view 4.
#[test]
fn closing_batch_may_be_final_by_any_view() {
    let network = network();
    let (mut node, x) = closing(&network, 2);
    let notarization = network.notarization(1, &x, &[0, 1]);
    node.certificate(&network.nullification(3));
    node.run(network.propose(4, &x, network.because(Some(&notarization), &[2, 3])));
    let texts = node.certificate(&network.finalization(4, &x));
    assert!(texts.contains(&"epoch 7 closed, 8 opens".to_owned()), "{texts:?}");
    let next = network.next(Epoch(8), &[1, 1, 1], &x);
    check(&mut node, Input::Epoch(next.context()), &["timer retry 500"]);
    assert_eq!(node.core.round(), Round::new(Epoch(8), View(1)));
}

/// Rule E3: its own set, its own leaders, view 1; the closing batch opens it and is final at view 0.
#[test]
fn next_epoch_begins_at_view_1_with_its_own_set() {
    let network = network();
    let (mut node, x) = closed(&network, 1);
    let next = network.next(Epoch(8), &[1, 70], &x);
    node.network = Rc::clone(&next);
    check(&mut node, Input::Epoch(next.context()), &["timer retry 500"]);
    assert_eq!(node.core.finalized_view(), View::ZERO);
    assert_eq!(node.core.head(), &x);
    let a = next.batch("A", &x, 0, &[]);
    node.follow(next.propose(1, &a, bare()));
    assert_eq!(node.core.round(), next.round(2), "our own 70 of 71 are a quorum");
    assert_eq!(node.core.head(), &a);
}

/// Rule E3: epochs between are skipped, and only the one that the closing batch opens may begin.
#[test]
fn epoch_that_does_not_follow_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let offer = |epoch| Input::Epoch(network.next(epoch, &STAKES, &network.opening).context());
    let wrong = |offered, expected| Rejected::WrongEpoch { offered, expected };
    check_rejected(&mut node, offer(Epoch(8)), wrong(Epoch(8), None));
    let x = network.draft("X", &network.opening, 0, &[], |extra, _| extra.origin_number = 1_099);
    node.follow(network.propose(1, &x, bare()));
    let texts = node.certificate(&network.finalization(1, &x));
    assert_eq!(texts.last().map(String::as_str), Some("epoch 7 closed, 10 opens"));
    for offered in [Epoch(7), Epoch(8), Epoch(11)] {
        check_rejected(&mut node, offer(offered), wrong(offered, Some(Epoch(10))));
    }
    check(&mut node, offer(Epoch(10)), &["timer retry 500"]);
}

/// Rule E3: a validator of the old set that has no place in the new one follows; one that has joined votes.
#[test]
fn sets_change_with_the_epoch() {
    let network = network();
    let (mut leaving, x) = closed(&network, 3);
    let next = network.next(Epoch(8), &[40, 30], &x);
    leaving.run(Input::Epoch(next.context()));
    assert_eq!(leaving.core.place(), None);
    let mut joining = Node::new(&network, 4);
    joining.run(network.propose(1, &x, bare()));
    joining.run(Input::Body(x.hash()));
    joining.certificate(&network.finalization(1, &x));
    assert_eq!(joining.core.place(), None);
    let next = network.next(Epoch(8), &[1; 5], &x);
    joining.run(Input::Epoch(next.context()));
    assert_eq!(joining.core.place().map(rota_proto::Place::number), Some(4));
    assert_eq!(joining.run(Input::Work(true)), ["timer view 8.1 750"]);
}

/// Rule E4: the leader that would build on the closing batch proposes it again.
#[test]
fn leader_proposes_the_closing_batch_again() {
    let network = network();
    let (mut node, x) = closing(&network, 1);
    assert_eq!(node.core.round(), round(2));
    let expected = ["persist proposal 2 X", "timer pace 100", "sign notarize 2 X"];
    check(&mut node, Input::Timer(Timer::Pace), &expected);
    let own = node.own(Vote::notarize(round(2), x.hash()));
    check(&mut node, own, &["broadcast body X", "broadcast proposal 2 X because notarization 1 X"]);
}

/// Rule E4: justified by its own notarization and the nullifications since, not by its parent's.
#[test]
fn closing_batch_is_proposed_over_nullified_views() {
    let network = network();
    let (mut node, x) = closing(&network, 3);
    node.certificate(&network.nullification(2));
    node.certificate(&network.nullification(3));
    node.step(Input::Timer(Timer::Pace));
    let own = node.own(Vote::notarize(round(4), x.hash()));
    let why = "broadcast proposal 4 X because notarization 1 X, nullification 2, nullification 3";
    check(&mut node, own, &["broadcast body X", why]);
}

/// Rule E4: a good verdict is not asked for again, neither by a voter nor by a leader.
#[test]
fn closing_batch_is_not_checked_again() {
    let network = network();
    let (mut node, x) = closing(&network, 3);
    let notarization = network.notarization(1, &x, &[0, 1]);
    let expected = ["timer pace 100", "persist proposal 2 X", "sign notarize 2 X"];
    check(&mut node, network.propose(2, &x, network.because(Some(&notarization), &[])), &expected);
}

/// Rule E4: a leader that never judged the closing batch asks for a verdict before it proposes it.
#[test]
fn leader_that_never_judged_the_closing_batch_asks_first() {
    let network = network();
    let mut node = Node::new(&network, 1);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.run(Input::Certificate(network.notarization(1, &x, &[0, 1])));
    node.run(Input::Header(Box::new(x.clone())));
    check(&mut node, Input::Body(x.hash()), &["check X"]);
    check(&mut node, Input::Work(true), &[]);
    let expected = ["persist proposal 2 X", "timer pace 100", "sign notarize 2 X"];
    check(&mut node, Input::Checked { batch: x.hash(), valid: true }, &expected);
}

/// Rule E4: no other batch may be its own parent.
#[test]
fn batch_that_closes_nothing_cannot_be_its_own_parent() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, bare()));
    let notarization = network.notarization(1, &a, &[0, 1]);
    node.certificate(&notarization);
    let again = network.propose(2, &a, network.because(Some(&notarization), &[]));
    check_rejected(&mut node, again, Rejected::NotClosing(a.hash()));
}

/// Rules J3, E4: what a relay puts into a re-proposal in place of its justification does not make it wait.
#[test]
fn closing_batch_is_notarized_again_whatever_justification_came_with_it() {
    let network = network();
    let (mut node, x) = closing(&network, 3);
    let expected = ["timer pace 100", "persist proposal 2 X", "sign notarize 2 X"];
    check(&mut node, network.propose(2, &x, bare()), &expected);
}

/// Rule E4: over a view that is not nullified the closing batch is not taken either.
#[test]
fn closing_batch_over_a_view_that_is_not_nullified_waits() {
    let network = network();
    let (mut node, x) = closing(&network, 3);
    let notarization = network.notarization(1, &x, &[0, 1]);
    let c = network.batch("C", &network.opening, 0, &[]);
    node.certificate(&network.notarization(2, &c, &[0, 1]));
    let texts = node.step(network.propose(3, &x, network.because(Some(&notarization), &[])));
    assert_eq!(texts.last().map(String::as_str), Some("fetch certificates 2"));
}

/// Takes a node through epochs that each close with their first batch, in view 1.
fn pass_epochs(node: &mut Node, count: u64) {
    for _ in 0..count {
        let network = Rc::clone(&node.network);
        let x = network.closing("X", &network.opening, 0, &[]);
        node.follow(network.propose(1, &x, bare()));
        let _ = node.outputs(Input::Certificate(network.finalization(1, &x)));
        let next = network.next(network.epoch().next(), &STAKES, &x);
        node.network = Rc::clone(&next);
        node.run(Input::Epoch(next.context()));
    }
}

/// Rule E5, at the limit and one past: a late vote is answered with the closing finalization of its epoch.
#[test]
fn votes_of_the_last_four_epochs_are_answered() {
    let network = network();
    for passed in [1, 4, 5] {
        let mut node = Node::new(&network, 3);
        pass_epochs(&mut node, passed);
        let ours = Epoch(7 + passed);
        assert_eq!(node.core.round(), Round::new(ours, View(1)));
        let late = network.nullify(1, 2);
        if passed <= 4 {
            check(&mut node, late, &["send 2 finalization 7.1 X"]);
            assert!(node.core.set(EPOCH).is_some());
        } else {
            check_rejected(&mut node, late, Rejected::PastEpoch { message: EPOCH, ours });
            assert!(node.core.set(EPOCH).is_none());
        }
        assert!(node.core.set(ours).is_some());
        assert!(node.core.set(ours.next()).is_none());
    }
}

/// Rule A4: rounds of different epochs are different rounds: what was nullified in one is open in the next.
#[test]
fn votes_of_one_epoch_bind_nobody_in_the_next() {
    let network = network();
    let mut node = Node::new(&network, 3);
    node.run(Input::Work(true));
    node.time_out();
    pass_epochs(&mut node, 1);
    let next = Rc::clone(&node.network);
    let a = next.batch("A", &next.opening, 0, &[]);
    node.follow(next.propose(1, &a, bare()));
    assert_eq!(node.disk.votes.last().map(|vote| vote.vote), Some(Vote::notarize(next.round(1), a.hash())));
}

/// Rule E3: a node that restarts on the closing batch waits for the next epoch's set.
#[test]
fn node_that_restarts_on_the_closing_batch_awaits_the_next_epoch() {
    let network = network();
    let (mut node, x) = closed(&network, 3);
    node.restart(false);
    assert_eq!(node.core.awaited_epoch(), Some(Epoch(8)));
    check(&mut node, network.nullify(1, 2), &["send 2 finalization 1 X"]);
    let next = network.next(Epoch(8), &STAKES, &x);
    check(&mut node, Input::Epoch(next.context()), &["timer retry 500"]);
    check(&mut node, network.nullify(1, 2), &["send 2 finalization 1 X"]);
}
