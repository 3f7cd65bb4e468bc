//! The set changes on L1 while the network runs.

use std::time::{Duration, Instant};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, Bytes, U256, hex};
use alloy_sol_types::SolCall as _;
use eyre::{ContextCompat as _, Result, ensure};
use rota_node::{
    config::{NodeToml, PosterToml, ValidatorToml},
    signer::{Keystore, Strength, ValidatorKeys},
};
use rota_proto::{BatchHeader, ConsensusKey, Epoch};
use rota_staking::{Registry, bindings::TestToken};
use serde_json::json;

use crate::support::{Devnet, Load, Settings, agree, genesis_keys, public, registry, rota, schedule, until, with};

/// The shortest epoch that the contracts take, with L1 blocks four times a second: eight seconds.
pub(crate) const EPOCH_LENGTH: u64 = 32;
pub(crate) const L1_BLOCK_MS: u64 = 250;

/// Two epochs until a change counts, the one it is made in, one more since an eighth of the power may leave in one, and
/// what L1 takes to be final.
const CHANGE_COUNTS: Duration = Duration::from_secs(90);

/// A few hundred small batches, from their bytes to their states.
const FOLLOWS: Duration = Duration::from_secs(15);

/// The node that joins, and the one that leaves.
const JOINS: usize = 4;
const LEAVES: usize = 3;

/// A follower that begins empty when all is done, and goes from set to set.
const LATE: usize = 5;

/// Wei of a coin, and the smallest units of a token.
pub(crate) const COIN: u64 = 1_000_000_000_000_000_000;

/// What the fifth validator stakes.
const STAKE_TOKENS: u64 = 25;

/// A fifth validator registers on L1 and joins, another leaves; what an epoch leaves undone the posters go on with
/// (P20). Every node switches each epoch at the same batch, the batches are led and voted for by the set of their
/// epoch, the new one votes and leads, the old one does no more. A node that began empty follows through all of it.
/// When at last L1 takes back blocks that it had called final, every node stops with exit code 70.
#[tokio::test(flavor = "multi_thread")]
async fn validators_join_and_leave_while_the_network_runs() -> Result<()> {
    let settings = Settings {
        followers: 2,
        absent: vec![LATE],
        epoch_length: EPOCH_LENGTH,
        l1_block_ms: L1_BLOCK_MS,
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let load = Load::start(&net.http, &net.rpcs()[..LEAVES], 4)?;
        let leaver = genesis_keys(net).await?.get(LEAVES).copied().wrap_err("no such validator")?;
        let joiner = join(net, JOINS, STAKE_TOKENS).await?;
        leave(net).await?;
        let since = Instant::now();
        let votes = async |index: usize| Ok::<_, eyre::Report>(net.node(index)?.status().await?.votes);
        until("the fifth votes and the fourth does not", CHANGE_COUNTS, async || {
            Ok((votes(JOINS).await? && !votes(LEAVES).await?).then_some(()))
        })
        .await?;
        println!("the set changed after {:?}, at height {}", since.elapsed(), net.height().await?);
        // Long enough that each of four leads and signs: three epochs of some eighty batches.
        let changed = net.node(0)?.status().await?.epoch;
        until("three epochs have passed", CHANGE_COUNTS, async || {
            Ok((net.node(0)?.status().await?.epoch >= changed + 3).then_some(()))
        })
        .await?;
        load.finish().await?;
        net.node_mut(LATE)?.start().await?;
        let (height, since) = (net.height().await?, Instant::now());
        net.node(LATE)?.reaches(height, FOLLOWS).await?;
        println!("a node that began empty has {height} batches after {:?}", since.elapsed());
        let headers = agree(&net.running(), height).await?;
        let newest = headers.last().wrap_err("no batches")?.epoch();
        let registry = registry(net, newest).await?;
        check_epochs(&headers, &registry)?;
        check_signers(&headers, &registry, &joiner, &leaver)?;
        net.nobody_is_banned().await?;
        l1_takes_back_final_blocks(net).await
    })
    .await
}

/// Makes a validator of a follower: keys, a registration on L1 by the command for it, a restart.
pub(crate) async fn join(net: &mut Devnet, index: usize, tokens: u64) -> Result<ConsensusKey> {
    let keys = ValidatorKeys::generate();
    let key = public(&keys.consensus)?;
    let operator = PrivateKeySigner::random();
    let account = operator.address();
    endow(net, account, tokens).await?;
    let folder = net.node(index)?.folder.clone();
    rota_node::cli::write_secret(&folder.join("keys/operator"), hex::encode(operator.to_bytes()).as_bytes())?;
    rota_node::cli::write_secret(&folder.join("keys/passphrase"), b"devnet")?;
    Keystore::encrypt(&keys.consensus, "devnet", Strength::Devnet)?.write(&folder.join("keys/consensus.json"))?;
    keys.attestation.encrypt("devnet", Strength::Devnet)?.write(&folder.join("keys/attestation.json"))?;
    let (amount, owner) = (tokens.to_string(), account.to_string());
    let line = ["stake", "register", "--amount", &amount, "--withdrawal", &owner];
    let told = rota(&folder, &line, None).await?;
    println!("node {index} registered as a validator in L1 block {}", told["transactions"][0]["block"]);

    let node = net.node_mut(index)?;
    let ended = node.stop().await?;
    ensure!(ended.code() == Some(0), "the follower ended with {ended}");
    let path = node.folder.join("config/node.toml");
    let mut settings = NodeToml::read(&path)?;
    settings.validator = Some(ValidatorToml {
        keystore: Some("keys/consensus.json".into()),
        passphrase: Some("keys/passphrase".into()),
        attestation: Some("keys/attestation.json".into()),
        ..ValidatorToml::default()
    });
    settings.poster = Some(PosterToml { backup_after_s: 6, ..PosterToml::with_key("keys/operator".into()) });
    std::fs::write(&path, toml::to_string_pretty(&settings)?)?;
    node.start().await?;
    Ok(key)
}

/// Gives an account a coin for gas, and tokens.
pub(crate) async fn endow(net: &Devnet, account: Address, tokens: u64) -> Result<()> {
    net.anvil.call("anvil_setBalance", json!([account, U256::from(COIN)])).await?;
    let mint = TestToken::mintCall { to: account, amount: U256::from(tokens) * U256::from(COIN) };
    on_l1(net, net.network()?.l1.contracts.token, mint.abi_encode()).await
}

async fn leave(net: &Devnet) -> Result<()> {
    let told = rota(&net.node(LEAVES)?.folder, &["stake", "unbond", "--all"], None).await?;
    println!("a validator left in L1 block {}", told["transactions"][0]["block"]);
    Ok(())
}

/// A call of a contract by anvil's first account.
pub(crate) async fn on_l1(net: &Devnet, to: Address, input: Vec<u8>) -> Result<()> {
    let from = net.anvil.call("eth_accounts", json!([])).await?[0].clone();
    let call = json!([{ "from": from, "to": to, "input": Bytes::from(input) }]);
    let hash = net.anvil.call("eth_sendTransaction", call).await?;
    until("L1 has mined it", Duration::from_secs(10), async || {
        let receipt = net.anvil.call("eth_getTransactionReceipt", json!([hash])).await?;
        ensure!(receipt.is_null() || receipt["status"] == "0x1", "the call reverted: {receipt}");
        Ok((!receipt.is_null()).then_some(()))
    })
    .await
}

/// Rules E1 and E3: an epoch ends with the first batch whose origin lies beyond it, and the origin's epoch begins.
/// Every batch is paid to the leader of its view, by the schedule of its epoch.
pub(crate) fn check_epochs(headers: &[BatchHeader], registry: &Registry) -> Result<()> {
    let mut switches = 0;
    for (parent, child) in headers.iter().zip(headers.iter().skip(1)) {
        let origin = registry.genesis().schedule.epoch_of(parent.origin().number)?;
        let expected = parent.epoch().max(origin);
        ensure!(child.epoch() == expected, "batch {} is of epoch {}", child.height(), child.epoch());
        if child.epoch() > parent.epoch() {
            switches += 1;
            println!("epoch {} begins after batch {}", child.epoch(), parent.height());
            continue;
        }
        if parent.height().0 > 0 {
            let set = registry.set(parent.epoch())?;
            let leader = schedule(registry, parent.epoch())?.leader(&set, child.extra().parent_view);
            let recipient = set.get(leader).wrap_err("a leader that is no member")?.fee_recipient;
            let paid = parent.header().beneficiary;
            ensure!(paid == recipient, "batch {} pays {paid}, its leader is {recipient}", parent.height());
        }
    }
    ensure!(switches >= 5, "only {switches} epochs began");
    Ok(())
}

/// Who signs is in the set of the epoch, with a quorum. The joiner signs once it is a member, the leaver while it is.
fn check_signers(
    headers: &[BatchHeader],
    registry: &Registry,
    joiner: &ConsensusKey,
    leaver: &ConsensusKey,
) -> Result<()> {
    let (mut joined, mut left) = (0, 0);
    for header in headers.iter().filter(|header| header.extra().parent_view.0 > 0) {
        let set = registry.set(header.epoch())?;
        let signers = header.extra().parent_signers;
        ensure!(set.is_quorum(set.power_of(signers)), "the parent of batch {} has no quorum", header.height());
        for place in signers.iter() {
            let signer = set.get(place).wrap_err_with(|| format!("batch {}: {place} is empty", header.height()))?;
            joined += usize::from(signer.consensus_key == *joiner);
            left += usize::from(signer.consensus_key == *leaver);
        }
    }
    println!("the one that joined signed for {joined} batches, the one that left for {left}");
    ensure!(joined > 20 && left > 20, "signatures of who joined: {joined}, of who left: {left}");
    let last = registry.set(headers.last().wrap_err("no batches")?.epoch())?;
    ensure!(last.place_of(joiner).is_some() && last.place_of(leaver).is_none(), "the last set is {last:?}");
    let first = registry.set(Epoch(0))?;
    ensure!(first.place_of(joiner).is_none() && first.place_of(leaver).is_some(), "the first set is {first:?}");
    Ok(())
}

async fn l1_takes_back_final_blocks(net: &mut Devnet) -> Result<()> {
    // Two blocks are not final; the rest are more than a node on a busy machine is late.
    net.anvil.call("anvil_reorg", json!([16, []])).await?;
    for node in &mut net.nodes {
        let ended = node.end(Duration::from_secs(30)).await?;
        ensure!(ended.code() == Some(70), "node {} ended with {ended}", node.index);
    }
    Ok(())
}
