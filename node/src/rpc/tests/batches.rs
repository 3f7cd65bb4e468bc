//! Batches of transactions (R10), and transactions waited for (R11).

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    chain::Chain,
    client::{Served, Socket, post},
    wallets::Key,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_transactions_come_in_one_batch_each_with_its_own_answer() {
    let served = Served::start(Chain::instant()).await;
    let entry = |nonce: u64| {
        // One of them is a copy, and refused; those behind it are not.
        let raw = Key::of(0).transfer(if nonce < 500 { nonce } else { nonce - 1 });
        json!({ "jsonrpc": "2.0", "id": nonce, "method": "eth_sendRawTransaction", "params": [raw] })
    };
    let batch = Value::from_iter((0..1_000).map(entry)).to_string();
    let begun = Instant::now();
    let (status, answer) = post(served.address, &batch).await;
    println!("1,000 transactions in {} KB: {:?}", batch.len() / 1_000, begun.elapsed());
    assert_eq!(status, 200);
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers.len(), 1_000);
    for (nonce, answer) in answers.iter().enumerate() {
        assert_eq!(answer["id"], nonce);
        assert_eq!(answer.get("result").is_some(), nonce != 500, "{answer}");
    }
    assert_eq!(answers[500]["error"]["message"], "already known");
    assert_eq!(served.ok("eth_getTransactionCount", json!([Key::of(0).address, "latest"])).await, "0x3e7");
    assert!(served.counts("rota_rpc_requests_total{method=\"eth_sendRawTransaction\",outcome=\"ok\"}"));
}

#[tokio::test]
async fn batch_of_many_methods_is_answered_in_order_over_http_and_socket() {
    let served = Served::start(Chain::instant()).await;
    let request = |id: u64, method: &str, params: Value| {
        let version = "2.0";
        json!({ "jsonrpc": version, "id": id, "method": method, "params": params })
    };
    let batch = json!([
        request(1, "eth_sendRawTransaction", json!([Key::of(0).transfer(0)])),
        request(2, "eth_sendRawTransaction", json!(["0x"])),
        request(3, "eth_getTransactionCount", json!([Key::of(0).address])),
        { "jsonrpc": "2.0", "method": "eth_chainId" },
        request(4, "no_such", json!([])),
        request(5, "eth_sendRawTransaction", json!([Key::of(0).transfer(1)])),
    ]);
    let (_, answer) = post(served.address, &batch.to_string()).await;
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    assert_eq!((&answers[2]["result"], &answers[3]["error"]["code"]), (&json!("0x1"), &json!(-32601)));
    assert!(answers[4]["result"].is_string(), "{}", answers[4]);

    let mut socket = Socket::open(served.address).await;
    let batch = json!([request(1, "eth_blockNumber", json!([])), request(2, "eth_chainId", json!([]))]);
    socket.send(&batch.to_string()).await;
    let answers = socket.receive().await.unwrap();
    assert_eq!((&answers[0]["id"], &answers[1]["result"]), (&json!(1), &json!("0x1e02")));
}

/// Rule R11.
#[tokio::test]
async fn transaction_is_not_waited_for_in_a_batch() {
    let served = Served::start(Chain::manual()).await;
    let request = |id: u64, method: &str, params: Value| {
        let version = "2.0";
        json!({ "jsonrpc": version, "id": id, "method": method, "params": params })
    };
    let wait = request(1, "eth_sendRawTransactionSync", json!([Key::of(0).transfer(0), "0xea60"]));
    let batch = json!([wait, request(2, "eth_chainId", json!([]))]);
    let (_, answer) = post(served.address, &batch.to_string()).await;
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers[0]["error"]["message"], "eth_sendRawTransactionSync in a batch is not supported");
    assert_eq!(answers[1]["result"], "0x1e02");
}

#[tokio::test]
async fn transaction_is_waited_for_until_it_is_final() {
    let served = Served::start(Chain::manual()).await;
    let mut taken = served.chain.watch();
    let (chain, raw) = (served.chain.clone(), Key::of(0).transfer(0));
    let mine = async move {
        taken.recv().await.unwrap();
        chain.mine();
    };
    let sent = served.ok("eth_sendRawTransactionSync", json!([raw, "0x4e20"]));
    let (receipt, ()) = futures::future::join(sent, mine).await;
    assert_eq!(receipt["status"], "0x1");
}
