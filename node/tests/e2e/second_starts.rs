//! A validator is started twice: on one host the second process is refused, and one that starts while its key signs
//! elsewhere hears that and stops before it signs (Y6, Y7 of the signer, S4 of consensus).

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use eyre::{ContextCompat as _, Result, ensure};
use libp2p::identity::Keypair;
use rota_node::{config::NodeToml, secret};
use rota_proto::{ConsensusKey, Epoch, Message, Place, Round, View, Vote};
use tokio::process::Command;

use crate::support::{Devnet, Load, Member, Process, Settings, consensus_secret, genesis_keys, sign, until, with};

const ENDS: Duration = Duration::from_secs(60);

/// How long the validators of these tests listen.
const LISTENS_MS: u64 = 4_000;

/// The node that is started twice.
const TWICE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn y7_second_process_on_one_host_is_refused_from_its_folder_and_from_any_other() -> Result<()> {
    with(Settings { stakes: vec![25], ..Settings::default() }, async |net: &mut Devnet| {
        let folder = net.node(0)?.folder.clone();
        refused(&folder, 75, "another node runs from").await?;
        let other = copied(&folder, &net.folder.join("other"))?;
        refused(&other, 75, "another process on this host signs with key").await?;
        net.node(0)?.status().await?;
        // What the one left is the other's to take.
        net.node_mut(0)?.kill().await?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
        command.args(["node", "--no-doppelganger-wait", "--data"]).arg(&other);
        let log = net.folder.join("other.log");
        let process = Process::start(&mut command, &log)?;
        until("the other runs", ENDS, async || Ok(fs::read_to_string(&log)?.contains("node is up").then_some(())))
            .await?;
        ensure!(process.terminate(ENDS).await?.code() == Some(0), "it stops as asked");
        net.node_mut(0)?.start().await
    })
    .await
}

/// The key of node 3 votes from elsewhere, and node 3 starts: it signs nothing and stops. Once the other is gone it
/// starts, listens, and votes.
#[tokio::test(flavor = "multi_thread")]
async fn s4_validator_whose_key_signs_elsewhere_stops_and_one_that_hears_nothing_votes() -> Result<()> {
    with(Settings { hostile: true, ..Settings::default() }, async |net: &mut Devnet| {
        let load = Load::start(&net.http, &net.rpcs(), 2)?;
        let keys = genesis_keys(net).await?;
        let folder = net.node(TWICE)?.folder.clone();
        listen_for(&folder)?;
        net.node_mut(TWICE)?.stop().await?;
        let before = fs::read(folder.join("data/guard"))?;

        let elsewhere = copied(&folder, &net.folder.join("elsewhere"))?;
        let twin = Twin::join(net, &elsewhere, &keys).await?;
        net.node_mut(TWICE)?.launch_listening()?;
        let ended = net.node_mut(TWICE)?.end(ENDS).await?;
        ensure!(ended.code() == Some(77), "it ended with {ended}");
        let votes = |image: &[u8]| rota_staking::GuardFile::open(image).map(|(_, record)| record.votes().count());
        let after = fs::read(folder.join("data/guard"))?;
        ensure!(votes(&after)? <= votes(&before)?, "it signed while it listened");
        twin.leave().await?;

        net.node_mut(TWICE)?.launch_listening()?;
        net.node_mut(TWICE)?.answers().await?;
        until("it listens", ENDS, async || {
            let (code, word) = net.node(TWICE)?.ready().await?;
            Ok((code == 200 && word == "listening").then_some(()))
        })
        .await?;
        let (place, height) = (place_of(&keys)?, net.height().await?);
        net.node(0)?.sees_vote_of(place, height, ENDS).await?;
        load.finish().await.map(drop)
    })
    .await
}

/// The vote that another process would sign with the key: here a test signs it, for every view to come.
struct Twin {
    member: Member,
    signing: tokio::task::JoinHandle<()>,
    listening: tokio::task::JoinHandle<()>,
}

impl Twin {
    async fn join(net: &Devnet, folder: &Path, keys: &[ConsensusKey]) -> Result<Self> {
        let (member, mut events) = Member::join(folder, keys)?;
        let listening = tokio::spawn(async move { while events.recv().await.is_some() {} });
        let (secret, place, domain) = (consensus_secret(folder)?, place_of(keys)?, member.domain.clone());
        let others: Vec<ConsensusKey> =
            keys.iter().enumerate().filter(|(index, _)| *index != TWICE).map(|(_, key)| *key).collect();
        let (handle, http, operator) = (member.handle.clone(), net.http.clone(), net.node(0)?.operator.clone());
        let signing = tokio::spawn(async move {
            loop {
                // The node may be busy.
                let status = http.get(&format!("{operator}/status")).await.unwrap_or_default().1;
                let at = serde_json::from_str::<serde_json::Value>(&status).unwrap_or_default();
                let (epoch, view) = (at["epoch"].as_u64().unwrap_or(0), at["view"].as_u64().unwrap_or(0));
                for ahead in 1..=8 {
                    let vote = Vote::nullify(Round::new(Epoch(epoch), View(view + ahead)));
                    let message = Message::Vote(sign(&secret, &domain, vote, place));
                    // Lost, if it finds no room.
                    let _ = handle.broadcast(&message, others.clone());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Ok(Self { member, signing, listening })
    }

    async fn leave(self) -> Result<()> {
        self.signing.abort();
        self.member.leave().await?;
        self.listening.abort();
        Ok(())
    }
}

fn place_of(keys: &[ConsensusKey]) -> Result<Place> {
    ensure!(keys.len() > TWICE, "{} keys", keys.len());
    Place::new(u8::try_from(TWICE)?).wrap_err("a place")
}

fn listen_for(folder: &Path) -> Result<()> {
    let path = folder.join("config/node.toml");
    let mut settings = NodeToml::read(&path)?;
    settings.validator.as_mut().wrap_err("a validator")?.doppelganger_wait_ms = Some(LISTENS_MS);
    Ok(fs::write(&path, toml::to_string_pretty(&settings)?)?)
}

/// The same validator in a folder of its own: its settings and its consensus key, another node key, any free ports.
fn copied(from: &Path, to: &Path) -> Result<PathBuf> {
    secret::make_folder(&to.join("config"))?;
    for file in ["config/network.toml", "config/genesis.json"] {
        fs::copy(from.join(file), to.join(file))?;
    }
    for file in ["keys/consensus.json", "keys/attestation.json", "keys/passphrase", "keys/operator"] {
        secret::create(&to.join(file), &secret::read(&from.join(file))?)?;
    }
    secret::create(&to.join("keys/node"), &Keypair::generate_ed25519().to_protobuf_encoding()?)?;
    let mut settings = NodeToml::read(&from.join("config/node.toml"))?;
    (settings.rpc, settings.operator) = ("127.0.0.1:0".parse()?, "127.0.0.1:0".parse()?);
    settings.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
    fs::write(to.join("config/node.toml"), toml::to_string_pretty(&settings)?)?;
    Ok(to.to_path_buf())
}

/// Runs a node until it ends by itself.
async fn refused(folder: &Path, code: i32, says: &str) -> Result<()> {
    let log = folder.with_extension(format!("refused-{code}.log"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
    let ended = Process::start(command.args(["node", "--data"]).arg(folder), &log)?.end(ENDS).await?;
    let said = fs::read_to_string(&log)?;
    ensure!(ended.code() == Some(code), "it ended with {ended}, not {code}: {said}");
    ensure!(said.contains(says), "it does not say \"{says}\": {said}");
    Ok(())
}
