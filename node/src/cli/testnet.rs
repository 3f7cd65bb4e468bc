//! `rota testnet`: a new network: keys, contracts on L1, genesis, and a folder for each node.

mod summary;

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use alloy::{
    network::{EthereumWallet, TransactionBuilder as _},
    providers::{Provider as _, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use ed25519_dalek::SigningKey;
use eyre::{ContextCompat as _, WrapErr as _, eyre};
use libp2p::{Multiaddr, identity::Keypair};
use rota_execution::{Genesis, system_contracts};
use rota_staking::bindings::{IRotaStaking, WEI_PER_POWER, inbox_creation_code, staking_creation_code};
use serde_json::json;

use super::write_secret;
use crate::{
    config::{L1Toml, NetworkToml, NodeToml, PosterToml, TimesToml, ValidatorToml},
    signer::{Keystore, Strength},
};

/// Nobody votes in an epoch that L1 has left so many behind: here, with epochs of a minute, an hour without a quorum.
const EPOCH_LAG_MAX: u64 = 60;

/// Stake leaves only after it can vote no more and the evidence window of 8 epochs is over.
const WITHDRAWAL_DELAY: u64 = EPOCH_LAG_MAX + 10;

/// Receives the base fees of every devnet.
const VAULT: Address = address!("00000000000000000000000000000000000fee00");

/// What devnet keystores are encrypted with: it protects nothing and says so.
const DEVNET_PASSPHRASE: &str = "devnet";

/// Gwei in a whole coin.
const GWEI_PER_COIN: u64 = 1_000_000_000;

/// How the network is to be.
#[derive(Debug, clap::Args)]
pub(super) struct TestnetArguments {
    /// How many validators.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    validators: u8,
    /// Their stakes in whole coins of L1; by default 30,27,23,20, and 25 each for any other number of validators.
    #[arg(long, value_delimiter = ',', value_name = "COINS")]
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
    #[arg(long, default_value_t = 60)]
    epoch_length: u64,
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
    consensus: SigningKey,
    node: Keypair,
    operator: PrivateKeySigner,
}

/// What was deployed.
struct Deployed {
    chain_id: u64,
    staking: Address,
    inbox: Address,
    start_block: u64,
    block: u64,
    block_hash: B256,
    prevrandao: B256,
    timestamp: u64,
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
    eprintln!("staking {} and inbox {} in L1 block {}", deployed.staking, deployed.inbox, deployed.block);
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
            consensus: SigningKey::from_bytes(&rand::random()),
            node: Keypair::generate_ed25519(),
            operator: PrivateKeySigner::random(),
        }
    }
}

async fn deploy(arguments: &TestnetArguments, validators: &[NodeKeys], stakes: &[u64]) -> eyre::Result<Deployed> {
    let wallet = EthereumWallet::from(arguments.deployer_key.clone());
    let url = arguments.l1.parse().wrap_err_with(|| format!("--l1 {}", arguments.l1))?;
    let l1 = ProviderBuilder::new().wallet(wallet).connect_http(url);
    let chain_id = l1.get_chain_id().await.wrap_err("L1 does not answer: is it running?")?;
    let start_block = l1.get_block_number().await?;
    let parameters = IRotaStaking::Parameters {
        rollupChainId: arguments.chain_id,
        startBlock: start_block,
        epochLength: arguments.epoch_length,
        withdrawalDelay: WITHDRAWAL_DELAY,
        minimumStakeGwei: GWEI_PER_COIN,
    };
    let seeds = validators.iter().zip(stakes).map(|(keys, stake)| seed(keys, stake * GWEI_PER_COIN)).collect();
    let value = U256::from(stakes.iter().sum::<u64>()) * U256::from(GWEI_PER_COIN) * U256::from(WEI_PER_POWER);
    let code = staking_creation_code(parameters, seeds);
    let (staking, block) = create(&l1, code, value).await.wrap_err("the staking contract")?;
    let (inbox, _) = create(&l1, inbox_creation_code(staking), U256::ZERO).await.wrap_err("the inbox")?;
    let gas_money = U256::from(10) * U256::from(GWEI_PER_COIN) * U256::from(WEI_PER_POWER);
    for keys in validators {
        let request = TransactionRequest::default().with_to(keys.operator.address()).with_value(gas_money);
        l1.send_transaction(request).await?.get_receipt().await?;
    }
    let found = l1.get_block_by_number(block.into()).await?.wrap_err("L1 lost the block of the deployment")?;
    let (block_hash, timestamp, prevrandao) = (found.header.hash, found.header.timestamp, found.header.mix_hash);
    Ok(Deployed { chain_id, staking, inbox, start_block, block, block_hash, prevrandao, timestamp })
}

fn seed(keys: &NodeKeys, stake_gwei: u64) -> IRotaStaking::Seed {
    let operator = keys.operator.address();
    IRotaStaking::Seed {
        operator,
        stakeGwei: stake_gwei,
        registration: IRotaStaking::Registration {
            consensusKey: keys.consensus.verifying_key().to_bytes().into(),
            withdrawal: operator,
            submitter: operator,
            feeRecipient: operator,
        },
    }
}

async fn create(l1: &impl alloy::providers::Provider, code: Bytes, value: U256) -> eyre::Result<(Address, u64)> {
    let request = TransactionRequest::default().with_deploy_code(code).with_value(value);
    let receipt = l1.send_transaction(request).await?.get_receipt().await?;
    let address = receipt.contract_address.filter(|_| receipt.status()).wrap_err("the deployment reverted")?;
    Ok((address, receipt.block_number.wrap_err("the deployment is in no block")?))
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
            staking: deployed.staking,
            inbox: deployed.inbox,
            slasher: None,
            deployment_block: deployed.block,
            start_block: deployed.start_block,
            epoch_length: arguments.epoch_length,
            origin_number: deployed.block,
            origin_hash: deployed.block_hash,
            confirmations: None,
        },
        times: TimesToml {
            batch_interval_ms: arguments.batch_interval_ms,
            epoch_lag_max: EPOCH_LAG_MAX,
            ..TimesToml::default()
        },
    }
}

/// What the nodes' settings are made from.
struct Plan<'a> {
    arguments: &'a TestnetArguments,
    /// Where peers reach each node.
    hosts: &'a [IpAddr],
    keys: &'a [NodeKeys],
}

impl Plan<'_> {
    /// Writes the folder of a node.
    fn write(&self, index: u8, network: &NetworkToml, genesis: &str) -> eyre::Result<()> {
        let folder = self.arguments.out.join(format!("node{index}"));
        let keys = self.keys.get(usize::from(index)).wrap_err("a node without keys")?;
        write(&folder.join("config/network.toml"), network.to_text())?;
        write(&folder.join("config/node.toml"), toml::to_string_pretty(&self.node(index)?)?)?;
        write(&folder.join("config/genesis.json"), genesis.to_owned())?;
        write_secret(&folder.join("keys/node"), &keys.node.to_protobuf_encoding()?)?;
        fs::create_dir_all(folder.join("data"))?;
        if self.validates(index) {
            write_secret(&folder.join("keys/passphrase"), DEVNET_PASSPHRASE.as_bytes())?;
            let keystore = Keystore::encrypt(&keys.consensus, DEVNET_PASSPHRASE, Strength::Devnet)?;
            keystore.write(&folder.join("keys/consensus.json"))?;
            write_secret(&folder.join("keys/operator"), hex::encode(keys.operator.to_bytes()).as_bytes())?;
        }
        Ok(())
    }

    /// The settings of a node.
    fn node(&self, index: u8) -> eyre::Result<NodeToml> {
        let arguments = self.arguments;
        let validates = self.validates(index);
        let others = (0u8..).zip(self.keys).map(|(other, _)| other).filter(|other| *other != index);
        Ok(NodeToml {
            rpc: SocketAddr::new(arguments.rpc_host, port(arguments.rpc_port, index)?),
            cors_origins: Vec::new(),
            operator: SocketAddr::new(arguments.operator_host, port(arguments.operator_port, index)?),
            listen: vec![self.listen(index)?],
            peers: others.map(|other| self.reached(other)).collect::<eyre::Result<_>>()?,
            l1_rpc: arguments.l1.clone(),
            l1_poll_ms: 500,
            validator: validates.then(|| ValidatorToml {
                keystore: PathBuf::from("keys/consensus.json"),
                passphrase: Some(PathBuf::from("keys/passphrase")),
                doppelganger_wait_ms: None,
            }),
            poster: validates.then(|| PosterToml {
                backup_after_s: arguments.backup_after_s,
                max_wait_s: arguments.max_wait_s,
                ..PosterToml::with_key(PathBuf::from("keys/operator"))
            }),
        })
    }

    const fn validates(&self, index: u8) -> bool {
        index < self.arguments.validators
    }

    /// Where peers reach a node, with its peer id.
    fn reached(&self, index: u8) -> eyre::Result<Multiaddr> {
        let keys = self.keys.get(usize::from(index)).wrap_err("a node without keys")?;
        let address = multiaddr(self.host(index)?, port(self.arguments.p2p_port, index)?)?;
        address.with_p2p(keys.node.public().to_peer_id()).map_err(|address| eyre!("{address} names another peer"))
    }

    /// Where a node listens for peers: on every interface if they come from other hosts, whose way to the node may
    /// lead through an address that is none of its own.
    fn listen(&self, index: u8) -> eyre::Result<Multiaddr> {
        let host = match self.host(index)? {
            host if self.arguments.hosts.is_empty() => host,
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        multiaddr(host, port(self.arguments.p2p_port, index)?)
    }

    fn host(&self, index: u8) -> eyre::Result<IpAddr> {
        self.hosts.get(usize::from(index)).copied().wrap_err("a node without a host")
    }
}

fn port(base: u16, index: u8) -> eyre::Result<u16> {
    base.checked_add(10 * u16::from(index)).wrap_err("a port above 65535")
}

fn multiaddr(host: IpAddr, port: u16) -> eyre::Result<Multiaddr> {
    let family = if host.is_ipv4() { "ip4" } else { "ip6" };
    Ok(format!("/{family}/{host}/tcp/{port}").parse()?)
}

fn write(path: &Path, text: String) -> eyre::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).wrap_err_with(|| path.display().to_string())
}

#[cfg(test)]
mod tests;
