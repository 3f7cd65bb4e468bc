//! Judging proposals and voting for them (rules J, N).

use std::rc::Rc;

use alloy_primitives::B256;
use rota_proto::{BatchHeader, Epoch, Justification, Round, View, Vote};

use super::{
    network::{EPOCH, Network, STAKES, place, round},
    node::{Node, check, check_rejected, check_timeout},
};
use crate::{Input, Limits, Rejected};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

fn bare() -> Justification {
    Justification::default()
}

/// Rules N1, N2, J5: body, verdict, disk, signature, in this order; only then the vote leaves.
#[test]
fn good_proposal_is_checked_persisted_and_notarized() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    check(&mut node, network.propose(1, &a, bare()), &["timer pace 100", "timer view 1 750"]);
    check(&mut node, Input::Body(a.hash()), &["check A of 0"]);
    let expected = ["persist proposal 1 A", "sign notarize 1 A"];
    check(&mut node, Input::Checked { batch: a.hash(), valid: true }, &expected);
    let own = node.own(Vote::notarize(round(1), a.hash()));
    check(&mut node, own, &["broadcast notarize 1 A of 3"]);
}

/// Rules N4, J5: what the leader signed is bad.
#[test]
fn invalid_batch_makes_us_nullify_at_once() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.step(network.propose(1, &a, bare()));
    node.step(Input::Body(a.hash()));
    check(&mut node, Input::Checked { batch: a.hash(), valid: false }, &["sign nullify 1"]);
    let own = node.own(Vote::nullify(round(1)));
    check(&mut node, own, &["broadcast nullify 1 of 3"]);
    check_timeout(&mut node, &[]);
}

/// A proposal in view 5, views 1 to 4 having been nullified, is bad by its signed content (rules J1, J4).
#[track_caller]
fn check_bad(batch: &BatchHeader, network: &Rc<Network>, why: Justification) {
    let mut node = Node::new(network, 3);
    for view in 2..=5 {
        node.enter(view);
    }
    let texts = node.step(network.propose(5, batch, why));
    assert_eq!(texts.last().map(String::as_str), Some("sign nullify 5"), "{texts:?}");
}

/// Rules J1, N4.
#[test]
fn batch_of_another_epoch_is_bad() {
    let network = network();
    let foreign = network.draft("A", &network.opening, 0, &[], |extra, _| extra.epoch = Epoch(8));
    check_bad(&foreign, &network, bare());
}

/// Rules J1, N4: only the opening batch has the view 0, and it has no other.
#[test]
fn batch_whose_view_0_is_not_the_opening_batch_is_bad() {
    let network = network();
    let a = network.batch("A", &network.opening, 0, &[]);
    check_bad(&network.batch("B", &a, 0, &[]), &network, bare());
    let opening = network.notarization(3, &network.opening, &[0, 1]);
    let late = network.batch("B", &network.opening, 3, &[0, 1]);
    check_bad(&late, &network, network.because(Some(&opening), &[4]));
}

/// Rule J1: a parent from a view that is not before the proposal's ends that view, and with it the proposal.
#[test]
fn batch_whose_parent_is_notarized_in_its_own_view_is_never_voted_for() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let notarization = network.notarization(1, &a, &[0, 1]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    let texts = node.run(network.propose(1, &b, network.because(Some(&notarization), &[])));
    assert!(texts.contains(&"persist notarization 1 A".to_owned()), "{texts:?}");
    assert_eq!(node.core.round(), round(2));
    node.run(Input::Body(b.hash()));
    assert!(node.disk.candidates.is_empty());
}

/// Rules J4, N4.
#[test]
fn batch_of_a_wrong_height_is_bad() {
    let network = network();
    for wrong in [-1, 1, 1_000] {
        let wrong = |_: &mut _, height: &mut u64| *height = height.checked_add_signed(wrong).unwrap();
        check_bad(&network.draft("A", &network.opening, 0, &[], wrong), &network, bare());
    }
}

/// Rules J4, E4, N4: nothing is built on the batch that closes the epoch.
#[test]
fn batch_on_the_closing_batch_is_bad() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.follow(network.propose(1, &x, bare()));
    let notarization = network.notarization(1, &x, &[0, 1]);
    node.certificate(&notarization);
    let b = network.batch("B", &x, 1, &[0, 1]);
    let expected = ["timer pace 100", "sign nullify 2"];
    check(&mut node, network.propose(2, &b, network.because(Some(&notarization), &[])), &expected);
}

/// Rule J2: no vote while a view between is not nullified; the missing certificates are asked for.
#[test]
fn proposal_over_a_view_that_is_not_nullified_waits() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let c = network.batch("C", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, bare()));
    let notarization = network.notarization(1, &a, &[0, 1]);
    node.certificate(&network.notarization(2, &c, &[0, 1]));
    let b = network.batch("B", &a, 1, &[0, 1]);
    let expected =
        ["persist notarization 1 A", "notarized A", "timer pace 100", "sign finalize 1 A", "fetch certificates 2"];
    check(&mut node, network.propose(3, &b, network.because(Some(&notarization), &[])), &expected);
    check(&mut node, Input::Body(b.hash()), &[]);
    let expected = ["persist nullification 2", "check B of 2"];
    check(&mut node, Input::Certificate(network.nullification(2)), &expected);
}

/// Rule J3: each certificate of a justification counts by itself, whatever becomes of the proposal.
#[test]
fn justification_brings_a_late_node_up() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    let notarization = network.notarization(2, &a, &[0, 1]);
    let b = network.batch("B", &a, 2, &[0, 1]);
    let expected = [
        "persist notarization 2 A",
        "persist nullification 3",
        "timer pace 100",
        "timer view 4 750",
        "sign finalize 2 A",
        "fetch proposal 2 A",
    ];
    check(&mut node, network.propose(4, &b, network.because(Some(&notarization), &[3])), &expected);
}

/// Rule J3: a relay cut the nullifications off. The proposal is kept; what is missing is asked for.
#[test]
fn mutilated_justification_is_completed_from_elsewhere() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.certificate(&network.nullification(2));
    let texts = node.step(network.propose(3, &a, bare()));
    assert_eq!(texts.last().map(String::as_str), Some("fetch certificates 1"));
    node.step(Input::Body(a.hash()));
    let expected = ["persist nullification 1", "check A of 2"];
    check(&mut node, Input::Certificate(network.nullification(1)), &expected);
}

/// Rule J5: ancestors down to the final batch must be here, headers and bodies.
#[test]
fn missing_ancestors_are_asked_for_one_after_the_other() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    let notarization = network.notarization(1, &a, &[0, 1]);
    let texts = node.step(network.propose(2, &b, network.because(Some(&notarization), &[])));
    assert_eq!(texts.last().map(String::as_str), Some("fetch proposal 1 A"));
    check(&mut node, Input::Header(Box::new(a.clone())), &["notarized A"]);
    check(&mut node, Input::Body(a.hash()), &[]);
    check_rejected(&mut node, Input::Body(a.hash()), Rejected::Known);
    check(&mut node, Input::Body(b.hash()), &["check B of 1"]);
}

/// Rules J5, N3: what is missing is no fault of the leader; the timer decides.
#[test]
fn waiting_is_no_verdict() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.step(network.propose(1, &a, bare()));
    node.step(Input::Body(a.hash()));
    check(&mut node, Input::Work(false), &[]);
    check_timeout(&mut node, &["sign nullify 1"]);
    check(&mut node, Input::Checked { batch: a.hash(), valid: true }, &[]);
}

/// Rule J5: a faulty leader who puts another's batch forward makes it invalid for nobody else: the beneficiary is
/// not his. As the proposal of its own leader it is asked for again.
#[test]
fn batch_that_was_bad_for_one_leader_is_asked_for_again_for_another() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.step(network.propose(1, &a, bare()));
    check(&mut node, Input::Body(a.hash()), &["check A of 0"]);
    node.run(Input::Checked { batch: a.hash(), valid: false });
    node.enter(2);
    let texts = node.step(network.propose(2, &a, network.because(None, &[1])));
    assert_eq!(texts.last().map(String::as_str), Some("check A of 1"));
    let expected = ["persist proposal 2 A", "sign notarize 2 A"];
    check(&mut node, Input::Checked { batch: a.hash(), valid: true }, &expected);
    let mut again = Node::new(&network, 3);
    again.step(network.propose(1, &a, bare()));
    again.step(Input::Body(a.hash()));
    again.run(Input::Checked { batch: a.hash(), valid: false });
    again.enter(5);
    let texts = again.step(network.propose(5, &a, network.because(None, &[1, 2, 3, 4])));
    assert_eq!(texts.last().map(String::as_str), Some("sign nullify 5"), "the same leader, the same verdict");
}

/// Rules J5, E4: once certified, a batch is good or bad for everyone. Otherwise a faulty leader could make some
/// refuse the closing batch for ever, and the epoch would never end.
#[test]
fn certified_batch_is_asked_for_without_its_proposer() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.step(network.propose(1, &x, bare()));
    node.step(Input::Body(x.hash()));
    node.run(Input::Checked { batch: x.hash(), valid: false });
    let notarization = network.notarization(1, &x, &[0, 1]);
    node.certificate(&notarization);
    let texts = node.step(network.propose(2, &x, network.because(Some(&notarization), &[])));
    assert_eq!(texts.last().map(String::as_str), Some("check X"));
    let expected = ["persist proposal 2 X", "sign notarize 2 X"];
    check(&mut node, Input::Checked { batch: x.hash(), valid: true }, &expected);
}

/// Rule N1: the first good proposal of the view, once.
#[test]
fn second_proposal_gets_no_vote() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.follow(network.propose(1, &a, bare()));
    check(&mut node, network.propose(1, &b, bare()), &["timer pace 100"]);
    check(&mut node, Input::Body(b.hash()), &[]);
    assert_eq!(node.disk.candidates.len(), 1);
}

/// Rules N1, A4: who nullified a view begins no check of a proposal in it.
#[test]
fn nullified_view_gets_no_notarize_vote() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.run(Input::Work(true));
    node.time_out();
    check(&mut node, network.propose(1, &a, bare()), &["timer pace 100"]);
    check(&mut node, Input::Body(a.hash()), &[]);
}

/// Rule N3: notarize, then nullify, in one view.
#[test]
fn view_may_be_notarized_and_nullified_by_us() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, bare()));
    check_timeout(&mut node, &["sign nullify 1"]);
    let kinds: Vec<_> = node.disk.votes.iter().map(|vote| vote.vote.kind.code()).collect();
    assert_eq!(kinds, [1], "the nullify vote is yet to be signed");
}

/// A proposal is judged in its own view only: kept until we come there.
#[test]
fn proposal_for_the_next_view_waits_until_we_are_there() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    check(&mut node, network.propose(2, &a, bare()), &[]);
    check(&mut node, Input::Body(a.hash()), &[]);
    let texts = node.step(Input::Certificate(network.nullification(1)));
    assert_eq!(texts.last().map(String::as_str), Some("check A of 1"));
}

/// Rule J6.
#[test]
fn third_proposal_of_one_leader_in_one_view_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let batches = ["A", "B", "C"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.step(network.propose(1, &batches[0], bare()));
    check_rejected(&mut node, network.propose(1, &batches[0], bare()), Rejected::Known);
    node.step(network.propose(1, &batches[1], bare()));
    check_rejected(&mut node, network.propose(1, &batches[2], bare()), Rejected::TooManyProposals(round(1)));
}

/// Rules L1, V3, F3: who may propose where.
#[test]
fn proposal_from_elsewhere_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let by_2 = Input::Proposal(Box::new(network.proposal(1, &a, bare(), 2)));
    let not_leader = Rejected::NotLeader { place: place(2), round: round(1), leader: place(0) };
    check_rejected(&mut node, by_2, not_leader);
    let limit = Limits::default().views_ahead;
    node.step(network.propose(1 + limit, &a, bare()));
    let far = Rejected::FarFuture { view: View(2 + limit), ours: View(1), limit };
    check_rejected(&mut node, network.propose(2 + limit, &a, bare()), far);
    node.follow(network.propose(1, &a, bare()));
    node.certificate(&network.finalization(1, &a));
    let stale = Rejected::Stale { view: View(1), finalized: View(1) };
    let b = network.batch("B", &network.opening, 0, &[]);
    check_rejected(&mut node, network.propose(1, &b, bare()), stale);
}

#[test]
fn proposal_of_another_epoch_is_refused() {
    let network = network();
    let mut node = Node::new(&network, 3);
    for (epoch, rejected) in [
        (Epoch(6), Rejected::PastEpoch { message: Epoch(6), ours: EPOCH }),
        (Epoch(8), Rejected::FutureEpoch { message: Epoch(8), ours: EPOCH }),
    ] {
        let other = network.next(epoch, &STAKES, &network.opening);
        let a = other.batch("A", &other.opening, 0, &[]);
        check_rejected(&mut node, other.propose(1, &a, bare()), rejected);
        assert_eq!(other.round(1), Round::new(epoch, View(1)));
    }
}

/// Nothing that nobody asked for is stored.
#[test]
fn headers_bodies_and_verdicts_that_nobody_asked_for_are_refused() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let unwanted = Rejected::NotWanted(a.hash());
    check_rejected(&mut node, Input::Header(Box::new(a.clone())), unwanted);
    check_rejected(&mut node, Input::Body(a.hash()), unwanted);
    check_rejected(&mut node, Input::Checked { batch: a.hash(), valid: true }, unwanted);
    assert_eq!(node.core.header(a.hash()), None);
    assert_eq!(node.core.header(network.opening.hash()), Some(&network.opening));
    assert_eq!(node.core.header(B256::ZERO), None);
}
