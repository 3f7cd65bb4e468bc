//! Every limit, at it and one past it (R6 to R12, R16, R17).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    chain::{Chain, EMITTER, LOOPER},
    client::{Served, Socket, call, post, raw},
    wallets::Key,
};
use crate::rpc::RpcLimits;

fn batch(entries: usize) -> String {
    let entry = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId" });
    Value::from_iter((0..entries).map(entry)).to_string()
}

/// Rule R8.
#[tokio::test]
async fn body_past_the_limit_is_refused_with_413() {
    let served = Served::with(Chain::instant(), RpcLimits { body_bytes: 1_000, ..RpcLimits::default() }).await;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" }).to_string();
    let padded = |length: usize| format!("{request:<length$}");
    let (status, _) = post(served.address, &padded(1_000)).await;
    assert_eq!(status, 200);
    let (status, answer) = post(served.address, &padded(1_001)).await;
    assert_eq!(status, 413);
    assert!(answer.contains("request body too large: limit 1000"), "{answer}");
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: r\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        padded(1_001)
    );
    let (head, _) = raw(served.address, &chunked).await;
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    assert!(served.counts("rota_rpc_refused_total{reason=\"body_too_large\"} 2"));
}

/// Rule R8.
#[tokio::test]
async fn batch_past_the_limit_is_refused_as_a_whole() {
    let served = Served::with(Chain::instant(), RpcLimits { batch_entries: 10, ..RpcLimits::default() }).await;
    let (_, answer) = post(served.address, &batch(10)).await;
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers.len(), 10);
    assert!(answers.iter().enumerate().all(|(id, answer)| answer["id"] == id && answer["result"] == "0x1e02"));
    let (_, answer) = post(served.address, &batch(11)).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["message"]),
        (&json!(-32600), &json!("batch too large: limit 10"))
    );
    assert!(served.counts("rota_rpc_refused_total{reason=\"batch_too_large\"} 1"));
}

/// Rule R8.
#[tokio::test]
async fn batch_of_a_million_nothings_is_refused_before_it_takes_memory() {
    let served = Served::start(Chain::instant()).await;
    let (_, answer) = post(served.address, &format!("[{}1]", "1,".repeat(1_000_000))).await;
    assert!(answer.contains("batch too large"), "{answer}");
}

/// Rule R8.
#[tokio::test]
async fn response_past_the_limit_is_an_error() {
    let served = Served::with(Chain::instant(), RpcLimits { response_bytes: 1_000, ..RpcLimits::default() }).await;
    served.refuses("eth_getBlockByNumber", json!(["0x0"]), -32008, "Response is too big").await;
    let (_, answer) = post(served.address, &batch(100)).await;
    assert!(answer.contains("-32011"), "{answer}");
}

/// Rule R9.
#[tokio::test]
async fn bodies_together_past_the_limit_are_refused_as_busy() {
    let served = Served::with(Chain::instant(), RpcLimits { buffered_bytes: 200, ..RpcLimits::default() }).await;
    let (status, answer) = post(served.address, &batch(10)).await;
    assert_eq!(status, 503);
    assert!(answer.contains("server is busy"), "{answer}");
    served.ok("eth_chainId", json!([])).await;
    served.ok("eth_chainId", json!([])).await;
}

/// Rule R6.
#[tokio::test]
async fn address_past_its_share_of_connections_gets_no_more() {
    let served = Served::with(Chain::instant(), RpcLimits { connections_per_address: 2, ..RpcLimits::default() }).await;
    let first = Socket::open(served.address).await;
    let _second = Socket::open(served.address).await;
    let mut third = TcpStream::connect(served.address).await.unwrap();
    let mut answer = Vec::new();
    let _ = third.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 429"), "{}", String::from_utf8_lossy(&answer));
    assert!(served.counts("rota_rpc_refused_total{reason=\"connections_per_address\"} 1"));
    assert!(served.counts("rota_rpc_connections 2"));
    drop(first);
    // The seat of a WebSocket is free when the server has seen it close.
    while !served.counts("rota_rpc_connections 1") {
        tokio::task::yield_now().await;
    }
    served.ok("eth_chainId", json!([])).await;
}

/// Rule R6.
#[tokio::test]
async fn connections_past_the_limit_get_no_seat() {
    let served = Served::with(Chain::instant(), RpcLimits { connections: 1, ..RpcLimits::default() }).await;
    let _first = Socket::open(served.address).await;
    let mut second = TcpStream::connect(served.address).await.unwrap();
    let _ = second.read_to_end(&mut Vec::new()).await;
    assert!(served.counts("rota_rpc_refused_total{reason=\"connections\"} 1"));
}

/// Rule R7.
#[tokio::test]
async fn connection_that_says_nothing_is_closed() {
    let limits = RpcLimits { idle: Duration::from_millis(50), ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut unfinished = TcpStream::connect(served.address).await.unwrap();
    unfinished.write_all(b"POST / HTTP/1.1\r\nhost:").await.unwrap();
    // Both reads end only because the server closes.
    let _ = silent.read_to_end(&mut Vec::new()).await;
    let _ = unfinished.read_to_end(&mut Vec::new()).await;
}

/// Rule R7.
#[tokio::test]
async fn body_that_does_not_come_is_refused() {
    let limits = RpcLimits { body_time: Duration::from_millis(50), ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    let head = "POST / HTTP/1.1\r\nhost: r\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let (head, body) = raw(served.address, &format!("{head}content-length: 9\r\n\r\n[")).await;
    assert!(head.starts_with("HTTP/1.1 408"), "{head}");
    assert!(body.contains("took longer than 50 ms"), "{body}");
}

#[tokio::test]
async fn subscriptions_of_one_socket_are_limited() {
    let served =
        Served::with(Chain::instant(), RpcLimits { subscriptions_per_socket: 2, ..RpcLimits::default() }).await;
    let mut socket = Socket::open(served.address).await;
    let first = socket.call("eth_subscribe", json!(["newHeads"])).await.unwrap();
    socket.call("eth_subscribe", json!(["newHeads"])).await.unwrap();
    let error = socket.call("eth_subscribe", json!(["newHeads"])).await.unwrap_err();
    assert_eq!(error["code"], -32006, "{error}");
    assert_eq!(socket.call("eth_unsubscribe", json!([first])).await.unwrap(), true);
    while socket.call("eth_subscribe", json!(["newHeads"])).await.is_err() {}
}

/// Rule R9.
#[tokio::test]
async fn requests_of_one_socket_at_a_time_are_limited() {
    let limits = RpcLimits { requests_per_socket: 1, sync_time: Duration::from_secs(20), ..RpcLimits::default() };
    let served = Served::with(Chain::manual(), limits).await;
    let mut socket = Socket::open(served.address).await;
    let mut transactions = served.chain.watch();
    let (method, params) = ("eth_sendRawTransactionSync", [Key::of(0).transfer(0)]);
    let wait = json!({ "jsonrpc": "2.0", "id": 77, "method": method, "params": params });
    socket.send(&wait.to_string()).await;
    transactions.recv().await.unwrap();
    let error = socket.call("eth_chainId", json!([])).await.unwrap_err();
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!(-32005), &json!("server is busy: too many requests on the connection"))
    );
    served.chain.mine();
    assert_eq!(socket.receive().await.unwrap()["id"], 77);
    socket.call("eth_chainId", json!([])).await.unwrap();
}

/// The parameters of a call whose answer has twice so many bytes, and which takes a hundred to ask.
fn returning(bytes: u32) -> Value {
    json!([{ "to": EMITTER }, "latest", { EMITTER.to_string(): { "code": format!("0x63{bytes:08x}5ff3") } }])
}

/// Calls of a megabyte each, of which nobody reads an answer.
async fn unread(served: &Served, calls: u64) -> Socket {
    let mut socket = Socket::open(served.address).await;
    for id in 0..calls {
        socket.begin(id, "eth_call", &returning(500_000)).await;
    }
    while !served.counts("rota_rpc_refused_total{reason=\"busy\"}") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    socket
}

/// Rule R9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_a_client_does_not_read_are_refused_above_the_limit() {
    let limits = RpcLimits { unwritten_bytes: 3_000_000, ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    let mut socket = unread(&served, 60).await;
    let mut refused = 0;
    for _ in 0..60 {
        let answer = socket.receive().await.unwrap();
        let error = &answer["error"];
        if error.is_object() {
            assert_eq!(error["message"], "server is busy: too many bytes wait to be read", "{error}");
            refused += 1;
        }
    }
    println!("{refused} of 60 answers were refused");
    assert!(refused > 0);
    // Whoever has read is served again.
    socket.call("eth_call", returning(500_000)).await.unwrap();
}

/// Rule R9: garbage would be answered, too, and wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_read_of_a_client_that_reads_nothing() {
    let limits = RpcLimits { unwritten_bytes: 3_000_000, ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    let mut socket = unread(&served, 60).await;
    let garbage = "x".repeat(1_000_000);
    let flood = async {
        for _ in 0..100 {
            socket.send(&garbage).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(2), flood).await.is_err(), "100 MB were read");
}

/// Rule R9: of batches, what is being made counts.
#[tokio::test]
async fn batch_holds_its_share_of_memory_while_it_is_made() {
    let served = Served::with(Chain::instant(), RpcLimits { buffered_bytes: 250_000, ..RpcLimits::default() }).await;
    let batch = |calls: u64| {
        let call = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_call", "params": returning(50_000) });
        Value::from_iter((0..calls).map(call)).to_string()
    };
    let (status, answer) = post(served.address, &batch(3)).await;
    assert_eq!(status, 200);
    assert!(answer.contains("server is busy: too many bytes of answers"), "{}", answer.len());
    // Its share is free again, and one that fits holds it only as long as it takes.
    for _ in 0..3 {
        let (_, answer) = post(served.address, &batch(2)).await;
        assert!(answer.len() > 200_000, "{answer}");
    }
}

/// Rule R8.
#[tokio::test]
async fn message_past_the_limit_of_sockets_is_refused() {
    let served = Served::with(Chain::instant(), RpcLimits { message_bytes: 500, ..RpcLimits::default() }).await;
    let mut socket = Socket::open(served.address).await;
    socket.send(&batch(20)).await;
    assert_eq!(socket.receive().await.unwrap()["error"]["code"], -32007);
    socket.call("eth_chainId", json!([])).await.unwrap();
}

/// Rule R17.
#[tokio::test]
async fn filters_are_limited_by_address_and_forgotten_when_idle() {
    let limits = RpcLimits { filters_per_address: 2, ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    let first = served.ok("eth_newBlockFilter", json!([])).await;
    served.ok("eth_newFilter", json!([{}])).await;
    served.refuses("eth_newBlockFilter", json!([]), -32005, "limit exceeded: filters 2, limit 2").await;
    assert_eq!(served.ok("eth_uninstallFilter", json!([first])).await, true);
    assert_eq!(served.ok("eth_uninstallFilter", json!([first])).await, false);
    served.ok("eth_newPendingTransactionFilter", json!([])).await;
    served.refuses("eth_getFilterChanges", json!([first]), -32000, "filter not found").await;

    let limits = RpcLimits { filters: 1, filter_idle: Duration::ZERO, ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    let first = served.ok("eth_newBlockFilter", json!([])).await;
    served.ok("eth_newBlockFilter", json!([])).await;
    served.refuses("eth_getFilterChanges", json!([first]), -32000, "filter not found").await;
    // Forgotten is forgotten, also where no other took its place.
    let alone = served.ok("eth_newFilter", json!([{}])).await;
    served.refuses("eth_getFilterLogs", json!([alone]), -32000, "filter not found").await;
    served.refuses("eth_getFilterChanges", json!([alone]), -32000, "filter not found").await;
}

/// Rule R16.
#[tokio::test]
async fn search_for_logs_is_limited_in_range_results_and_criteria() {
    let limits = RpcLimits { log_blocks: 3, log_results: 2, log_criteria: 4, ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    for nonce in 0..4 {
        let emit = Key::of(0).sends(nonce, EMITTER, alloy_primitives::U256::ZERO);
        served.ok("eth_sendRawTransaction", json!([emit])).await;
    }
    let range = |from, to| json!([{ "fromBlock": from, "toBlock": to }]);
    assert_eq!(served.ok("eth_getLogs", range("0x0", "0x2")).await.as_array().unwrap().len(), 2);
    served.refuses("eth_getLogs", range("0x0", "0x3"), -32005, "limit exceeded: block range 4, limit 3").await;
    served.refuses("eth_getLogs", range("0x1", "0x3"), -32005, "limit exceeded: results 3, limit 2").await;
    served.refuses("eth_getLogs", range("0x3", "0x2"), -32602, "invalid block range params").await;
    let many = json!([{ "address": (0..5).map(alloy_primitives::Address::with_last_byte).collect::<Vec<_>>() }]);
    served.refuses("eth_getLogs", many, -32005, "limit exceeded: addresses and topics 5, limit 4").await;
}

/// Rule R12.
#[tokio::test]
async fn call_that_takes_too_long_is_given_up() {
    let limits = RpcLimits { call_time: Duration::from_millis(1), call_gas: 1_000_000_000, ..RpcLimits::default() };
    let served = Served::with(Chain::instant(), limits).await;
    served.refuses("eth_call", json!([{ "to": LOOPER }]), -32000, "execution aborted (timeout = 1 ms)").await;
}

/// Rule R12.
#[tokio::test]
async fn calls_past_those_that_may_wait_are_refused_as_busy() {
    let limits = RpcLimits {
        calls_running: 1,
        calls_waiting: 0,
        call_time: Duration::from_millis(1),
        call_gas: 2_000_000_000,
        ..RpcLimits::default()
    };
    let served = Served::with(Chain::instant(), limits).await;
    served.refuses("eth_call", json!([{ "to": LOOPER }]), -32000, "execution aborted").await;
    // The first still runs, though nobody waits for it.
    served.refuses("eth_call", json!([{ "to": LOOPER }]), -32005, "server is busy: too many calls wait").await;
}

/// Rule R12.
#[tokio::test]
async fn batches_that_are_read_past_those_that_may_wait_are_refused_as_busy() {
    let limits = RpcLimits { calls_running: 1, reads_waiting: 0, ..RpcLimits::default() };
    let served = Served::with(Chain::manual(), limits).await;
    served.chain.hold_reads(true);
    let read = || Box::pin(call(served.address, "eth_getBlockByNumber", json!(["0x0"])));
    let (first, second) = match futures::future::select(read(), read()).await {
        futures::future::Either::Left((first, second)) | futures::future::Either::Right((first, second)) => {
            (first, second)
        }
    };
    assert_eq!(first.unwrap_err()["code"], -32005);
    served.chain.hold_reads(false);
    assert_eq!(second.await.unwrap()["number"], "0x0");
}

/// Rule R15.
#[tokio::test]
async fn fee_history_is_cut_to_its_limit() {
    let limits = RpcLimits {
        fee_history_blocks: 3,
        fee_history_reward_blocks: 2,
        fee_history_percentiles: 1,
        ..RpcLimits::default()
    };
    let served = Served::with(Chain::manual(), limits).await;
    (0..5).for_each(|_| served.chain.mine());
    let history = served.ok("eth_feeHistory", json!(["0x400", "latest"])).await;
    assert_eq!((&history["oldestBlock"], history["gasUsedRatio"].as_array().unwrap().len()), (&json!("0x3"), 3));
    let history = served.ok("eth_feeHistory", json!([1024, "latest", [50]])).await;
    assert_eq!((&history["oldestBlock"], history["reward"].as_array().unwrap().len()), (&json!("0x4"), 2));
    served.refuses("eth_feeHistory", json!(["0x1", "latest", [1, 2]]), -32005, "limit exceeded: percentiles 2").await;
}

/// Rule R11.
#[tokio::test]
async fn transaction_that_is_not_final_in_time_answers_code_4_with_its_hash() {
    let served = Served::start(Chain::manual()).await;
    let error = served.error("eth_sendRawTransactionSync", json!([Key::of(0).transfer(0), 30])).await;
    assert_eq!(error["code"], 4);
    assert_eq!(error["data"].as_str().unwrap().len(), 66);
    let limits = RpcLimits { sync_waiting: 0, ..RpcLimits::default() };
    let served = Served::with(Chain::manual(), limits).await;
    served.refuses("eth_sendRawTransactionSync", json!([Key::of(0).transfer(0)]), -32005, "server is busy").await;
}
