//! A real anvil whose blocks the test makes.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use alloy::providers::{DynProvider, Provider as _, ProviderBuilder};
use eyre::{ContextCompat as _, Result, WrapErr as _, ensure, eyre};
use serde_json::{Value, json};

/// A running anvil, killed when dropped. It mines what is sent to it until [`Anvil::by_hand`].
pub(crate) struct Anvil {
    child: Child,
    port: u16,
    state: PathBuf,
    pub(crate) url: String,
    pub(crate) provider: DynProvider,
}

impl Anvil {
    /// Starts one on a port that is free; its state goes to the folder when it stops.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        Self::spawn(folder.join("anvil.json"), 0)
    }

    fn spawn(state: PathBuf, port: u16) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command.args(["--port", &port.to_string(), "--slots-in-an-epoch", "1", "--hardfork", "prague", "--state"]);
        let mut child = command.arg(&state).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().wrap_err("anvil has no output")?).lines();
        let address = loop {
            let line = lines.next().wrap_err("anvil ended before it listened")??;
            if let Some(address) = line.strip_prefix("Listening on ") {
                break address.to_owned();
            }
        };
        // Its output has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let port = address.rsplit(':').next().wrap_err("no port")?.parse()?;
        let url = format!("http://{address}");
        let provider = ProviderBuilder::new().connect_http(url.parse()?).erased();
        Ok(Self { child, port, state, url, provider })
    }

    /// Stops it kindly, so that it keeps its state.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(asked.success(), "anvil cannot be asked to stop");
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again where it stopped, on the same port.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        *self = Self::spawn(self.state.clone(), self.port)?;
        self.by_hand().await
    }

    /// From now on only the test mines.
    pub(crate) async fn by_hand(&self) -> Result<()> {
        self.call("evm_setAutomine", json!([false])).await.map(drop)
    }

    pub(crate) async fn mine(&self, blocks: u64) -> Result<()> {
        self.call("anvil_mine", json!([blocks])).await.map(drop)
    }

    pub(crate) async fn call(&self, method: &'static str, params: Value) -> Result<Value> {
        let answer = self.provider.raw_request::<Value, Value>(method.into(), params);
        let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
        answer.map_err(|_| eyre!("{method} hangs"))?.wrap_err(method)
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("ROTA_ANVIL") {
        return Ok(path.into());
    }
    let package = "../staking/contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    ensure!(path.is_file(), "anvil is missing: run `scripts/contracts install`, or set ROTA_ANVIL to its path");
    Ok(path)
}
