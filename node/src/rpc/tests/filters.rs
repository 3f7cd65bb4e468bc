//! Logs, and filters that are polled (R16, R17).

use alloy_primitives::{B256, U256};
use serde_json::{Value, json};

use super::{
    chain::{Chain, EMITTER, REVERTER},
    client::Served,
    wallets::Key,
};

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
    assert_eq!(count(json!({ "fromBlock": "0x63" })).await, 0);
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
