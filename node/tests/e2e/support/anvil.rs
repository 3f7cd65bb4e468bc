//! L1: a real anvil whose `finalized` trails by two blocks of a second.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use eyre::{Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::{http::Http, process::Process, until};

/// Where the pinned tool of Foundry stands.
pub(super) fn tool(name: &str) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let package = format!("node_modules/@foundry-rs/{name}-linux-amd64/bin/{name}");
    let path = root.join("staking/contracts").join(package);
    ensure!(path.is_file(), "{name} is missing: run scripts/contracts install");
    Ok(path)
}

/// A running anvil.
pub(crate) struct Anvil {
    pub(crate) url: String,
    http: Http,
    _process: Process,
}

impl Anvil {
    /// Starts one on a free port.
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(tool("anvil")?);
        command.args(["--port", "0", "--block-time", "1", "--slots-in-an-epoch", "1", "--hardfork", "prague"]);
        let process = Process::start(&mut command, &folder.join("anvil.log"))?;
        let url = until("anvil listens", Duration::from_secs(20), async || {
            let said = process.said()?;
            Ok(said.lines().find_map(|line| line.strip_prefix("Listening on ")).map(|at| format!("http://{at}")))
        });
        Ok(Self { url: url.await?, http: Http::new()?, _process: process })
    }

    /// Asks it.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.http.call(&self.url, method, params).await
    }
}
