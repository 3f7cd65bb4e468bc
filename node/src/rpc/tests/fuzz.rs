//! Requests of anybody: every method with parameters of any form, transactions of any bytes, bodies that are no batch.

use std::{net::IpAddr, sync::Arc};

use alloy_primitives::U256;
use jsonrpsee::RpcModule;
use prometheus_client::registry::Registry;
use rota_fuzz::{Target, outcome};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{
    chain::{Chain, EMITTER, REVERTER},
    wallets::Key,
};
use crate::rpc::{RpcLimits, arguments::Caller, body::check, context::Context, methods::all, metrics::Metrics};

/// Entries of a batch at most.
const BATCH: usize = 3;

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

/// The methods over a chain with a few batches, without sockets.
fn methods() -> RpcModule<Context> {
    let chain = Chain::instant();
    let key = Key::of(0);
    for nonce in 0..2 {
        chain.offer(&key.sends(nonce, EMITTER, U256::ZERO));
        chain.mine();
    }
    let limits = RpcLimits { call_gas: 300_000, sync_time: Default::default(), ..RpcLimits::default() };
    let limits = RpcLimits { sync_time_max: limits.sync_time, ..limits };
    let metrics = Metrics::new(&mut Registry::default());
    let mut module = all(Arc::new(Context::new(Arc::new(chain), limits, "fuzz".into(), metrics))).unwrap();
    let address = IpAddr::from([127, 0, 0, 1]);
    module.extensions_mut().insert(Caller { address, socket: true });
    module
}

/// Good parameters for each method that takes any.
fn requests() -> Vec<Vec<u8>> {
    let (who, hash) = (Key::of(0).address, "0x1111111111111111111111111111111111111111111111111111111111111111");
    let call = json!({ "from": who, "to": REVERTER, "gas": "0x5208", "data": "0x01", "value": "0x1" });
    let overrides = json!({ EMITTER.to_string(): { "balance": "0x1", "nonce": "0x2", "code": "0x5f", "state": {} } });
    let block = json!({ "number": "0x1", "time": "0x5", "feeRecipient": who });
    let criteria = json!({ "fromBlock": "0x0", "toBlock": "latest", "address": [EMITTER], "topics": [null, [hash]] });
    let requests = [
        ("web3_sha3", json!(["0x68656c6c6f"])),
        ("eth_getBlockByNumber", json!(["latest", true])),
        ("eth_getBlockByHash", json!([hash, false])),
        ("eth_getHeaderByNumber", json!(["pending"])),
        ("eth_getBlockTransactionCountByNumber", json!(["0x1"])),
        ("eth_getUncleCountByBlockHash", json!([hash])),
        ("eth_getTransactionByHash", json!([hash])),
        ("eth_getTransactionByBlockNumberAndIndex", json!(["0x1", "0x0"])),
        ("eth_getTransactionReceipt", json!([hash])),
        ("eth_getBlockReceipts", json!([{ "blockHash": hash, "requireCanonical": true }])),
        ("eth_getBalance", json!([who, "finalized"])),
        ("eth_getCode", json!([EMITTER, { "blockNumber": "0x2" }])),
        ("eth_getStorageAt", json!([EMITTER, "0x0", "latest"])),
        ("eth_getTransactionCount", json!([who, "pending"])),
        ("eth_call", json!([call, "latest", overrides, block])),
        ("eth_estimateGas", json!([call, "safe"])),
        ("eth_feeHistory", json!(["0x4", "latest", [1.0, 50, 99.9]])),
        ("eth_sendRawTransaction", json!([Key::of(1).transfer(0)])),
        ("eth_sendRawTransactionSync", json!([Key::of(2).unprotected(), 10])),
        ("eth_getLogs", json!([criteria])),
        ("eth_newFilter", json!([criteria])),
        ("eth_newPendingTransactionFilter", json!([true])),
        ("eth_getFilterChanges", json!(["0x1"])),
        ("eth_uninstallFilter", json!(["0x1"])),
        ("txpool_contentFrom", json!([who])),
    ];
    let text = |(method, params)| json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    requests.into_iter().map(text).map(String::into_bytes).collect()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn fuzz_methods_answer_or_refuse_by_name() {
    let (runtime, shared) = (runtime(), methods());
    let names: Vec<&str> = shared.method_names().collect();
    target("rpc").seeds(requests()).longest(1_200).run(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return "no text".into() };
        // A subscription needs a socket, which the server puts beside the request.
        if text.contains("subscribe") {
            return "a subscription".into();
        }
        // What changes the chain gets one of its own, so that an input means the same every time.
        let own = text.contains("sendRaw").then(methods);
        let module = own.as_ref().unwrap_or(&shared);
        let answer = runtime.block_on(module.raw_json_request(text, 16));
        let Ok((answer, _notifications)) = answer else { return "no request".into() };
        let answer: Value = serde_json::from_str(answer.get()).unwrap();
        let method = serde_json::from_str::<Value>(text).unwrap()["method"].as_str().unwrap_or_default().to_owned();
        let method = if names.contains(&method.as_str()) { method } else { "unknown".into() };
        match answer.get("error") {
            Some(error) => {
                let code = error["code"].as_i64().unwrap();
                let message = error["message"].as_str().unwrap();
                assert!(!message.starts_with("internal"), "{method}: {message}");
                assert_ne!(code, -32_603, "{method}: {message}");
                format!("{method} {code} {}", outcome(&message.split(':').next()))
            }
            None => {
                assert!(answer.get("result").is_some(), "{method}: neither result nor error");
                format!("{method} {}", answer["result"].is_null())
            }
        }
    });
}

#[test]
fn fuzz_bodies_are_counted_before_they_are_parsed() {
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let seeds = [one.into(), format!("[{one}]"), format!(" [{one},{one},{one},{one}]"), "[[[[".into()];
    target("rpc-body").seeds(seeds.map(String::into_bytes)).longest(400).run(|bytes| {
        let list = serde_json::from_slice::<Vec<Value>>(bytes);
        match check(bytes, BATCH) {
            Ok(()) => {
                assert!(list.as_ref().map_or(0, Vec::len) <= BATCH, "R8");
                outcome(&(list.map(|list| list.len()).ok(), serde_json::from_slice::<Value>(bytes).is_ok()))
            }
            Err(refused) => {
                assert!(list.is_err() || list.is_ok_and(|list| list.len() > BATCH), "R8: a good batch is refused");
                outcome(&refused)
            }
        }
    });
}
