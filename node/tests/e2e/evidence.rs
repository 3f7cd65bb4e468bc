//! Whoever contradicts itself is slashed on L1, and nobody has to do anything for it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256};
use eyre::{ContextCompat as _, Result, ensure, eyre};
use futures::AsyncWriteExt as _;
use rota_node::config::NodeToml;
use rota_proto::{Certificate, Epoch, Message, Place, Round, View, Vote};
use serde_json::{Value, json};

use crate::support::{Devnet, Intruder, Load, Node, Settings, consensus_secret, framed, rota, sign, until, with};

/// Evidence is found at once; then there are a few L1 blocks of a second each for every validator that has the turn
/// and is not there, and two until a block is final.
const SLASHED: Duration = Duration::from_secs(60);

/// Told, heard, kept.
const HEARD: Duration = Duration::from_secs(20);

/// From a conflict to the end of the process: reports of all who are guilty, one after the other.
const ENDS: Duration = Duration::from_secs(180);

/// The validators whose keys are in hostile hands; each holds 1 of 103 and its node does not run.
const TRAITORS: std::ops::Range<usize> = 4..7;

/// What each of them signs twice in one view, and the names of the three offences.
const OFFENCES: [&str; 3] = ["double-notarize", "double-finalize", "nullify-finalize"];

/// Without users there are no batches.
const USERS: u64 = 2;

/// The validators that sign both finalizations hold 80 of 100.
const GUILTY: std::ops::Range<usize> = 0..3;

/// Three keys each sign two votes of one view that contradict each other, each in another way, and one node sees both.
/// Every node keeps them, one of them reports them, and L1 slashes all three, within a minute. Who was away meanwhile
/// goes on like the others. The command line lists, shows, verifies and would submit the same.
#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_contradiction_is_slashed_on_l1_without_a_human() -> Result<()> {
    let settings = Settings {
        stakes: vec![30, 27, 23, 20, 1, 1, 1],
        absent: TRAITORS.collect(),
        hostile: true,
        epoch_length: 3_000,
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let _load = Load::start(&net.http, &net.rpcs()[..3], USERS)?;
        net.node(0)?.reaches(3, Duration::from_secs(60)).await?;
        let away = net.node_mut(3)?.stop().await?;
        ensure!(away.code() == Some(0), "node 3 ended with {away}");

        let since = Instant::now();
        let round = Round::new(Epoch(0), View(net.node(0)?.status().await?.view + 4));
        let mut said = Vec::new();
        for (traitor, votes) in TRAITORS.zip(contradictions(round)) {
            let secret = consensus_secret(&net.node(traitor)?.folder)?;
            let (domain, seat) = (net.network()?.domain(), place(traitor)?);
            said.extend(votes.map(|vote| Message::Vote(sign(&secret, &domain, vote, seat))));
        }
        let accused = TRAITORS.map(|traitor| operator(net, traitor)).collect::<Result<Vec<_>>>()?;
        say(net, &said, &accused).await?;
        for (traitor, offence) in TRAITORS.zip(OFFENCES) {
            for index in 0..3 {
                let piece = state(net.node(index)?, operator(net, traitor)?, "final", SLASHED).await?;
                ensure!(piece["offence"] == offence, "{piece} is no {offence}");
            }
        }
        println!("all slashed finally after {:?}", since.elapsed());
        ensure!(since.elapsed() < SLASHED, "it took more than a minute");
        net.node_mut(3)?.start().await?;
        is_caught_up(net).await?;
        on_the_command_line(net, operator(net, TRAITORS.start)?).await
    })
    .await
}

/// The three slashable pairs of a view, in the order of [`OFFENCES`].
fn contradictions(round: Round) -> [[Vote; 2]; 3] {
    let [one, two] = [1, 2].map(B256::repeat_byte);
    [
        [Vote::notarize(round, one), Vote::notarize(round, two)],
        [Vote::finalize(round, one), Vote::finalize(round, two)],
        [Vote::nullify(round), Vote::finalize(round, one)],
    ]
}

/// The name on L1 of the validator whose node that is.
pub(crate) fn operator(net: &Devnet, index: usize) -> Result<Address> {
    let secret = fs::read_to_string(net.node(index)?.folder.join("keys/operator"))?;
    Ok(secret.trim().parse::<PrivateKeySigner>()?.address())
}

pub(crate) fn place(index: usize) -> Result<Place> {
    Place::new(u8::try_from(index)?).wrap_err("no such place")
}

/// A stranger says that to the first node, which then keeps evidence against these.
pub(crate) async fn say(net: &Devnet, messages: &[Message], accused: &[Address]) -> Result<()> {
    let settings = NodeToml::read(&net.node(0)?.folder.join("config/node.toml"))?;
    let address = settings.listen.first().wrap_err("the node listens nowhere")?;
    let intruder = Intruder::connect(address, net.network()?.id()).await?;
    let mut stream = intruder.stream("votes").await?;
    for message in messages {
        stream.write_all(&framed(&message.encode())?).await?;
    }
    stream.flush().await?;
    // The connection stays until the node has read: it tells at once what it finds.
    until("the first node keeps evidence", HEARD, async || {
        for validator in accused {
            let kept: Vec<Value> = net.node(0)?.call("rota_evidence", json!([validator])).await?;
            ensure!(!kept.is_empty(), "nothing against {validator}");
        }
        Ok(Some(()))
    })
    .await
}

/// Waits until a node says that evidence against a validator has come so far.
async fn state(node: &Node, validator: Address, state: &str, within: Duration) -> Result<Value> {
    until(&format!("node {} has the evidence as {state}", node.index), within, async || {
        let kept: Vec<Value> = node.call("rota_evidence", json!([validator])).await?;
        let [piece] = kept.as_slice() else { return Err(eyre!("{} pieces", kept.len())) };
        ensure!(piece["progress"]["state"] == state, "it is {}", piece["progress"]);
        Ok(Some(piece.clone()))
    })
    .await
}

/// Who was away does not hear what L1 has judged, and has no need to; it goes on like the others.
async fn is_caught_up(net: &Devnet) -> Result<()> {
    let height = net.height().await?;
    net.node(3)?.reaches(height + 3, Duration::from_secs(60)).await.map(drop)
}

async fn on_the_command_line(net: &Devnet, traitor: Address) -> Result<()> {
    let (name, first) = (traitor.to_string(), net.node(0)?);
    let rota = async |line: &[&str], key: Option<&PrivateKeySigner>| rota(&first.folder, line, key).await;
    let listed = rota(&["evidence", "list"], None).await?;
    let pieces = listed.as_array().wrap_err("no list")?;
    let shown = rota(&["evidence", "show", &name], None).await?;
    ensure!(pieces.len() == TRAITORS.len() && pieces.contains(&shown), "{listed}");
    ensure!(rota(&["evidence", "show", &name, "--rpc", &first.rpc], None).await? == shown, "{shown}");

    let file = net.folder.join("evidence.json");
    fs::write(&file, serde_json::to_vec(&shown)?)?;
    let file = file.display().to_string();
    let verified = rota(&["evidence", "verify", &file], None).await?;
    ensure!(verified["stands"] == true, "{verified}");
    // L1 has slashed for it: what would be sent is refused in the contract's words.
    let refused = rota(&["evidence", "submit", &file, "--dry-run"], Some(&PrivateKeySigner::random())).await;
    let refused = refused.err().wrap_err("it would be taken twice")?.to_string();
    ensure!(refused.contains("AlreadySlashed"), "{refused}");

    let status: Value = serde_json::from_str(&net.http.get(&format!("{}/status", first.operator)).await?.1)?;
    ensure!(status["evidence"] == json!({ "open": 0, "confirmed": TRAITORS.len(), "expired": 0 }), "{status}");
    Ok(())
}

/// E11 of evidence: three of four keys, with 80 of 100, finalize a second batch in a view that was finalized long ago.
/// Every node stops, keeps both certificates and tells them, all three are accused and slashed, and the nodes end with
/// exit code 70.
#[tokio::test(flavor = "multi_thread")]
async fn conflicting_finalizations_stop_the_nodes_and_convict_the_guilty() -> Result<()> {
    with(Settings { hostile: true, epoch_length: 3_000, ..Settings::default() }, async |net: &mut Devnet| {
        let _load = Load::start(&net.http, &net.rpcs(), USERS)?;
        net.node(0)?.reaches(8, Duration::from_secs(60)).await?;
        let height = net.height().await?;
        let headers = net.node(0)?.headers(height - 2, height).await?;
        let round = Round::new(Epoch(0), headers.last().wrap_err("no batches")?.extra().parent_view);
        let rival = finalization(net, Vote::finalize(round, B256::repeat_byte(9)))?;
        let since = Instant::now();
        let accused = GUILTY.map(|index| operator(net, index)).collect::<Result<Vec<_>>>()?;
        say(net, &[Message::Certificate(rival)], &accused).await?;
        for node in &net.nodes {
            until(&format!("node {} knows of the conflict", node.index), HEARD, async || {
                let health = node.healthz().await?;
                ensure!(health.contains("conflict"), "it is {health}");
                Ok(Some(()))
            })
            .await?;
        }
        for index in GUILTY {
            state(net.node(0)?, operator(net, index)?, "final", SLASHED).await?;
        }
        println!("all guilty slashed finally after {:?}", since.elapsed());
        for node in &mut net.nodes {
            let ended = node.end(ENDS).await?;
            ensure!(ended.code() == Some(70), "node {} ended with {ended}", node.index);
        }
        println!("all nodes ended after {:?}", since.elapsed());
        for node in &net.nodes {
            are_kept(&node.folder, net).await?;
        }
        Ok(())
    })
    .await
}

/// A certificate by the guilty.
fn finalization(net: &Devnet, vote: Vote) -> Result<Certificate> {
    let domain = net.network()?.domain();
    let mut signatures = Vec::new();
    for index in GUILTY {
        let secret = consensus_secret(&net.node(index)?.folder)?;
        signatures.push(sign(&secret, &domain, vote, place(index)?).signature);
    }
    Ok(Certificate { vote, signers: GUILTY.map(place).collect::<Result<_>>()?, signatures })
}

/// A node that has ended keeps evidence against all who are guilty.
async fn are_kept(folder: &Path, net: &Devnet) -> Result<()> {
    let kept = rota(folder, &["evidence", "list"], None).await?;
    let kept = kept.as_array().wrap_err("no list")?;
    for index in GUILTY {
        let guilty = operator(net, index)?.to_string().to_lowercase();
        let is_guilty = |piece: &&Value| piece["validator"].as_str().is_some_and(|it| it.to_lowercase() == guilty);
        let piece = kept.iter().find(is_guilty).wrap_err_with(|| format!("nothing against node {index}"))?;
        ensure!(piece["offence"] == "double-finalize", "{piece}");
    }
    Ok(())
}
