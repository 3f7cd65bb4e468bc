//! Real tools: anvil beside us, cast against us.

#[path = "../../../tests/support/anvil.rs"]
mod process;

use std::io;

use alloy_primitives::hex;
use serde_json::Value;
use tokio::process::Command;

use super::{
    chain::{CHAIN_ID, Chain, EMITTER, REVERTER},
    client::Served,
    wallets::Key,
};

/// An anvil of that chain.
pub(super) fn anvil(chain_id: u64) -> process::Anvil {
    let arguments = format!("--port 0 --hardfork prague --chain-id {chain_id}");
    process::Anvil::start(arguments.split(' '), io::sink()).unwrap()
}

fn cast_command() -> Command {
    Command::new(process::tool("cast").unwrap())
}

/// What cast prints; it must succeed.
async fn cast(served: &Served, arguments: &[&str]) -> String {
    let output = cast_command().args(arguments).args(["--rpc-url", &served.url()]).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "cast {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[tokio::test]
async fn cast_sends_waits_calls_and_reads_logs() {
    let served = Served::start(Chain::instant()).await;
    let key = Key::of(0);
    let (secret, emitter) = (hex::encode_prefixed(key.secret), EMITTER.to_string());
    let sent = cast(&served, &["send", "--json", "--private-key", &secret, &emitter]).await;
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["status"], "0x1", "{sent}");
    let hash = sent["transactionHash"].as_str().unwrap();
    let receipt: Value = serde_json::from_str(&cast(&served, &["receipt", "--json", hash]).await).unwrap();
    assert_eq!(receipt["blockHash"], sent["blockHash"]);
    let logs: Value =
        serde_json::from_str(&cast(&served, &["logs", "--json", "--address", &emitter, "--from-block", "0"]).await)
            .unwrap();
    assert_eq!(logs[0]["transactionHash"], hash);
    assert_eq!(cast(&served, &["call", &emitter, "x()(uint256)"]).await, "42");
    assert_eq!(cast(&served, &["chain-id"]).await, CHAIN_ID.to_string());
    assert_eq!(cast(&served, &["nonce", &key.address.to_string()]).await, "1");
    assert!(cast(&served, &["tx", hash]).await.contains(hash));
    assert!(cast(&served, &["block", "latest"]).await.contains("stateRoot"));
    let value = ["send", "--json", "--legacy", "--private-key", &secret, "--value", "1", &emitter];
    let sent: Value = serde_json::from_str(&cast(&served, &value).await).unwrap();
    assert_eq!((&sent["status"], &sent["type"]), (&serde_json::json!("0x1"), &serde_json::json!("0x0")));
    let output =
        cast_command().args(["call", &REVERTER.to_string(), "x()", "--rpc-url", &served.url()]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("execution reverted: no"), "{said}");
}
