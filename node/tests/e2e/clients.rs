//! What users do: ordinary clients through any node, and nodes that only follow.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U64};
use eyre::{ContextCompat as _, Result, ensure};
use rota_proto::BatchHeader;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Devnet, Load, Process, Settings, agree, devnet_signer, until, with};

/// cast, forge, viem and ethers, compilers included, on a busy machine.
const CLIENTS: Duration = Duration::from_secs(240);

/// Batches that a node misses while it is away: more than anyone sends again by itself, than consensus keeps as strays,
/// and than may wait for finality.
const MISSED: u64 = 300;

/// Until what is final by votes is final on L1 too: a poster's longest wait, and some L1 blocks.
const POSTED: Duration = Duration::from_secs(120);

/// cast sends to node 0 and reads at node 3; forge deploys an OpenZeppelin ERC-20 through node 1; viem and ethers
/// transfer it through node 3, wait for receipts, and watch events over node 2's WebSocket. Then all nodes, also one
/// that began empty, have the same batches, and a transfer sent to the follower is final at a validator. A validator
/// that is stopped for a while catches up. What was posted to L1 gives the same chain again.
#[tokio::test(flavor = "multi_thread")]
async fn ordinary_clients_use_any_node_and_a_follower_that_began_empty() -> Result<()> {
    let settings = Settings { followers: 1, absent: vec![4], ..Settings::default() };
    with(settings, async |net: &mut Devnet| {
        clients(net).await?;
        net.node_mut(4)?.start().await?;
        let height = net.height().await?;
        let follower = net.node(4)?.reaches(height, Duration::from_secs(30)).await?;
        ensure!(!follower.votes, "a follower votes");
        through_the_follower(net).await?;
        away_for_a_while(net).await?;
        let height = net.height().await?;
        let headers = agree(&net.running(), height).await?;
        replayed_from_l1_alone(net, headers.last().wrap_err("no batches")?).await
    })
    .await
}

/// Rules P17 to P19 of the poster: `rota replay` has L1's data and nothing else, and gives the nodes' last batch.
async fn replayed_from_l1_alone(net: &Devnet, last: &BatchHeader) -> Result<()> {
    let height = last.height().0;
    let node = net.node(0)?;
    until("everything is posted and final on L1", POSTED, async || {
        let block: Value = node.call("eth_getBlockByNumber", json!(["finalized", false])).await?;
        let finalized: U64 = serde_json::from_value(block["number"].clone())?;
        ensure!(finalized.to::<u64>() >= height, "height {finalized} of {height}");
        Ok(Some(()))
    })
    .await?;
    let config = node.folder.join("config");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
    command.arg("replay").arg("--network").arg(config.join("network.toml"));
    command.arg("--genesis").arg(config.join("genesis.json")).args(["--l1", &net.anvil.url, "--json"]);
    let replayed = command.args(["--to", &height.to_string()]).output().await?;
    ensure!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    let replayed: Value = serde_json::from_slice(&replayed.stdout)?;
    println!("replayed from L1 alone: {replayed}");
    ensure!(replayed["height"] == json!(height) && replayed["hash"] == json!(last.hash()), "{replayed}");
    ensure!(replayed["stateRoot"] == json!(last.header().state_root), "{replayed}");
    Ok(())
}

async fn clients(net: &Devnet) -> Result<()> {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testnet/clients/run");
    let mut command = Command::new(run);
    let http: Vec<String> = net.rpcs().into_iter().take(4).collect();
    let ws = net.node(2)?.rpc.replace("http://", "ws://");
    let key = devnet_signer(150)?.to_bytes().to_string();
    command.args(["--http", &http.join(","), "--ws", &ws, "--key", &key]);
    let log = net.folder.join("clients.log");
    let ended = Process::start(&mut command, &log)?.end(CLIENTS).await?;
    let said = std::fs::read_to_string(&log)?;
    println!("{said}");
    ensure!(ended.success(), "testnet/clients/run: {ended}");
    Ok(())
}

async fn through_the_follower(net: &Devnet) -> Result<()> {
    let follower = vec![net.node(4)?.rpc.clone()];
    let load = Load::start(&net.http, &follower, 1)?;
    load.final_after(Instant::now(), Duration::from_secs(20)).await?;
    for told in load.finish().await? {
        let receipt: Value = until("a validator has the receipt", Duration::from_secs(10), async || {
            net.node(0)?.call("eth_getTransactionReceipt", json!([told.transaction])).await
        })
        .await?;
        let block: B256 = serde_json::from_value(receipt["blockHash"].clone())?;
        ensure!(block == told.block, "the follower says {}, node 0 {block}", told.block);
    }
    Ok(())
}

/// A validator that is stopped kindly misses some batches and gets them by certificates, many to an answer.
async fn away_for_a_while(net: &mut Devnet) -> Result<()> {
    let ended = net.node_mut(3)?.stop().await?;
    ensure!(ended.code() == Some(0), "node 3 ended with {ended}");
    let missed = net.height().await? + MISSED;
    let load = Load::start(&net.http, &net.rpcs()[..3], 8)?;
    net.node(0)?.reaches(missed, Duration::from_secs(120)).await?;
    load.finish().await?;
    net.node_mut(3)?.start().await?;
    net.node(3)?.reaches(missed, Duration::from_secs(30)).await?;
    let metrics = net.node(3)?.metrics().await?;
    let answers = metrics.sum("rota_network_messages_received_total", &["kind=\"CatchUpAnswer\""]);
    println!("{MISSED} missed batches came in {answers} answers");
    ensure!(answers >= 1.0, "nobody answered");
    Ok(())
}
