//! Saying again, asking, answering (rules R).

use std::rc::Rc;

use rota_proto::{Epoch, Fetch, Round, View, Vote, limits::VOTES_PER_ANSWER_MAX};

use super::{
    network::{Network, STAKES, key, round},
    node::{Node, check, check_rejected},
};
use crate::{Config, Input, Limits, Output, Rejected, Timer};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

fn retry() -> Input {
    Input::Timer(Timer::Retry)
}

/// Rule R1: the certificate of entry, and the votes of the view.
#[test]
fn validator_says_again_how_it_came_here_and_what_it_voted() {
    let network = network();
    let mut node = Node::new(&network, 3);
    check(&mut node, retry(), &["timer retry 500"]);
    node.enter(3);
    check(&mut node, retry(), &["timer retry 500", "broadcast nullification 2"]);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(3, &a, network.because(None, &[1, 2])));
    node.time_out();
    check(
        &mut node,
        retry(),
        &["timer retry 500", "broadcast nullification 2", "broadcast notarize 3 A of 3", "broadcast nullify 3 of 3"],
    );
}

/// Rule R1: and its votes in the latest notarized view that is not final, where its finalize vote may be missed.
#[test]
fn votes_of_the_latest_unfinal_view_are_said_again_too() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.notarization(1, &a, &[0, 1]));
    node.certificate(&network.nullification(2));
    check(
        &mut node,
        retry(),
        &["timer retry 500", "broadcast nullification 2", "broadcast notarize 1 A of 3", "broadcast finalize 1 A of 3"],
    );
    node.certificate(&network.finalization(1, &a));
    check(&mut node, retry(), &["timer retry 500", "broadcast nullification 2"]);
}

/// Rule R1: a leader says its proposal again, and its nullify vote with it: if that was lost, the others may need it
/// to leave the view.
#[test]
fn leader_that_gave_its_own_view_up_says_both_again() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(Input::Work(true));
    node.run(Input::Built { round: round(1), header: Box::new(a) });
    check(&mut node, retry(), &["timer retry 500", "broadcast proposal 1 A"]);
    node.time_out();
    check(&mut node, retry(), &["timer retry 500", "broadcast proposal 1 A", "broadcast nullify 1 of 0"]);
}

/// Rule R2: a vote said again for a view we left tells that its sender lacks what ended it.
#[test]
fn vote_said_again_for_a_view_we_left_is_answered_with_its_end() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(network.nullify(1, 2));
    node.run(network.nullify(2, 2));
    node.run(network.notarize(2, &a, 2));
    node.enter(2);
    node.certificate(&network.notarization(2, &a, &[0, 1]));
    check(&mut node, network.nullify(1, 2), &["send 2 nullification 1"]);
    check(&mut node, network.nullify(2, 2), &["send 2 notarization 2 A"]);
    check(&mut node, network.notarize(2, &a, 2), &["send 2 notarization 2 A"]);
}

/// Rule R2: once, to its sender: a first vote is counted and not answered.
#[test]
fn first_vote_for_a_view_we_left_is_counted_not_answered() {
    let network = network();
    let mut node = Node::new(&network, 3);
    node.enter(2);
    check(&mut node, network.nullify(1, 2), &[]);
    check(&mut node, network.nullify(1, 2), &["send 2 nullification 1"]);
}

/// Rule R2: a view that we passed over by a later certificate has no end that we know.
#[test]
fn vote_for_a_view_we_jumped_over_has_no_answer() {
    let network = network();
    let mut node = Node::new(&network, 3);
    node.run(network.nullify(1, 2));
    node.enter(9);
    check_rejected(&mut node, network.nullify(1, 2), Rejected::Stale { view: View(1), finalized: View(0) });
}

/// Rule R3: a certificate is asked for once when it is first missed, and with every retry while it is needed.
#[test]
fn missing_certificate_is_asked_for_at_once_and_with_every_retry() {
    let network = network();
    let mut node = Node::new(&network, 2);
    node.run(Input::Work(true));
    let texts = node.certificate(&network.nullification(2));
    assert_eq!(texts.last().map(String::as_str), Some("fetch certificates 1"));
    check(&mut node, Input::Work(true), &[]);
    let expected = ["timer retry 500", "fetch certificates 1", "broadcast nullification 2"];
    check(&mut node, retry(), &expected);
    check(&mut node, retry(), &expected);
    node.certificate(&network.nullification(1));
    check(&mut node, retry(), &["timer retry 500", "broadcast nullification 2"]);
}

/// Rule R3: a body is usually on its way beside its proposal, so it is asked for with the next retry.
#[test]
fn missing_body_is_asked_for_with_the_next_retry() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    check(&mut node, network.propose(1, &a, network.because(None, &[])), &["timer pace 100", "timer view 1 750"]);
    check(&mut node, retry(), &["timer retry 500", "fetch body A"]);
    check(&mut node, retry(), &["timer retry 500", "fetch body A"]);
    node.run(Input::Body(a.hash()));
    check(&mut node, retry(), &["timer retry 500", "broadcast notarize 1 A of 3"]);
}

/// Rules R1, R3: the retry timer runs on through the views. Where views pass faster than it, a node that lacks the
/// body of a final batch would never ask for it otherwise.
#[test]
fn views_that_pass_quickly_do_not_hold_the_retry_up() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    node.run(network.propose(1, &a, network.because(None, &[])));
    let notarization = network.notarization(1, &a, &[0, 1]);
    node.run(network.propose(2, &b, network.because(Some(&notarization), &[])));
    node.certificate(&network.finalization(2, &b));
    for view in 4..10 {
        let texts = node.certificate(&network.nullification(view - 1));
        assert!(!texts.contains(&"timer retry 500".to_owned()), "{texts:?}");
    }
    let texts = node.step(retry());
    assert_eq!(texts[1..3], ["fetch body A", "fetch body B"], "all that are missing, at once");
}

/// Rule R3, at the limit: so many pieces are asked for at a time.
#[test]
fn pieces_asked_for_at_a_time_are_limited() {
    let network = network();
    let limits = Limits { wanted: 5, ..Limits::default() };
    let mut node = Node::configured(&network, 3, Config { limits, ..Config::default() });
    let a = network.batch("A", &network.opening, 0, &[]);
    node.enter(21);
    let texts = node.step(network.propose(21, &a, network.because(None, &[])));
    let asked: Vec<_> = texts.iter().filter(|text| text.starts_with("fetch certificates")).collect();
    assert_eq!(asked.len(), 5, "{texts:?}");
    assert_eq!(node.size("wanted"), 5);
    let texts = node.step(Input::Certificate(network.nullification(1)));
    assert_eq!(texts, ["persist nullification 1", "fetch certificates 6"]);
}

fn fetch(fetch: Fetch) -> Input {
    Input::Fetch { from: key(2), fetch }
}

/// Rule R4.
#[test]
fn fetch_is_answered_with_what_is_kept() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.notarization(1, &a, &[0, 1]));
    node.certificate(&network.nullification(1));
    let proposal = fetch(Fetch::Proposal { round: round(1), batch: a.hash() });
    check(&mut node, proposal, &["send 2 proposal 1 A"]);
    let expected = ["send 2 notarization 1 A", "send 2 nullification 1"];
    check(&mut node, fetch(Fetch::Certificate(round(1))), &expected);
    node.certificate(&network.finalization(1, &a));
    let expected = ["send 2 finalization 1 A", "send 2 notarization 1 A", "send 2 nullification 1"];
    check(&mut node, fetch(Fetch::Certificate(round(1))), &expected);
}

/// Rule R4: bodies and what is final are the host's to give.
#[test]
fn fetch_of_what_is_not_here_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    let elsewhere = Round::new(Epoch(6), View(1));
    for fetched in [
        Fetch::Body(a.hash()),
        Fetch::Certificate(round(1)),
        Fetch::Certificate(elsewhere),
        Fetch::Proposal { round: elsewhere, batch: a.hash() },
        Fetch::Proposal { round: round(2), batch: a.hash() },
        Fetch::Proposal { round: round(1), batch: network.opening.hash() },
    ] {
        check_rejected(&mut node, fetch(fetched), Rejected::NotHere);
    }
}

/// Rule S2, at the limit: an answer to a starting validator holds the latest of its votes.
#[test]
fn answer_to_a_starting_validator_is_limited() {
    let network = network();
    let limits = Limits { views_ahead: 1_000, ..Limits::default() };
    let mut node = Node::configured(&network, 3, Config { limits, ..Config::default() });
    let limit = u64::try_from(VOTES_PER_ANSWER_MAX).unwrap();
    for view in 1..=limit + 1 {
        node.run(network.nullify(view, 2));
    }
    let outputs = node.outputs(Input::RoundQuery(key(2))).unwrap();
    let [Output::Send { message: rota_proto::Message::RoundAnswer(answer), .. }] = outputs.as_slice() else {
        unreachable!("one answer: {outputs:?}")
    };
    assert_eq!(answer.votes.len(), VOTES_PER_ANSWER_MAX);
    assert_eq!(answer.votes[0].vote, Vote::nullify(round(limit + 1)));
    assert!(!answer.votes.iter().any(|signed| signed.vote == Vote::nullify(round(1))), "the oldest is left out");
}
