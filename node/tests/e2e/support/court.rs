//! A slasher on the network's L1 that believes every signature, known to all nodes before they start.

use std::fs;

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_sol_types::{SolCall as _, sol};
use eyre::{ContextCompat as _, Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Devnet, node::START, until};

const CREATION_CODE: &str = include_str!("../../../../testnet/clients/contracts/ToySlasher.hex");

sol! {
    function seat(uint8 place, address validator) external;
}

/// The name on L1 of the validator whose node that is.
pub(crate) fn operator(net: &Devnet, index: usize) -> Result<Address> {
    let secret = fs::read_to_string(net.node(index)?.folder.join("keys/operator"))?;
    Ok(secret.trim().parse::<PrivateKeySigner>()?.address())
}

/// Deploys a slasher that knows the first `validators` nodes by their places, and tells every node where it stands.
pub(crate) async fn open_court(net: &Devnet, validators: usize) -> Result<Address> {
    let slasher = send(net, None, CREATION_CODE.trim().parse()?).await?.wrap_err("no contract was made")?;
    for index in 0..validators {
        let call = seatCall { place: u8::try_from(index)?, validator: operator(net, index)? };
        send(net, Some(slasher), call.abi_encode().into()).await?;
    }
    let mut network = net.network()?;
    network.l1.slasher = Some(slasher);
    for node in &net.nodes {
        fs::write(node.folder.join("config/network.toml"), network.to_text())?;
    }
    Ok(slasher)
}

/// A transaction by anvil's first account, mined; the contract that it made.
async fn send(net: &Devnet, to: Option<Address>, input: Bytes) -> Result<Option<Address>> {
    let accounts: Vec<Address> = serde_json::from_value(net.anvil.call("eth_accounts", json!([])).await?)?;
    let from = accounts.first().wrap_err("anvil has no account")?;
    let transaction = json!([{ "from": from, "to": to, "input": input, "gas": "0x2dc6c0" }]);
    let hash: B256 = serde_json::from_value(net.anvil.call("eth_sendTransaction", transaction).await?)?;
    let receipt = until("L1 mined it", START, async || {
        let receipt = net.anvil.call("eth_getTransactionReceipt", json!([hash])).await?;
        Ok((!receipt.is_null()).then_some(receipt))
    })
    .await?;
    ensure!(receipt["status"] == "0x1", "{receipt}");
    Ok(serde_json::from_value(receipt["contractAddress"].clone())?)
}

/// What `rota` says, as JSON.
pub(crate) async fn rota(line: &[&str], l1_key: Option<&PrivateKeySigner>) -> Result<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
    command.args(line).arg("--json").env_remove("ROTA_L1_KEY").env_remove("ROTA_L1").env_remove("ROTA_DATA");
    if let Some(key) = l1_key {
        command.env("ROTA_L1_KEY", hex::encode(key.to_bytes()));
    }
    let ended = command.output().await?;
    ensure!(ended.status.success(), "rota {}: {}", line.join(" "), String::from_utf8_lossy(&ended.stderr));
    Ok(serde_json::from_slice(&ended.stdout)?)
}
