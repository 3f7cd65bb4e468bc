//! L1 as a node reads it: the sets and leaders of epochs, by the production registry.

use std::time::Duration;

use eyre::{ContextCompat as _, Result, ensure};
use rota_consensus::LeaderSchedule;
use rota_node::l1::L1Client;
use rota_proto::{ConsensusKey, Epoch};
use rota_staking::Registry;

use super::{Devnet, until};

/// L1 blocks asked for at once.
const BLOCKS_AT_ONCE: u64 = 400;

/// The registry after L1's newest final block, once it knows the set and the leaders of an epoch.
pub(crate) async fn registry(net: &Devnet, epoch: Epoch) -> Result<Registry> {
    let network = net.network()?;
    let client = L1Client::new(&net.anvil.url, network.l1.clone())?;
    let deployed = network.l1.opening_block;
    let first = client.blocks(deployed, deployed).await?;
    let (mut registry, warnings) = Registry::begin(network.registry()?, first.first().wrap_err("no deployment")?)?;
    ensure!(warnings.is_empty(), "{warnings:?}");
    until(&format!("L1 tells epoch {epoch}"), Duration::from_secs(60), async || {
        let newest = client.final_number().await?;
        let next = registry.newest().number + 1;
        for block in client.blocks(next, newest.min(next + BLOCKS_AT_ONCE)).await? {
            registry.apply(&block)?;
        }
        ensure!(registry.newest().number == newest, "at {} of {newest}", registry.newest().number);
        registry.set(epoch)?;
        registry.leader_seed(epoch)?;
        Ok(Some(()))
    })
    .await?;
    Ok(registry)
}

/// Who leads which view of an epoch.
pub(crate) fn schedule(registry: &Registry, epoch: Epoch) -> Result<LeaderSchedule> {
    Ok(LeaderSchedule::Drawn(registry.leader_seed(epoch)?))
}

/// The consensus keys of the validators that the network began with, in the order of their nodes.
pub(crate) async fn genesis_keys(net: &Devnet) -> Result<Vec<ConsensusKey>> {
    let set = registry(net, Epoch(0)).await?.set(Epoch(0))?;
    Ok(set.iter().map(|(_, validator)| validator.consensus_key).collect())
}
