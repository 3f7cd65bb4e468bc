//! Real tools: anvil beside us, cast against us.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use alloy_primitives::hex;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{
    chain::{CHAIN_ID, Chain, EMITTER, REVERTER},
    client::Served,
    wallets::Key,
};

/// Where a pinned tool stands.
async fn tool(name: &str) -> PathBuf {
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/contracts");
    let found = Command::new(scripts).args(["path", name]).output().await.unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).unwrap().trim().into()
}

/// An anvil, gone with its value.
pub(super) struct Anvil {
    pub(super) address: SocketAddr,
    _process: Child,
}

impl Anvil {
    pub(super) async fn start(chain_id: u64) -> Self {
        let mut command = Command::new(tool("anvil").await);
        command.args(["--port", "0", "--hardfork", "prague", "--chain-id", &chain_id.to_string()]);
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("anvil says where it listens");
            if let Some(address) = line.strip_prefix("Listening on ") {
                return Self { address: address.parse().unwrap(), _process: process };
            }
        }
    }
}

/// What cast prints; it must succeed.
async fn cast(served: &Served, arguments: &[&str]) -> String {
    let output =
        Command::new(tool("cast").await).args(arguments).args(["--rpc-url", &served.url()]).output().await.unwrap();
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
    let output = Command::new(tool("cast").await)
        .args(["call", &REVERTER.to_string(), "x()", "--rpc-url", &served.url()])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("execution reverted: no"), "{said}");
}
