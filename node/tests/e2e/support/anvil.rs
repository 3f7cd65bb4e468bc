//! L1: a real anvil whose `finalized` trails by two blocks.

#[path = "../../support/anvil.rs"]
mod process;

use std::{fs::File, path::Path};

use eyre::Result;
use serde_json::Value;

use super::http::Http;

/// A running anvil.
pub(crate) struct Anvil {
    pub(crate) url: String,
    http: Http,
    _process: process::Anvil,
}

impl Anvil {
    /// Starts one on a free port, with a block every so many milliseconds.
    pub(super) fn start(folder: &Path, block_ms: u64) -> Result<Self> {
        let seconds = format!("{}.{:03}", block_ms / 1_000, block_ms % 1_000);
        let arguments = ["--port", "0", "--block-time", &seconds, "--slots-in-an-epoch", "1", "--hardfork", "prague"];
        let process = process::Anvil::start(arguments, File::create(folder.join("anvil.log"))?)?;
        Ok(Self { url: format!("http://{}", process.address), http: Http::new()?, _process: process })
    }

    /// Asks it.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.http.call(&self.url, method, params).await
    }
}
