//! `rota testnet`: a new network: keys, contracts on L1, genesis, and a folder for each node.

mod deploy;
mod plan;
mod summary;

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, address, keccak256};
use eyre::{WrapErr as _, eyre};
use libp2p::identity::Keypair;
use rota_execution::{Genesis, system_contracts};
use rota_staking::bindings::{EPOCH_LENGTH_MAX, EPOCH_LENGTH_MIN};
use serde_json::json;

use self::{
    deploy::{ATTESTATION_EPOCHS, Deployed, deploy, evidence_epochs},
    plan::Plan,
};
use super::write_secret;
use crate::{
    config::{L1Toml, NetworkToml, RewardsToml, TimesToml},
    signer::ValidatorKeys,
};

/// Receives the base fees of every devnet.
const VAULT: Address = address!("00000000000000000000000000000000000fee00");

/// Units of power in a whole token: power is stake in gwei.
const POWER_PER_TOKEN: u64 = 1_000_000_000;

/// How the network is to be.
#[derive(Debug, clap::Args)]
pub(super) struct TestnetArguments {
    /// How many validators.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    validators: u8,
    /// Their stakes in whole tokens; by default 30,27,23,20, and 25 each for any other number of validators.
    #[arg(long, value_delimiter = ',', value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    stakes: Vec<u64>,
    /// Nodes that follow the chain without a vote.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=8))]
    followers: u8,
    /// Where the folders go: node0, node1 and so on.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// L1's JSON-RPC.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:18545")]
    l1: String,
    /// The key that deploys, and funds the validators' accounts on L1; by default anvil's first.
    #[arg(
        long,
        env = "ROTA_DEPLOYER_KEY",
        hide_env_values = true,
        default_value = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    )]
    deployer_key: PrivateKeySigner,
    /// For a network of several hosts: the IP address at which peers reach each node, one a node, in order. Each node
    /// then listens for peers on every interface. Without it, all nodes are on 127.0.0.1.
    #[arg(long, value_delimiter = ',', value_name = "A,B,..")]
    hosts: Vec<IpAddr>,
    /// Where JSON-RPC listens, with --hosts too; 0.0.0.0 opens it to everybody who reaches the host.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    rpc_host: IpAddr,
    /// Where metrics and health listen, with --hosts too.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    operator_host: IpAddr,
    /// JSON-RPC of node i is at this port + 10 i.
    #[arg(long, default_value_t = 8545)]
    rpc_port: u16,
    /// Metrics and health of node i are at this port + 10 i.
    #[arg(long, default_value_t = 7300)]
    operator_port: u16,
    /// Peers of node i are at this port + 10 i.
    #[arg(long, default_value_t = 26656)]
    p2p_port: u16,
    /// L1 blocks of an epoch.
    #[arg(
        long,
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(EPOCH_LENGTH_MIN..=EPOCH_LENGTH_MAX)
    )]
    epoch_length: u64,
    /// Epochs of a period of rewards.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=32))]
    period_epochs: u32,
    /// Milliseconds between two L1 blocks: by it and the epochs, the contracts count how old a batch's origin may be.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    l1_block_ms: u64,
    /// Nobody votes in an epoch that L1 has left so many behind: with epochs of a minute, an hour without a quorum.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1_024))]
    epoch_lag_max: u64,
    /// Seconds by which a batch may be younger than its L1 origin.
    #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..))]
    origin_age_max_s: u64,
    /// Accounts that genesis funds, by the rule of rota-load: keccak256("rota/devnet/account" || i).
    #[arg(long, default_value_t = 1_000)]
    accounts: u64,
    /// The rollup's chain id.
    #[arg(long, default_value_t = 7682)]
    chain_id: u64,
    /// Milliseconds between batches.
    #[arg(long, default_value_t = 100)]
    batch_interval_ms: u64,
    /// Seconds that each backup poster waits longer than the one before it: a few L1 blocks.
    #[arg(long, default_value_t = 6)]
    backup_after_s: u64,
    /// Seconds after which a batch is posted at the latest.
    #[arg(long, default_value_t = 2)]
    max_wait_s: u64,
}

/// The keys of one node.
struct NodeKeys {
    validator: ValidatorKeys,
    node: Keypair,
    operator: PrivateKeySigner,
}

/// Makes the network.
///
/// # Errors
/// A report that says what is wrong.
pub(super) async fn make(arguments: TestnetArguments) -> eyre::Result<()> {
    let stakes = stakes(&arguments)?;
    let hosts = hosts(&arguments)?;
    if arguments.out.join("node0").exists() {
        return Err(eyre!("{} holds a network already: choose another --out, or remove it", arguments.out.display()));
    }
    let count = arguments.validators + arguments.followers;
    let keys: Vec<NodeKeys> = (0..count).map(|_| NodeKeys::generate()).collect();
    let validators = keys.get(..usize::from(arguments.validators)).unwrap_or(&keys);
    eprintln!("deploying the contracts on {}", arguments.l1);
    let deployed = deploy(&arguments, validators, &stakes).await?;
    let (stakes_at, inbox) = (deployed.contracts.stakes, deployed.contracts.inbox);
    eprintln!("stakes {stakes_at} and inbox {inbox}, opened in L1 block {}", deployed.block);
    let genesis_json = genesis(&arguments, &deployed);
    let genesis = Genesis::parse(&genesis_json)?;
    let network = network(&arguments, &deployed, genesis.header.hash());
    let plan = Plan { arguments: &arguments, hosts: &hosts, keys: &keys };
    for index in 0..count {
        plan.write(index, &network, &genesis_json)?;
    }
    summary::write_last(&plan, &stakes, &network)?;
    eprintln!("{count} node folders in {}; start each with: rota node --data DIR", arguments.out.display());
    if !arguments.hosts.is_empty() {
        for (index, host) in hosts.iter().enumerate() {
            eprintln!("  node{index} goes to {host}");
        }
        eprintln!("every host must reach L1 at {}", arguments.l1);
    }
    Ok(())
}

/// Where peers reach each node.
fn hosts(arguments: &TestnetArguments) -> eyre::Result<Vec<IpAddr>> {
    let wanted = usize::from(arguments.validators + arguments.followers);
    match arguments.hosts.len() {
        0 => Ok(vec![Ipv4Addr::LOCALHOST.into(); wanted]),
        given if given == wanted => Ok(arguments.hosts.clone()),
        given => Err(eyre!("--hosts names {given} hosts for {wanted} nodes")),
    }
}

fn stakes(arguments: &TestnetArguments) -> eyre::Result<Vec<u64>> {
    let wanted = usize::from(arguments.validators);
    match (arguments.stakes.len(), wanted) {
        (0, 4) => Ok(vec![30, 27, 23, 20]),
        (0, _) => Ok(vec![25; wanted]),
        (given, _) if given == wanted => Ok(arguments.stakes.clone()),
        (given, _) => Err(eyre!("--stakes names {given} stakes for {wanted} validators")),
    }
}

impl NodeKeys {
    fn generate() -> Self {
        Self {
            validator: ValidatorKeys::generate(),
            node: Keypair::generate_ed25519(),
            operator: PrivateKeySigner::random(),
        }
    }
}

/// The key of account `i` that every devnet funds; `rota-load` derives the same.
fn devnet_key(index: u64) -> eyre::Result<PrivateKeySigner> {
    let mut bytes = b"rota/devnet/account".to_vec();
    bytes.extend_from_slice(&index.to_be_bytes());
    Ok(PrivateKeySigner::from_bytes(&keccak256(bytes))?)
}

fn genesis(arguments: &TestnetArguments, deployed: &Deployed) -> String {
    let funded = json!({ "balance": "0x21e19e0c9bab2400000" });
    let mut alloc: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    for key in (0..arguments.accounts).filter_map(|index| devnet_key(index).ok()) {
        alloc.insert(key.address().to_string(), funded.clone());
    }
    for (address, code) in system_contracts() {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
    }
    json!({
        "config": {
            "chainId": arguments.chain_id, "pragueTime": 0,
            "rota": { "vault": VAULT, "originNumber": deployed.block, "originHash": deployed.block_hash },
        },
        "nonce": "0x0", "timestamp": format!("{:#x}", deployed.timestamp), "extraData": "0x",
        "gasLimit": "0x2faf080", "difficulty": "0x0", "mixHash": deployed.prevrandao, "coinbase": Address::ZERO,
        "alloc": alloc,
    })
    .to_string()
}

fn network(arguments: &TestnetArguments, deployed: &Deployed, genesis_hash: B256) -> NetworkToml {
    NetworkToml {
        name: format!("devnet-{}", arguments.chain_id),
        rollup_chain_id: arguments.chain_id,
        genesis_hash,
        l1: L1Toml {
            chain_id: deployed.chain_id,
            opening_block: deployed.block,
            start_block: deployed.start_block,
            epoch_length: arguments.epoch_length,
            origin_number: deployed.block,
            origin_hash: deployed.block_hash,
            confirmations: None,
            contracts: deployed.contracts,
        },
        times: TimesToml {
            batch_interval_ms: arguments.batch_interval_ms,
            epoch_lag_max: arguments.epoch_lag_max,
            origin_age_max_s: arguments.origin_age_max_s,
            evidence_epochs: evidence_epochs(arguments),
            ..TimesToml::default()
        },
        rewards: RewardsToml { period_epochs: arguments.period_epochs.into(), attestation_epochs: ATTESTATION_EPOCHS },
    }
}

fn write(path: &Path, text: String) -> eyre::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).wrap_err_with(|| path.display().to_string())
}

#[cfg(test)]
mod tests;
