//! The keys of every answer, beside those of a real anvil.

use std::collections::BTreeSet;

use alloy_primitives::U256;
use serde_json::{Value, json};

use super::{
    chain::{CHAIN_ID, Chain, EMITTER},
    client::{Served, call},
    tools,
    wallets::Key,
};

/// Keys that anvil has and geth has not: of proof of work, of blobs where there are none, of its own.
const ANVILS_ALONE: [(&str, &str); 6] = [
    ("eth_getBlockByNumber", ".totalDifficulty"),
    ("eth_getTransactionReceipt", ".blobGasPrice"),
    ("eth_getTransactionReceipt", ".blockTimestamp"),
    ("eth_getBlockReceipts", "[].blobGasPrice"),
    ("eth_getBlockReceipts", "[].blockTimestamp"),
    // Where no percentiles were asked for.
    ("eth_feeHistory", ".reward"),
];

/// The paths of all keys in a value; of a list, those of its first entry.
fn keys(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                keys(value, &path, into);
                into.insert(path);
            }
        }
        Value::Array(entries) => {
            if let Some(first) = entries.first() {
                keys(first, &format!("{path}[]"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn answers_have_the_keys_of_anvils() {
    let anvil = tools::anvil(CHAIN_ID);
    let served = Served::start(Chain::instant()).await;
    let code = served.ok("eth_getCode", json!([EMITTER])).await;
    call(anvil.address, "anvil_setCode", json!([EMITTER, code])).await.unwrap();
    let mut hash = Value::Null;
    for address in [anvil.address, served.address] {
        let raw = Key::of(0).sends(0, EMITTER, U256::ZERO);
        hash = call(address, "eth_sendRawTransaction", json!([raw])).await.unwrap();
        // anvil answers before it has made a block.
        while call(address, "eth_getTransactionReceipt", json!([hash])).await.unwrap().is_null() {}
    }
    let asked = [
        ("eth_getBlockByNumber", json!(["0x1", false])),
        ("eth_getBlockByNumber", json!(["0x1", true])),
        ("eth_getTransactionByHash", json!([hash])),
        ("eth_getTransactionReceipt", json!([hash])),
        ("eth_getBlockReceipts", json!(["0x1"])),
        ("eth_getTransactionByBlockNumberAndIndex", json!(["0x1", "0x0"])),
        ("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": "0x1" }])),
        ("eth_feeHistory", json!(["0x1", "latest", [50.0]])),
        ("eth_feeHistory", json!(["0x1", "latest", []])),
        ("eth_call", json!([{ "to": EMITTER }, "latest"])),
        ("eth_estimateGas", json!([{ "to": EMITTER }])),
        ("eth_getBalance", json!([EMITTER, "latest"])),
        ("eth_getStorageAt", json!([EMITTER, "0x0", "latest"])),
        ("eth_getTransactionCount", json!([Key::of(0).address, "pending"])),
        ("eth_gasPrice", json!([])),
        ("eth_maxPriorityFeePerGas", json!([])),
        ("eth_syncing", json!([])),
        ("eth_chainId", json!([])),
        ("net_version", json!([])),
        ("txpool_status", json!([])),
        ("txpool_content", json!([])),
    ];
    let mut differences = Vec::new();
    for (method, params) in asked {
        let [mut ours, mut theirs] = [BTreeSet::new(), BTreeSet::new()];
        let answers = [served.address, anvil.address].map(|address| call(address, method, params.clone()));
        let [our, their] = <[_; 2]>::try_from(futures::future::join_all(answers).await).unwrap();
        let (our, their) = (our.unwrap(), their.unwrap());
        keys(&our, "", &mut ours);
        keys(&their, "", &mut theirs);
        let kind = |value: &Value| std::mem::discriminant(value);
        if kind(&our) != kind(&their) {
            differences.push(format!("{method}: {our} beside {their}"));
        }
        for key in ours.symmetric_difference(&theirs) {
            let whose = if ours.contains(key) { "only here" } else { "only anvil" };
            if !ANVILS_ALONE.contains(&(method, key.as_str())) {
                differences.push(format!("{method}: {key} {whose}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}
