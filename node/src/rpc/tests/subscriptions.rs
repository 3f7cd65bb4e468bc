//! Subscriptions (R19).

use alloy_primitives::U256;
use serde_json::json;

use super::{
    chain::{Chain, EMITTER, REVERTER},
    client::{Served, Socket},
    wallets::Key,
};

/// Rules R3, R19.
#[tokio::test]
async fn every_final_batch_is_told_in_order_and_none_before_it_is_final() {
    let served = Served::start(Chain::manual()).await;
    served.chain.mine();
    let mut socket = Socket::open(served.address).await;
    let id = socket.call("eth_subscribe", json!(["newHeads"])).await.unwrap();
    assert!(id.as_str().unwrap().starts_with("0x"), "{id}");
    let notarized = served.chain.notarize();
    served.chain.finalize(notarized);
    // Many at once: the channel remembers only that something changed.
    (0..20).for_each(|_| served.chain.mine());
    for number in 2..=22 {
        let (subscription, head) = socket.notification().await;
        assert_eq!(subscription, id);
        assert_eq!(head["number"], format!("{number:#x}"));
        let block = served.ok("eth_getBlockByHash", json!([head["hash"]])).await;
        assert_eq!(block["parentHash"], head["parentHash"]);
    }
    assert!(served.counts("rota_rpc_subscriptions 1"));
    assert_eq!(socket.call("eth_unsubscribe", json!([id])).await.unwrap(), true);
    while !served.counts("rota_rpc_subscriptions 0") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn logs_are_told_that_match() {
    let served = Served::start(Chain::instant()).await;
    let mut socket = Socket::open(served.address).await;
    let other = socket.call("eth_subscribe", json!(["logs", { "address": REVERTER }])).await.unwrap();
    let id = socket.call("eth_subscribe", json!(["logs", { "address": EMITTER }])).await.unwrap();
    assert_ne!(other, id);
    let raw = Key::of(0).sends(0, EMITTER, U256::ZERO);
    let hash = socket.call("eth_sendRawTransaction", json!([raw])).await.unwrap();
    let (subscription, log) = socket.notification().await;
    assert_eq!((subscription, &log["transactionHash"]), (id, &hash));
}

#[tokio::test]
async fn waiting_transactions_are_told_by_hash_or_whole() {
    let served = Served::start(Chain::manual()).await;
    let mut socket = Socket::open(served.address).await;
    socket.call("eth_subscribe", json!(["newPendingTransactions"])).await.unwrap();
    let whole = socket.call("eth_subscribe", json!(["newPendingTransactions", true])).await.unwrap();
    let hash = served.ok("eth_sendRawTransaction", json!([Key::of(0).transfer(0)])).await;
    for _ in 0..2 {
        let (id, transaction) = socket.notification().await;
        assert_eq!(if id == whole { &transaction["hash"] } else { &transaction }, &hash);
    }
}

#[tokio::test]
async fn subscriber_of_one_socket_cannot_end_anothers() {
    let served = Served::start(Chain::manual()).await;
    let mut one = Socket::open(served.address).await;
    let mut other = Socket::open(served.address).await;
    let id = one.call("eth_subscribe", json!(["newHeads"])).await.unwrap();
    assert_eq!(other.call("eth_unsubscribe", json!([id])).await.unwrap(), false);
    served.chain.mine();
    assert_eq!(one.notification().await.0, id);
}
