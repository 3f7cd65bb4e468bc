//! A local network: anvil, the folders that `rota testnet` makes, a process a node.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::{Duration, Instant},
};

use eyre::{ContextCompat as _, Result, ensure, eyre};
use rota_node::config::NetworkToml;
use tempfile::TempDir;
use tokio::{process::Command, sync::Mutex};

use super::{
    anvil::Anvil,
    http::Http,
    node::{Node, START},
    process::Process,
    until,
};

/// Ports of networks: below those that Linux gives to outgoing connections, so that a node that was stopped finds
/// its own again.
const PORTS: std::ops::Range<u16> = 21_000..22_000;

/// Ports between two nodes, as `rota testnet` has it.
const PORT_STEP: u16 = 10;

/// Kinds of ports of a node: RPC, operator, peers.
const PORT_KINDS: u16 = 3;

/// Lines of each log that a failed test prints.
const LAST_WORDS: usize = 30;

/// If this is set, the folders of networks stay.
const KEEP: &str = "ROTA_E2E_KEEP";

/// One network at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// What network to make.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Stakes of the validators, in whole coins.
    pub(crate) stakes: Vec<u64>,
    /// Nodes without a vote.
    pub(crate) followers: u8,
    /// L1 blocks of an epoch.
    pub(crate) epoch_length: u64,
    /// Milliseconds between L1 blocks.
    pub(crate) l1_block_ms: u64,
    /// Milliseconds between batches.
    pub(crate) batch_interval_ms: u64,
    /// Nodes that are not started with the others.
    pub(crate) absent: Vec<usize>,
    /// What else `rota testnet` is told.
    pub(crate) more: &'static [&'static str],
    /// Whether somebody will misbehave; otherwise nobody may have been banned in the end.
    pub(crate) hostile: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stakes: vec![30, 27, 23, 20],
            followers: 0,
            epoch_length: 60,
            l1_block_ms: 1_000,
            batch_interval_ms: 100,
            absent: Vec::new(),
            more: &[],
            hostile: false,
        }
    }
}

/// A network. Its processes and its folder go with it.
pub(crate) struct Devnet {
    pub(crate) anvil: Anvil,
    pub(crate) nodes: Vec<Node>,
    pub(crate) http: Http,
    pub(crate) folder: PathBuf,
    passed: bool,
    kept: TempDir,
}

/// Makes a network, tells a story on it, and takes it down. If the story fails, the logs' last lines are printed.
pub(crate) async fn with(settings: Settings, story: impl AsyncFnOnce(&mut Devnet) -> Result<()>) -> Result<()> {
    let _turn = TURN.lock().await;
    let since = Instant::now();
    let mut net = Devnet::make(&settings).await?;
    net.begin(&settings).await?;
    story(&mut net).await?;
    for node in net.nodes.iter_mut().filter(|node| node.runs()) {
        let ended = node.process()?.ended()?;
        ensure!(ended.is_none(), "node {} ended by itself: {ended:?}", node.index);
    }
    if !settings.hostile {
        net.nobody_is_banned().await?;
    }
    net.passed = true;
    println!("the network stood for {:?}", since.elapsed());
    Ok(())
}

impl Devnet {
    async fn make(settings: &Settings) -> Result<Self> {
        let kept = tempfile::tempdir()?;
        let folder = kept.path().to_path_buf();
        let anvil = Anvil::start(&folder, settings.l1_block_ms)?;
        let count = u16::try_from(settings.stakes.len())? + u16::from(settings.followers);
        let port = free_ports(count)?;
        let stakes: Vec<String> = settings.stakes.iter().map(ToString::to_string).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
        command.args(["testnet", "--accounts", "200", "--l1", &anvil.url, "--stakes", &stakes.join(",")]);
        for (name, value) in [
            ("--validators", u64::try_from(stakes.len())?),
            ("--followers", settings.followers.into()),
            ("--epoch-length", settings.epoch_length),
            ("--l1-block-ms", settings.l1_block_ms),
            ("--batch-interval-ms", settings.batch_interval_ms),
            ("--rpc-port", port.into()),
            ("--operator-port", (port + 1).into()),
            ("--p2p-port", (port + 2).into()),
        ] {
            command.arg(name).arg(value.to_string());
        }
        command.args(settings.more);
        let log = folder.join("testnet.log");
        let made = Process::start(command.arg("--out").arg(&folder), &log)?.end(START).await?;
        ensure!(made.success(), "rota testnet: {made}\n{}", std::fs::read_to_string(&log)?);
        let http = Http::new()?;
        let nodes = (0..count.into()).map(|index| Node::new(index, &folder, http.clone())).collect::<Result<_>>()?;
        Ok(Self { anvil, nodes, http, folder, passed: false, kept })
    }

    async fn begin(&mut self, settings: &Settings) -> Result<()> {
        let present = |node: &&mut Node| !settings.absent.contains(&node.index);
        self.nodes.iter_mut().filter(present).try_for_each(Node::launch)?;
        for node in self.nodes.iter_mut().filter(|node| node.runs()) {
            node.answers().await?;
        }
        self.connected().await
    }

    /// Waits until every running node has all others for peers and is ready.
    pub(crate) async fn connected(&self) -> Result<()> {
        let running: Vec<&Node> = self.nodes.iter().filter(|node| node.runs()).collect();
        for node in &running {
            until(&format!("node {} has its peers", node.index), START, async || {
                let status = node.status().await?;
                let peers = running.len() - 1;
                ensure!(status.peers >= peers, "{} peers of {peers}", status.peers);
                ensure!(node.ready().await?.0 == 200, "it is {}", status.health);
                Ok(Some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Honest nodes commit no faults that count.
    pub(crate) async fn nobody_is_banned(&self) -> Result<()> {
        for node in self.running() {
            let metrics = node.metrics().await?;
            let (bans, wrong) = (
                metrics.sum("rota_network_bans_total", &[]),
                metrics.sum("rota_network_faults_total", &["name=\"WrongAnswer\""]),
            );
            ensure!(bans + wrong == 0.0, "node {} banned {bans} times and got {wrong} wrong answers", node.index);
        }
        Ok(())
    }

    pub(crate) fn node(&self, index: usize) -> Result<&Node> {
        self.nodes.get(index).wrap_err_with(|| format!("there is no node {index}"))
    }

    pub(crate) fn node_mut(&mut self, index: usize) -> Result<&mut Node> {
        self.nodes.get_mut(index).wrap_err_with(|| format!("there is no node {index}"))
    }

    /// The nodes that run.
    pub(crate) fn running(&self) -> Vec<&Node> {
        self.nodes.iter().filter(|node| node.runs()).collect()
    }

    /// The JSON-RPC addresses of all nodes, running or not.
    pub(crate) fn rpcs(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.rpc.clone()).collect()
    }

    /// `network.toml`.
    pub(crate) fn network(&self) -> Result<NetworkToml> {
        Ok(NetworkToml::read(&self.node(0)?.folder.join("config/network.toml"))?)
    }

    /// The highest final height of any running node.
    pub(crate) async fn height(&self) -> Result<u64> {
        let mut highest = 0;
        for node in self.running() {
            highest = highest.max(node.height().await?);
        }
        Ok(highest)
    }

    /// The node that leads the current view, as the first running node sees it.
    pub(crate) async fn leader(&self, keys: &[String]) -> Result<usize> {
        let first = self.running().into_iter().next().wrap_err("no node runs")?;
        until("somebody leads", Duration::from_secs(10), async || {
            let leader = first.status().await?.leader;
            Ok(leader.and_then(|leader| keys.iter().position(|key| *key == leader)))
        })
        .await
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        if std::env::var_os(KEEP).is_some() {
            self.kept.disable_cleanup(true);
            eprintln!("---- the network's folder is {}", self.folder.display());
        }
        if self.passed {
            return;
        }
        for node in &self.nodes {
            eprintln!("---- node {} said last:\n{}", node.index, node.last_words(LAST_WORDS));
        }
    }
}

/// The first port of a stretch that has every port free which so many nodes need.
fn free_ports(nodes: u16) -> Result<u16> {
    let stretch = nodes * PORT_STEP;
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let whole = |first: &u16| {
        let mut ports = (0..nodes).flat_map(|node| (0..PORT_KINDS).map(move |kind| first + node * PORT_STEP + kind));
        ports.all(free)
    };
    let mut stretches = PORTS.step_by(usize::from(stretch)).filter(|first| first + stretch <= PORTS.end);
    stretches.find(whole).ok_or_else(|| eyre!("no {stretch} ports are free in {PORTS:?}"))
}
