//! A validator whose key is in another process, and what becomes of both when either dies (Y7 to Y12 of the signer).

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use eyre::{ContextCompat as _, Result, WrapErr as _, ensure};
use rota_node::{
    config::{NodeToml, SignerToml, ValidatorToml},
    secret,
};
use rota_proto::{Epoch, Place};
use tokio::process::Command;

use crate::support::{Devnet, Load, Process, Records, Settings, Tap, genesis_keys, registry, rota, until, with};

/// The validator with the signer: the others are a quorum without it.
const REMOTE: usize = 1;

/// The tap's node.
const TAP: usize = 4;

/// Users, each with 8 transactions at a time.
const USERS: u64 = 6;

/// A dead leader is replaced within two seconds on a machine that is not busy.
const FINALITY_GOES_ON: Duration = Duration::from_secs(10);

const ENDS: Duration = Duration::from_secs(60);

/// A period of one epoch is attested when that is over.
const ATTESTS: Duration = Duration::from_secs(120);

/// Batches that show that the chain goes on.
const GOES_ON: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn validator_with_a_signer_votes_leads_and_survives_the_death_of_either() -> Result<()> {
    let settings = Settings {
        stakes: vec![30, 27, 23, 20, 1],
        absent: vec![REMOTE, TAP],
        more: &["--period-epochs", "1"],
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let keys = genesis_keys(net).await?;
        let tap = Tap::join(&net.node(TAP)?.folder, &keys)?;
        let mut signer = Signer::of(net)?;
        // The one that starts first waits for the other.
        net.node_mut(REMOTE)?.launch()?;
        signer.start().await?;
        net.node_mut(REMOTE)?.answers().await?;
        net.connected().await?;
        let rpcs: Vec<String> = [0, 2, 3].iter().filter_map(|index| net.rpcs().get(*index).cloned()).collect();
        let load = Load::start(&net.http, &rpcs, USERS)?;
        load.final_after(Instant::now(), Duration::from_secs(30)).await?;
        votes(net).await?;
        leads(net).await?;
        ensure!(!net.node(REMOTE)?.folder.join("data/guard").exists(), "the node keeps a record of its own");

        let mut records = Records::default();
        signer_dies(net, &load, &mut signer, &mut records).await?;
        second_signer_is_refused(net, &signer).await?;
        node_dies(net, &signer, &mut records).await?;
        attests(net).await?;
        load.finish().await?;
        no_slashable_pair(net, tap, signer, records).await
    })
    .await
}

/// Rule Y13: the attestation key is with the node, and so is its record.
async fn attests(net: &Devnet) -> Result<()> {
    let log = net.folder.join(format!("node{REMOTE}.log"));
    until("the node attests a period", ATTESTS, async || {
        Ok(fs::read_to_string(&log)?.contains("attesting").then_some(()))
    })
    .await?;
    ensure!(net.node(REMOTE)?.folder.join("data/attestations").exists(), "it keeps a record of that");
    Ok(())
}

/// The signer's folder and process.
struct Signer {
    folder: PathBuf,
    socket: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

impl Signer {
    /// Takes the key out of the node's folder into one of its own.
    fn of(net: &Devnet) -> Result<Self> {
        let (node, folder) = (&net.node(REMOTE)?.folder, net.folder.join("signer"));
        moved(node, &folder)?;
        fs::remove_file(node.join("keys/consensus.json"))?;
        let socket = folder.join("run/socket");
        let path = node.join("config/node.toml");
        let mut settings = NodeToml::read(&path)?;
        let validator = settings.validator.wrap_err("a validator")?;
        settings.validator = Some(ValidatorToml { keystore: None, signer: Some(socket.clone()), ..validator });
        fs::write(&path, toml::to_string_pretty(&settings)?)?;
        Ok(Self { folder, socket, log: net.folder.join("signer.log"), process: None })
    }

    async fn start(&mut self) -> Result<()> {
        let said = || fs::read_to_string(&self.log).unwrap_or_default().matches("signer is up").count();
        let before = said();
        let mut process = Process::start(&mut command(&self.folder, &self.socket), &self.log)?;
        until("the signer is up", ENDS, async || {
            let ended = process.ended()?;
            ensure!(ended.is_none(), "it ended: {ended:?}, {}", fs::read_to_string(&self.log)?);
            Ok((said() > before).then_some(()))
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    async fn kill(&mut self) -> Result<()> {
        self.process.take().wrap_err("the signer does not run")?.kill().await
    }
}

fn command(folder: &Path, socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
    command.arg("signer").arg("--data").arg(folder).arg("--socket").arg(socket).env("NO_COLOR", "1");
    command
}

/// A signer's folder with the key that is in another one.
fn moved(from: &Path, to: &Path) -> Result<()> {
    for name in ["keys/consensus.json", "keys/passphrase"] {
        secret::create(&to.join(name), &secret::read(&from.join(name))?)?;
    }
    let settings = SignerToml { keystore: "keys/consensus.json".into(), passphrase: Some("keys/passphrase".into()) };
    secret::make_folder(&to.join("config"))?;
    fs::write(to.join("config/signer.toml"), toml::to_string_pretty(&settings)?)?;
    fs::copy(from.join("config/network.toml"), to.join("config/network.toml"))?;
    Ok(())
}

fn place() -> Result<Place> {
    Place::new(u8::try_from(REMOTE)?).wrap_err("a place")
}

async fn votes(net: &Devnet) -> Result<()> {
    let height = net.height().await?;
    net.node(0)?.sees_vote_of(place()?, height, ENDS).await
}

/// A batch pays whoever proposed it first.
async fn leads(net: &Devnet) -> Result<()> {
    let (from, set) = (net.height().await?, registry(net, Epoch(0)).await?.set(Epoch(0))?);
    let recipient = set.get(place()?).wrap_err("a member")?.fee_recipient;
    until("it leads", ENDS, async || {
        let headers = net.node(0)?.headers(from, net.node(0)?.height().await?).await?;
        Ok(headers.iter().any(|header| header.header().beneficiary == recipient).then_some(()))
    })
    .await
}

/// Y11: the node says that it cannot vote, follows the others, who go on, and votes again with the signer.
async fn signer_dies(net: &mut Devnet, load: &Load, signer: &mut Signer, records: &mut Records) -> Result<()> {
    let node = net.node(REMOTE)?;
    ensure!(node.metrics().await?.sum("rota_signer_away", &[]) == 0.0, "the signer is here");
    signer.kill().await?;
    let since = Instant::now();
    records.read(&signer.folder)?;
    until("the node says so", ENDS, async || {
        let (code, word) = node.ready().await?;
        Ok((code == 200 && word == "signer-away").then_some(()))
    })
    .await?;
    ensure!(node.metrics().await?.sum("rota_signer_away", &[]) == 1.0, "the metric says so too");
    let gap = load.final_after(since, FINALITY_GOES_ON).await?;
    println!("signer killed: the next transaction was final after {gap:?}");
    let height = net.height().await? + GOES_ON;
    net.node(0)?.reaches(height, ENDS).await?;
    node.reaches(height, ENDS).await?;
    let since = Instant::now();
    signer.start().await?;
    votes(net).await?;
    println!("signer started: the validator's vote was seen after {:?}", since.elapsed());
    ensure!(node.metrics().await?.sum("rota_signer_away", &[]) == 0.0, "it is back");
    Ok(())
}

/// Y6, Y7: neither from its folder nor from another one; and the record is not given out while it is in use.
async fn second_signer_is_refused(net: &Devnet, signer: &Signer) -> Result<()> {
    let other = net.folder.join("other");
    moved(&signer.folder, &other)?;
    let socket = other.join("run/socket");
    refused(&mut command(&signer.folder, &socket), &other, "another node runs from").await?;
    refused(&mut command(&other, &socket), &other, "another process on this host signs with key").await?;
    let mut export = Command::new(env!("CARGO_BIN_EXE_rota"));
    refused(export.args(["guard", "export", "--data"]).arg(&signer.folder), &other, "another process holds").await?;
    let shown = rota(&signer.folder, &["guard", "show"], None).await?;
    ensure!(shown["record"]["rounds"].as_array().is_some_and(|rounds| !rounds.is_empty()), "{shown}");
    Ok(())
}

async fn refused(command: &mut Command, folder: &Path, says: &str) -> Result<()> {
    let log = folder.join("refused.log");
    let ended = Process::start(command, &log)?.end(ENDS).await?;
    let said = fs::read_to_string(&log)?;
    ensure!(ended.code() == Some(75) && said.contains(says), "it ended with {ended}: {said}");
    Ok(())
}

/// The signer outlives its node, and serves it when it starts anew.
async fn node_dies(net: &mut Devnet, signer: &Signer, records: &mut Records) -> Result<()> {
    net.node_mut(REMOTE)?.kill().await?;
    records.read(&signer.folder)?;
    net.node_mut(REMOTE)?.start().await?;
    net.connected().await?;
    votes(net).await
}

/// Every signature that was sent, and all that stood in the records when something died.
async fn no_slashable_pair(net: &mut Devnet, tap: Tap, mut signer: Signer, mut records: Records) -> Result<()> {
    let newest = Epoch(net.node(0)?.status().await?.epoch);
    let registry = registry(net, newest).await?;
    for index in 0..TAP {
        let ended = net.node_mut(index)?.stop().await?;
        ensure!(ended.code() == Some(0), "node {index}: {ended}");
    }
    let ended = signer.process.take().wrap_err("the signer runs")?.terminate(ENDS).await?;
    ensure!(ended.code() == Some(0) && !signer.socket.exists(), "the signer: {ended}");
    let mut signatures = tap.leave().await?;
    for index in 0..TAP {
        let folder = net.node(index)?.folder.clone();
        records.read(if index == REMOTE { &signer.folder } else { &folder })?;
        signatures.read_store(&folder)?;
    }
    let heard = signatures.judge(&registry, &records)?;
    println!("votes heard by place: {heard:?}");
    ensure!(heard.get(&place()?).is_some_and(|votes| *votes > 0), "none of the signer's was heard");
    let out = signer.folder.join("guard.json");
    let mut export = Command::new(env!("CARGO_BIN_EXE_rota"));
    let exported = export.args(["guard", "export", "--data"]).arg(&signer.folder).arg("--out").arg(&out);
    ensure!(exported.status().await?.success(), "the record is given out");
    let imported = rota(&signer.folder, &["guard", "import", &out.display().to_string()], None).await;
    imported.wrap_err("and taken in").map(drop)
}
