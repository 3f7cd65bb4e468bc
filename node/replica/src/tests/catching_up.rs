//! Coming back (rules C).

use std::sync::Arc;

use rota_proto::{Epoch, FinalBatch, Height, Message, limits::BATCHES_PER_ANSWER_MAX};

use super::{
    cluster::Cluster,
    node::{Node, at, has, head},
    world::{ORIGIN, Wallet, certificate, time_of},
};
use crate::{Event, Times};

const ALL: [u8; 4] = [0, 1, 2, 3];

/// Four of which one was away while the others made batches final, over the end of an epoch; and that one.
fn one_was_away() -> (Cluster, usize) {
    let mut cluster = Cluster::new(Times::default());
    // The smallest stake: the others are a quorum without it.
    let away = 3;
    cluster.away = vec![away];
    for nonce in 0..3 {
        let transfer = Wallet::new(0).sends(nonce);
        for node in &mut cluster.nodes[..away] {
            node.submit(&[Arc::clone(&transfer)]);
        }
        cluster.pass(4_000);
    }
    cluster.see_l1(ORIGIN + 1..=ORIGIN + 10);
    let now = 1_000 * time_of(ORIGIN + 10);
    cluster.nodes.iter_mut().for_each(|node| node.now_ms = now);
    cluster.pass(20_000);
    for node in &mut cluster.nodes[..away] {
        node.submit(&[Wallet::new(1).sends(0)]);
    }
    cluster.pass(20_000);
    let round = cluster.nodes[0].replica.simplex().round();
    assert_eq!(round.epoch, Epoch(1));
    assert!(cluster.nodes[0].finals.len() >= 4, "{} batches", cluster.nodes[0].finals.len());
    assert_eq!(cluster.nodes[away].finals.len(), 0);
    (cluster, away)
}

#[test]
fn c1_claims_are_reasons_to_ask_one_question_at_a_time() {
    let mut cluster = Cluster::new(Times::default());
    let node = &mut cluster.nodes[0];
    assert!(node.take(Event::PeerHeight(Height(4))).is_empty(), "it hears so little behind anyway");
    assert_eq!(node.take(Event::PeerHeight(Height(5))), ["catch up from 1"]);
    assert!(node.take(Event::PeerHeight(Height(1_000))).is_empty());
    assert!(node.replica.is_catching_up());
    node.take(Event::CaughtUp(Vec::new()));
    assert_eq!(node.take(Event::PeerHeight(Height(1_000))), ["catch up from 1"], "the answer was empty");
    assert_eq!(head(node), super::world::genesis().header.hash(), "nothing is believed");
}

#[test]
fn c3_node_that_was_away_follows_from_epoch_to_epoch() {
    let (mut cluster, away) = one_was_away();
    let finals = cluster.finals_from(0, 1);
    let (height, last) = (finals.len() as u64, head(&cluster.nodes[0]));
    let node = &mut cluster.nodes[away];
    node.log.clear();
    node.take(Event::PeerHeight(Height(height + 10)));
    let done = node.take(Event::CaughtUp(finals));
    assert_eq!(head(node), last, "{done:?}");
    assert_eq!(node.replica.simplex().round().epoch, Epoch(1));
    assert!(at(&done, "execute") < at(&done, "commit") && has(&done, "epoch began"));
    assert!(!has(&done, "fetch"), "C4: what was given is not asked for again: {done:?}");
    assert!(done.contains(&format!("catch up from {}", height + 1)), "C5: {done:?}");
}

#[test]
fn c6_node_without_a_place_asks_after_two_silent_seconds() {
    let asks = |done: Vec<String>| has(&done, "catch up from 1");
    let mut follower = Node::new(9);
    assert!(follower.replica.simplex().place().is_none());
    assert!(!asks(follower.wait(1_999)));
    assert!(asks(follower.wait(1)), "nobody claims to be further");
    assert!(!asks(follower.wait(10_000)), "one question at a time");
    assert!(!asks(follower.take(Event::CaughtUp(Vec::new()))));
    assert!(asks(follower.wait(0)), "it was silent all the while");
    follower.take(Event::CaughtUp(Vec::new()));
    assert!(!asks(follower.wait(1_999)));
    assert!(asks(follower.wait(1)));
    let mut validator = Node::new(0);
    assert!(!asks(validator.wait(10_000)), "who votes hears votes");
}

#[test]
fn c5_next_question_waits_until_what_was_given_is_committed() {
    let (mut cluster, away) = one_was_away();
    let finals = cluster.finals_from(0, 1);
    let node = &mut cluster.nodes[away];
    node.take(Event::PeerHeight(Height(1_000)));
    node.hold("commit");
    let done = node.take(Event::CaughtUp(finals));
    assert!(has(&done, "commit") && !done.iter().any(|line| line.starts_with("catch up")), "{done:?}");
    assert!(node.take(Event::PeerHeight(Height(2_000))).is_empty(), "whatever peers claim meanwhile");
    assert!(node.release().iter().any(|line| line.starts_with("catch up")));
}

#[test]
fn c3_false_finalization_is_worth_nothing_and_we_may_ask_again() {
    let (mut cluster, away) = one_was_away();
    let mut finals = cluster.finals_from(0, 1);
    let finalization = finals[0].finalization.as_mut().expect("each was final by itself");
    finalization.signatures.swap(0, 1);
    let node = &mut cluster.nodes[away];
    node.take(Event::PeerHeight(Height(1_000)));
    let done = node.take(Event::CaughtUp(finals));
    assert_eq!(done, ["verify"], "nothing follows from it");
    assert_eq!(node.finals.len(), 0);
    assert_eq!(node.take(Event::PeerHeight(Height(1_000))), ["catch up from 1"]);
}

#[test]
fn c3_finalization_by_less_than_a_quorum_is_none() {
    let (mut cluster, away) = one_was_away();
    let mut finals = cluster.finals_from(0, 1);
    let vote = finals[0].finalization.as_ref().expect("final").vote;
    finals[0].finalization = Some(certificate(vote, &ALL[2..]));
    let node = &mut cluster.nodes[away];
    node.take(Event::PeerHeight(Height(1_000)));
    assert_eq!(node.take(Event::CaughtUp(finals)), ["verify"]);
    assert_eq!(node.finals.len(), 0);
}

#[test]
fn c2_what_follows_the_last_finalization_is_dropped() {
    let (mut cluster, away) = one_was_away();
    let mut finals = cluster.finals_from(0, 1);
    finals.truncate(3);
    finals[2].finalization = None;
    let node = &mut cluster.nodes[away];
    node.take(Event::PeerHeight(Height(1_000)));
    node.take(Event::CaughtUp(finals));
    assert_eq!(node.finals.len(), 2);
    assert_eq!(node.size("live"), 0);
}

#[test]
fn c2_batches_without_any_finalization_are_nothing() {
    let (mut cluster, away) = one_was_away();
    let bare = |batch: FinalBatch| FinalBatch { finalization: None, ..batch };
    let finals = cluster.finals_from(0, 1).into_iter().map(bare).collect();
    let node = &mut cluster.nodes[away];
    node.take(Event::PeerHeight(Height(1_000)));
    assert!(node.take(Event::CaughtUp(finals)).is_empty());
}

#[test]
fn answer_that_nobody_asked_for_is_not_looked_at() {
    let (mut cluster, away) = one_was_away();
    let finals = cluster.finals_from(0, 1);
    assert!(cluster.nodes[away].take(Event::CaughtUp(finals)).is_empty());
}

#[test]
fn gossiped_final_batch_waits_for_its_certificate_and_is_taken_whole() {
    let (mut cluster, away) = one_was_away();
    let first = cluster.finals_from(0, 1).remove(0);
    let node = &mut cluster.nodes[away];
    node.hear(0, rota_proto::Message::FinalBatch(Box::new(first.clone())));
    assert_eq!(head(node), first.header.hash(), "{:?}", node.log);
    assert!(!has(&node.log, "fetch"), "{:?}", node.log);
}

/// C1 and C4: the first word that reaches a node after hundreds of views is a finalization far ahead.
#[test]
fn c1_node_that_was_away_for_hundreds_of_views_of_an_epoch_comes_back() {
    let mut cluster = Cluster::new(Times::default());
    let away = 3;
    cluster.away = vec![away];
    for nonce in 0..300 {
        let transfer = Wallet::new(0).sends(nonce);
        for node in &mut cluster.nodes[..away] {
            node.submit(&[Arc::clone(&transfer)]);
        }
        cluster.pass(150);
    }
    cluster.pass(4_000);
    let (last, heights) = (head(&cluster.nodes[0]), cluster.nodes[0].finals.len());
    assert!(heights >= 200, "{heights} batches");
    let newest = cluster.nodes[0].finals.last().and_then(|batch| batch.finalization.clone());
    let mut done = cluster.nodes[away].hear(0, Message::Certificate(newest.expect("the last is proven")));
    let mut questions = 0;
    while let Some(from) = done.iter().find_map(|line| line.strip_prefix("catch up from ")) {
        let mut finals = cluster.finals_from(0, from.parse().expect("a height"));
        finals.truncate(BATCHES_PER_ANSWER_MAX);
        done = cluster.nodes[away].take(Event::CaughtUp(finals));
        questions += 1;
    }
    assert!(questions > 1 && head(&cluster.nodes[away]) == last, "{questions} questions");
    assert_eq!(cluster.nodes[away].finals.len(), heights);
}
