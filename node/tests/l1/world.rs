//! A real L1 with the contracts of a network, an L1 that parted from it, and endpoints that misbehave on demand.

#[path = "../support/anvil.rs"]
mod process;

use std::{
    ffi::OsStr,
    io,
    num::NonZeroUsize,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use alloy::{
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::Filter,
};
use eyre::{Result, WrapErr as _, ensure};
use prometheus_client::registry::Registry;
use rota_node::{config::NetworkToml, l1::L1Client};
use rota_staking::L1Block;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::proxy::{Conduct, Proxy};

/// Whatever takes this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    _folder: TempDir,
    pub(crate) network: NetworkToml,
    anvil: process::Anvil,
    /// It has the contracts, and other blocks after them.
    fork: process::Anvil,
    /// The endpoints, by their numbers.
    pub(crate) proxies: Vec<Proxy>,
}

/// An anvil that goes on where `state` says and mines when it is told to.
fn anvil(state: &Path) -> Result<process::Anvil> {
    let line = "--port 0 --slots-in-an-epoch 1 --hardfork prague --no-mining --state";
    process::Anvil::start(line.split(' ').map(OsStr::new).chain([state.as_os_str()]), io::sink())
}

fn url(anvil: &process::Anvil) -> String {
    format!("http://{}", anvil.address)
}

fn provider(anvil: &process::Anvil) -> Result<DynProvider> {
    Ok(ProviderBuilder::new().connect_http(url(anvil).parse()?).erased())
}

async fn call(anvil: &process::Anvil, method: &'static str, params: Value) -> Result<Value> {
    provider(anvil)?.raw_request::<Value, Value>(method.into(), params).await.wrap_err(method)
}

impl World {
    /// A network of two validators, its L1, and so many endpoints of it.
    pub(crate) async fn new(endpoints: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (state, copy) = (folder.path().join("l1.json"), folder.path().join("fork.json"));
        let out = folder.path().join("network");
        {
            let line = "--port 0 --slots-in-an-epoch 1 --hardfork prague --state";
            let arguments = line.split(' ').map(OsStr::new).chain([state.as_os_str()]);
            let anvil = process::Anvil::start(arguments, io::sink())?;
            let line = "testnet --validators 2 --stakes 30,27 --accounts 2 --epoch-length 32 --l1";
            let made = Command::new(env!("CARGO_BIN_EXE_rota"))
                .args(line.split(' '))
                .args([&url(&anvil), "--out"])
                .arg(&out)
                .output()?;
            ensure!(made.status.success(), "rota testnet: {}", String::from_utf8_lossy(&made.stderr));
        }
        std::fs::copy(&state, &copy)?;
        let network = NetworkToml::read(&out.join("node0/config/network.toml"))?;
        let (anvil, fork) = (anvil(&state)?, anvil(&copy)?);
        let mut proxies = Vec::new();
        for _ in 0..endpoints {
            proxies.push(Proxy::start(&url(&anvil)).await?);
        }
        let world = Self { _folder: folder, network, anvil, fork, proxies };
        // What they mine from now on differs.
        call(&world.fork, "anvil_setCoinbase", json!([alloy_primitives::Address::repeat_byte(0xf0)])).await?;
        world.mine(4).await?;
        Ok(world)
    }

    /// Both L1s mine.
    pub(crate) async fn mine(&self, blocks: u64) -> Result<()> {
        call(&self.anvil, "anvil_mine", json!([blocks])).await?;
        call(&self.fork, "anvil_mine", json!([blocks])).await.map(drop)
    }

    /// The conduct of an endpoint of the other L1.
    pub(crate) fn elsewhere(&self) -> Conduct {
        Conduct::Elsewhere(url(&self.fork))
    }

    /// A client of all endpoints.
    pub(crate) fn client(&self, agree: Option<usize>) -> Result<L1Client> {
        let urls: Vec<String> = self.proxies.iter().map(|proxy| proxy.url.clone()).collect();
        Ok(L1Client::of(&urls, agree.and_then(NonZeroUsize::new), self.network.l1.clone())?)
    }

    /// L1 itself.
    pub(crate) fn provider(&self) -> Result<DynProvider> {
        provider(&self.anvil)
    }

    /// The truth: blocks as L1 itself has them.
    pub(crate) async fn truth(&self, from: u64) -> Result<Vec<L1Block>> {
        let honest = L1Client::new(&url(&self.anvil), self.network.l1.clone())?;
        Ok(honest.news(from, 500).await?)
    }

    /// The block of the opening has changes of the set; later ones have none.
    pub(crate) async fn opening(&self) -> Result<u64> {
        let opening = self.network.l1.opening_block;
        let filter = Filter::new().address(self.network.l1.contracts.sets).from_block(opening).to_block(opening);
        ensure!(!self.provider()?.get_logs(&filter).await?.is_empty(), "the opening announces the seeds");
        Ok(opening)
    }
}

/// The state of an endpoint.
pub(crate) fn state(client: &L1Client, endpoint: usize) -> &'static str {
    client.endpoints().get(endpoint).map_or("", |status| status.state)
}

/// Waits until an endpoint is in a state.
pub(crate) async fn until(client: &L1Client, endpoint: usize, expected: &str) -> Result<()> {
    let begin = Instant::now();
    while state(client, endpoint) != expected {
        ensure!(begin.elapsed() < PATIENCE, "endpoint {endpoint} is not {expected}: {:?}", client.endpoints());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// The metrics of a client, as text.
pub(crate) fn metrics(client: &L1Client) -> Result<String> {
    let mut registry = Registry::with_prefix("rota");
    client.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}
