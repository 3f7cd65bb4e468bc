//! From a proposal to a vote: time, bodies, what must be durable (rules B1, B4, B8, B12, N2).

use std::sync::Arc;

use alloy_primitives::{B256, keccak256};
use rota_consensus::{Durable, Rejected};
use rota_proto::{BodyMessage, Justification, Message, Place, Signers, View, Vote};

use super::{
    node::{Node, at, follower, has, head, leading, proposed},
    world::{Bench, Foreign, NOON_MS, Site, Wallet, certificate, leader_of, on_genesis, place, round},
};
use crate::Times;

pub(super) fn unjustified() -> Justification {
    Justification { parent: None, nullifications: Vec::new() }
}

fn transfer() -> Arc<rota_proto::Transaction> {
    Wallet::new(0).sends(0)
}

#[test]
fn n2_batch_is_durable_before_its_vote_is_signed_and_the_vote_before_it_is_sent() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    let order = ["execute", "persist candidate", "sign notarize 1", "broadcast notarize 1"];
    let places = order.map(|line| at(&node.log, line));
    assert!(places.is_sorted(), "{places:?} in {:?}", node.log);
}

#[test]
fn n2_nothing_is_voted_for_that_was_not_executed() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    node.hold("execute");
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(has(&node.log, "execute") && !has(&node.log, "sign notarize 1"), "{:?}", node.log);
    assert!(has(&node.release(), "sign notarize 1"));
}

#[test]
fn p4_leader_builds_persists_signs_and_sends_in_this_order() {
    let mut node = leading();
    node.submit(&[transfer()]);
    let order = ["build", "persist candidate", "sign notarize 1", "broadcast body", "broadcast proposal"];
    let places = order.map(|line| at(&node.log, line));
    assert!(places.is_sorted(), "{places:?} in {:?}", node.log);
    let batch = proposed(&node).expect("a proposal with its body");
    assert_eq!(batch.body.0.len(), 1);
    assert!(Bench::new().finds_valid(&batch), "whoever executes it agrees");
}

#[test]
fn j5_invalid_batch_is_nullified_and_never_notarized() {
    let (mut node, leader) = follower();
    let good = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    let mut header = good.header.header().clone();
    header.state_root = B256::repeat_byte(7);
    let bad = Foreign { header: rota_proto::BatchHeader::new(header).expect("a header"), body: good.body };
    node.hear(leader, bad.proposed(1, leader, unjustified()));
    node.hear(leader, bad.body_message());
    assert!(has(&node.log, "sign nullify 1") && !has(&node.log, "sign notarize 1"), "{:?}", node.log);
}

#[test]
fn j5_batch_that_names_another_than_its_proposer_is_bad_as_his_and_good_once_certified() {
    let (mut node, leader) = follower();
    let other = (leader + 2) % 4;
    let a = Bench::new().build(head(&node), on_genesis(other), &[transfer()]);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(has(&node.log, "sign nullify 1"), "{:?}", node.log);
    let numbers: Vec<u8> = (0..4).filter(|number| *number != leader).collect();
    node.hear(other, Message::Certificate(certificate(Vote::notarize(round(1), a.hash()), &numbers)));
    node.hear(other, Message::Certificate(certificate(Vote::finalize(round(1), a.hash()), &numbers)));
    assert_eq!(head(&node), a.hash(), "{:?}", node.log);
}

#[test]
fn b1_batch_ahead_of_our_clock_waits_for_it() {
    let (mut node, leader) = follower();
    let limit_ms = Times::default().clock_ahead_ms;
    let site = Site { timestamp: (NOON_MS + limit_ms) / 1_000 + 1, ..on_genesis(leader) };
    let a = Bench::new().build(head(&node), site, &[transfer()]);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(!has(&node.log, "execute"), "no fault, and no look at it: {:?}", node.log);
    assert!(!has(&node.wait(400), "execute"), "600 ms are missing");
    assert!(!has(&node.log, "sign nullify 1"));
    let done = node.wait(600);
    assert!(
        at(&done, "execute") < at(&done, "sign notarize 1"),
        "now it is not ahead by more than the limit: {done:?}"
    );
}

#[test]
fn b4_batch_is_dated_now_or_as_its_parent_where_that_is_later() {
    let mut node = leading();
    node.wait(5_000);
    node.submit(&[transfer()]);
    let batch = proposed(&node).expect("it leads");
    assert_eq!(batch.header.header().timestamp, NOON_MS / 1_000 + 5);

    // The batch of view 1 is a second ahead of the clock of whoever leads view 2.
    let first = leading().replica.simplex().leader().into();
    let second = leader_of(&leading().replica, 2);
    let mut node = super::node::Node::new(second);
    let later = NOON_MS / 1_000 + 1;
    let a = Bench::new().build(head(&node), Site { timestamp: later, ..on_genesis(first) }, &[]);
    node.hear(first, a.proposed(1, first, unjustified()));
    node.hear(first, a.body_message());
    node.hear(first, Message::Certificate(certificate(Vote::notarize(round(1), a.hash()), &[0, 1, 2])));
    node.out.clear();
    node.wait(150);
    let batch = proposed(&node).expect("a notarized batch that is not final is work");
    assert_eq!((batch.header.parent(), batch.header.header().timestamp), (a.hash(), later));
    let extra = batch.header.extra();
    let signers: Signers = [0, 1, 2].map(place).into_iter().collect();
    assert_eq!((extra.parent_view, extra.parent_signers), (View(1), signers), "P3");
}

#[test]
fn b8_body_that_comes_before_its_header_waits_for_it() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    assert!(node.hear(leader, a.body_message()).is_empty());
    let done = node.hear(leader, a.proposed(1, leader, unjustified()));
    assert!(has(&done, "sign notarize 1") && !has(&done, "fetch"), "{done:?}");
}

#[test]
fn b8_wrong_body_is_refused_by_name_and_does_not_keep_out_the_right_one() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    let wrong = BodyMessage { batch: a.hash(), transactions: rota_proto::BatchBody::default().encode() };
    node.hear(2, Message::Body(wrong.clone()));
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(2, Message::Body(wrong));
    assert_eq!(node.refusals.last(), Some(&Rejected::WrongBody(a.hash())));
    assert!(!has(&node.log, "execute"));
    node.hear(leader, a.body_message());
    assert!(has(&node.log, "sign notarize 1"), "{:?}", node.log);
}

/// At the limit, and one past it.
#[test]
fn b8_bodies_that_wait_for_their_header_are_as_many_as_a_full_set_may_send() {
    let (mut node, _) = follower();
    let body = |number: u8, which: u8| {
        let transactions = rota_proto::BatchBody::default().encode();
        Message::Body(BodyMessage { batch: keccak256([number, which]), transactions })
    };
    for (number, which) in (0..Place::COUNT).flat_map(|number| [(number, 0), (number, 1)]) {
        node.hear(number, body(number, which));
    }
    assert_eq!(node.size("early"), 2 * usize::from(Place::COUNT));
    node.hear(Place::COUNT, body(Place::COUNT, 0));
    assert_eq!(node.size("early"), 2 * usize::from(Place::COUNT), "the oldest makes room for that of a new key");
}

#[test]
fn b12_batch_that_consensus_forgot_is_not_kept() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert_eq!(node.size("live"), 1);
    let kept = rota_consensus::Limits::default().stray_views;
    for view in 1..=kept {
        node.hear(1, Message::Certificate(certificate(Vote::nullify(round(view)), &[0, 1, 3])));
    }
    assert_eq!(node.size("live"), 1, "at the limit");
    assert!(!has(&node.log, "forget"));
    node.hear(1, Message::Certificate(certificate(Vote::nullify(round(kept + 1)), &[0, 1, 3])));
    assert_eq!(node.size("live"), 0);
    assert!(has(&node.log, "forget"), "execution need not keep it either");
}

/// Node 0, slow to build, with work; `turns` says who leads views 1, 2 and so on.
fn slow_builder<const N: usize>(turns: [u8; N]) -> Node {
    let mut node = Node::led_by(0, Times::default(), Some(turns.map(place).to_vec()));
    node.begin(Durable::default());
    node.hold("build");
    assert!(has(&node.submit(&[transfer()]), "build"), "{:?}", node.log);
    node
}

/// The build for view 1 is answered when view 2 has begun, too late for its own view, and the one for view 2 gives the
/// same batch: execution must not hear that it is to be forgotten.
#[test]
fn b12_leader_that_builds_the_same_batch_in_two_rounds_keeps_what_it_proposed() {
    let mut node = slow_builder([0]);
    node.hear(1, Message::Certificate(certificate(Vote::nullify(round(1)), &[1, 2, 3])));
    assert_eq!(node.size("builds"), 2, "{:?}", node.log);
    let done = node.release();
    assert!(has(&done, "broadcast proposal") && !has(&done, "forget"), "{done:?}");
    assert!(node.refusals.contains(&Rejected::LateAnswer { answer: round(1), ours: round(2) }), "{:?}", node.refusals);
    assert_eq!([node.size("builds"), node.size("live")], [0, 1], "both gave one batch");
    let batch = proposed(&node).expect("it proposed").hash();
    for vote in [Vote::notarize(round(2), batch), Vote::finalize(round(2), batch)] {
        node.hear(1, Message::Certificate(certificate(vote, &[1, 2, 3])));
    }
    assert_eq!(head(&node), batch, "execution still has what is final: {:?}", node.log);
}

/// Nothing is expected of a build for a round that is final or lost.
#[test]
fn b12_builds_for_rounds_up_to_the_last_final_one_are_forgotten() {
    let mut node = slow_builder([0, 1, 0]);
    let nullification = certificate(Vote::nullify(round(1)), &[1, 2, 3]);
    node.hear(1, Message::Certificate(nullification.clone()));
    let a = Bench::new().build(head(&node), on_genesis(1), &[]);
    node.hear(1, a.proposed(2, 1, Justification { nullifications: vec![nullification], ..unjustified() }));
    node.hear(1, a.body_message());
    node.hear(1, Message::Certificate(certificate(Vote::notarize(round(2), a.hash()), &[1, 2, 3])));
    node.wait(150);
    assert_eq!(node.size("builds"), 2, "for views 1 and 3: {:?}", node.log);
    node.hear(1, Message::Certificate(certificate(Vote::finalize(round(2), a.hash()), &[1, 2, 3])));
    assert_eq!(node.size("builds"), 1, "for view 3: {:?}", node.log);
    assert!(has(&node.release(), "broadcast proposal"), "which is answered in time: {:?}", node.log);
    assert_eq!((head(&node), node.size("builds")), (a.hash(), 0));
}

#[test]
fn b8_missing_body_is_asked_for_with_the_next_retry() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    let done = node.hear(leader, a.proposed(1, leader, unjustified()));
    assert!(!has(&done, "fetch"), "it is usually on its way: {done:?}");
    let retry = rota_consensus::Timings::default().retry_ms;
    assert!(has(&node.wait(retry), "fetch"), "{:?}", node.log);
    node.hear(leader, a.body_message());
    assert!(has(&node.log, "execute"));
}

#[test]
fn sizes_tell_of_a_body_that_waits_for_its_header_and_of_a_batch_that_waits_for_its_verdict() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[transfer()]);
    let names = ["early", "live", "batches", "checks"];
    let sizes = |node: &Node| names.map(|name| node.size(name));
    node.hold("execute");
    node.hear(leader, a.body_message());
    assert_eq!(sizes(&node), [1, 0, 0, 0]);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    assert_eq!(sizes(&node), [0, 1, 1, 1]);
    node.release();
    assert_eq!(sizes(&node), [0, 1, 1, 0]);
}
