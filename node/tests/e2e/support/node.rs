//! One node of a network: its folder, its process, and what can be asked of it.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use alloy::rpc::types::Header as RpcHeader;
use eyre::{ContextCompat as _, Result, WrapErr as _, ensure};
use rota_node::config::NodeToml;
use rota_proto::{BatchHeader, Place};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{http::Http, process::Process, until};

/// A start on a busy machine, L1 followed.
pub(crate) const START: Duration = Duration::from_secs(60);

/// Headers asked for in one request.
const HEADERS_AT_ONCE: u64 = 200;

/// What `/status` says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) height: u64,
    pub(crate) epoch: u64,
    pub(crate) view: u64,
    pub(crate) leader: Option<String>,
    pub(crate) votes: bool,
    pub(crate) peers: usize,
    pub(crate) health: String,
}

/// What `/metrics` says.
pub(crate) struct Metrics(String);

impl Metrics {
    /// The sum over all lines of a metric that carry these labels, each written `name="value"`; 0 without one.
    pub(crate) fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let lines = self.0.lines().filter(of_name).filter(|line| labels.iter().all(|label| line.contains(label)));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).fold(0.0, |sum, value| sum + value)
    }
}

/// A node, running or not.
pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) folder: PathBuf,
    pub(crate) rpc: String,
    pub(crate) operator: String,
    log: PathBuf,
    http: Http,
    process: Option<Process>,
}

impl Node {
    /// The node of a folder that `rota testnet` made.
    pub(super) fn new(index: usize, out: &Path, http: Http) -> Result<Self> {
        let folder = out.join(format!("node{index}"));
        let settings = NodeToml::read(&folder.join("config/node.toml"))?;
        let (rpc, operator) = (format!("http://{}", settings.rpc), format!("http://{}", settings.operator));
        Ok(Self { index, folder, rpc, operator, log: out.join(format!("node{index}.log")), http, process: None })
    }

    /// Starts the process, without waiting for anything. A validator votes as soon as it knows its own votes; any other
    /// node watches.
    pub(crate) fn launch(&mut self) -> Result<()> {
        let validates = NodeToml::read(&self.folder.join("config/node.toml"))?.validator.is_some();
        self.launch_with(if validates { &["node", "--no-doppelganger-wait"] } else { &["watch"] })
    }

    /// The same, but it listens first whether its key signs elsewhere.
    pub(crate) fn launch_listening(&mut self) -> Result<()> {
        self.launch_with(&["node"])
    }

    fn launch_with(&mut self, arguments: &[&str]) -> Result<()> {
        ensure!(self.process.is_none(), "node {} runs", self.index);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
        command.args(arguments).arg("--data").arg(&self.folder).env("NO_COLOR", "1");
        self.process = Some(Process::start(&mut command, &self.log)?);
        Ok(())
    }

    /// Starts the process and waits until it answers.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.launch()?;
        self.answers().await
    }

    /// Waits until it answers its operator.
    pub(crate) async fn answers(&mut self) -> Result<()> {
        until(&format!("node {} answers", self.index), START, async || {
            let status = self.process()?.ended()?;
            ensure!(status.is_none(), "it ended: {status:?}");
            self.status().await.map(|_| Some(()))
        })
        .await
    }

    /// Kill -9.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.process.take().wrap_err_with(|| format!("node {} does not run", self.index))?.kill().await
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn stop(&mut self) -> Result<ExitStatus> {
        let process = self.process.take().wrap_err_with(|| format!("node {} does not run", self.index))?;
        process.terminate(Duration::from_secs(20)).await
    }

    /// Waits until it has ended by itself, and how.
    pub(crate) async fn end(&mut self, within: Duration) -> Result<ExitStatus> {
        self.process.take().wrap_err_with(|| format!("node {} does not run", self.index))?.end(within).await
    }

    pub(crate) const fn runs(&self) -> bool {
        self.process.is_some()
    }

    pub(crate) fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().wrap_err_with(|| format!("node {} does not run", self.index))
    }

    /// The last lines it said.
    pub(super) fn last_words(&self, lines: usize) -> String {
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        let all: Vec<&str> = said.lines().collect();
        all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
    }

    pub(crate) async fn status(&self) -> Result<Status> {
        let (code, text) = self.http.get(&format!("{}/status", self.operator)).await?;
        ensure!(code == 200, "/status answers {code}");
        serde_json::from_str(&text).wrap_err(text)
    }

    /// The code and the word of `/readyz`.
    pub(crate) async fn ready(&self) -> Result<(u16, String)> {
        self.http.get(&format!("{}/readyz", self.operator)).await
    }

    /// The word of `/healthz`.
    pub(crate) async fn healthz(&self) -> Result<String> {
        Ok(self.http.get(&format!("{}/healthz", self.operator)).await?.1)
    }

    pub(crate) async fn metrics(&self) -> Result<Metrics> {
        let (code, text) = self.http.get(&format!("{}/metrics", self.operator)).await?;
        ensure!(code == 200, "/metrics answers {code}");
        Ok(Metrics(text))
    }

    pub(crate) async fn call<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T> {
        let answer = self.http.call(&self.rpc, method, params).await?;
        serde_json::from_value(answer.clone()).wrap_err_with(|| format!("{method} answers {answer}"))
    }

    pub(crate) async fn height(&self) -> Result<u64> {
        Ok(self.status().await?.height)
    }

    /// The headers of its final batches from one height to another, both included.
    pub(crate) async fn headers(&self, from: u64, to: u64) -> Result<Vec<BatchHeader>> {
        let mut headers = Vec::new();
        for first in (from..=to).step_by(usize::try_from(HEADERS_AT_ONCE)?) {
            let last = to.min(first + HEADERS_AT_ONCE - 1);
            let calls: Vec<_> =
                (first..=last).map(|height| ("eth_getBlockByNumber", json!([format!("{height:#x}"), false]))).collect();
            for (height, answer) in (first..).zip(self.http.calls(&self.rpc, &calls).await?) {
                let header: Option<RpcHeader> = serde_json::from_value(answer?)?;
                let header = header.wrap_err_with(|| format!("node {} has no batch {height}", self.index))?;
                headers.push(header);
            }
        }
        headers.into_iter().map(|header| checked(&header)).collect()
    }

    /// Waits until the chain, as this node has it, shows a vote of `place` for a batch above `height`.
    pub(crate) async fn sees_vote_of(&self, place: Place, height: u64, within: Duration) -> Result<()> {
        until(&format!("{place} votes again"), within, async || {
            let headers = self.headers(height, self.height().await?).await?;
            Ok(headers.iter().skip(2).any(|header| header.extra().parent_signers.contains(place)).then_some(()))
        })
        .await
    }

    /// Waits until its final height is at least `height`.
    pub(crate) async fn reaches(&self, height: u64, within: Duration) -> Result<Status> {
        until(&format!("node {} is at height {height}", self.index), within, async || {
            let status = self.status().await?;
            ensure!(status.height >= height, "it is at {}, {}", status.height, status.health);
            Ok(Some(status))
        })
        .await
    }
}

/// The header must be one of Rota's and hash to what the node says.
fn checked(header: &RpcHeader) -> Result<BatchHeader> {
    let batch = BatchHeader::new(header.inner.clone())?;
    ensure!(batch.hash() == header.hash, "batch {} hashes to {}, not {}", batch.height(), batch.hash(), header.hash);
    Ok(batch)
}
