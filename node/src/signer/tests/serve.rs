//! A signer on a real socket, and whoever speaks to it: Y8 to Y10. That a vote is durable before there is a signature
//! is shown of the signer itself; with real processes all is proven in `tests/e2e/signers.rs`.

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use alloy_primitives::{Address, B256};
use ed25519_dalek::SigningKey;
use eyre::{ContextCompat as _, Result, WrapErr as _, bail, ensure};
use rota_proto::{ConsensusKey, Epoch, Round, Signature, Strict, Verifier as _, View};
use rota_staking::{Refusal, SafetyRecord};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};

use super::*;
use crate::signer::{
    GuardFolder,
    wire::{ANSWER_BYTES_MAX, At},
};

const ROUND: Round = Round::new(Epoch(3), View(5));
const A: B256 = B256::repeat_byte(1);
const B: B256 = B256::repeat_byte(2);

const NETWORK: SigningNetwork =
    SigningNetwork { l1_chain_id: 31_337, staking_contract: Address::repeat_byte(1), rollup_chain_id: 7_682 };

/// A signer that runs.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    key: [u8; 32],
    running: Option<Running>,
}

/// What ends it, and how it ended.
type Running = (watch::Sender<bool>, JoinHandle<Result<(), SignError>>);

impl World {
    pub(crate) async fn start() -> Result<Self> {
        let mut world = Self { folder: tempfile::tempdir()?, key: rand::random(), running: None };
        world.start_again()?;
        Ok(world)
    }

    pub(crate) fn start_again(&mut self) -> Result<()> {
        let server = SignerServer::bind(&self.socket(), self.signer(NETWORK.domain())?, NETWORK)?;
        let (stop, stopped) = watch::channel(false);
        self.running = Some((stop, tokio::spawn(server.run(stopped))));
        Ok(())
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        let (stop, server) = self.running.take().wrap_err("it runs")?;
        stop.send(true)?;
        Ok(server.await??)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("run/signer")
    }

    pub(crate) fn network(&self) -> SigningNetwork {
        NETWORK
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn signer(&self, domain: rota_proto::SigningDomain) -> Result<Signer, SignError> {
        Signer::open(&self.data(), SigningKey::from_bytes(&self.key), domain)
    }

    pub(crate) fn public(&self) -> Result<ConsensusKey> {
        Ok(ConsensusKey::from_bytes(&SigningKey::from_bytes(&self.key).verifying_key().to_bytes())?)
    }

    async fn stranger(&self) -> Result<Stranger> {
        Ok(Stranger(UnixStream::connect(self.socket()).await?))
    }

    async fn greeted(&self) -> Result<Stranger> {
        let mut stranger = self.stranger().await?;
        let answer = stranger.asks(&hello(PROTOCOL, NETWORK)).await?;
        ensure!(answer["answer"] == "hello", "{answer}");
        Ok(stranger)
    }

    fn record(&self) -> Result<SafetyRecord> {
        Ok(GuardFolder(&self.data()).show()?)
    }
}

/// A connection that says whatever it likes.
struct Stranger(UnixStream);

impl Stranger {
    async fn says(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(&u32::try_from(bytes.len())?.to_be_bytes()).await?;
        Ok(self.0.write_all(bytes).await?)
    }

    async fn asks(&mut self, request: &Value) -> Result<Value> {
        self.says(request.to_string().as_bytes()).await?;
        self.hears().await
    }

    async fn hears(&mut self) -> Result<Value> {
        Ok(parse(&wire::read_bytes(&mut self.0, ANSWER_BYTES_MAX).await?)?)
    }

    async fn is_cut_off(&mut self) -> Result<()> {
        let mut rest = Vec::new();
        // A reset is an end too: bytes of ours lay unread.
        let read = timeout(WITHIN * 5, self.0.read_to_end(&mut rest)).await?;
        ensure!(rest.is_empty(), "it said {rest:?} and ended with {read:?}");
        Ok(())
    }
}

fn hello(protocol: u16, network: SigningNetwork) -> Value {
    json!({ "protocol": protocol, "network": network })
}

fn signature(answer: &Value) -> Result<Signature> {
    let bytes = hex::decode(answer["signature"].as_str().wrap_err("a signature")?)?;
    Ok(Signature(bytes.as_slice().try_into()?))
}

fn vote(kind: &str, batch: B256) -> Value {
    json!({ "request": "vote", "kind": kind, "round": { "epoch": 3, "view": 5 }, "batch": batch })
}

/// Whoever says what no node says is cut off, with nothing signed; the next one is served.
#[tokio::test]
async fn y9_frame_that_is_none_ends_the_connection_and_nothing_else() -> Result<()> {
    let mut world = World::start().await?;
    let before = std::fs::read(world.data().join("guard"))?;
    let whole = vote("notarize", A);
    let mut more = whole.clone();
    more["more"] = 1.into();
    let mut far = whole.clone();
    far["round"] = json!({ "epoch": 3, "view": u64::from(u32::MAX) + 1 });
    let mut digest = whole.clone();
    digest["request"] = "sign".into();
    let floor = json!({ "request": "raiseFloor", "floor": { "epoch": u64::MAX, "view": 1 } });
    let bad: [Vec<u8>; 8] = [
        vec![],
        b"{".to_vec(),
        vec![b' '; REQUEST_BYTES_MAX],
        b"[".repeat(REQUEST_BYTES_MAX),
        more.to_string().into(),
        far.to_string().into(),
        digest.to_string().into(),
        floor.to_string().into(),
    ];
    for bytes in bad {
        let mut stranger = world.greeted().await?;
        stranger.says(&bytes).await?;
        stranger.is_cut_off().await.wrap_err_with(|| String::from_utf8_lossy(&bytes).into_owned())?;
    }
    // One byte more than the longest is not even read.
    let mut stranger = world.greeted().await?;
    stranger.0.write_all(&u32::try_from(REQUEST_BYTES_MAX + 1)?.to_be_bytes()).await?;
    stranger.is_cut_off().await?;
    // Who does not greet first, or sends half a frame, does not keep the others out.
    let mut first = world.stranger().await?;
    first.says(whole.to_string().as_bytes()).await?;
    first.is_cut_off().await?;
    let mut half = world.greeted().await?;
    half.0.write_all(&[0, 0]).await?;
    half.is_cut_off().await?;
    let mut silent = world.stranger().await?;
    let mut node = world.greeted().await?;
    silent.is_cut_off().await?;
    ensure!(std::fs::read(world.data().join("guard"))? == before, "something was written");
    ensure!(node.asks(&whole).await?["answer"] == "signed", "the next one is served");
    world.stop().await
}

#[tokio::test]
async fn y8_node_of_another_version_or_network_is_refused_by_name() -> Result<()> {
    let mut world = World::start().await?;
    let newer = json!({ "protocol": 2, "something": "else" });
    let answer = world.stranger().await?.asks(&newer).await?;
    ensure!(answer["why"] == json!({ "name": "otherProtocol", "known": 1 }), "{answer}");
    let others = [
        SigningNetwork { l1_chain_id: 1, ..NETWORK },
        SigningNetwork { staking_contract: Address::repeat_byte(2), ..NETWORK },
        SigningNetwork { rollup_chain_id: 1, ..NETWORK },
    ];
    for other in others {
        let mut stranger = world.stranger().await?;
        let answer = stranger.asks(&hello(PROTOCOL, other)).await?;
        ensure!(answer["why"] == json!({ "name": "otherNetwork", "expected": NETWORK }), "{answer}");
        stranger.is_cut_off().await?;
    }
    world.stop().await
}

/// Whatever a hijacked node asks for, the two of a slashable pair are never both signed, and each signature is over the
/// digest of a vote in the signer's own domain.
#[tokio::test]
async fn y8_same_vote_gets_the_same_signature_and_one_that_conflicts_none() -> Result<()> {
    let mut world = World::start().await?;
    let mut node = world.greeted().await?;
    let first = node.asks(&vote("notarize", A)).await?;
    let digest = NETWORK.domain().vote(&Vote::notarize(ROUND, A));
    ensure!(Strict.verifies(&world.public()?, &digest, &signature(&first)?), "it stands for the vote");
    ensure!(node.asks(&vote("notarize", A)).await? == first, "again");
    ensure!(node.asks(&vote("finalize", A)).await?["answer"] == "signed", "finalize goes along");
    let (record, image) = (world.record()?, std::fs::read(world.data().join("guard"))?);
    let refused = [
        (vote("notarize", B), Refusal::ConflictingNotarize { vote: Vote::notarize(ROUND, B), recorded: A }),
        (vote("finalize", B), Refusal::ConflictingFinalize { vote: Vote::finalize(ROUND, B), recorded: A }),
        (vote("nullify", B256::ZERO), Refusal::NullifyAfterFinalize { vote: Vote::nullify(ROUND), recorded: A }),
    ];
    for (asked, refusal) in refused {
        let answer = node.asks(&asked).await?;
        ensure!(answer == serde_json::to_value(Answer::Refused { why: refusal.into() })?, "{answer}");
    }
    ensure!(
        world.record()? == record && std::fs::read(world.data().join("guard"))? == image,
        "the record is unchanged"
    );
    drop(node);
    world.stop().await?;
    world.start_again()?;
    ensure!(world.greeted().await?.asks(&vote("notarize", A)).await? == first, "after a restart");
    world.stop().await
}

/// Y8: no node chooses the sequence of a peer record, the highest of which is believed for ever.
#[tokio::test]
async fn y8_peer_record_has_the_time_of_the_signer() -> Result<()> {
    let mut world = World::start().await?;
    let before = now_ms();
    let answer = world.greeted().await?.asks(&json!({ "request": "vouch", "nodeKey": A })).await?;
    let sequence = answer["sequence"].as_u64().wrap_err("a sequence")?;
    ensure!((before..=now_ms()).contains(&sequence), "{answer}");
    let digest = NETWORK.domain().peer_record(world.public()?.to_bytes(), A.0, sequence);
    ensure!(Strict.verifies(&world.public()?, &digest, &signature(&answer)?), "{answer}");
    world.stop().await
}

#[tokio::test]
async fn y10_second_node_is_refused_until_the_first_is_gone() -> Result<()> {
    let mut world = World::start().await?;
    let node = world.greeted().await?;
    let answer = world.stranger().await?.asks(&hello(PROTOCOL, NETWORK)).await?;
    ensure!(answer["why"]["name"] == "busy", "{answer}");
    drop(node);
    let since = std::time::Instant::now();
    while world.greeted().await.is_err() {
        ensure!(since.elapsed() < Duration::from_secs(10), "it keeps the place of a node that is gone");
        tokio::task::yield_now().await;
    }
    world.stop().await
}

#[tokio::test]
async fn y10_socket_is_its_users_alone_and_takes_the_place_of_nothing_that_lives() -> Result<()> {
    let mut world = World::start().await?;
    let socket = world.socket();
    let mode = |path: &Path| std::fs::metadata(path).map(|found| found.permissions().mode() & 0o777);
    ensure!((mode(&socket)?, mode(&world.folder.path().join("run"))?) == (0o600, 0o700));
    let other = tempfile::tempdir()?;
    let bind = |path: &Path| {
        let key = SigningKey::from_bytes(&rand::random());
        let signer = Signer::open(&tempfile::tempdir()?.keep().join("data"), key, NETWORK.domain());
        Ok::<_, eyre::Report>(SignerServer::bind(path, signer?, NETWORK).err())
    };
    let taken = bind(&socket)?;
    ensure!(matches!(taken, Some(ServeError::Taken { .. })), "{taken:?}");
    world.stop().await?;
    ensure!(!socket.exists(), "it takes its socket along");
    // One that was killed left its own.
    drop(std::os::unix::net::UnixListener::bind(&socket)?);
    ensure!(bind(&socket)?.is_none(), "what is left is taken over");
    std::fs::write(&socket, "a file")?;
    let file = bind(&socket)?;
    ensure!(matches!(file, Some(ServeError::NoSocket { .. })) && std::fs::read(&socket)? == b"a file", "{file:?}");
    std::fs::set_permissions(other.path(), std::fs::Permissions::from_mode(0o755))?;
    let open = bind(&other.path().join("socket"))?;
    ensure!(matches!(open, Some(ServeError::Folder(SecretError::FolderMode { mode: 0o755, .. }))), "{open:?}");
    Ok(())
}

/// Y9: what the guard says is the same on both sides.
#[test]
fn every_refusal_comes_out_as_it_went_in() -> Result<()> {
    let vote = Vote::finalize(ROUND, B);
    let refusals = [
        Refusal::WrongRollup { asked: 1, record: 2 },
        Refusal::NoVote(vote),
        Refusal::BelowFloor { vote, floor: ROUND.next_view() },
        Refusal::HeldBack { vote, resume: ROUND.next_view() },
        Refusal::ConflictingNotarize { vote, recorded: A },
        Refusal::ConflictingFinalize { vote, recorded: A },
        Refusal::FinalizeAfterNullify { vote },
        Refusal::NullifyAfterFinalize { vote, recorded: A },
    ];
    for refusal in refusals {
        let answer = Answer::Refused { why: refusal.into() };
        let Answer::Refused { why } = parse(&serde_json::to_vec(&answer)?)? else { bail!("it is another answer") };
        ensure!(why.refusal(vote) == Some(refusal), "{why:?} of {refusal:?}");
    }
    Ok(())
}

/// Y9: the longest of both kinds fit, with the fullest record.
#[test]
fn limits_of_frames_count_every_field() -> Result<()> {
    let network = SigningNetwork { l1_chain_id: u64::MAX, rollup_chain_id: u64::MAX, ..NETWORK };
    let at = At::from(Round::new(Epoch(u64::MAX), View(u64::MAX)));
    let vote = Vote::finalize(Round::new(Epoch(u64::MAX), View(u64::MAX)), B);
    for longest in [
        serde_json::to_vec(&Hello { protocol: u16::MAX, network })?,
        serde_json::to_vec(&Request::vote(&vote))?,
        serde_json::to_vec(&Request::HoldBack { floor: at, resume: at })?,
    ] {
        ensure!(longest.len() <= REQUEST_BYTES_MAX / 2, "{} bytes", longest.len());
    }
    let record = "0".repeat(2 * rota_staking::limits::RECORD_BYTES_MAX);
    let consensus_key = ConsensusKey::from_bytes(&SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes())?;
    let longest = serde_json::to_vec(&Answer::Hello { consensus_key, record })?;
    ensure!(longest.len() <= ANSWER_BYTES_MAX, "{} bytes", longest.len());
    Ok(())
}
