//! What the methods answer (R1 to R5, R13 to R15, R18).

use alloy_primitives::{Address, U256};
use rota_staking::{Leaf, Period};
use serde_json::{Value, json};

use super::{
    chain::{Chain, EMITTER},
    client::{Served, raw},
    wallets::Key,
};
use crate::{
    evidence::{
        Piece,
        samples::{piece, validator},
    },
    outlook::{Earnings, Notice, Outlook, Standing, State},
    rpc::{RpcConfig, RpcStartError},
};

async fn send(served: &Served, raw: String) -> Value {
    served.ok("eth_sendRawTransaction", json!([raw])).await
}

#[tokio::test]
async fn transaction_is_sent_found_and_has_a_receipt() {
    let served = Served::start(Chain::instant()).await;
    let hash = send(&served, Key::of(0).transfer(0)).await;
    let receipt = served.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!((&receipt["status"], &receipt["blockNumber"]), (&json!("0x1"), &json!("0x1")));
    let block = served.ok("eth_getBlockByNumber", json!(["latest", true])).await;
    assert_eq!(block["hash"], receipt["blockHash"]);
    assert_eq!(block["transactions"][0]["hash"], hash);
    let by_hash = served.ok("eth_getBlockByHash", json!([block["hash"], false])).await;
    assert_eq!(by_hash["transactions"], json!([hash]));
    let found = served.ok("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(found, block["transactions"][0]);
    for method in ["eth_getTransactionByBlockNumberAndIndex", "eth_getTransactionByBlockHashAndIndex"] {
        let block = if method.contains("Hash") { &block["hash"] } else { &block["number"] };
        assert_eq!(served.ok(method, json!([block, "0x0"])).await, found, "{method}");
        assert_eq!(served.ok(method, json!([block, "0x1"])).await, Value::Null, "{method}");
    }
    assert_eq!(served.ok("eth_getBlockReceipts", json!(["0x1"])).await, json!([receipt]));
    assert_eq!(served.ok("eth_getBlockTransactionCountByNumber", json!(["0x1"])).await, "0x1");
    assert_eq!(served.ok("eth_getRawTransactionByHash", json!([hash])).await, Key::of(0).transfer(0));
}

#[tokio::test]
async fn what_does_not_exist_is_null() {
    let served = Served::start(Chain::instant()).await;
    let nothing = json!(["0x1111111111111111111111111111111111111111111111111111111111111111"]);
    for method in
        ["eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getBlockByHash", "eth_getBlockReceipts"]
    {
        assert_eq!(served.ok(method, nothing.clone()).await, Value::Null, "{method}");
    }
    for method in ["eth_getBlockByNumber", "eth_getBlockTransactionCountByNumber", "eth_getHeaderByNumber"] {
        assert_eq!(served.ok(method, json!(["0x63"])).await, Value::Null, "{method}");
    }
}

/// Rule R1.
#[tokio::test]
async fn each_tag_means_its_batch() {
    let served = Served::start(Chain::manual()).await;
    (0..4).for_each(|_| served.chain.mine());
    served.chain.posted(2, 1);
    let pending = served.chain.notarize();
    let number = async |tag: &str| served.ok("eth_getBlockByNumber", json!([tag])).await["number"].clone();
    assert_eq!(number("earliest").await, "0x0");
    assert_eq!(number("finalized").await, "0x1");
    assert_eq!(number("safe").await, "0x2");
    assert_eq!(number("latest").await, "0x4");
    assert_eq!(number("pending").await, "0x5");
    assert_eq!(served.ok("eth_blockNumber", json!([])).await, "0x4");
    assert_eq!(served.ok("eth_getBlockByNumber", json!(["0x5"])).await, Value::Null);
    assert_eq!(served.ok("eth_getBlockByHash", json!([pending])).await["number"], "0x5");
    served.chain.finalize(pending);
    assert_eq!(number("pending").await, "0x5");
}

/// Rules R2, R3, R5.
#[tokio::test]
async fn notarized_transaction_is_found_but_has_no_receipt_until_it_is_final() {
    let served = Served::start(Chain::manual()).await;
    let (key, to) = (Key::of(0), Address::repeat_byte(0x77));
    let hash = send(&served, key.sends(0, to, U256::from(5))).await;
    let find = async || served.ok("eth_getTransactionByHash", json!([hash])).await["blockNumber"].clone();
    let balance = async |tag: &str| served.ok("eth_getBalance", json!([to, tag])).await;
    let nonce = async |tag: &str| served.ok("eth_getTransactionCount", json!([key.address, tag])).await;
    assert_eq!(
        (find().await, nonce("latest").await, nonce("pending").await),
        (Value::Null, json!("0x0"), json!("0x1"))
    );
    let batch = served.chain.notarize();
    assert_eq!(find().await, "0x1");
    assert_eq!((balance("latest").await, balance("pending").await), (json!("0x0"), json!("0x5")));
    assert_eq!((nonce("latest").await, nonce("pending").await), (json!("0x0"), json!("0x1")));
    assert_eq!(served.ok("eth_getTransactionReceipt", json!([hash])).await, Value::Null);
    served.chain.finalize(batch);
    assert_eq!((balance("latest").await, nonce("latest").await), (json!("0x5"), json!("0x1")));
    assert_eq!(served.ok("eth_getTransactionReceipt", json!([hash])).await["status"], "0x1");
}

/// Rules R1, R21.
#[tokio::test]
async fn parameters_at_the_end_may_be_missing_or_null() {
    let served = Served::start(Chain::instant()).await;
    let key = Key::of(0).address;
    for params in [json!([key]), json!([key, null]), json!([key, "latest"]), json!([key, { "blockNumber": "0x0" }])] {
        assert_eq!(served.ok("eth_getBalance", params).await, "0x21e19e0c9bab2400000");
    }
    let bare = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}";
    let (_, answer) = super::client::post(served.address, bare).await;
    assert!(answer.contains("0x1e02"), "{answer}");
}

#[tokio::test]
async fn state_is_read() {
    let served = Served::start(Chain::instant()).await;
    assert!(served.ok("eth_getCode", json!([EMITTER])).await.as_str().unwrap().starts_with("0x602a"));
    assert_eq!(served.ok("eth_getCode", json!([Key::of(0).address])).await, "0x");
    let zero = format!("0x{}", "0".repeat(64));
    assert_eq!(served.ok("eth_getStorageAt", json!([EMITTER, "0x0"])).await, zero);
    assert_eq!(served.ok("eth_getStorageAt", json!([EMITTER, zero])).await, zero);
}

/// Rules R4, R13.
#[tokio::test]
async fn calls_and_estimates_run_on_the_state() {
    let served = Served::start(Chain::instant()).await;
    let word = format!("0x{:064x}", 42);
    assert_eq!(served.ok("eth_call", json!([{ "to": EMITTER }])).await, word);
    assert_eq!(served.ok("eth_call", json!([{ "to": EMITTER, "data": "0x" }, "pending"])).await, word);
    let overridden = json!([{ "to": EMITTER }, "latest", { EMITTER.to_string(): { "code": "0x60075f5260205ff3" } }]);
    assert_eq!(served.ok("eth_call", overridden).await, format!("0x{:064x}", 7));
    let transfer = json!([{ "from": Key::of(0).address, "to": Key::of(1).address, "value": "0x1" }]);
    assert_eq!(served.ok("eth_estimateGas", transfer).await, "0x5208");
    let gas = served.ok("eth_estimateGas", json!([{ "to": EMITTER }])).await;
    assert!(u64::from_str_radix(&gas.as_str().unwrap()[2..], 16).unwrap() > 21_000);
}

/// Rules R14, R15.
#[tokio::test]
async fn fees_follow_what_others_paid() {
    let served = Served::start(Chain::instant()).await;
    assert_eq!(served.ok("eth_maxPriorityFeePerGas", json!([])).await, "0xf4240");
    for nonce in 0..6 {
        assert_eq!(served.ok("eth_maxPriorityFeePerGas", json!([])).await, "0xf4240", "{nonce} are too few");
        send(&served, Key::of(0).transfer(nonce)).await;
    }
    assert_eq!(served.ok("eth_maxPriorityFeePerGas", json!([])).await, "0x3b9aca00");
    let history = served.ok("eth_feeHistory", json!(["0x2", "latest", [0, 50, 100]])).await;
    let tip = json!("0x3b9aca00");
    assert_eq!(history["reward"], json!([[tip, tip, tip], [tip, tip, tip]]));
    let first = served.ok("eth_feeHistory", json!(["0x1", "0x0", [0, 50, 100]])).await;
    assert_eq!(first["reward"], json!([["0x0", "0x0", "0x0"]]));
    assert_eq!(history["baseFeePerGas"].as_array().unwrap().len(), 3);
    assert_eq!(served.ok("eth_blobBaseFee", json!([])).await, "0x1");
    let price = served.ok("eth_gasPrice", json!([])).await;
    assert!(u64::from_str_radix(&price.as_str().unwrap()[2..], 16).unwrap() > 2_000_000_000);
}

/// Rule R14: a leader's own tips come back to it, and others may be its own under another name.
#[tokio::test]
async fn r14_leaders_do_not_set_the_suggested_tip() {
    let gwei = 1_000_000_000;
    let served = Served::start(Chain::instant()).await;
    let leader = Key::of(1);
    served.chain.led_by(leader.address);
    for nonce in 0..6 {
        send(&served, leader.tips(nonce, 50 * gwei)).await;
    }
    assert_eq!(served.ok("eth_maxPriorityFeePerGas", json!([])).await, "0xf4240");
    for nonce in 0..6 {
        send(&served, Key::of(0).tips(nonce, 50 * gwei)).await;
    }
    assert_eq!(served.ok("eth_maxPriorityFeePerGas", json!([])).await, format!("{:#x}", 10 * gwei));
}

/// Rule R1: the store has a batch a moment before `latest` has come to it.
#[tokio::test]
async fn r1_what_is_written_is_not_there_before_latest_has_come_to_it() {
    let served = Served::start(Chain::manual()).await;
    let hash = send(&served, Key::of(0).transfer(0)).await;
    let batch = served.chain.notarize();
    let receipt = async || served.ok("eth_getTransactionReceipt", json!([hash])).await;
    let logs = json!([{ "blockHash": batch }]);
    let header = served.chain.commit(batch).remove(0);
    assert_eq!(receipt().await, Value::Null);
    assert_eq!(served.ok("eth_getBlockReceipts", json!([batch])).await, Value::Null);
    served.refuses("eth_getLogs", logs.clone(), -32000, "header not found").await;
    served.chain.advance(header);
    assert_eq!(receipt().await["blockNumber"], "0x1");
    served.ok("eth_getLogs", logs).await;
}

/// Rule R3.
#[tokio::test]
async fn r3_there_are_no_receipts_of_the_pending_batch() {
    let served = Served::start(Chain::manual()).await;
    assert_eq!(served.ok("eth_getBlockReceipts", json!(["pending"])).await, Value::Null);
    let batch = served.chain.notarize();
    assert_eq!(served.ok("eth_getBlockReceipts", json!(["pending"])).await, Value::Null);
    assert_eq!(served.ok("eth_getBlockReceipts", json!([batch])).await, Value::Null);
    assert_eq!(served.ok("eth_getBlockReceipts", json!(["latest"])).await, json!([]));
}

/// Rule R12.
#[tokio::test]
async fn r12_headers_and_counts_decode_no_batch() {
    let served = Served::start(Chain::manual()).await;
    served.chain.mine();
    let block = served.ok("eth_getBlockByNumber", json!(["0x1"])).await;
    served.chain.hold_reads(true);
    let header = served.ok("eth_getHeaderByNumber", json!(["0x1"])).await;
    assert_eq!((&header["hash"], &header["number"]), (&block["hash"], &block["number"]));
    assert_eq!(served.ok("eth_getHeaderByHash", json!([block["hash"]])).await, header);
    assert_eq!(served.ok("eth_getBlockTransactionCountByNumber", json!(["0x1"])).await, "0x0");
    served.chain.hold_reads(false);
}

#[tokio::test]
async fn node_says_what_it_is() {
    let served = Served::start(Chain::instant()).await;
    assert_eq!(served.ok("eth_chainId", json!([])).await, "0x1e02");
    assert_eq!(served.ok("net_version", json!([])).await, "7682");
    assert_eq!(served.ok("net_listening", json!([])).await, true);
    assert_eq!(served.ok("net_peerCount", json!([])).await, "0x3");
    assert_eq!(served.ok("web3_clientVersion", json!([])).await, "rota/test");
    assert_eq!(served.ok("eth_accounts", json!([])).await, json!([]));
    assert_eq!(served.ok("eth_syncing", json!([])).await, false);
    let empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    assert_eq!(served.ok("web3_sha3", json!(["0x"])).await, empty);
}

/// Rule R18.
#[tokio::test]
async fn pool_is_shown_by_sender_and_nonce() {
    let served = Served::start(Chain::manual()).await;
    let sender = Key::of(0).address;
    send(&served, Key::of(0).transfer(0)).await;
    send(&served, Key::of(0).transfer(5)).await;
    assert_eq!(served.ok("txpool_status", json!([])).await, json!({ "pending": "0x1", "queued": "0x1" }));
    let content = served.ok("txpool_content", json!([])).await;
    let by_sender = |part: &str| content[part].as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(by_sender("pending")["0"]["nonce"], "0x0");
    assert_eq!(by_sender("queued")["5"]["nonce"], "0x5");
    let own = served.ok("txpool_contentFrom", json!([sender])).await;
    assert_eq!(own["pending"]["0"]["nonce"], "0x0");
    let text = served.ok("txpool_inspect", json!([])).await.to_string();
    assert!(text.contains(": 1 wei + 100000 gas × 10000000000 wei"), "{text}");
}

#[tokio::test]
async fn web_pages_may_ask() {
    let served = Served::start(Chain::instant()).await;
    let head = preflight(&served, "https://app.example").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("access-control-allow-origin: *"), "{head}");
    let body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}";
    let request = format!(
        "POST / HTTP/1.1\r\nhost: r\r\norigin: https://app.example\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let (head, _) = raw(served.address, &request).await;
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
}

/// The head of an answer to a page's question whether it may ask.
async fn preflight(served: &Served, page: &str) -> String {
    let request = format!(
        "OPTIONS / HTTP/1.1\r\nhost: r\r\norigin: {page}\r\nconnection: close\r\n\
         access-control-request-method: POST\r\naccess-control-request-headers: content-type\r\n\r\n"
    );
    raw(served.address, &request).await.0
}

#[tokio::test]
async fn only_web_pages_that_are_named_may_ask() {
    let config = |origin: &str| RpcConfig { origins: vec![origin.into()], ..RpcConfig::default() };
    for wrong in ["*", "app.example", "https://app.example/", "https://app.example\n"] {
        let refused = Served::try_with(Chain::instant(), config(wrong)).await.err();
        assert!(matches!(&refused, Some(RpcStartError::Origin(origin)) if origin == wrong), "{refused:?}");
    }
    let page = "https://app.example";
    let served = Served::try_with(Chain::instant(), config(page)).await.unwrap();
    let head = preflight(&served, page).await;
    assert!(head.contains(&format!("access-control-allow-origin: {page}")), "{head}");
    let head = preflight(&served, "https://other.example").await;
    assert!(!head.contains("access-control-allow-origin"), "{head}");
}

#[tokio::test]
async fn server_that_is_stopped_takes_nobody() {
    let served = Served::start(Chain::instant()).await;
    let mut socket = super::client::Socket::open(served.address).await;
    socket.call("eth_chainId", json!([])).await.unwrap();
    let address = served.address;
    served.server.stop().await;
    assert!(socket.receive().await.is_none());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// Rule R26.
#[tokio::test]
async fn period_is_told_with_what_proves_its_leaves() {
    let served = Served::start(Chain::manual()).await;
    let told = served.ok("rota_period", json!([0])).await;
    let leaves: Vec<Leaf> = serde_json::from_value(told["leaves"].clone()).unwrap();
    let period = Period::from_leaves(0, leaves);
    assert_eq!(told["root"], json!(period.root()));
    assert_eq!(told["totalPoints"], json!("0x200000000000000000000"));
    assert_eq!(served.ok("rota_period", json!([1])).await, json!(null));
}

/// Rule R27.
#[tokio::test]
async fn rewards_are_told_of_all_members_or_of_one() {
    let served = Served::start(Chain::manual()).await;
    let before = json!({ "l1Block": 0, "nextPeriod": 0, "validators": [] });
    assert_eq!(served.ok("rota_rewards", json!([])).await, before);
    let earned = |number, may_resume_from| Earnings {
        validator: validator(number),
        block: 4,
        stake: 1 << 80,
        commission: 7,
        next_period: 3,
        bad_in_a_row: 1,
        may_resume_from,
    };
    let earnings = vec![earned(1, None), earned(2, Some(9))];
    served.chain.look_out(Outlook { block: 5, next_period: 4, earnings, proposals: Vec::new() });
    let told = |number, may_resume_from: Option<u64>| {
        json!({
            "validator": validator(number), "l1Block": 4,
            "unpaidStake": "0x100000000000000000000", "unpaidCommission": "0x7",
            "nextPeriod": 3, "badInARow": 1, "mayResumeFrom": may_resume_from,
        })
    };
    let all = json!({ "l1Block": 5, "nextPeriod": 4, "validators": [told(1, None), told(2, Some(9))] });
    assert_eq!(served.ok("rota_rewards", json!([])).await, all);
    let one = json!({ "l1Block": 5, "nextPeriod": 4, "validators": [told(2, Some(9))] });
    assert_eq!(served.ok("rota_rewards", json!([validator(2)])).await, one);
    let none = json!({ "l1Block": 5, "nextPeriod": 4, "validators": [] });
    assert_eq!(served.ok("rota_rewards", json!([validator(3)])).await, none);
}

/// Rule R27.
#[tokio::test]
async fn proposals_are_told_all_of_them_or_those_that_are_open() {
    let served = Served::start(Chain::manual()).await;
    let notice = |id: u64| Notice {
        id: U256::from(id),
        proposer: validator(1),
        calls: vec![(validator(2), [1, 2, 3, 4].into())],
        description: "more stake".into(),
        snapshot: 100,
        deadline: 132,
    };
    let standing = |state, eta_s| Standing {
        state,
        against: U256::ZERO,
        for_it: U256::from(9),
        abstain: U256::ZERO,
        quorum: Some(U256::from(4)),
        eta_s,
    };
    let proposals = vec![(notice(10), standing(State::Executed, 60)), (notice(11), standing(State::Active, 0))];
    served.chain.look_out(Outlook { block: 130, proposals, ..Outlook::default() });
    let told = |id: &str, state, eta: Option<u64>| {
        json!({
            "id": id, "state": state, "proposer": validator(1), "description": "more stake",
            "calls": [{ "target": validator(2), "selector": "0x01020304" }],
            "snapshotBlock": 100, "lastVoteBlock": 132, "for": "0x9", "against": "0x0", "abstain": "0x0",
            "quorum": "0x4", "etaSeconds": eta,
        })
    };
    let (over, open) = (told("10", "executed", Some(60)), told("11", "active", None));
    let both = json!({ "l1Block": 130, "proposals": [over, open] });
    assert_eq!(served.ok("rota_proposals", json!([])).await, both);
    assert_eq!(served.ok("rota_proposals", json!([true])).await, json!({ "l1Block": 130, "proposals": [open] }));
}

/// Rule R25.
#[tokio::test]
async fn evidence_is_told_all_of_it_or_that_against_one_validator() {
    let served = Served::start(Chain::manual()).await;
    assert_eq!(served.ok("rota_evidence", json!([])).await, json!([]));
    [1, 3].into_iter().for_each(|number| served.chain.accuse(piece(number)));
    let told = served.ok("rota_evidence", json!([])).await;
    assert_eq!(serde_json::from_value::<Vec<Piece>>(told.clone()).unwrap(), [piece(1), piece(3)]);
    assert_eq!(served.ok("rota_evidence", json!([validator(3)])).await, json!([told[1]]));
    assert_eq!(served.ok("rota_evidence", json!([validator(2)])).await, json!([]));
}
