//! Bad input from peers and users: refused by name, counted, forgotten.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use eyre::{ContextCompat as _, Result, ensure, eyre};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Multiaddr;
use rota_node::config::NodeToml;
use rota_proto::{
    Certificate, Epoch, Message, NetworkId, Place, Round, Signature, SignedVote, Signers, SigningDomain, View, Vote,
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::support::{
    Devnet, Intruder, Load, Node, Settings, consensus_secret, devnet_signer, framed, greet, hello, sign, transfer,
    transfer_on, until, with,
};

/// What is counted shows at once; the machine may be busy.
const COUNTED: Duration = Duration::from_secs(20);

/// The validator whose key is in hostile hands; it holds 1 of 101 and its node does not run.
const TRAITOR: usize = 4;

/// Bad messages of the flood, and bad requests.
const FLOOD: u64 = 20_000;

/// Of these, so many before memory is measured: what is bounded is full then.
const WARM_UP: u64 = 4_000;

/// Sent at once, below the rate at which a peer is slowed down.
const AT_ONCE: u64 = 400;

/// Growth that is noise of the allocator: 20,000 messages kept at the size of a vote alone would be 4 MB, and requests
/// kept at theirs 20 MB.
const GROWTH_MAX_BYTES: u64 = 8 << 20;

/// Hostile peers and a hostile user send what is malformed, oversized, replayed, mis-signed, of another network, stale
/// and far ahead. Each is refused under its name and counted; the node stays up, the network goes on, memory stays
/// flat.
#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_by_name_and_costs_no_memory() -> Result<()> {
    let settings = Settings {
        stakes: vec![30, 27, 23, 20, 1],
        absent: vec![TRAITOR],
        epoch_length: 3_000,
        hostile: true,
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let load = Load::start(&net.http, &net.rpcs()[..TRAITOR], 4)?;
        net.node(0)?.reaches(8, Duration::from_secs(60)).await?;
        load.finish().await?;
        let hostile = Hostile::of(net)?;
        hellos(net.node(0)?, &hostile).await?;
        frames(net.node(0)?, &hostile).await?;
        messages(net.node(0)?, &hostile).await?;
        requests(net).await?;
        flood(net, &hostile).await?;
        let load = Load::start(&net.http, &net.rpcs()[..TRAITOR], 4)?;
        load.final_after(Instant::now(), Duration::from_secs(20)).await?;
        load.finish().await?;
        Ok(())
    })
    .await
}

/// Where the target listens, and what its enemies know.
struct Hostile {
    address: Multiaddr,
    network: NetworkId,
    domain: SigningDomain,
    secret: ed25519_dalek::SigningKey,
}

impl Hostile {
    fn of(net: &Devnet) -> Result<Self> {
        let settings = NodeToml::read(&net.node(0)?.folder.join("config/node.toml"))?;
        let address = settings.listen.first().cloned().wrap_err("the node listens nowhere")?;
        let network = net.network()?;
        let secret = consensus_secret(&net.node(TRAITOR)?.folder)?;
        Ok(Self { address, network: network.id(), domain: network.domain(), secret })
    }

    /// A vote of the traitor.
    fn vote(&self, vote: Vote) -> Result<Message> {
        Ok(Message::Vote(sign(&self.secret, &self.domain, vote, place(TRAITOR)?)))
    }

    /// Sends bytes on a lane of a new connection.
    async fn send(&self, lane: &str, bytes: &[u8]) -> Result<Intruder> {
        let intruder = Intruder::connect(&self.address, self.network).await?;
        let mut stream = intruder.stream(lane).await?;
        stream.write_all(bytes).await?;
        stream.flush().await?;
        Ok(intruder)
    }
}

fn place(index: usize) -> Result<Place> {
    Place::new(u8::try_from(index)?).wrap_err("no such place")
}

/// A counter, by its name and a label.
struct Counter {
    name: &'static str,
    label: String,
}

impl Counter {
    fn new(name: &'static str, label: &str, value: &str) -> Self {
        Self { name, label: format!("{label}=\"{value}\"") }
    }

    async fn read(&self, node: &Node) -> Result<f64> {
        Ok(node.metrics().await?.sum(self.name, &[&self.label]))
    }

    /// Waits until it stands at least so much above `before`.
    async fn rises(&self, node: &Node, before: f64, by: f64) -> Result<()> {
        until(&format!("{}{{{}}} counts it", self.name, self.label), COUNTED, async || {
            let now = self.read(node).await?;
            ensure!(now >= before + by, "it went from {before} to {now}, not by {by}");
            Ok(Some(()))
        })
        .await
    }
}

/// What is said before a connection stands: another network, no status, a forged record, nothing of ours at all.
async fn hellos(node: &Node, hostile: &Hostile) -> Result<()> {
    let whole = hello(hostile.network);
    let status = whole.get(1..).wrap_err("a hello begins with a mark")?;
    let ours = consensus_secret(&node.folder)?.verifying_key().to_bytes();
    let forged = [&[1], &ours[..], &[0; 8], &[7; 64], status].concat();
    let vote = hostile.vote(Vote::nullify(Round::new(Epoch(0), View(1))))?.encode();
    for (hello, name) in [
        (framed(&hello(NetworkId::repeat_byte(9)))?, "WrongNetwork"),
        (framed(&[&[0], &[0xFF; 40][..]].concat())?, "Malformed"),
        (framed(&[2])?, "Malformed"),
        (u32::MAX.to_be_bytes().to_vec(), "Oversized"),
        (framed(&[&[0], vote.as_slice()].concat())?, "NotStatus"),
        (framed(&forged)?, "ForgedRecord"),
    ] {
        let counter = Counter::new("rota_network_connections_refused_total", "name", name);
        let before = counter.read(node).await?;
        let mut io = greet(&hostile.address, &hello).await?;
        // However the connection ends, it ends.
        let _ = io.read_to_end(&mut Vec::new()).await;
        counter.rises(node, before, 1.0).await?;
    }
    let counter = Counter::new("rota_network_connections_refused_total", "name", "NotRota");
    let before = counter.read(node).await?;
    let port = hostile.address.to_string().rsplit('/').next().wrap_err("a port")?.parse::<u16>()?;
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.write_all(&b"GET / HTTP/1.1\r\nHost: rota\r\n".repeat(8)).await?;
    counter.rises(node, before, 1.0).await
}

/// Frames that are no message, or not here.
async fn frames(node: &Node, hostile: &Hostile) -> Result<()> {
    let vote = hostile.vote(Vote::nullify(Round::new(Epoch(0), View(1))))?.encode();
    let unknown_field = [vote.as_slice(), &[0xA0, 0x06, 0x01]].concat();
    let status = hello(hostile.network).get(1..).unwrap_or_default().to_vec();
    for (lane, bytes, name) in [
        ("votes", u32::MAX.to_be_bytes().to_vec(), "Oversized"),
        ("bulk", (8u32 << 20).to_be_bytes().to_vec(), "Oversized"),
        ("votes", framed(&[0xFF; 64])?, "Malformed"),
        ("votes", framed(&unknown_field)?, "NotCanonical"),
        ("bulk", framed(&vote)?, "Misplaced"),
        ("votes", framed(&status)?, "Misplaced"),
        ("bulk", framed(&Message::Transactions(vec![Bytes::from_static(&[9; 50])]).encode())?, "InvalidContent"),
    ] {
        let counter = Counter::new("rota_network_faults_total", "name", name);
        let before = counter.read(node).await?;
        let _connection = hostile.send(lane, &bytes).await?;
        counter.rises(node, before, 1.0).await?;
    }
    // Four malformed messages are more than a peer may send.
    let bans = Counter { name: "rota_network_bans_total", label: String::new() };
    let before = bans.read(node).await?;
    let _connection = hostile.send("votes", &framed(&[0xFF; 64])?.repeat(4)).await?;
    bans.rises(node, before, 1.0).await
}

/// Well-formed messages that are false, old, early, or said before.
async fn messages(node: &Node, hostile: &Hostile) -> Result<()> {
    let status = node.status().await?;
    let (epoch, view) = (Epoch(status.epoch), status.view);
    let round = |view: u64| Round::new(epoch, View(view));
    let (batch, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let signed = |vote: Vote, domain: &SigningDomain, signer: usize| {
        Ok::<_, eyre::Report>(Message::Vote(sign(&hostile.secret, domain, vote, place(signer)?)))
    };
    let early = Vote::nullify(round(view + 3));
    let elsewhere = SigningDomain::new(1, Address::repeat_byte(3), 7_682);
    let unsigned =
        SignedVote { vote: Vote::nullify(round(view + 6)), signer: place(TRAITOR)?, signature: Signature([7; 64]) };
    for (what, said, reason) in [
        ("a certificate of a view long past", vec![certificate(round(1), batch)], "stale"),
        ("a vote far ahead", vec![hostile.vote(Vote::notarize(round(view + 9_999), batch))?], "far-future"),
        (
            "a vote of an epoch to come",
            vec![hostile.vote(Vote::nullify(Round::new(Epoch(9), View(1))))?],
            "future-epoch",
        ),
        ("a vote said twice", vec![hostile.vote(early)?, hostile.vote(early)?], "known"),
        (
            "two votes that contradict each other",
            vec![
                hostile.vote(Vote::notarize(round(view + 4), batch))?,
                hostile.vote(Vote::notarize(round(view + 4), other))?,
            ],
            "conflicting",
        ),
        ("no signature", vec![Message::Vote(unsigned)], "bad-signature"),
        ("another validator's name", vec![signed(early, &hostile.domain, 0)?], "bad-signature"),
        (
            "a signature for another network",
            vec![signed(Vote::nullify(round(view + 5)), &elsewhere, TRAITOR)?],
            "bad-signature",
        ),
    ] {
        let counter = Counter::new("rota_refused_total", "reason", reason);
        let before = counter.read(node).await?;
        let bytes = said.iter().map(|message| framed(&message.encode())).collect::<Result<Vec<_>>>()?.concat();
        let _connection = hostile.send("votes", &bytes).await?;
        counter.rises(node, before, 1.0).await.map_err(|error| eyre!("{what}: {error:#}"))?;
    }
    let caught = Counter::new("rota_evidence_pieces_total", "step", "found");
    caught.rises(node, 0.0, 1.0).await
}

/// A certificate of all five that nobody signed.
fn certificate(round: Round, batch: B256) -> Message {
    let signatures = vec![Signature([7; 64]); 5];
    Message::Certificate(Certificate { vote: Vote::notarize(round, batch), signers: Signers(0b11111), signatures })
}

/// What a hostile user sends, by the name that counts it.
async fn requests(net: &Devnet) -> Result<()> {
    let node = net.node(0)?;
    let signer = devnet_signer(0)?;
    let (_, used) = transfer(&signer, 0)?;
    let (_, far) = transfer(&signer, 10_000_000)?;
    let (_, elsewhere) = transfer_on(1, &signer, 1_000)?;
    let (_, other) = transfer(&devnet_signer(199_999)?, 0)?;
    let mut mis_signed = used.to_vec();
    if let Some(byte) = mis_signed.last_mut() {
        *byte ^= 1;
    }
    let oversized = format!("0x02{}", "00".repeat(140 * 1024));
    let send = "eth_sendRawTransaction";
    for (method, params, reason) in [
        ("eth_noSuchMethod", json!([]), "unknown_method"),
        ("eth_getBalance", json!([]), "missing_argument"),
        ("eth_getBalance", json!(["0x12"]), "invalid_argument"),
        ("eth_chainId", json!([1]), "too_many_arguments"),
        ("eth_getBalance", json!({ "address": "0x12" }), "not_a_list"),
        ("eth_getLogs", json!([{ "fromBlock": "0x5", "toBlock": "0x1" }]), "range"),
        (send, json!(["0x02c0"]), "transaction_malformed"),
        (send, json!([oversized]), "transaction_too_long"),
        (send, json!([used]), "nonce_too_low"),
        (send, json!([far]), "nonce_too_high"),
        (send, json!([elsewhere]), "chain_id"),
        (send, json!([other]), "insufficient_funds"),
        (send, json!([Bytes::from(mis_signed)]), "insufficient_funds"),
    ] {
        let counter = Counter::new("rota_rpc_refused_total", "reason", reason);
        let before = counter.read(node).await?;
        let refused: Result<Value> = node.call(method, params.clone()).await;
        ensure!(refused.is_err(), "{method} takes {params}");
        counter.rises(node, before, 1.0).await.map_err(|error| eyre!("{method}: {error:#}"))?;
    }
    let many: Vec<Value> = vec![json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" }); 1_001];
    for (body, code, reason) in [
        (serde_json::to_vec(&many)?, 200, "batch_too_large"),
        (vec![b' '; 6 << 20], 413, "body_too_large"),
        (b"{\"jsonrpc\": \"2.0\", \"id\"".to_vec(), 200, "not_json"),
        (b"hello".to_vec(), 400, "no_request"),
    ] {
        let counter = Counter::new("rota_rpc_refused_total", "reason", reason);
        let before = counter.read(node).await?;
        match net.http.post(&node.rpc, body).await {
            Ok((answered, text)) => {
                ensure!(answered == code, "{reason} is answered with {answered}, not {code}: {text}");
            }
            // The node does not read what it refused, so the answer may be lost with the connection.
            Err(error) => ensure!(code == 413, "{reason}: {error:#}"),
        }
        counter.rises(node, before, 1.0).await?;
    }
    Ok(())
}

/// Thousands of bad messages, and as many bad requests.
async fn flood(net: &mut Devnet, hostile: &Hostile) -> Result<()> {
    flood_of_votes(net, hostile, WARM_UP).await?;
    flood_of_requests(net, WARM_UP).await?;
    let before = net.node_mut(0)?.process()?.resident_bytes()?;
    flood_of_votes(net, hostile, FLOOD).await?;
    flood_of_requests(net, FLOOD).await?;
    let after = net.node_mut(0)?.process()?.resident_bytes()?;
    println!("{FLOOD} bad messages and as many requests: {} KiB, then {} KiB", before >> 10, after >> 10);
    let growth = after.saturating_sub(before);
    ensure!(growth <= GROWTH_MAX_BYTES, "memory grew from {before} to {after}, by {growth} bytes");
    Ok(())
}

/// In turn stale, far ahead and of an unknown epoch, each another vote.
async fn flood_of_votes(net: &Devnet, hostile: &Hostile, count: u64) -> Result<()> {
    let node = net.node(0)?;
    let status = node.status().await?;
    let intruder = Intruder::connect(&hostile.address, hostile.network).await?;
    let mut stream = intruder.stream("votes").await?;
    let all = Counter { name: "rota_refused_total", label: String::new() };
    for sent in (0..count).step_by(usize::try_from(AT_ONCE)?) {
        let before = all.read(node).await?;
        for number in sent..sent + AT_ONCE {
            let batch = B256::from(U256::from(number));
            let round = |epoch: u64, view: u64| Round::new(Epoch(status.epoch + epoch), View(view));
            let message = match number % 3 {
                0 => certificate(round(0, 1), batch),
                1 => hostile.vote(Vote::notarize(round(0, status.view + 10_000 + number), batch))?,
                _ => hostile.vote(Vote::notarize(round(3, 1 + number), batch))?,
            };
            stream.write_all(&framed(&message.encode())?).await?;
        }
        stream.flush().await?;
        all.rises(node, before, f64::from(u32::try_from(AT_ONCE)?)).await?;
    }
    Ok(())
}

async fn flood_of_requests(net: &Devnet, count: u64) -> Result<()> {
    let node = net.node(0)?;
    let (_, used) = transfer(&devnet_signer(0)?, 0)?;
    for _ in (0..count).step_by(usize::try_from(AT_ONCE)?) {
        let calls: Vec<(&str, Value)> = (0..AT_ONCE)
            .map(|number| match number % 3 {
                0 => ("eth_sendRawTransaction", json!([used])),
                1 => ("eth_sendRawTransaction", json!([format!("0x02{number:04x}")])),
                _ => ("eth_call", json!([{ "to": "0x12" }])),
            })
            .collect();
        let answers = net.http.calls(&node.rpc, &calls).await?;
        ensure!(answers.iter().all(Result::is_err), "a bad request was taken");
    }
    Ok(())
}
