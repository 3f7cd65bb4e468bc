//! Whether there is work, what a builder is offered, and what leaves the pool (rules B5, B10, M16 of the mempool).

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use rota_consensus::Durable;
use rota_mempool::{AccountState, DropReason, Dropped};
use rota_proto::{BatchBody, Height, Transaction, limits::BODY_BYTES_MAX};

use super::{
    cluster::Cluster,
    node::{Node, has, leading, proposed},
    world::{NOON_MS, Wallet},
};
use crate::{Arrival, CommittedBatch, Effect, Event, Source, Times};

/// The leader of view 1 that has not been asked for anything yet.
fn leading_with(times: Times) -> Node {
    let number = leading().replica.simplex().place().expect("a member").into();
    let mut node = Node::unstarted(number, times);
    node.begin(Durable::default());
    node
}

#[test]
fn b5_nothing_to_do_is_nothing_done() {
    let mut node = leading();
    let done = node.wait(Times::default().heartbeat_ms - 1);
    assert!(done.iter().all(|line| line == "timer"), "only the retry timer goes on: {done:?}");
}

#[test]
fn b5_heartbeat_makes_an_empty_batch() {
    let mut node = leading();
    node.wait(Times::default().heartbeat_ms);
    let batch = proposed(&node).expect("a heartbeat");
    assert!(batch.body.0.is_empty());
    assert_eq!(batch.header.header().timestamp, (NOON_MS + Times::default().heartbeat_ms) / 1_000);
}

#[test]
fn b5_one_empty_batch_follows_a_batch_with_transactions() {
    let mut cluster = Cluster::new(Times::default());
    let transfer = Wallet::new(0).sends(0);
    for node in &mut cluster.nodes {
        node.submit(&[Arc::clone(&transfer)]);
    }
    cluster.pass(5 * Times::default().trailer_ms);
    for node in &cluster.nodes {
        let transactions =
            node.finals.iter().map(|batch| BatchBody::decode(&batch.transactions).expect("a body").0.len());
        assert_eq!(transactions.collect::<Vec<_>>(), [1, 0], "{:?}", node.log);
    }
}

#[test]
fn b5_waiting_transaction_is_work_at_once() {
    let mut node = leading();
    assert!(has(&node.submit(&[Wallet::new(0).sends(0)]), "build"));
}

#[test]
fn b5_transaction_below_the_base_fee_is_work_once_an_interval() {
    let genesis = super::world::genesis();
    let base_fee = genesis.rules.next_base_fee(genesis.header.header());
    assert_eq!(base_fee, genesis.rules.minimum_base_fee_wei, "nothing can wait for less at genesis");
    let times = Times { cheap_interval_ms: 3_000, ..Times::default() };
    let mut node = leading_with(times);
    // The network was busy: the base fee stands above what the transaction pays.
    node.replica.config.rules.minimum_base_fee_wei = 30_000_000_000;
    node.submit(&[Wallet::new(0).sends(0)]);
    assert!(!has(&node.log, "build") && node.replica.pool().has_work(30_000_000_000).below_base_fee);
    assert!(!has(&node.wait(2_999), "build"));
    assert!(has(&node.wait(1), "build"), "{:?}", node.log);
}

#[test]
fn b5_transaction_that_peers_send_is_work_too() {
    let mut node = leading();
    let arrival = node.arrival(Source::Validator, &Wallet::new(0).sends(0));
    assert!(has(&node.take(Event::Transactions(vec![arrival])), "build"));
}

#[test]
fn what_leaves_the_pool_without_being_final_is_told_with_its_reason() {
    // M16 of the mempool
    let mut node = leading();
    let transfer = Wallet::new(0).sends(0);
    node.submit(&[Arc::clone(&transfer)]);
    let spent = AccountState { nonce: 1, balance: U256::from(1_000_000_000_000_000_000u64), ..AccountState::default() };
    let elsewhere = CommittedBatch {
        hash: B256::repeat_byte(7),
        height: Height(1),
        transactions: Vec::new(),
        accounts: vec![(transfer.sender(), spent)],
    };
    let mut replica = node.replica_alone();
    let mut told = Vec::new();
    for effect in replica(Event::Committed(vec![elsewhere])) {
        if let Effect::Dropped(dropped) = effect {
            told.extend(dropped);
        }
    }
    assert_eq!(told, [Dropped { hash: transfer.hash(), reason: DropReason::Overtaken }]);
}

/// What the leader offers its builder when these wait, the first of them last to come.
fn offered(transactions: Vec<Arc<Transaction>>) -> Vec<Arc<Transaction>> {
    let mut node = leading();
    let list = transactions.iter().map(|one| node.arrival(Source::Validator, one)).collect();
    let mut replica = node.replica_alone();
    let mut all = Vec::new();
    for effect in replica(Event::Transactions(list)) {
        if let Effect::Build(order) = effect {
            all = order.chains.into_iter().flatten().collect();
        }
    }
    all
}

#[test]
fn b10_three_transactions_that_may_use_a_whole_batch_crowd_nobody_out() {
    let greedy = (0..3).map(|number| Wallet::new(number).sends_with(0, 30_000_000, 9));
    let modest = (3..10).map(|number| Wallet::new(number).sends(0));
    let offered = offered(greedy.chain(modest).collect());
    let senders: std::collections::BTreeSet<Address> = offered.iter().map(|one| one.sender()).collect();
    assert_eq!(senders.len(), 10, "{offered:?}");
}

#[test]
fn b10_more_than_three_batches_by_count_are_not_offered() {
    let genesis = super::world::genesis();
    let fit = usize::try_from(genesis.rules.gas_limit / 21_000).expect("small");
    let mut node = leading();
    node.hold("build");
    assert_eq!(node.replica.offered_max(), 3 * fit);
    node.replica.config.rules.gas_limit = 21_000;
    assert_eq!(node.replica.offered_max(), 3);
    let transfers = (0..5).map(|number| Wallet::new(number).sends(0));
    let list = transfers.map(|one| node.arrival(Source::Validator, &one)).collect();
    let chains = node.replica_alone()(Event::Transactions(list))
        .into_iter()
        .find_map(|effect| if let Effect::Build(order) = effect { Some(order.chains) } else { None });
    assert_eq!(chains.map(|chains| chains.iter().map(Vec::len).sum::<usize>()), Some(3));
}

#[test]
fn b10_order_of_a_sender_is_kept_in_its_chain() {
    let wallet = Wallet::new(0);
    let offered = offered((0..20).map(|nonce| wallet.sends(nonce)).collect());
    let nonces: Vec<u64> = offered.iter().map(|one| one.nonce()).collect();
    assert_eq!(nonces, (0..20).collect::<Vec<_>>());
    assert!(offered.iter().map(|one| one.length()).sum::<usize>() < BODY_BYTES_MAX);
}

#[test]
fn user_hears_what_became_of_a_transaction_in_the_same_step() {
    let mut node = leading();
    let arrival = node.arrival(Source::User, &Wallet::new(0).sends(0));
    let submit = |id| Event::Transactions(vec![Arrival { id, ..arrival.clone() }]);
    let answer = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| {
            if let Effect::Submitted { id, result } = effect { Some((id, result.is_ok())) } else { None }
        })
    };
    assert_eq!(answer(node.replica_alone()(submit(7))), Some((7, true)));
    assert_eq!(answer(node.replica_alone()(submit(8))), Some((8, false)), "known");
}
