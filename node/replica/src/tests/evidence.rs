//! Evidence, found and heard (rules E).

use alloy_primitives::{Address, B256};
use rota_proto::{Epoch, Message, Round, SignedVote, View, Vote, VotePair};

use super::{
    node::{Node, has},
    world::{block, place, round, signed},
};
use crate::{Event, EvidenceRefusal, Started, Times, evidence::ACCUSED_MAX};

const A: B256 = B256::repeat_byte(1);
const B: B256 = B256::repeat_byte(2);

fn pair(one: SignedVote, other: SignedVote) -> Message {
    Message::Evidence(Box::new(VotePair::new(one, other).expect("a pair")))
}

/// Two notarize votes of a validator in a round.
fn double(number: u8, round: Round) -> Message {
    pair(signed(Vote::notarize(round, A), number), signed(Vote::notarize(round, B), number))
}

/// The node is told of evidence and refuses it, before a signature is looked at.
#[track_caller]
fn refused(node: &mut Node, message: Message, refusal: EvidenceRefusal) {
    let done = node.hear(1, message);
    assert_eq!(done, [format!("evidence refused: {refusal}")]);
}

/// Who is accused, and whether somebody else found it, in the order it was kept.
fn kept(node: &Node) -> Vec<(Address, bool)> {
    node.evidence.iter().map(|(evidence, heard)| (evidence.validator(), *heard)).collect()
}

fn validator(number: u8) -> Address {
    Address::repeat_byte(number)
}

#[test]
fn e1_the_first_evidence_against_a_validator_is_kept_whoever_found_it() {
    let mut node = Node::new(0);
    assert_eq!(node.hear(1, double(3, round(1))), ["verify", "evidence"]);
    assert_eq!(kept(&node), [(validator(3), true)]);
    // The same, and another pair in another round.
    for view in [1, 2] {
        refused(&mut node, double(3, round(view)), EvidenceRefusal::Accused(validator(3)));
    }
    // What is found here against the same validator comes too late, too.
    node.hear(3, Message::Vote(signed(Vote::notarize(round(1), A), 3)));
    let done = node.hear(3, Message::Vote(signed(Vote::notarize(round(1), B), 3)));
    assert!(has(&done, &format!("evidence refused: {}", EvidenceRefusal::Accused(validator(3)))), "{done:?}");
    assert_eq!(kept(&node).len(), 1);
}

#[test]
fn e1_what_was_found_here_is_not_taken_from_others() {
    let mut node = Node::new(0);
    node.hear(3, Message::Vote(signed(Vote::notarize(round(1), A), 3)));
    let done = node.hear(3, Message::Vote(signed(Vote::notarize(round(1), B), 3)));
    assert!(has(&done, "evidence"), "{done:?}");
    refused(&mut node, double(3, round(2)), EvidenceRefusal::Accused(validator(3)));
    assert_eq!(kept(&node), [(validator(3), false)]);
}

#[test]
fn e1_who_was_accused_before_a_restart_is_accused_after_it() {
    let mut node = Node::unstarted(0, Times::default());
    let accused = vec![(validator(3), Epoch(0))];
    node.take(Event::Started(Box::new(Started { accused, ..Started::default() })));
    refused(&mut node, double(3, round(1)), EvidenceRefusal::Accused(validator(3)));
    assert_eq!(node.hear(1, double(2, round(1))), ["verify", "evidence"], "another one is not");
}

#[test]
fn e2_votes_that_do_not_conflict_are_refused_and_a_fault() {
    let mut node = Node::new(0);
    let here = round(1);
    let (first, second) = (Vote::notarize(here, A), Vote::nullify(here));
    let refusal = EvidenceRefusal::NoConflict { first, second };
    refused(&mut node, pair(signed(first, 3), signed(second, 3)), refusal);
    assert!(refusal.is_fault());
    let second = Vote::finalize(here, B);
    let refusal = EvidenceRefusal::NoConflict { first, second };
    refused(&mut node, pair(signed(second, 3), signed(first, 3)), refusal);
}

#[test]
fn e2_a_place_that_nobody_holds_is_refused_and_a_fault() {
    let mut node = Node::new(0);
    let [one, other] =
        [A, B].map(|batch| SignedVote { signer: place(9), ..signed(Vote::notarize(round(1), batch), 3) });
    let refusal = EvidenceRefusal::EmptyPlace { place: place(9), epoch: Epoch(0) };
    refused(&mut node, pair(one, other), refusal);
    assert!(refusal.is_fault());
}

/// At the limit and one past.
#[test]
fn e2_what_l1_does_not_take_any_more_is_refused_and_nobody_is_to_blame() {
    let times = Times { evidence_epochs: 2, ..Times::default() };
    let mut node = Node::unstarted(0, times);
    node.begin(rota_consensus::Durable::default());
    see_l1(&mut node, 101..=129);
    assert_eq!(node.hear(1, double(3, round(1))), ["verify", "evidence"], "two epochs ago");
    see_l1(&mut node, 130..=130);
    let refusal = EvidenceRefusal::Expired { epoch: Epoch(0), newest: Epoch(3), window: 2 };
    refused(&mut node, double(2, round(1)), refusal);
    assert!(!refusal.is_fault());
}

#[test]
fn e2_votes_of_an_epoch_whose_set_is_not_known_are_refused_and_nobody_is_to_blame() {
    let mut node = Node::new(0);
    assert_eq!(node.hear(1, double(3, Round::new(Epoch(1), View(1)))), ["verify", "evidence"], "its set is fixed");
    let refusal = EvidenceRefusal::UnknownSet { epoch: Epoch(2), newest: Epoch(0) };
    refused(&mut node, double(2, Round::new(Epoch(2), View(1))), refusal);
    assert!(!refusal.is_fault());
}

#[test]
fn e3_forged_evidence_is_verified_and_accuses_nobody() {
    let mut node = Node::new(0);
    for forged in [0, 1] {
        let mut votes = [A, B].map(|batch| signed(Vote::notarize(round(1), batch), 3));
        votes[forged] = SignedVote { signer: place(3), ..signed(votes[forged].vote, 2) };
        assert_eq!(node.hear(1, pair(votes[0], votes[1])), ["verify"]);
    }
    assert_eq!(kept(&node), []);
    assert_eq!(node.hear(1, double(3, round(1))), ["verify", "evidence"], "the true one stands still");
}

/// The node is in epoch 0 all the time: offences of other epochs convict by the sets of those.
#[test]
fn e3_offences_of_any_epoch_in_the_window_convict() {
    let mut node = Node::new(0);
    see_l1(&mut node, 101..=135);
    for (number, epoch) in [(1, 4), (2, 2), (3, 0)] {
        let done = node.hear(1, double(number, Round::new(Epoch(epoch), View(7))));
        assert!(has(&done, "evidence"), "epoch {epoch}: {done:?}");
    }
}

#[test]
fn e4_the_accused_are_bounded() {
    let mut node = Node::unstarted(0, Times::default());
    let other = |number: usize| Address::left_padding_from(&(number + 1_000).to_be_bytes());
    let accused = (1..ACCUSED_MAX).map(|number| (other(number), Epoch(0))).collect();
    node.take(Event::Started(Box::new(Started { accused, ..Started::default() })));
    assert_eq!(node.hear(1, double(3, round(1))), ["verify", "evidence"]);
    assert_eq!(node.size("accused"), ACCUSED_MAX);
    refused(&mut node, double(2, round(1)), EvidenceRefusal::TooMany(ACCUSED_MAX));
}

#[test]
fn e4_who_cannot_be_brought_before_l1_any_more_may_be_accused_anew() {
    let mut node = Node::unstarted(0, Times { evidence_epochs: 1, ..Times::default() });
    node.begin(rota_consensus::Durable::default());
    node.hear(1, double(3, round(1)));
    see_l1(&mut node, 101..=119);
    let next = || double(3, Round::new(Epoch(1), View(1)));
    refused(&mut node, next(), EvidenceRefusal::Accused(validator(3)));
    see_l1(&mut node, 120..=120);
    assert_eq!(node.size("accused"), 0);
    assert_eq!(node.hear(1, next()), ["verify", "evidence"]);
}

fn see_l1(node: &mut Node, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        node.take(Event::L1(Box::new(block(number))));
    }
}
