//! Leading a view (rules P).

use std::rc::Rc;

use rota_proto::{View, Vote, limits::NULLIFICATIONS_PER_PROPOSAL_MAX};

use super::{
    network::{Network, STAKES, round},
    node::{Node, check, check_rejected, check_timeout},
};
use crate::{Input, Rejected, Timer};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

/// Rules P1, P4: build, persist, sign, and only then send.
#[test]
fn leader_with_work_builds_persists_signs_and_sends() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let a = network.batch("A", &network.opening, 0, &[]);
    let expected = ["timer view 1 750", "build 1 on G, notarized in 0 by nobody"];
    check(&mut node, Input::Work(true), &expected);
    let expected = ["persist proposal 1 A", "timer pace 100", "sign notarize 1 A"];
    check(&mut node, built(1, &a), &expected);
    let own = node.own(Vote::notarize(round(1), a.hash()));
    check(&mut node, own, &["broadcast body A", "broadcast proposal 1 A"]);
}

fn built(view: u64, batch: &rota_proto::BatchHeader) -> Input {
    Input::Built { round: round(view), header: Box::new(batch.clone()) }
}

/// Rule P1.
#[test]
fn leader_without_work_waits() {
    let mut node = Node::new(&network(), 0);
    check(&mut node, Input::Work(false), &[]);
    check(&mut node, Input::Timer(Timer::Pace), &[]);
}

/// Rule P1.
#[test]
fn leader_proposes_once_a_view() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.run(Input::Work(true));
    check(&mut node, Input::Work(true), &[]);
    node.run(built(1, &a));
    node.run(Input::Timer(Timer::Pace));
    check(&mut node, Input::Work(true), &[]);
    check_rejected(&mut node, built(1, &b), Rejected::LateAnswer { answer: round(1), ours: round(1) });
}

/// Rules P1, A4: who nullified a view proposes nothing in it.
#[test]
fn leader_that_nullified_its_view_does_not_propose() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(Input::Work(true));
    check_timeout(&mut node, &["share work", "sign nullify 1"]);
    check_rejected(&mut node, built(1, &a), Rejected::LateAnswer { answer: round(1), ours: round(1) });
    check(&mut node, Input::Work(true), &[]);
}

/// Rule P1: what was built for a view that has passed is of no use.
#[test]
fn batch_built_too_late_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(Input::Work(true));
    node.enter(2);
    check_rejected(&mut node, built(1, &a), Rejected::LateAnswer { answer: round(1), ours: round(2) });
    check_rejected(&mut node, built(2, &a), Rejected::LateAnswer { answer: round(2), ours: round(2) });
}

/// Rule P1: who has no place, or does not lead, builds nothing.
#[test]
fn others_do_not_propose() {
    let network = network();
    for number in [1, 9] {
        let mut node = Node::new(&network, number);
        let texts = node.run(Input::Work(true));
        assert!(!texts.iter().any(|text| text.starts_with("build")), "place {number}: {texts:?}");
    }
    assert_eq!(Node::new(&network, 9).core.place(), None);
}

/// Node 1, which leads view 2, with A notarized in view 1.
fn second_leader(network: &Rc<Network>) -> Node {
    let mut node = Node::new(network, 1);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    assert_eq!(node.core.round(), round(2));
    node
}

/// Rules P2, P3, P5: the next leader builds on the notarized batch, once the interval has passed.
#[test]
fn next_leader_builds_on_the_notarization_after_the_interval() {
    let network = network();
    let mut node = second_leader(&network);
    let a = network.batch("A", &network.opening, 0, &[]);
    check(&mut node, Input::Work(true), &[]);
    check(&mut node, Input::Timer(Timer::Pace), &["build 2 on A, notarized in 1 by 01"]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    node.step(built(2, &b));
    let own = node.own(Vote::notarize(round(2), b.hash()));
    check(&mut node, own, &["broadcast body B", "broadcast proposal 2 B because notarization 1 A"]);
}

/// Rule P3: who voted for the parent after the quorum is named as well, also when it was final by then; a vote that
/// comes while the batch is built is not, and neither is one for something else.
#[test]
fn leader_names_those_who_voted_after_the_quorum() {
    let network = network();
    let mut node = second_leader(&network);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    check(&mut node, network.notarize(1, &a, 2), &[]);
    node.certificate(&network.finalization(1, &a));
    node.step(network.notarize(1, &b, 3));
    node.step(Input::Work(true));
    check(&mut node, Input::Timer(Timer::Pace), &["build 2 on A, notarized in 1 by 012"]);
    node.step(network.notarize(1, &a, 3));
    let c = network.batch("C", &a, 1, &[0, 1, 2]);
    node.step(built(2, &c));
    let own = node.own(Vote::notarize(round(2), c.hash()));
    check(&mut node, own, &["broadcast body C", "broadcast proposal 2 C because notarization 1 A"]);

    let mut node = second_leader(&network);
    node.certificate(&network.finalization(1, &a));
    let answer = node.step(network.notarize(1, &a, 3));
    assert_eq!(answer, ["send 3 finalization 1 A"], "R2: it is late all the same");
    node.step(Input::Work(true));
    check(&mut node, Input::Timer(Timer::Pace), &["build 2 on A, notarized in 1 by 013"]);
}

/// Rules P1, I1: a notarized batch that is not final is work.
#[test]
fn unfinal_batch_is_work_for_the_leader() {
    let network = network();
    let mut node = second_leader(&network);
    check(&mut node, Input::Timer(Timer::Pace), &["build 2 on A, notarized in 1 by 01"]);
}

/// Rule P2: nullified views are skipped, and the proposal says so.
#[test]
fn leader_builds_over_nullified_views() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.notarization(1, &a, &[0, 1]));
    node.run(Input::Timer(Timer::Pace));
    node.enter(3);
    let texts = node.certificate(&network.nullification(3));
    assert_eq!(texts.last().map(String::as_str), Some("build 4 on A, notarized in 1 by 013"));
    let b = network.batch("B", &a, 1, &[0, 1, 3]);
    node.step(built(4, &b));
    let own = node.own(Vote::notarize(round(4), b.hash()));
    let why = "broadcast proposal 4 B because notarization 1 A, nullification 2, nullification 3";
    check(&mut node, own, &["broadcast body B", why]);
}

/// Rule P2: without a certificate of every view since, it asks, and proposes nothing rather than something unjustified.
#[test]
fn leader_that_lacks_a_certificate_asks_and_waits() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(Input::Work(true));
    let texts = node.certificate(&network.nullification(2));
    assert_eq!(texts.last().map(String::as_str), Some("fetch certificates 1"));
    let mut other = node.clone();
    let expected = ["persist nullification 1", "build 3 on G, notarized in 0 by nobody"];
    check(&mut other, Input::Certificate(network.nullification(1)), &expected);
    let expected = ["persist notarization 1 A", "sign finalize 1 A", "fetch proposal 1 A"];
    check(&mut node, Input::Certificate(network.notarization(1, &a, &[0, 1])), &expected);
    check(&mut node, Input::Header(Box::new(a.clone())), &["notarized A"]);
    check(&mut node, Input::Body(a.hash()), &["build 3 on A, notarized in 1 by 01"]);
}

/// Rule P2: of the final batch, too, the leader needs the notarization, because its header names it.
#[test]
fn leader_asks_for_the_notarization_of_the_final_batch() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(3, &a, network.because(None, &[1, 2])));
    node.run(Input::Timer(Timer::Pace));
    node.run(Input::Work(true));
    let texts = node.certificate(&network.finalization(3, &a));
    assert_eq!(texts.last().map(String::as_str), Some("fetch certificates 3"));
    let expected = ["persist notarization 3 A", "build 4 on A, notarized in 3 by 0123"];
    check(&mut node, Input::Certificate(network.notarization(3, &a, &[0, 1])), &expected);
}

/// Rule P4, at the limit: a proposal carries the latest nullifications, as many as fit; voters ask for older ones.
#[test]
fn proposal_carries_the_latest_nullifications_that_fit() {
    let network = network();
    let mut node = Node::new(&network, 0);
    for view in 2..=21 {
        node.enter(view);
    }
    node.run(Input::Work(true));
    let a = network.batch("A", &network.opening, 0, &[]);
    node.step(built(21, &a));
    let candidate = node.disk.candidates.last().unwrap();
    let views: Vec<u64> = candidate.justification.nullifications.iter().map(|known| known.vote.round.view.0).collect();
    assert_eq!(views, (5..=20).collect::<Vec<_>>());
    assert_eq!(views.len(), NULLIFICATIONS_PER_PROPOSAL_MAX);
}

/// Rule P5: only proposals of the current view hold the leader up; one for a view to come does not, or a faulty leader
/// of later views could keep all others from proposing.
#[test]
fn proposal_of_a_later_view_does_not_hold_the_leader_up() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let a = network.batch("A", &network.opening, 0, &[]);
    check(&mut node, network.propose(2, &a, network.because(None, &[])), &[]);
    let texts = node.run(Input::Work(true));
    assert_eq!(texts.last().map(String::as_str), Some("build 1 on G, notarized in 0 by nobody"));
}

/// Rule P5: seen or made, a proposal starts the interval.
#[test]
fn every_proposal_of_the_view_starts_the_interval() {
    let network = network();
    let mut node = Node::new(&network, 1);
    let a = network.batch("A", &network.opening, 0, &[]);
    check(&mut node, network.propose(1, &a, network.because(None, &[])), &["timer pace 100", "timer view 1 750"]);
    node.certificate(&network.nullification(1));
    check(&mut node, Input::Work(true), &["timer view 2 750"]);
    check(&mut node, Input::Timer(Timer::Pace), &["build 2 on G, notarized in 0 by nobody"]);
    assert_eq!(node.core.finalized_view(), View::ZERO);
}
