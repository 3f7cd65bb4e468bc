//! A real anvil whose blocks the test makes.

#[path = "../support/anvil.rs"]
mod process;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::providers::{DynProvider, Provider as _, ProviderBuilder};
use eyre::{Result, WrapErr as _, eyre};
use serde_json::{Value, json};

/// A running anvil. It mines what is sent to it until [`Anvil::by_hand`].
pub(crate) struct Anvil {
    process: Option<process::Anvil>,
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
        let arguments = format!("--port {port} --slots-in-an-epoch 1 --hardfork prague --state");
        let arguments = arguments.split(' ').map(AsRef::as_ref).chain([state.as_os_str()]);
        let process = process::Anvil::start(arguments, io::sink())?;
        let url = format!("http://{}", process.address);
        let provider = ProviderBuilder::new().connect_http(url.parse()?).erased();
        Ok(Self { port: process.address.port(), process: Some(process), state, url, provider })
    }

    /// Stops it kindly, so that it keeps its state.
    pub(crate) fn stop(&mut self) {
        self.process = None;
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
