//! `rota testnet`: a new network: keys, contracts on L1, genesis, and a folder for each node.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
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
use libp2p::identity::Keypair;
use rota_execution::{Genesis, system_contracts};
use rota_staking::bindings::{IRotaStaking, WEI_PER_POWER, inbox_creation_code, staking_creation_code};
use serde_json::json;

use super::write_secret;
use crate::{
    config::{L1Toml, NetworkToml, NodeToml, PosterToml, TimesToml, ValidatorToml},
    signer::{Keystore, Strength},
};

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
    /// The address that every node listens on and is reached at.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
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
    for index in 0..count {
        write_node(&arguments, index, &keys, &network, &genesis_json)?;
    }
    eprintln!("{count} node folders in {}; start each with: rota node --data DIR", arguments.out.display());
    Ok(())
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
        withdrawalDelay: 4,
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

/// The account `i` that every devnet funds; `rota-load` derives the same.
fn devnet_account(index: u64) -> eyre::Result<Address> {
    let mut bytes = b"rota/devnet/account".to_vec();
    bytes.extend_from_slice(&index.to_be_bytes());
    Ok(PrivateKeySigner::from_bytes(&keccak256(bytes))?.address())
}

fn genesis(arguments: &TestnetArguments, deployed: &Deployed) -> String {
    let funded = json!({ "balance": "0x21e19e0c9bab2400000" });
    let mut alloc: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    for address in (0..arguments.accounts).filter_map(|index| devnet_account(index).ok()) {
        alloc.insert(address.to_string(), funded.clone());
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
            deployment_block: deployed.block,
            start_block: deployed.start_block,
            epoch_length: arguments.epoch_length,
            origin_number: deployed.block,
            origin_hash: deployed.block_hash,
            confirmations: None,
        },
        times: TimesToml { batch_interval_ms: arguments.batch_interval_ms, ..TimesToml::default() },
    }
}

fn write_node(
    arguments: &TestnetArguments,
    index: u8,
    all: &[NodeKeys],
    network: &NetworkToml,
    genesis: &str,
) -> eyre::Result<()> {
    let folder = arguments.out.join(format!("node{index}"));
    let keys = all.get(usize::from(index)).wrap_err("a node without keys")?;
    let validates = index < arguments.validators;
    let peers = (0u8..).zip(all).filter(|(other, _)| *other != index);
    let node = NodeToml {
        rpc: address_of(arguments, arguments.rpc_port, index)?,
        cors_origins: Vec::new(),
        operator: address_of(arguments, arguments.operator_port, index)?,
        listen: vec![multiaddr(arguments, index)?],
        peers: peers
            .map(|(other, keys)| {
                let address = multiaddr(arguments, other)?;
                Ok(address.with_p2p(keys.node.public().to_peer_id()).unwrap_or_else(|address| address))
            })
            .collect::<eyre::Result<_>>()?,
        l1_rpc: arguments.l1.clone(),
        l1_poll_ms: 250,
        validator: validates.then(|| ValidatorToml {
            keystore: PathBuf::from("keys/consensus.json"),
            passphrase: PathBuf::from("keys/passphrase"),
        }),
        poster: validates.then(|| PosterToml {
            backup_after_s: arguments.backup_after_s,
            max_wait_s: arguments.max_wait_s,
            ..PosterToml::with_key(PathBuf::from("keys/operator"))
        }),
    };
    write(&folder.join("config/network.toml"), network.to_text())?;
    write(&folder.join("config/node.toml"), toml::to_string_pretty(&node)?)?;
    write(&folder.join("config/genesis.json"), genesis.to_owned())?;
    write_secret(&folder.join("keys/node"), &keys.node.to_protobuf_encoding()?)?;
    fs::create_dir_all(folder.join("data"))?;
    if validates {
        write_secret(&folder.join("keys/passphrase"), DEVNET_PASSPHRASE.as_bytes())?;
        let keystore = Keystore::encrypt(&keys.consensus, DEVNET_PASSPHRASE, Strength::Devnet)?;
        keystore.write(&folder.join("keys/consensus.json"))?;
        write_secret(&folder.join("keys/operator"), hex::encode(keys.operator.to_bytes()).as_bytes())?;
    }
    Ok(())
}

fn address_of(arguments: &TestnetArguments, base: u16, index: u8) -> eyre::Result<SocketAddr> {
    let port = base.checked_add(10 * u16::from(index)).wrap_err("a port above 65535")?;
    Ok(SocketAddr::new(arguments.host, port))
}

fn multiaddr(arguments: &TestnetArguments, index: u8) -> eyre::Result<libp2p::Multiaddr> {
    let address = address_of(arguments, arguments.p2p_port, index)?;
    let family = if address.is_ipv4() { "ip4" } else { "ip6" };
    Ok(format!("/{family}/{}/tcp/{}", address.ip(), address.port()).parse()?)
}

fn write(path: &Path, text: String) -> eyre::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).wrap_err_with(|| path.display().to_string())
}
