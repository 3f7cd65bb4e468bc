//! A node put together: from its folder to running tasks, and to their end.

mod keys;
mod start;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use eyre::{Context as _, ContextCompat as _, eyre};
use libp2p::identity::Keypair;
use prometheus_client::registry::Registry as MetricsRegistry;
use rota_execution::{ChainRules, Execution, Genesis};
use rota_staking::Registry;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    config::{ConfigError, NetworkToml, NodeToml, read_text},
    driver::{self, Driver, Parts, Submission},
    evidence::{self, Docket, EvidenceBook},
    executor::{self, ChainViews, ExecutorThread},
    instance::{self, FolderLock},
    journal::JournalFile,
    l1::{BLOCKS_PER_QUERY, L1Client, L1Error},
    network::{self, NetworkConfig, NetworkHandle, NetworkLimits, PeerRecord},
    outlook::{self, Outlook, Watcher},
    poster::{self, Chore, Poster, Sources, Submitter},
    rewards::{self, Clerk, Told},
    rpc::RecentStates,
    rpc_backend::{Kept, NodeBackend},
    servers::Readers,
    signer::{self, Attester, Hand},
    status::{ChainStatus, Posted},
    store::{Head, SledStore, Store},
    unfinal::UnfinalBatches,
};

use keys::Keys;
use start::{first_status, replica, started};

/// Events that may wait for the driver: bursts of transactions, nothing that grows.
const EVENTS_MAX: usize = 4_096;

/// Transactions of users that may wait for the driver.
const SUBMISSIONS_MAX: usize = 16_384;

/// The files of a node, by its folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at a path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A file or folder in it.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

/// Everything a running node was made from.
struct Prepared {
    /// Held as long as the node runs.
    _lock: FolderLock,
    network: NetworkToml,
    node: NodeToml,
    rules: ChainRules,
    store: Arc<dyn Store>,
    l1: L1Client,
    registry: Registry,
    head: Head,
    evidence: Arc<EvidenceBook>,
}

impl Prepared {
    /// What the RPC server reads.
    fn kept(&self, outlook: watch::Receiver<Arc<Outlook>>) -> Kept {
        Kept { store: self.store.clone(), evidence: self.evidence.clone(), outlook }
    }

    /// Where the operator's pages look.
    fn readers(&self, status: watch::Receiver<ChainStatus>, posted: watch::Receiver<Posted>) -> Readers {
        Readers { status, posted, evidence: self.evidence.clone(), l1: self.l1.clone() }
    }
}

/// When a validator that starts begins to vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voting {
    /// Once it has listened whether its key signs elsewhere (rule S4 of consensus).
    Listened,
    /// As soon as it knows its own votes: for devnets.
    AtOnce,
    /// Never, and nothing is posted either, whatever the settings say.
    Never,
}

/// Runs the node of a folder until `shutdown` or until it must stop by itself.
///
/// # Errors
/// A report that says what is wrong and where.
pub async fn run(folder: &Folder, voting: Voting, shutdown: watch::Receiver<bool>) -> eyre::Result<()> {
    let mut metrics = MetricsRegistry::with_prefix("rota");
    let (prepared, keys) = tokio::select! {
        opened = open(folder, voting, &mut metrics) => opened?,
        () = wait_for(shutdown.clone()) => return Ok(()),
    };
    let Keys { hand: signer, attester, node: node_key, record } = keys;
    let (events, inbox) = mpsc::channel(EVENTS_MAX);
    let (submissions, submission_inbox) = mpsc::channel::<Submission>(SUBMISSIONS_MAX);
    let views = ChainViews { recent: RecentStates::new(prepared.store.clone()), unfinal: UnfinalBatches::default() };

    let config = network_config(&prepared, node_key, record);
    let (network, network_events, network_task) = network::spawn(config, &mut metrics, wait_for(shutdown.clone()))?;
    network.set_head(prepared.head.header.height(), prepared.head.header.hash())?;

    let execution = Execution::new(prepared.rules, prepared.head.header.clone());
    let schedule = prepared.network.registry()?.schedule;
    let (jobs, executor) = executor::spawn(execution, prepared.store.clone(), schedule, events.clone(), views.clone())?;

    let replica = replica(&prepared, signer.as_ref())?;
    let started = started(&prepared, &replica, (signer.as_ref(), voting))?;
    let (status, status_reader) = watch::channel(first_status(&replica));
    let (journal, journalled) = JournalFile::open(&folder.path("data/journal")).wrap_err("the transaction journal")?;
    let docket = Docket { book: prepared.evidence.clone(), metrics: evidence::Metrics::new(&mut metrics) };
    let next_l1 = replica.registry().newest().number + 1;
    let (clerk, attestations, chores) = open_clerk(&prepared, &network, attester.zip(signer.as_ref()), &mut metrics)?;
    let (watcher, outlook) = open_watcher(&prepared, signer.as_ref(), &mut metrics)?;
    let (poster, posted) = open_poster(folder, &prepared, (docket.clone(), chores), &mut metrics)?;

    let heads = (status_reader.clone(), posted.clone());
    let backend = NodeBackend::new(prepared.rules, prepared.kept(outlook), heads, views, submissions.clone());
    let parts = Parts {
        replica,
        signer,
        store: prepared.store.clone(),
        jobs,
        network,
        network_events,
        events: inbox,
        event_sender: events.clone(),
        submissions: submission_inbox,
        status,
        domain: prepared.network.domain(),
        l1: prepared.l1.clone(),
        journal: Some(journal),
        attestations,
        metrics: driver::Metrics::new(&mut metrics),
        docket,
        evidence_epochs: prepared.network.times.evidence_epochs,
    };
    // A thread of its own: it syncs files and checks signatures, and what it wakes should not wait for it.
    let (runtime, stop) = (Handle::current(), shutdown.clone());
    let driver = tokio::task::spawn_blocking(move || runtime.block_on(Driver::new(parts).run(started, stop)));
    let poll = Duration::from_millis(prepared.node.l1_poll_ms);
    let on_l1 = [
        tokio::spawn(prepared.l1.clone().follow(next_l1, poll, events, shutdown.clone())),
        tokio::spawn(poster.run(poll, shutdown.clone())),
        tokio::spawn(clerk.run(poll, shutdown.clone())),
        tokio::spawn(watcher.run(poll, shutdown.clone())),
    ];
    let readers = prepared.readers(status_reader, posted);
    let servers = crate::servers::spawn(&prepared.node, Arc::new(backend), readers, metrics, shutdown).await?;
    crate::rpc_backend::resubmit(&submissions, journalled).await;
    tracing::info!(rpc = %prepared.node.rpc, head = %prepared.head.header.height(), "node is up");

    let result = driver.await.wrap_err("the driver panicked")?;
    drop(submissions);
    servers.stop().await;
    on_l1.iter().for_each(JoinHandle::abort);
    network_task.abort();
    close(executor, prepared.store.as_ref()).await?;
    result.wrap_err("the node stopped itself")
}

/// Waits for the executor, and sees that all it wrote is durable.
async fn close(executor: ExecutorThread, store: &dyn Store) -> eyre::Result<()> {
    let executed = tokio::task::spawn_blocking(move || executor.join()).await?;
    store.flush()?;
    executed.map_err(|_| eyre!("the executor panicked"))?.wrap_err("the executor stopped")
}

async fn wait_for(mut shutdown: watch::Receiver<bool>) {
    // An error means that whoever could ask for the end is gone: then it is the end.
    let _ = shutdown.changed().await;
}

/// L1 may be long in coming, and a signer in another process too.
async fn open(folder: &Folder, voting: Voting, metrics: &mut MetricsRegistry) -> eyre::Result<(Prepared, Keys)> {
    let prepared = prepare(folder, voting).await?;
    prepared.l1.register(metrics);
    let keys = keys::open(folder, &prepared, signer::Metrics::new(metrics)).await?;
    Ok((prepared, keys))
}

fn network_config(prepared: &Prepared, node_key: Keypair, record: Option<PeerRecord>) -> NetworkConfig {
    NetworkConfig {
        listen: prepared.node.listen.clone(),
        peers: prepared.node.peers.clone(),
        node_key,
        network: prepared.network.id(),
        domain: prepared.network.domain(),
        record,
        version: concat!("rota/", env!("CARGO_PKG_VERSION")).into(),
        limits: NetworkLimits::default(),
    }
}

async fn prepare(folder: &Folder, voting: Voting) -> eyre::Result<Prepared> {
    let network = NetworkToml::read(&folder.path("config/network.toml"))?;
    let mut node = NodeToml::read(&folder.path("config/node.toml"))?;
    if voting == Voting::Never {
        (node.validator, node.poster) = (None, None);
    }
    let genesis = Genesis::parse(&read_text(&folder.path("config/genesis.json"))?)?;
    let (found, expected) = (genesis.header.hash(), network.genesis_hash);
    if found != expected {
        return Err(ConfigError::OtherGenesis { found, expected }.into());
    }
    let lock = instance::hold_folder(&folder.path("data"))?;
    let store = SledStore::open(&folder.path("data/store")).wrap_err("the store")?;
    let store: Arc<dyn Store> = Arc::new(store);
    store.begin(&genesis)?;
    let head = store.head()?.wrap_err("the store has no head after genesis")?;
    let evidence = Arc::new(EvidenceBook::open(&folder.path("data/evidence.json"))?);
    let l1 = L1Client::of(&node.l1_rpc, node.l1_agree, network.l1.clone())?;
    // L1 may be away; another one is a setting that would look as if L1 contradicted itself.
    if let Err(error @ L1Error::OtherChain { .. }) = l1.check_chain().await {
        return Err(error.into());
    }
    let registry = follow_to(store.as_ref(), &network, &l1, &head).await?;
    Ok(Prepared { _lock: lock, network, node, rules: genesis.rules, store, l1, registry, head, evidence })
}

/// The registry from the store, or from L1's beginning, followed until it knows the epoch of the head.
async fn follow_to(store: &dyn Store, network: &NetworkToml, l1: &L1Client, head: &Head) -> eyre::Result<Registry> {
    let genesis = network.registry()?;
    let mut registry = match store.meta("registry")? {
        Some(snapshot) => Registry::decode(genesis, &snapshot)?,
        None => begin_registry(network, l1).await?,
    };
    let mut told = std::time::Instant::now();
    while registry.leader_seed(head.round.epoch).is_err() || registry.newest().number < network.l1.origin_number {
        match l1.news(registry.newest().number + 1, BLOCKS_PER_QUERY).await {
            Ok(blocks) if blocks.is_empty() => tokio::time::sleep(Duration::from_millis(200)).await,
            Ok(blocks) => blocks.iter().try_for_each(|block| registry.apply(block).map(drop))?,
            Err(error) => {
                tracing::warn!(%error, "L1 cannot be followed");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = std::time::Instant::now();
            tracing::info!(l1 = registry.newest().number, epoch = %head.round.epoch, "following L1 to our epoch");
        }
    }
    Ok(registry)
}

async fn begin_registry(network: &NetworkToml, l1: &L1Client) -> eyre::Result<Registry> {
    let number = network.l1.opening_block;
    let block = loop {
        let ready = match l1.check_chain().await {
            Ok(()) => l1.news(number, 1).await,
            Err(error @ L1Error::OtherChain { .. }) => return Err(error.into()),
            Err(error) => Err(error),
        };
        match ready.map(|blocks| blocks.into_iter().next()) {
            Ok(Some(block)) => break block,
            Ok(None) => tracing::info!(number, "waiting for the opening of the contracts to be final on L1"),
            Err(error) => tracing::warn!(%error, "L1"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let (registry, warnings) = Registry::begin(network.registry()?, &block)?;
    warnings.iter().for_each(|warning| tracing::warn!(?warning, "registry"));
    Ok(registry)
}

/// The clerk, where it hears what peers attest, and where it says what L1 is to be told.
fn open_clerk(
    prepared: &Prepared,
    peers: &NetworkHandle,
    attester: Option<(Attester, &Hand)>,
    metrics: &mut MetricsRegistry,
) -> eyre::Result<(Clerk, mpsc::Sender<Told>, watch::Receiver<Vec<Chore>>)> {
    let (attestations, told) = mpsc::channel(rewards::TOLD_MAX);
    let (chores, ready) = watch::channel(Vec::new());
    let clerk = Clerk::new(rewards::Parts {
        store: prepared.store.clone(),
        l1: prepared.l1.clone(),
        network: prepared.network.clone(),
        peers: peers.clone(),
        attester: attester.map(|(attester, hand)| (attester, hand.consensus_key())),
        told,
        chores,
        metrics: rewards::Metrics::new(metrics),
    })?;
    Ok((clerk, attestations, ready))
}

/// What looks at rewards and proposals on L1, and where what it saw is read.
fn open_watcher(
    prepared: &Prepared,
    signer: Option<&Hand>,
    metrics: &mut MetricsRegistry,
) -> eyre::Result<(Watcher, watch::Receiver<Arc<Outlook>>)> {
    let parts = outlook::Parts {
        store: prepared.store.clone(),
        l1: prepared.l1.clone(),
        consensus_key: signer.map(Hand::consensus_key),
        metrics: outlook::Metrics::new(metrics),
    };
    Ok(Watcher::new(parts, &prepared.network)?)
}

fn open_poster(
    folder: &Folder,
    prepared: &Prepared,
    (docket, chores): (Docket, watch::Receiver<Vec<Chore>>),
    metrics: &mut MetricsRegistry,
) -> eyre::Result<(Poster, watch::Receiver<Posted>)> {
    let Prepared { network, node, store, l1, .. } = prepared;
    let journal = folder.path("data/poster.json");
    let publisher = node.poster.clone().map(|settings| -> eyre::Result<_> {
        let passphrase = settings.passphrase.as_ref().map(|path| read_text(&folder.path(path))).transpose()?;
        let submitter = Submitter::read(&folder.path(&settings.key), passphrase.as_deref().map(str::trim_end))?;
        Ok((settings, submitter, journal.as_path()))
    });
    let metrics = poster::Metrics::new(metrics);
    let sources = Sources { l1: l1.clone(), store: store.clone(), docket, chores };
    Poster::new(sources, network, publisher.transpose()?, metrics).wrap_err("the poster")
}
