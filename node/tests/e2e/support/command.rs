//! Commands of `rota` that end by themselves.

use std::path::Path;

use alloy::signers::local::PrivateKeySigner;
use eyre::{Result, WrapErr as _, ensure};
use serde_json::Value;
use tokio::process::Command;

/// Runs a command in a node's folder, with a key for L1 unless the folder has one: what it says, as JSON.
pub(crate) async fn rota(folder: &Path, line: &[&str], l1_key: Option<&PrivateKeySigner>) -> Result<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
    command.args(line).arg("--json").arg("--data").arg(folder).env_remove("ROTA_L1_KEY");
    if let Some(key) = l1_key {
        command.env("ROTA_L1_KEY", alloy_primitives::hex::encode(key.to_bytes()));
    }
    let ended = command.output().await?;
    ensure!(ended.status.success(), "rota {}: {}", line.join(" "), String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).wrap_err_with(|| String::from_utf8_lossy(&ended.stdout).into_owned())
}
