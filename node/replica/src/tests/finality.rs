//! From a finalization to the pool (rules B7, B9), and when a node stops.

use std::sync::Arc;

use alloy_primitives::B256;
use rota_execution::limits::UNFINAL_DEPTH_MAX;
use rota_proto::{BatchHeader, Justification, Message, Signers, Transaction, Vote};

use super::{
    batches::unjustified,
    node::{Node, at, checked, follower, has, head},
    text::name,
    world::{Bench, Foreign, Site, Wallet, certificate, leader_of, on_genesis, place, round},
};
use crate::{Checked, Event, Unverified, Verdict};

const ALL: [u8; 4] = [0, 1, 2, 3];

fn certified(vote: Vote) -> Message {
    Message::Certificate(certificate(vote, &ALL))
}

/// A follower that has executed and notarized a batch of these.
fn notarized(transactions: &[Arc<Transaction>]) -> (Node, u8, Foreign) {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), transactions);
    node.submit(transactions);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    (node, leader, a)
}

#[test]
fn b7_final_batch_is_executed_then_committed_and_only_then_the_head() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[Wallet::new(0).sends(0)]);
    let genesis = head(&node);
    node.hold("commit");
    node.hear(leader, certified(Vote::finalize(round(1), a.hash())));
    assert!(has(&node.log, "fetch"), "its header is missing");
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    let order = ["persist certificate", "execute", "raise floor", "commit"].map(|line| at(&node.log, line));
    assert!(order.is_sorted(), "{:?}", node.log);
    assert_eq!(head(&node), genesis, "not durable yet");
    node.release();
    assert_eq!(head(&node), a.hash());
}

#[test]
fn b7_batches_that_become_final_together_are_committed_in_one_order() {
    let (mut node, leader) = follower();
    let mut bench = Bench::new();
    let a = bench.build(head(&node), on_genesis(leader), &[Wallet::new(0).sends(0)]);
    let signers: Signers = ALL.map(place).into_iter().collect();
    let second = leader_of(&node.replica, 2);
    let site = Site { parent_view: 1, parent_signers: signers, ..on_genesis(second) };
    let b = bench.build(a.hash(), site, &[Wallet::new(0).sends(1)]);
    let because =
        Justification { parent: Some(certificate(Vote::notarize(round(1), a.hash()), &ALL)), ..unjustified() };
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    node.hear(second, b.proposed(2, second, because));
    node.hear(second, b.body_message());
    let commits = |node: &Node| node.log.iter().filter(|line| *line == "commit").count();
    assert_eq!(commits(&node), 0, "notarized is not final");
    node.hear(second, certified(Vote::finalize(round(2), b.hash())));
    assert_eq!((commits(&node), head(&node)), (1, b.hash()));
    let heights: Vec<u64> = node.finals.iter().map(|batch| batch.header.height().0).collect();
    assert_eq!(heights, [1, 2]);
}

#[test]
fn b7_final_batch_that_is_invalid_here_stops_the_node_alone() {
    let (mut node, leader) = follower();
    let good = Bench::new().build(head(&node), on_genesis(leader), &[]);
    let mut header = good.header.header().clone();
    header.gas_used = 1;
    let bad = Foreign { header: BatchHeader::new(header).expect("a header"), body: good.body };
    node.hear(leader, bad.proposed(1, leader, unjustified()));
    node.hear(leader, bad.body_message());
    // Without the verdict for its proposer alone: as a certified batch it is invalid for good.
    node.hear(leader, certified(Vote::notarize(round(1), bad.hash())));
    let second = leader_of(&node.replica, 2);
    let because =
        Justification { parent: Some(certificate(Vote::notarize(round(1), bad.hash()), &ALL)), ..unjustified() };
    let signers: Signers = ALL.map(place).into_iter().collect();
    let mut above = good.header.header().clone();
    above.parent_hash = bad.hash();
    above.number = 2;
    let extra =
        rota_proto::ExtraData { parent_view: rota_proto::View(1), parent_signers: signers, ..*bad.header.extra() };
    above.extra_data = extra.encode();
    let above = Foreign { header: BatchHeader::new(above).expect("a header"), body: rota_proto::BatchBody::default() };
    node.hear(second, above.proposed(2, second, because));
    node.hear(second, above.body_message());
    assert!(has(&node.log, "sign nullify 2"), "B11: what stands on it is invalid: {:?}", node.log);
    let done = node.hear(second, certified(Vote::finalize(round(1), bad.hash())));
    let halted = done.iter().find(|line| line.starts_with("halt: final batch"));
    assert!(halted.is_some() && !has(&done, "commit"), "{:?}", node.log);
}

#[test]
fn a2_two_finalizations_that_conflict_stop_the_node() {
    let (mut node, leader, a) = notarized(&[]);
    node.hear(leader, certified(Vote::finalize(round(1), a.hash())));
    let done = node.hear(leader, certified(Vote::finalize(round(1), B256::repeat_byte(9))));
    assert!(done.iter().any(|line| line.starts_with("halt: two finalizations conflict")), "{done:?}");
}

#[test]
fn b9_notarized_batch_hides_its_transactions_and_a_final_one_removes_them() {
    let wallet = Wallet::new(0);
    let (mut node, leader, a) = notarized(&[wallet.sends(0)]);
    let hash = wallet.sends(0).hash();
    assert!(node.replica.pool().has_work(1).payable, "proposed is not notarized");
    node.hear(leader, certified(Vote::notarize(round(1), a.hash())));
    assert!(!node.replica.pool().has_work(1).payable, "hidden");
    assert!(node.replica.pool().contains(&hash));
    assert_eq!(node.replica.pool().pending_nonce(&wallet.address, 0), 1);
    node.hear(leader, certified(Vote::finalize(round(1), a.hash())));
    assert!(!node.replica.pool().contains(&hash));
    assert_eq!(node.size("live"), 0);
}

/// Notarized in view 1 and passed over by view 2, whose batch is final: a loses.
fn lost(mut node: Node, a: &Foreign) -> Node {
    node.hear(0, certified(Vote::notarize(round(1), a.hash())));
    node.hear(0, certified(Vote::nullify(round(1))));
    let second = leader_of(&node.replica, 2);
    let b = Bench::new().build(super::world::genesis().header.hash(), on_genesis(second), &[]);
    let because = Justification { nullifications: vec![certificate(Vote::nullify(round(1)), &ALL)], ..unjustified() };
    node.hear(second, b.proposed(2, second, because));
    node.hear(second, b.body_message());
    node.hear(second, certified(Vote::finalize(round(2), b.hash())));
    assert_eq!(head(&node), b.hash(), "{:?}", node.log);
    node
}

#[test]
fn b9_batch_that_lost_gives_its_transactions_back() {
    let transfer = Wallet::new(0).sends(0);
    let (node, _, a) = notarized(&[Arc::clone(&transfer)]);
    let node = lost(node, &a);
    assert!(node.replica.pool().has_work(1).payable, "it is offered again");
    assert!(node.replica.pool().contains(&transfer.hash()) && !has(&node.log, "readmit"));
    assert_eq!((node.size("live"), node.size("hidden")), (0, 0));
}

#[test]
fn b9_transactions_of_senders_that_the_pool_never_saw_are_not_lost_with_their_batch() {
    let (mut node, leader) = follower();
    let strangers: Vec<_> = (0..5).map(|number| Wallet::new(number).sends(0)).collect();
    let a = Bench::new().build(head(&node), on_genesis(leader), &strangers);
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    let node = lost(node, &a);
    assert!(has(&node.log, "readmit"), "{:?}", node.log);
    for transaction in &strangers {
        assert!(node.replica.pool().contains(&transaction.hash()));
    }
}

#[test]
fn b9_batch_executed_after_its_notarization_is_hidden_as_well() {
    let (mut node, leader) = follower();
    let transfer = Wallet::new(0).sends(0);
    let a = Bench::new().build(head(&node), on_genesis(leader), &[Arc::clone(&transfer)]);
    node.submit(&[transfer]);
    node.hold("execute");
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    node.hear(leader, certified(Vote::notarize(round(1), a.hash())));
    assert!(node.replica.pool().has_work(1).payable);
    node.release();
    assert!(!node.replica.pool().has_work(1).payable);
}

/// Rule B11: ordered again at once it would come back at once, and the node would do nothing else.
#[test]
fn b11_batch_that_cannot_be_executed_now_is_tried_again_after_the_next_commit() {
    let (mut node, leader) = follower();
    let a = Bench::new().build(head(&node), on_genesis(leader), &[]);
    node.hold("execute");
    node.hear(leader, a.proposed(1, leader, unjustified()));
    node.hear(leader, a.body_message());
    let executions = |node: &Node| node.log.iter().filter(|line| *line == "execute").count();
    let verdict = Verdict::NotNow("too many batches wait for finality".to_owned());
    node.take(Event::Executed { batch: a.hash(), verdict });
    node.wait(100);
    assert_eq!(executions(&node), 1, "{:?}", node.log);
    node.take(Event::Committed(Vec::new()));
    assert_eq!(executions(&node), 2, "{:?}", node.log);
}

/// Orders the commit of this batch of a chain and of those below it down to `from`; what is wanted then.
fn ordered_by_commit(node: &mut Node, chain: &[Foreign], from: usize, view: u64) -> Vec<&'static str> {
    let batches: Vec<B256> = chain[from..].iter().map(Foreign::hash).collect();
    let vote = Vote::finalize(round(view), batches[batches.len() - 1]);
    let what = Unverified::Certificate(certificate(vote, &ALL));
    let Checked::Certificate(finalization) = checked(what, node) else { panic!("a certificate") };
    node.replica.order_commit(finalization, batches);
    std::mem::take(&mut node.replica.effects).iter().map(name).collect()
}

/// Rule B11: a batch that execution refuses for its depth would be missing when its own commit comes.
#[test]
fn b11_batch_too_far_above_the_last_commit_is_ordered_only_after_the_next() {
    let (mut node, leader) = follower();
    let most = usize::try_from(UNFINAL_DEPTH_MAX).expect("small");
    let mut bench = Bench::new();
    let mut chain: Vec<Foreign> = Vec::new();
    for _ in 0..=most {
        let parent = chain.last().map_or_else(|| head(&node), Foreign::hash);
        let batch = bench.build(parent, on_genesis(leader), &[]);
        bench.finalize(batch.hash());
        assert!(node.replica.live.join(&batch.header, batch.body.encode()));
        chain.push(batch);
    }
    node.replica.order_execution(chain[most].hash());
    let orders: Vec<_> = std::mem::take(&mut node.replica.effects).iter().map(name).collect();
    assert_eq!(orders, vec!["execute"; most], "one more is too deep");
    assert_eq!(ordered_by_commit(&mut node, &chain[..1], 0, 1), ["raise floor", "commit"]);
    assert_eq!(ordered_by_commit(&mut node, &chain, 1, 2), ["execute", "raise floor", "commit"]);
}
