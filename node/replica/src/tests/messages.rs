//! What is worth verifying, who sees it first, who answers (rules I).

use alloy_primitives::B256;
use rota_consensus::Rejected;
use rota_proto::{Epoch, Fetch, Justification, Message, Round, RoundAnswer, View, Vote};

use super::{
    node::{Node, follower, has, head},
    world::{Bench, certificate, key, on_genesis, place, round, signed},
};
use crate::{Checked, Event, Started, Unverified};

fn vote(vote: Vote, number: u8) -> Message {
    Message::Vote(signed(vote, number))
}

#[test]
fn i1_what_changes_nothing_is_refused_before_a_signature_is_looked_at() {
    let mut node = Node::new(0);
    let far = vote(Vote::nullify(round(1_000)), 1);
    assert!(!has(&node.hear(1, far), "verify"));
    let limit = rota_consensus::Limits::default().views_ahead;
    let expected = Rejected::FarFuture { view: View(1_000), ours: View(1), limit };
    assert_eq!(node.refusals, [expected]);
    assert!(has(&node.hear(1, vote(Vote::nullify(round(1)), 1)), "verify"));
    assert!(!has(&node.hear(1, vote(Vote::nullify(round(1)), 1)), "verify"), "known");
    assert_eq!(node.refusals.last(), Some(&Rejected::Known));
}

#[test]
fn i1_forged_signatures_count_for_nothing() {
    let mut node = Node::new(0);
    let mut forged = signed(Vote::nullify(round(1)), 1);
    forged.signer = place(2);
    let done = node.hear(2, Message::Vote(forged));
    assert_eq!(done, ["verify"], "no timer starts, nobody is heard");
}

#[test]
fn i2_second_notarize_vote_is_evidence_though_consensus_has_no_use_for_it() {
    let mut node = Node::new(0);
    let (a, b, c) = (B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
    node.hear(3, vote(Vote::notarize(round(1), a), 3));
    let done = node.hear(3, vote(Vote::notarize(round(1), b), 3));
    assert!(has(&done, "verify") && has(&done, "evidence"), "{done:?}");
    assert_eq!(node.refusals.last(), Some(&Rejected::Conflicting { place: place(3), round: round(1) }));
    let third = node.hear(3, vote(Vote::notarize(round(1), c), 3));
    assert!(!has(&third, "verify"), "one pair is enough: {third:?}");
}

#[test]
fn i2_votes_of_certificates_are_watched_too() {
    let mut node = Node::new(0);
    node.hear(3, vote(Vote::finalize(round(1), B256::repeat_byte(1)), 3));
    let nullification = certificate(Vote::nullify(round(1)), &[0, 1, 3]);
    assert!(has(&node.hear(1, Message::Certificate(nullification)), "evidence"));
}

#[test]
fn i2_slasher_sees_a_verified_vote_before_consensus_acts_on_it() {
    let mut node = Node::new(0);
    node.hear(3, vote(Vote::finalize(round(1), B256::repeat_byte(1)), 3));
    let conflicting = signed(Vote::nullify(round(1)), 3);
    let verified = super::node::checked(Unverified::Vote(conflicting), &node);
    let Checked::Vote(_) = &verified else { panic!("a vote") };
    let done = node.take(Event::Verified(Box::new(verified)));
    assert_eq!(done.first().map(String::as_str), Some("evidence"), "{done:?}");
}

#[test]
fn i2_second_vote_is_evidence_though_the_node_restarted_after_the_first() {
    let mut node = Node::unstarted(0, crate::Times::default());
    let nullification = certificate(Vote::nullify(round(1)), &[0, 1, 3]);
    let Checked::Certificate(witnessed) = super::node::checked(Unverified::Certificate(nullification), &node) else {
        panic!("a certificate")
    };
    node.take(Event::Started(Box::new(Started { witnessed: vec![witnessed], ..Started::default() })));
    let done = node.hear(3, vote(Vote::finalize(round(1), B256::repeat_byte(1)), 3));
    assert!(has(&done, "evidence"), "{done:?}");
}

#[test]
fn unasked_answer_of_final_batches_is_nothing() {
    let mut node = Node::new(0);
    node.take(Event::PeerHeight(rota_proto::Height(1_000)));
    node.hear(1, Message::CatchUpAnswer(rota_proto::CatchUpAnswer { batches: Vec::new() }));
    assert!(node.replica.is_catching_up(), "the question is still open");
}

#[test]
fn i3_body_of_a_live_batch_is_given_from_here_and_anything_older_from_the_store() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[]);
    node.hear(leader, a.proposed(1, leader, Justification { parent: None, nullifications: Vec::new() }));
    node.hear(leader, a.body_message());
    node.out.clear();
    assert_eq!(node.hear(leader, Message::Fetch(Fetch::Body(a.hash()))), ["send body"]);
    assert_eq!(node.out.pop().map(|(to, _)| to), Some(Some(key(leader))));
    assert_eq!(node.hear(leader, Message::Fetch(Fetch::Body(B256::repeat_byte(9)))), ["serve"]);
    assert_eq!(node.hear(leader, Message::Fetch(Fetch::Certificate(round(7)))), ["serve"]);
}

#[test]
fn i4_vote_for_a_round_that_was_left_is_answered_to_its_signer_and_to_nobody_else() {
    let mut node = Node::new(0);
    let again = || vote(Vote::nullify(round(1)), 1);
    node.hear(1, again());
    let nullification = certificate(Vote::nullify(round(1)), &[1, 2, 3]);
    node.hear(1, Message::Certificate(nullification));
    assert_eq!(node.replica.simplex().round(), round(2));
    assert!(!has(&node.hear(2, again()), "verify"), "no signature is looked at");
    assert_eq!(node.refusals.last(), Some(&Rejected::Stale { view: View(1), finalized: View::ZERO }));
    node.out.clear();
    let done = node.hear(1, again());
    assert!(has(&done, "verify") && has(&done, "send"), "{done:?}");
    assert_eq!(node.out.pop().map(|(to, _)| to), Some(Some(key(1))));
}

#[test]
fn round_answer_of_a_later_epoch_is_none_but_a_reason_to_catch_up() {
    let mut node = Node::unstarted(0, crate::Times::default());
    node.begin(rota_consensus::Durable { ask: true, ..rota_consensus::Durable::default() });
    let later = Round::new(Epoch(3), View(1));
    let answer = RoundAnswer { round: later, entered_by: None, votes: Vec::new() };
    let done = node.hear(1, Message::RoundAnswer(Box::new(answer.clone())));
    assert_eq!(done, ["catch up from 1"]);
    let done = node.hear(2, Message::RoundAnswer(Box::new(answer)));
    assert!(done.is_empty(), "one question at a time: {done:?}");
    let here = RoundAnswer { round: round(1), entered_by: None, votes: Vec::new() };
    node.hear(1, Message::RoundAnswer(Box::new(here.clone())));
    node.wait(60_000);
    assert!(!node.log.iter().any(|line| line.starts_with("sign")), "30 + 27 of 100 is no quorum");
    node.hear(2, Message::RoundAnswer(Box::new(here)));
    node.wait(1_000);
    assert!(node.log.iter().any(|line| line.starts_with("sign")), "{:?}", node.log);
}
