//! Logs, and filters that are polled (R16, R17).

use std::time::Duration;

use alloy_primitives::{B256, U256};
use serde_json::{Value, json};

use super::{
    chain::{Chain, EMITTER, LOOPER, REVERTER},
    client::{Served, call},
    wallets::Key,
};
use crate::rpc::RpcLimits;

async fn emit(served: &Served, nonce: u64) -> Value {
    served.ok("eth_sendRawTransaction", json!([Key::of(0).sends(nonce, EMITTER, U256::ZERO)])).await
}

#[tokio::test]
async fn logs_are_found_by_range_hash_address_and_topic() {
    let served = Served::start(Chain::instant()).await;
    let hash = emit(&served, 0).await;
    served.ok("eth_sendRawTransaction", json!([Key::of(0).transfer(1)])).await;
    emit(&served, 2).await;
    let count = async |filter: Value| served.ok("eth_getLogs", json!([filter])).await.as_array().unwrap().len();
    let all = served.ok("eth_getLogs", json!([{ "fromBlock": "earliest" }])).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!((&all[0]["transactionHash"], &all[0]["logIndex"]), (&hash, &json!("0x0")));
    let (seven, eight) = (B256::with_last_byte(7), B256::with_last_byte(8));
    assert_eq!(count(json!({})).await, 1);
    assert_eq!(count(json!({ "fromBlock": "0x0", "toBlock": "0x2" })).await, 1);
    assert_eq!(count(json!({ "blockHash": all[0]["blockHash"] })).await, 1);
    assert_eq!(count(json!({ "fromBlock": "0x0", "address": EMITTER, "topics": [[eight, seven]] })).await, 2);
    assert_eq!(count(json!({ "fromBlock": "0x0", "address": REVERTER })).await, 0);
    assert_eq!(count(json!({ "fromBlock": "0x0", "topics": [eight] })).await, 0);
    assert_eq!(count(json!({ "fromBlock": "0x0", "topics": [null, seven] })).await, 0);
    // R16: nothing found where nothing is yet would be taken for an answer.
    let beyond = "block range extends beyond current head block: block 99, head 3";
    served.refuses("eth_getLogs", json!([{ "fromBlock": "0x63" }]), -32602, beyond).await;
    served.refuses("eth_getLogs", json!([{ "fromBlock": "0x1", "toBlock": "0x63" }]), -32602, beyond).await;
    assert!(served.counts("rota_rpc_refused_total{reason=\"beyond_head\"} 2"));
    let unknown = json!([{ "blockHash": B256::repeat_byte(1) }]);
    served.refuses("eth_getLogs", unknown, -32000, "header not found").await;
}

#[tokio::test]
async fn filters_tell_what_is_new_once() {
    let served = Served::start(Chain::instant()).await;
    let logs = served.ok("eth_newFilter", json!([{ "address": EMITTER }])).await;
    let blocks = served.ok("eth_newBlockFilter", json!([])).await;
    let pending = served.ok("eth_newPendingTransactionFilter", json!([])).await;
    let changes = async |id: &Value| served.ok("eth_getFilterChanges", json!([id])).await;
    for id in [&logs, &blocks, &pending] {
        assert_eq!(changes(id).await, json!([]));
    }
    let hash = emit(&served, 0).await;
    assert_eq!(changes(&logs).await[0]["transactionHash"], hash);
    let latest = served.ok("eth_getBlockByNumber", json!(["latest"])).await;
    assert_eq!(changes(&blocks).await, json!([latest["hash"]]));
    assert_eq!(changes(&pending).await, json!([hash]));
    for id in [&logs, &blocks, &pending] {
        assert_eq!(changes(id).await, json!([]));
    }
    assert_eq!(served.ok("eth_getFilterLogs", json!([logs])).await.as_array().unwrap().len(), 1);
    served.refuses("eth_getFilterLogs", json!([blocks]), -32000, "filter not found").await;
}

/// How many logs a filter has new.
async fn new_logs(served: &Served, id: &Value) -> usize {
    served.ok("eth_getFilterChanges", json!([id])).await.as_array().unwrap().len()
}

/// Rule R17.
#[tokio::test]
async fn r17_filters_tell_every_batch_whatever_tags_they_name() {
    let served = Served::start(Chain::instant()).await;
    let mut filters = Vec::new();
    for (filter, expected) in [
        (json!({ "fromBlock": "latest" }), 3),
        (json!({ "fromBlock": "latest", "toBlock": "latest" }), 3),
        (json!({ "fromBlock": "safe", "toBlock": "pending" }), 3),
        (json!({ "fromBlock": "earliest" }), 3),
        (json!({ "fromBlock": "0x2", "toBlock": "0x2" }), 1),
        (json!({ "fromBlock": "0x3" }), 1),
        (json!({ "toBlock": "0x2" }), 2),
    ] {
        filters.push((served.ok("eth_newFilter", json!([filter])).await, filter, expected));
    }
    for nonce in 0..3 {
        emit(&served, nonce).await;
    }
    for (id, filter, expected) in filters {
        assert_eq!(new_logs(&served, &id).await, expected, "{filter}");
        assert_eq!(new_logs(&served, &id).await, 0, "{filter}");
    }
}

/// Rule R17: a filter that finds too much at once reads on where it stopped.
#[tokio::test]
async fn r17_filter_stops_before_the_batch_that_is_too_much() {
    let served = Served::with(Chain::instant(), RpcLimits { log_results: 2, ..RpcLimits::default() }).await;
    let id = served.ok("eth_newFilter", json!([{}])).await;
    for nonce in 0..5 {
        emit(&served, nonce).await;
    }
    for expected in [2, 2, 1, 0] {
        assert_eq!(new_logs(&served, &id).await, expected);
    }
}

/// Rule R17: what failed was not read.
#[tokio::test]
async fn r17_poll_that_fails_loses_nothing() {
    let limits = RpcLimits {
        calls_running: 1,
        calls_waiting: 0,
        call_time: Duration::from_millis(1),
        call_gas: 1_000_000_000,
        ..RpcLimits::default()
    };
    let served = Served::with(Chain::instant(), limits).await;
    let id = served.ok("eth_newFilter", json!([{}])).await;
    emit(&served, 0).await;
    served.refuses("eth_call", json!([{ "to": LOOPER }]), -32000, "execution aborted").await;
    // The call holds the only place until it ends.
    served.refuses("eth_getFilterChanges", json!([id]), -32005, "server is busy: too many calls wait").await;
    let mut found = call(served.address, "eth_getFilterChanges", json!([id])).await;
    while found.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        found = call(served.address, "eth_getFilterChanges", json!([id])).await;
    }
    assert_eq!(found.unwrap().as_array().unwrap().len(), 1);
}
