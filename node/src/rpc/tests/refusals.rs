//! Every refusal has its code, its text and its place in the metrics (R20 to R23).

use alloy_primitives::{U256, address};
use serde_json::json;

use super::{
    chain::{Chain, EMITTER, LOOPER, REVERTER},
    client::{Served, Socket, post},
    wallets::Key,
};

/// Rule R22.
#[tokio::test]
async fn method_that_does_not_exist_is_refused_with_32601() {
    let served = Served::start(Chain::instant()).await;
    for method in ["anvil_nodeInfo", "eth_fillTransaction", "eth_sendTransaction", "personal_sign"] {
        let text = format!("the method {method} does not exist/is not available");
        served.refuses(method, json!([]), -32601, &text).await;
    }
    assert!(served.counts("rota_rpc_refused_total{reason=\"unknown_method\"} 4"));
    assert!(served.counts("rota_rpc_requests_total{method=\"unknown\",outcome=\"error\"} 4"));
}

/// Rule R21.
#[tokio::test]
async fn parameters_of_another_form_are_refused_with_32602() {
    let served = Served::start(Chain::instant()).await;
    let missing = "missing value for required argument";
    served.refuses("eth_getBalance", json!([]), -32602, &format!("{missing} 0")).await;
    served.refuses("eth_getStorageAt", json!([EMITTER]), -32602, &format!("{missing} 1")).await;
    served.refuses("eth_sendRawTransaction", json!([]), -32602, &format!("{missing} 0")).await;
    served.refuses("eth_getBalance", json!(["0x12"]), -32602, "invalid argument 0: ").await;
    served.refuses("eth_getBalance", json!([EMITTER, "lately"]), -32602, "invalid argument 1: ").await;
    served.refuses("eth_feeHistory", json!([true]), -32602, "invalid argument 0: ").await;
    served.refuses("eth_chainId", json!([1]), -32602, "too many arguments, want at most 0").await;
    served.refuses("eth_getBalance", json!({ "address": EMITTER }), -32602, "non-array args").await;
    served.refuses("eth_feeHistory", json!(["0x1", "latest", [60.0, 20.0]]), -32602, "invalid argument 2: ").await;
    assert!(served.counts("rota_rpc_refused_total{reason=\"missing_argument\"} 3"));
}

/// Rule R23.
#[tokio::test]
async fn bytes_that_are_no_transaction_are_refused_with_geths_texts() {
    let served = Served::start(Chain::instant()).await;
    let send = "eth_sendRawTransaction";
    let oversized = format!("0x02{}", "00".repeat(128 * 1024));
    served.refuses(send, json!(["0x"]), -32000, "rlp: ").await;
    served.refuses(send, json!(["0x02c0"]), -32000, "rlp: ").await;
    served.refuses(send, json!(["0x03c0"]), -32000, "transaction type not supported").await;
    served.refuses(send, json!([oversized]), -32000, "oversized data").await;
    served.refuses(send, json!([Key::of(0).unprotected()]), -32000, "only replay-protected (EIP-155)").await;
    served.refuses(send, json!(["hello"]), -32602, "invalid argument 0: ").await;
    for (reason, count) in [("malformed", 2), ("type", 1), ("too_long", 1), ("unprotected", 1)] {
        assert!(
            served.counts(&format!("rota_rpc_refused_total{{reason=\"transaction_{reason}\"}} {count}")),
            "{reason}"
        );
    }
}

/// Rule R23.
#[tokio::test]
async fn transactions_that_the_pool_refuses_say_why_as_geth_does() {
    let served = Served::start(Chain::instant()).await;
    let (key, send, to) = (Key::of(0), "eth_sendRawTransaction", EMITTER);
    served.ok(send, json!([key.transfer(0)])).await;
    served
        .refuses(send, json!([key.sends(0, to, U256::ZERO)]), -32000, "nonce too low: next nonce 1, tx nonce 0")
        .await;
    let other_chain = key.sends_on(1, 1, (to, U256::ZERO));
    served
        .refuses(send, json!([other_chain]), -32000, "invalid sender: invalid chain id for signer: have 1 want")
        .await;
    let dear = key.sends(1, to, U256::from(10).pow(U256::from(30)));
    served.refuses(send, json!([dear]), -32000, "insufficient funds for gas * price + value").await;
    served.ok(send, json!([key.transfer(7)])).await;
    served.refuses(send, json!([key.transfer(7)]), -32000, "already known").await;
    let same = key.sends(7, to, U256::ZERO);
    served.refuses(send, json!([same]), -32000, "replacement transaction underpriced").await;
    for reason in ["nonce_too_low", "chain_id", "insufficient_funds", "already_known", "replacement_underpriced"] {
        assert!(served.counts(&format!("rota_rpc_refused_total{{reason=\"{reason}\"}} 1")), "{reason}");
    }
    assert!(served.counts("rota_rpc_transactions_accepted_total 2"));
}

#[tokio::test]
async fn call_that_reverts_answers_code_3_with_reason_and_data() {
    let served = Served::start(Chain::instant()).await;
    for method in ["eth_call", "eth_estimateGas"] {
        let error = served.error(method, json!([{ "to": REVERTER }])).await;
        assert_eq!(error["code"], 3);
        assert_eq!(error["message"], "execution reverted: no");
        assert!(error["data"].as_str().unwrap().starts_with("0x08c379a0"), "{error}");
    }
}

/// Rule R13.
#[tokio::test]
async fn call_whose_fields_contradict_each_other_is_refused() {
    let served = Served::start(Chain::instant()).await;
    let refused = [
        json!([{ "to": EMITTER, "data": "0x01", "input": "0x02" }]),
        json!([{ "to": EMITTER, "gasPrice": "0x1", "maxFeePerGas": "0x1" }]),
        json!([{ "to": EMITTER, "chainId": "0x1" }]),
        json!([{ "to": EMITTER, "blobVersionedHashes": [] }]),
        json!([{ "to": EMITTER }, "latest", {}, { "number": "0x5" }]),
    ];
    for params in refused {
        assert_eq!(served.error("eth_call", params.clone()).await["code"], -32602, "{params}");
    }
    let poor = json!([{ "from": address!("00000000000000000000000000000000000000dd"), "to": EMITTER, "value": "0x1" }]);
    served.refuses("eth_call", poor, -32000, "err: insufficient funds for gas * price + value").await;
}

#[tokio::test]
async fn call_that_never_ends_ends_at_the_gas_cap() {
    let served = Served::start(Chain::instant()).await;
    served.refuses("eth_call", json!([{ "to": LOOPER }]), -32000, "out of gas").await;
    served.refuses("eth_estimateGas", json!([{ "to": LOOPER }]), -32000, "gas required exceeds allowance").await;
}

/// Rule R4.
#[tokio::test]
async fn state_that_is_no_longer_held_is_refused_by_name() {
    let served = Served::start(Chain::manual()).await;
    (0..4).for_each(|_| served.chain.mine());
    let text = "historical state unavailable: block 1, the oldest held is 3";
    served.refuses("eth_getBalance", json!([EMITTER, "0x1"]), -32000, text).await;
    served.refuses("eth_call", json!([{ "to": EMITTER }, "0x1"]), -32000, text).await;
    served.refuses("eth_getBalance", json!([EMITTER, "0x63"]), -32000, "header not found").await;
    served.ok("eth_getBalance", json!([EMITTER, "0x3"])).await;
}

/// Rule R20.
#[tokio::test]
async fn what_is_no_request_is_answered_with_an_error() {
    let served = Served::start(Chain::instant()).await;
    let (_, answer) = post(served.address, "{\"jsonrpc\": \"2.0\", \"id\"").await;
    assert!(answer.contains("-32700"), "{answer}");
    let (_, answer) = post(served.address, "[1, {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"eth_chainId\"}]").await;
    assert!(answer.contains("-32600") && answer.contains("\"0x1e02\""), "{answer}");
    let (_, answer) = post(served.address, "[]").await;
    assert!(answer.contains("-32600"), "{answer}");
    let (status, _) = post(served.address, "hello").await;
    assert_eq!(status, 400);
    let deep = format!("{}1", "[".repeat(100_000));
    let (_, answer) = post(served.address, &deep).await;
    assert!(answer.contains("-32700"), "{answer}");
    assert!(served.counts("rota_rpc_refused_total{reason=\"not_json\"} 2"));
    assert!(served.counts("rota_rpc_refused_total{reason=\"invalid_request\"} 1"));
    assert!(served.counts("rota_rpc_refused_total{reason=\"no_request\"} 1"));
}

/// Rule R19.
#[tokio::test]
async fn subscription_over_http_is_refused_by_name() {
    let served = Served::start(Chain::instant()).await;
    served.refuses("eth_subscribe", json!(["newHeads"]), -32001, "notifications not supported").await;
    served.refuses("eth_unsubscribe", json!(["0x1"]), -32001, "notifications not supported").await;
}

#[tokio::test]
async fn subscription_of_an_unknown_kind_is_refused_by_name() {
    let served = Served::start(Chain::instant()).await;
    let mut socket = Socket::open(served.address).await;
    let error = socket.call("eth_subscribe", json!(["newWeather"])).await.unwrap_err();
    assert_eq!(error["message"], "no \"newWeather\" subscription in eth namespace");
    let error = socket.call("eth_subscribe", json!([])).await.unwrap_err();
    assert_eq!(error["code"], -32602);
}
