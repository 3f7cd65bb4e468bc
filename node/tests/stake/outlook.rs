//! What a node tells of rewards and proposals on L1 (rules O).

use std::sync::Arc;

use alloy_primitives::hex;
use eyre::{ContextCompat as _, Result, ensure};
use prometheus_client::{encoding::text::encode, registry::Registry};
use rota_node::{
    l1::L1Client,
    outlook::{self, Metrics, Outlook, State, Watcher},
    signer::Keystore,
    store::{MemoryStore, Store},
};
use rota_proto::ConsensusKey;
use tokio::sync::watch;

use crate::{
    governance::propose,
    rewards::{attest, node_with, period},
    world::{TOKEN, World},
};

/// A watcher of the first validator's node, what it tells, and its metrics.
struct Watched {
    watcher: Watcher,
    outlook: watch::Receiver<Arc<Outlook>>,
    metrics: Registry,
}

impl Watched {
    fn new(world: &World, store: &Arc<MemoryStore>) -> Result<Self> {
        let keystore = Keystore::read(&world.seed(0)?.folder.join("keys/consensus.json"))?;
        let key: [u8; 32] = hex::decode_to_array(keystore.public_key())?;
        let mut metrics = Registry::with_prefix("rota");
        let store: Arc<dyn Store> = store.clone();
        let parts = outlook::Parts {
            store,
            l1: L1Client::new(&world.url, world.network.l1.clone())?,
            consensus_key: Some(ConsensusKey::from_bytes(&key)?),
            metrics: Metrics::new(&mut metrics),
        };
        let (watcher, outlook) = Watcher::new(parts, &world.network)?;
        Ok(Self { watcher, outlook, metrics })
    }

    async fn look(&mut self) -> Result<Arc<Outlook>> {
        self.watcher.look().await?;
        Ok(self.outlook.borrow().clone())
    }

    /// The value of a metric, as it is scraped.
    fn metric(&self, name: &str) -> Result<String> {
        let mut text = String::new();
        encode(&mut text, &self.metrics)?;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.map(Into::into).wrap_err_with(|| format!("no {name} in {text}"))
    }
}

/// Rules O1, O4.
#[tokio::test(flavor = "multi_thread")]
async fn o1_earnings_are_those_that_l1_owes() -> Result<()> {
    let world = World::new().await?;
    let (first, second) = (world.seed(0)?.address(), world.seed(1)?.address());
    let mut watched = Watched::new(&world, &Arc::default())?;
    let before = watched.look().await?;
    assert_eq!(before.next_period, 0);
    assert_eq!(before.earnings.iter().map(|earned| earned.validator).collect::<Vec<_>>(), [first, second]);
    ensure!(before.earnings.iter().all(|earned| earned.stake == 0 && earned.commission == 0), "{before:?}");

    let period = period(&world)?;
    let node = node_with(&period).await?;
    world.epochs_pass(4).await?;
    attest(&world, &period).await?;
    world.told(&world.seed(0)?, &format!("rewards bring 0 {first} --rpc {node}"))?;
    let after = watched.look().await?;
    assert_eq!((after.block, after.next_period), (world.number().await?, 1));
    let reward = TOKEN * 30 / 57;
    assert_eq!(after.earnings.iter().map(|earned| earned.stake).collect::<Vec<_>>(), [reward, 0]);
    assert_eq!(watched.metric("rota_own_unpaid_stake")?.parse::<f64>()?, reward as f64);

    world.told(&world.seed(0)?, &format!("stake claim --validator {first} --account {first}"))?;
    let paid = watched.look().await?;
    ensure!(paid.earnings.iter().all(|earned| earned.stake < 1_000), "dust at most: {paid:?}");
    Ok(())
}

/// Rules O1 to O3.
#[tokio::test(flavor = "multi_thread")]
async fn o2_proposals_are_found_however_long_l1_is_and_followed() -> Result<()> {
    let world = World::new().await?;
    let (store, seed) = (Arc::default(), world.seed(0)?);
    let id = propose(&world, &seed, "allow-list lift --description open")?;
    let mut watched = Watched::new(&world, &store)?;
    ensure!(watched.look().await?.proposals.is_empty(), "its block is not final");
    world.mine(3).await?;
    let seen = watched.look().await?;
    let (notice, standing) = seen.proposals.first().wrap_err("it is final")?;
    ensure!(notice.id.to_string().starts_with(&id) && notice.description == "open", "{notice:?}");
    assert_eq!((notice.calls.len(), notice.calls[0].0), (1, world.contracts().admission));
    assert_eq!(standing.state, State::Active);
    world.told(&seed, &format!("gov vote {id} for"))?;
    assert_eq!(watched.look().await?.proposals[0].1.for_it.to_string(), (30 * TOKEN).to_string());

    // More blocks than are searched at once, and a proposal after them.
    world.mine(2_100).await?;
    propose(&world, &seed, "guardian --none")?;
    world.mine(3).await?;
    let tip = world.number().await?;
    ensure!(watched.look().await?.block < tip, "there is more to search, and nothing new to tell");
    // Another start goes on where that one came to.
    let mut watched = Watched::new(&world, &store)?;
    let states: Vec<_> = watched.look().await?.proposals.iter().map(|(_, standing)| standing.state).collect();
    assert_eq!(states, [State::Succeeded, State::Active]);
    assert_eq!(watched.metric("rota_governance_proposals{state=\"active\"}")?, "1");
    Ok(())
}
