use serde_json::{Value, json};

use crate::load::http::TransportError;
use crate::load::rpc::{RpcError, answers, calls, submission};

fn refused(code: i64, message: &str) -> RpcError {
    RpcError::Refused { code, message: message.to_owned() }
}

#[track_caller]
fn check(body: &str, expected: &[Result<&str, RpcError>]) {
    let read: Vec<_> =
        answers(body.as_bytes(), expected.len()).into_iter().map(|one| one.map(|value| value.get())).collect();
    assert_eq!(read, expected, "{body}");
}

#[test]
fn answers_that_are_none_are_refused() {
    for body in ["", "null", "[1]", "{\"result\":", "<html>"] {
        assert!(matches!(answers(body.as_bytes(), 1)[0], Err(RpcError::Malformed(_))), "{body}");
    }
}

#[test]
fn single_error_answers_the_whole_batch() {
    let error = refused(-32010, "The batch request was too large");
    let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32010,"message":"The batch request was too large"}}"#;
    check(body, &[Err(error.clone()), Err(error)]);
}

#[test]
fn missing_and_surplus_answers_are_told_from_the_others() {
    let none = Err(RpcError::Malformed("no answer for this call".to_owned()));
    check(r#"[{"id":1,"result":"b"},{"id":7,"result":"x"},{"result":"y"}]"#, &[none, Ok("\"b\"")]);
}

#[test]
fn answers_are_put_in_the_order_of_the_calls() {
    let body = r#" [{"id":2,"result":null},{"id":0,"result":"0x1"},{"id":1,"error":{"code":3,"message":"no"}}]"#;
    check(body, &[Ok("\"0x1\""), Err(refused(3, "no")), Ok("null")]);
    check(r#"{"id":0,"result":{"a":1}}"#, &[Ok(r#"{"a":1}"#)]);
}

/// L9.
#[test]
fn errors_that_differ_in_numbers_are_of_one_kind() {
    for (message, kind) in [
        ("nonce too low: next nonce 5, tx nonce 3", "-32000 nonce too low: next nonce #, tx nonce #"),
        ("Insufficient funds for gas * price + value", "-32000 insufficient funds for gas * price + value"),
        ("account 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 has 1.5 ETH\n", "-32000 account # has # eth"),
        ("over\tthe limit", "-32000 over the limit"),
    ] {
        assert_eq!(refused(-32000, message).kind(), kind);
    }
    assert_eq!(refused(1, &"x".repeat(500)).kind().len(), 102);
    assert_eq!(RpcError::from(TransportError::Status(429)).kind(), "http status 429");
}

/// L8.
#[test]
fn nodes_say_in_different_words_that_they_have_a_transaction() {
    for message in ["already known", "Transaction already imported", "AlreadyKnown", "transaction already imported"] {
        assert!(refused(-32000, message).is_known_already(), "{message}");
    }
    assert!(!refused(-32000, "nonce too low").is_known_already());
    assert!(!RpcError::from(TransportError::Broken).is_known_already());
}

#[test]
fn bodies_are_what_a_json_library_would_write() {
    let one = submission([&[0x02, 0xff][..]].into_iter());
    let call =
        |id: u64, raw: &str| json!({"jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw]});
    assert_eq!(serde_json::from_slice::<Value>(&one).unwrap(), call(0, "0x02ff"));
    let two = submission([&[1][..], &[2]].into_iter());
    assert_eq!(serde_json::from_slice::<Value>(&two).unwrap(), json!([call(0, "0x01"), call(1, "0x02")]));
    let lone = calls(&[("eth_chainId", json!([]))]);
    let expected = json!({"jsonrpc": "2.0", "id": 0, "method": "eth_chainId", "params": []});
    assert_eq!(serde_json::from_slice::<Value>(&lone).unwrap(), expected);
}
