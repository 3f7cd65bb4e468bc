//! L1 as batches see it: origins, their age, epochs, what is kept (rules B2, B3, B6; E3 of consensus, R8 of staking).

use rota_proto::{Epoch, Message, Round, View, Vote};

use super::{
    batches::unjustified,
    cluster::Cluster,
    node::{Node, at, follower, has, head, leading, proposed},
    world::{
        Bench, Foreign, NOON_MS, ORIGIN, STAKES, Site, Wallet, block, block_with, change, leader_of, on_genesis, place,
        signed, time_of,
    },
};
use crate::{Event, Times};

fn l1(number: u64) -> Event {
    Event::L1(Box::new(block(number)))
}

const SETTLE_MS: u64 = 1_000;

#[test]
fn b3_leader_adopts_a_block_once_it_has_been_final_here_for_a_while() {
    let mut node = leading();
    node.take(l1(ORIGIN + 1));
    node.wait(SETTLE_MS - 1);
    node.submit(&[Wallet::new(0).sends(0)]);
    assert_eq!(proposed(&node).expect("it leads").header.origin().number, ORIGIN, "the others may not have seen it");

    let mut node = leading();
    node.take(l1(ORIGIN + 1));
    node.now_ms = 1_000 * time_of(ORIGIN + 1);
    node.wait(SETTLE_MS);
    node.submit(&[Wallet::new(0).sends(0)]);
    let header = proposed(&node).expect("it leads").header;
    assert_eq!((header.origin().number, header.origin().hash), (ORIGIN + 1, block(ORIGIN + 1).hash));
    assert_eq!(header.header().mix_hash, block(ORIGIN + 1).prevrandao);
}

/// A batch on the block after the genesis origin, offered to a follower at that block's time.
fn offered_on_the_next_block(change: impl FnOnce(&mut alloy_consensus::Header)) -> (Node, u8, Foreign) {
    let (mut node, leader) = follower();
    let timestamp = time_of(ORIGIN + 1);
    let site = Site { origin: ORIGIN + 1, timestamp, ..on_genesis(leader) };
    let mut a = Bench::new().build(head(&node), site, &[Wallet::new(0).sends(0)]);
    let mut header = a.header.header().clone();
    change(&mut header);
    a.header = rota_proto::BatchHeader::new(header).expect("a header");
    node.wait(1_000 * timestamp - NOON_MS);
    node.log.clear();
    (node, leader, a)
}

#[test]
fn b3_batch_on_a_block_we_have_not_seen_waits_until_we_have() {
    let (mut node, leader, a) = offered_on_the_next_block(|_| {});
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(!has(&node.log, "execute") && !has(&node.log, "sign nullify 1"), "{:?}", node.log);
    let done = node.take(l1(ORIGIN + 1));
    assert!(at(&done, "execute") < at(&done, "sign notarize 1"), "{done:?}");
}

#[test]
fn b3_batch_that_names_another_block_than_l1_has_is_invalid() {
    let (mut node, leader, a) = offered_on_the_next_block(|header| {
        header.parent_beacon_block_root = Some(alloy_primitives::B256::repeat_byte(3))
    });
    node.take(l1(ORIGIN + 1));
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(has(&node.log, "sign nullify 1") && !has(&node.log, "execute"), "{:?}", node.log);
}

#[test]
fn b2_no_batch_is_built_on_an_origin_past_its_age() {
    let mut node = leading();
    node.now_ms += 1_000 * Times::default().origin_age_max_s;
    node.wait(0);
    node.submit(&[Wallet::new(0).sends(0)]);
    assert!(has(&node.log, "submitted") && !has(&node.log, "build"), "{:?}", node.log);

    let mut node = leading();
    node.now_ms += 1_000 * Times::default().origin_age_max_s - 1_000;
    node.wait(0);
    node.submit(&[Wallet::new(0).sends(0)]);
    assert!(has(&node.log, "build"), "at the limit: {:?}", node.log);
}

#[test]
fn b2_who_is_past_the_age_of_the_parents_origin_votes_only_for_a_newer_one() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[Wallet::new(0).sends(0)]);
    node.now_ms += 1_000 * Times::default().origin_age_max_s;
    node.wait(0);
    node.log.clear();
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(!has(&node.log, "execute") && !has(&node.log, "sign notarize 1"), "{:?}", node.log);
}

#[test]
fn b6_nothing_is_signed_while_l1_is_too_many_epochs_ahead() {
    let mut node = leading();
    let last = ORIGIN + 10 * (Times::default().epoch_lag_max + 1);
    for number in ORIGIN + 1..last {
        node.take(l1(number));
    }
    assert!(!node.replica.is_lagging(), "at the limit");
    node.take(l1(last));
    assert!(node.replica.is_lagging());
    node.log.clear();
    node.submit(&[Wallet::new(0).sends(0)]);
    node.wait(60_000);
    assert!(!node.log.iter().any(|line| line.starts_with("sign")), "{:?}", node.log);
}

#[test]
fn e3_epoch_begins_with_its_own_set_once_a_settled_origin_lies_in_it() {
    let mut cluster = Cluster::new(Times::default());
    cluster.see_l1(ORIGIN + 1..=ORIGIN + 10);
    let now = 1_000 * time_of(ORIGIN + 10);
    cluster.nodes.iter_mut().for_each(|node| node.now_ms = now);
    cluster.pass(3_000);
    for node in &cluster.nodes {
        assert_eq!(node.replica.simplex().round().epoch, Epoch(1), "{:?}", node.log);
        assert!(has(&node.log, "epoch began"));
        let closing = &node.finals.last().expect("a closing batch").header;
        assert_eq!((closing.epoch(), closing.origin().number), (Epoch(0), ORIGIN + 10));
    }
    // The new epoch works, and keeps to itself.
    let transfer = Wallet::new(0).sends(0);
    for node in &mut cluster.nodes {
        node.submit(&[std::sync::Arc::clone(&transfer)]);
    }
    cluster.pass(3_000);
    for node in &cluster.nodes {
        let first = node.finals.iter().find(|batch| batch.header.height().0 == 2).expect("final");
        assert_eq!(first.header.epoch(), Epoch(1));
    }
    let late = Message::Vote(signed(Vote::nullify(Round::new(Epoch(0), View(1))), 1));
    assert!(has(&cluster.nodes[0].hear(1, late), "send"), "E5 of consensus: answered with the closing finalization");
}

#[test]
fn registry_is_persisted_when_an_epoch_begins_on_l1() {
    let mut node = leading();
    for number in ORIGIN + 1..ORIGIN + 10 {
        assert!(!has(&node.take(l1(number)), "persist registry"));
    }
    assert!(has(&node.take(l1(ORIGIN + 10)), "persist registry"));
}

#[test]
fn l1_that_contradicts_itself_stops_the_node() {
    let mut node = leading();
    node.take(l1(ORIGIN + 1));
    let mut other = block(ORIGIN + 1);
    other.hash = alloy_primitives::B256::repeat_byte(9);
    let done = node.take(Event::L1(Box::new(other)));
    assert!(done.iter().any(|line| line.starts_with("halt: L1 contradicts itself")), "{done:?}");
}

/// A leader whose L1 has an epoch 2 that nobody can vote in, and an epoch 3 with everybody.
fn with_an_epoch_without_voters(last: u64) -> Node {
    let mut node = leading();
    let numbers = || (0..).take(STAKES.len());
    for number in ORIGIN + 1..=last {
        let changes = match number - ORIGIN {
            1 => numbers().map(|place| change(2, place, 0)).collect(),
            11 => numbers().map(|place| change(3, place, 10)).collect(),
            _ => Vec::new(),
        };
        node.take(Event::L1(Box::new(block_with(number, changes))));
    }
    node.now_ms = 1_000 * time_of(last);
    node.wait(SETTLE_MS);
    node
}

#[test]
fn b3_block_of_an_epoch_without_voters_is_no_origin() {
    for (last, adopted) in [(ORIGIN + 29, ORIGIN + 19), (ORIGIN + 31, ORIGIN + 31)] {
        let mut node = with_an_epoch_without_voters(last);
        node.submit(&[Wallet::new(0).sends(0)]);
        assert_eq!(proposed(&node).expect("it leads").header.origin().number, adopted, "L1 is at {last}");
    }
}

#[test]
fn b3_batch_on_a_block_of_an_epoch_without_voters_is_invalid() {
    let (mut node, leader) = follower();
    for number in ORIGIN + 1..=ORIGIN + 25 {
        let changes = if number == ORIGIN + 1 { (0..4).map(|place| change(2, place, 0)).collect() } else { Vec::new() };
        node.take(Event::L1(Box::new(block_with(number, changes))));
    }
    let timestamp = time_of(ORIGIN + 25);
    let a = Bench::new().build(head(&node), Site { origin: ORIGIN + 25, timestamp, ..on_genesis(leader) }, &[]);
    node.now_ms = 1_000 * timestamp;
    node.hold("sign");
    node.wait(0);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    assert!(has(&node.log, "sign nullify 1") && !has(&node.log, "execute"), "{:?}", node.log);
}

#[test]
fn chosen_leaders_lead_in_turn_instead_of_those_drawn() {
    let turns = [2, 2, 0];
    let chosen = Node::led_by(0, Times::default(), Some(turns.map(place).to_vec()));
    for (view, leader) in (1..).zip(turns.into_iter().cycle()).take(9) {
        assert_eq!(leader_of(&chosen.replica, view), leader, "view {view}");
    }
    let drawn = Node::unstarted(0, Times::default());
    let differs = (1..10).any(|view| leader_of(&drawn.replica, view) != leader_of(&chosen.replica, view));
    assert!(differs, "the draw has an order of its own");
}
