use std::time::Duration;

use alloy_primitives::B256;
use libp2p::{identity::Keypair, multiaddr::Protocol};
use prometheus_client::registry::Registry;
use rota_proto::{Height, Message, Signature, Status};

use super::support::{Intruder, Node, Setup, Validator, greet, network, vote};
use crate::network::{
    Denied, HandshakeError, Misbehaviour, Network, NetworkConfig, NetworkError, NetworkEvent, PeerRecord, Rate,
    Recipient, Refused, frame::prefixed, hello::Hello,
};

const HANDSHAKE: &str = "/rota/handshake/1";

async fn refusal(node: &mut Node) -> Refused {
    node.expect("for a refusal", |event| match event {
        NetworkEvent::PeerRefused { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

fn refused(node: &Node, name: &str) -> u64 {
    node.metric(&format!("rota_network_connections_refused_total{{name=\"{name}\"}}"))
}

#[tokio::test]
async fn another_network_is_a_named_farewell_at_both_ends() {
    // N4, N41
    let mut ours = Setup::new().start().await;
    let elsewhere = B256::repeat_byte(0xEE);
    let mut theirs = Setup { network: elsewhere, ..Setup::new() }.dialling(&[&ours]).start().await;
    let wrong = |ours, theirs| Refused::Handshake(HandshakeError::WrongNetwork { ours, theirs });
    assert_eq!(refusal(&mut ours).await, wrong(network(), elsewhere));
    assert_eq!(refusal(&mut theirs).await, wrong(elsewhere, network()));
    assert!(refused(&ours, "WrongNetwork") >= 1);
    assert!(refused(&theirs, "WrongNetwork") >= 1);
    assert!(ours.handle.peers().await.is_empty());
}

#[tokio::test]
async fn what_is_said_before_the_status_is_refused_by_name() {
    // N3, N41
    let mut node = Setup::new().start().await;
    let status = Status { network: network(), version: "x".into(), height: Height(0), batch: B256::ZERO };
    let status = Hello { status, record: None }.encode().unwrap();
    let framed = |bytes: &[u8]| prefixed(bytes).unwrap().to_vec();
    let padded = framed(&[&status[4..], &[0xA0, 0x06, 0x01]].concat());
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("a vote", framed(&[&[0][..], &vote(1).encode()].concat()), "NotStatus"),
        ("no protobuf", framed(&[0; 40]), "Malformed"),
        ("another encoding", padded, "Malformed"),
        ("no mark", framed(&[7; 40]), "Malformed"),
        ("no message at all", framed(&[]), "Malformed"),
        ("megabytes", u32::MAX.to_be_bytes().to_vec(), "Oversized"),
    ];
    for (what, bytes, name) in cases {
        let before = refused(&node, name);
        let heard = greet(&node.address, HANDSHAKE, &bytes).await.unwrap();
        // It told us its own status and nothing else.
        assert!(Hello::decode(&heard[4..]).is_ok(), "{what}");
        let reason = refusal(&mut node).await;
        assert!(matches!(reason, Refused::Handshake(_)), "{what}: {reason}");
        assert_eq!(refused(&node, name), before + 1, "{what}: {reason}");
    }
    assert!(node.handle.peers().await.is_empty());
}

#[tokio::test]
async fn node_of_another_kind_is_told_apart() {
    // N2
    let mut node = Setup::new().start().await;
    assert_eq!(greet(&node.address, "/noise", &[]).await, None);
    assert_eq!(refusal(&mut node).await, Refused::NotRota);
    assert_eq!(refused(&node, "NotRota"), 1);
}

#[tokio::test]
async fn silence_in_the_handshake_ends_in_time() {
    // N1
    let mut node = Setup::new().limits(|limits| limits.handshake_timeout = Duration::from_millis(200)).start().await;
    greet(&node.address, HANDSHAKE, &[]).await.unwrap();
    assert_eq!(refusal(&mut node).await, Refused::Timeout);
    assert_eq!(refused(&node, "Timeout"), 1);
}

#[tokio::test]
async fn forged_record_is_refused_at_the_door() {
    // N5
    let alice = Validator::seed(1);
    let mut node = Setup::new().knowing(&[&alice]).start().await;
    let mut forger = Setup::new();
    let stolen = alice.record(&Keypair::generate_ed25519(), 1);
    let unsigned = PeerRecord { signature: Signature([1; 64]), ..alice.record(&forger.key, 1) };
    for record in [stolen, unsigned] {
        forger.record = Some(record);
        // Our side of the handshake may be done before the node has judged.
        let connection = Intruder::connect_as(&forger, &node.address).await;
        let reason = refusal(&mut node).await;
        assert_eq!(reason, Refused::Handshake(HandshakeError::ForgedRecord(Box::new(alice.key()))));
        drop(connection);
    }
    assert_eq!(refused(&node, "ForgedRecord"), 2);
}

#[tokio::test]
async fn validators_are_recognised_by_their_records() {
    let (alice, bob) = (Validator::seed(1), Validator::seed(2));
    let mut a = Setup::new().validator(&alice).knowing(&[&alice, &bob]).start().await;
    let mut b = Setup::new().validator(&bob).knowing(&[&alice, &bob]).dialling(&[&a]).start().await;
    assert_eq!(a.connected(b.peer).await, Some(bob.key()));
    assert_eq!(b.connected(a.peer).await, Some(alice.key()));
    a.handle.send_to(Recipient::Validator(bob.key()), &vote(1)).unwrap();
    let (from, validator, message, _) = b.message().await;
    assert_eq!((from, validator, message), (a.peer, Some(alice.key()), vote(1)));
    assert_eq!(a.metric("rota_network_validators"), 1);
}

#[tokio::test]
async fn record_counts_from_when_its_key_is_in_a_set() {
    let (alice, bob) = (Validator::seed(1), Validator::seed(2));
    let mut a = Setup::new().validator(&alice).start().await;
    let mut b = Setup::new().dialling(&[&a]).start().await;
    assert_eq!(b.connected(a.peer).await, None);
    a.connected(b.peer).await;
    let changed = |event| match event {
        NetworkEvent::ValidatorChanged { peer, validator } => Some((peer, validator)),
        _ => None,
    };
    b.handle.set_validators([alice.key()].into()).unwrap();
    assert_eq!(b.expect("to know the validator", changed).await, (a.peer, Some(alice.key())));
    b.handle.set_validators([bob.key()].into()).unwrap();
    assert_eq!(b.expect("to lose the validator", changed).await, (a.peer, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn record_counts_though_the_sets_change_during_its_handshake() {
    // N5: the handshake judges by the sets of its time; between it and the connection others may come.
    let alice = Validator::seed(1);
    let peer = Setup::new().validator(&alice).start().await;
    for step in 0..50 {
        let node = Setup::new().dialling(&[&peer]).start().await;
        // Each time later in the handshake, which takes one or two milliseconds.
        tokio::time::sleep(Duration::from_micros(50 * step)).await;
        node.handle.set_validators([alice.key()].into()).unwrap();
        node.metric_reaches("rota_network_validators", 1).await;
        node.stop().await;
    }
}

#[tokio::test]
async fn forged_record_is_a_ban_once_its_key_is_in_a_set() {
    let alice = Validator::seed(1);
    let mut node = Setup::new().start().await;
    let mut forger = Setup::new();
    forger.record = Some(alice.record(&Keypair::generate_ed25519(), 1));
    let forger = Intruder::connect_as(&forger, &node.address).await.unwrap();
    assert_eq!(node.connected(forger.peer).await, None);
    node.handle.set_validators([alice.key()].into()).unwrap();
    node.gone(forger.peer).await;
    assert_eq!(node.metric("rota_network_faults_total{name=\"ForgedRecord\"}"), 1);
    assert_eq!(node.metric("rota_network_bans_total"), 1);
}

#[tokio::test]
async fn newer_record_takes_the_seat() {
    let alice = Validator::seed(1);
    let mut node = Setup::new().knowing(&[&alice]).start().await;
    let [mut old, mut new] = [Setup::new(), Setup::new()];
    old.record = Some(alice.record(&old.key, 1));
    new.record = Some(alice.record(&new.key, 2));
    let old = old.dialling(&[&node]).start().await;
    assert_eq!(node.connected(old.peer).await, Some(alice.key()));
    let new = new.dialling(&[&node]).start().await;
    let mut events = Vec::new();
    node.expect("both changes", |event| {
        match event {
            NetworkEvent::PeerConnected { peer, validator, .. }
            | NetworkEvent::ValidatorChanged { peer, validator } => events.push((peer, validator)),
            _ => (),
        }
        (events.len() == 2).then_some(())
    })
    .await;
    assert!(events.contains(&(new.peer, Some(alice.key()))), "{events:?}");
    assert!(events.contains(&(old.peer, None)), "{events:?}");
}

/// A validator's node under a new node key, with its next record.
async fn renewed(alice: &Validator, sequence: u64, node: &Node) -> Result<Intruder, String> {
    let mut setup = Setup::new();
    setup.record = Some(alice.record(&setup.key, sequence));
    Intruder::connect_as(&setup, &node.address).await
}

#[tokio::test]
async fn key_with_ever_new_node_keys_seats_one_peer() {
    // N5, N7: the second gets in at once, the third has to wait, as a stranger among strangers.
    let alice = Validator::seed(1);
    let mut node = Setup::new().knowing(&[&alice]).limits(|limits| limits.strangers_in_max = 1).start().await;
    let first = renewed(&alice, 1, &node).await.unwrap();
    assert_eq!(node.connected(first.peer).await, Some(alice.key()));
    let second = renewed(&alice, 2, &node).await.unwrap();
    assert_eq!(node.connected(second.peer).await, Some(alice.key()));
    // The first took the only place there is.
    let third = renewed(&alice, 3, &node).await;
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::TooManyStrangers { limit: 1 }));
    let speaking: Vec<_> = node.handle.peers().await.into_iter().map(|info| (info.peer, info.validator)).collect();
    assert_eq!(speaking.len(), 2);
    assert!(speaking.contains(&(first.peer, None)) && speaking.contains(&(second.peer, Some(alice.key()))));
    drop(third);
}

#[tokio::test]
async fn who_loses_its_seat_and_finds_no_place_goes() {
    // N7
    let alice = Validator::seed(1);
    let mut node = Setup::new().knowing(&[&alice]).limits(|limits| limits.strangers_in_max = 0).start().await;
    let first = renewed(&alice, 1, &node).await.unwrap();
    assert_eq!(node.connected(first.peer).await, Some(alice.key()));
    let second = renewed(&alice, 2, &node).await.unwrap();
    node.gone(first.peer).await;
    first.closed().await;
    assert_eq!(node.handle.peers().await[0].peer, second.peer);
}

#[tokio::test]
async fn who_came_too_soon_is_seated_when_the_pause_is_over() {
    // N5
    let alice = Validator::seed(1);
    let pause = Duration::from_secs(2);
    let mut node = Setup::new().knowing(&[&alice]).limits(|limits| limits.seat_pause = pause).start().await;
    let mut peers = Vec::new();
    for (sequence, seated) in [(1, true), (2, true), (3, false), (4, false)] {
        let peer = renewed(&alice, sequence, &node).await.unwrap();
        assert_eq!(node.connected(peer.peer).await.is_some(), seated);
        peers.push(peer);
    }
    let seated = node.expect("the newest to be seated", |event| match event {
        NetworkEvent::ValidatorChanged { peer, validator: Some(_) } => Some(peer),
        _ => None,
    });
    assert_eq!(seated.await, peers[3].peer);
}

/// Connects from this address of the loopback network and says nothing.
async fn silent(from: &str, node: &Node) -> tokio::net::TcpStream {
    let port = node.address.iter().find_map(|part| if let Protocol::Tcp(port) = part { Some(port) } else { None });
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((from.parse::<std::net::IpAddr>().unwrap(), 0).into()).unwrap();
    socket.connect(([127, 0, 0, 1], port.unwrap()).into()).await.unwrap()
}

#[tokio::test]
async fn silence_of_others_leaves_a_place_for_whom_we_expect() {
    // N7: a configured peer is expected at 127.0.0.1, from where all come here but the silent ones.
    let configured = Setup::new().start().await;
    let limits = |limits: &mut crate::network::NetworkLimits| {
        limits.pending_in_max = 3;
        limits.pending_per_address_max = 2;
    };
    let mut node = Setup::new().limits(limits).dialling(&[&configured]).start().await;
    node.connected(configured.peer).await;
    let mut held = Vec::new();
    for (from, refused) in [
        ("127.0.0.2", None),
        ("127.0.0.2", None),
        ("127.0.0.2", Some(Denied::TooManyPendingFromAddress { address: "127.0.0.2".parse().unwrap(), limit: 2 })),
        ("127.0.0.3", None),
        ("127.0.0.3", Some(Denied::TooManyPending { limit: 3 })),
    ] {
        held.push(silent(from, &node).await);
        if let Some(denied) = refused {
            assert_eq!(refusal(&mut node).await, Refused::Denied(denied));
        }
    }
    assert_eq!((refused(&node, "TooManyPending"), refused(&node, "TooManyPendingFromAddress")), (1, 1));
    let expected = Intruder::connect(&node.address).await;
    node.connected(expected.peer).await;
}

#[tokio::test]
async fn validator_is_expected_where_it_was_seen() {
    // N7
    let alice = Validator::seed(1);
    let limits = |limits: &mut crate::network::NetworkLimits| limits.pending_in_max = 1;
    let mut node = Setup::new().knowing(&[&alice]).limits(limits).start().await;
    let setup = Setup::new().validator(&alice);
    let seen = Intruder::connect_as(&setup, &node.address).await.unwrap();
    node.connected(seen.peer).await;
    drop(seen);
    node.gone(setup.key.public().to_peer_id()).await;
    let _silent = silent("127.0.0.2", &node).await;
    let _refused = silent("127.0.0.3", &node).await;
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::TooManyPending { limit: 1 }));
    let back = Intruder::connect_as(&setup, &node.address).await.unwrap();
    assert_eq!(node.connected(back.peer).await, Some(alice.key()));
}

#[tokio::test]
async fn connections_are_bounded_in_all() {
    // N7
    let mut node = Setup::new().limits(|limits| limits.connections_max = 2).start().await;
    let held = [Intruder::connect(&node.address).await, Intruder::connect(&node.address).await];
    for _ in &held {
        node.expect("a peer", |event| matches!(event, NetworkEvent::PeerConnected { .. }).then_some(())).await;
    }
    let _third = Intruder::connect_as(&Setup::new(), &node.address).await;
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::ConnectionLimit(2)));
}

#[tokio::test]
async fn restarted_peer_is_found_again() {
    // N9
    let first = Setup::new().start().await;
    let mut restarted = Setup::new();
    restarted.listen = first.address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect();
    let mut node = Setup::new().dialling(&[&first]);
    // The same key and the same port, as after a restart.
    node.peers = vec![restarted.listen.clone().with(Protocol::P2p(restarted.key.public().to_peer_id()))];
    first.stop().await;
    let mut node = node.start().await;
    refusal(&mut node).await;
    for _ in 0..2 {
        let mut peer = restarted.clone().start().await;
        node.connected(peer.peer).await;
        peer.connected(node.peer).await;
        node.handle.send_to(Recipient::Peer(peer.peer), &vote(1)).unwrap();
        assert_eq!(peer.message().await.2, vote(1));
        peer.stop().await;
        node.gone(restarted.key.public().to_peer_id()).await;
    }
}

#[tokio::test]
async fn nodes_that_dial_each_other_are_one_peer_each() {
    let [a, b] = [Setup::new(), Setup::new()];
    let mut a = a.start().await;
    let mut b = b.dialling(&[&a]).start().await;
    a.connected(b.peer).await;
    b.connected(a.peer).await;
    let again = Setup::new().dialling(&[&a, &b]).start().await;
    a.connected(again.peer).await;
    b.connected(again.peer).await;
    assert_eq!(a.handle.peers().await.len(), 2);
    assert_eq!(a.metric("rota_network_peers"), 2);
}

#[tokio::test]
async fn strangers_share_their_places_and_validators_need_none() {
    // N7
    let alice = Validator::seed(1);
    let mut node = Setup::new().knowing(&[&alice]).limits(|limits| limits.strangers_in_max = 2).start().await;
    let mut strangers = Vec::new();
    for _ in 0..2 {
        let stranger = Intruder::connect(&node.address).await;
        node.connected(stranger.peer).await;
        strangers.push(stranger);
    }
    let third = Intruder::connect_as(&Setup::new(), &node.address).await;
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::TooManyStrangers { limit: 2 }));
    drop(third);
    let validator = Intruder::connect_as(&Setup::new().validator(&alice), &node.address).await.unwrap();
    assert_eq!(node.connected(validator.peer).await, Some(alice.key()));
    let freed = strangers.pop().unwrap();
    let gone = freed.peer;
    drop(freed);
    node.gone(gone).await;
    let next = Intruder::connect(&node.address).await;
    node.connected(next.peer).await;
}

#[tokio::test]
async fn one_address_gets_a_part_of_the_places() {
    // N7
    let mut node = Setup::new().limits(|limits| limits.strangers_per_address_max = 1).start().await;
    let first = Intruder::connect(&node.address).await;
    node.connected(first.peer).await;
    let second = Intruder::connect_as(&Setup::new(), &node.address).await;
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::TooManyFromAddress { limit: 1 }));
    assert_eq!(refused(&node, "TooManyFromAddress"), 1);
    drop(second);
}

#[tokio::test]
async fn one_address_may_try_only_so_often() {
    // N8
    let rate = Rate { burst: 2.0, per_second: 0.001 };
    let mut node = Setup::new().limits(|limits| limits.attempts_per_address = rate).start().await;
    for _ in 0..2 {
        greet(&node.address, HANDSHAKE, &prefixed(&[7; 40]).unwrap()).await.unwrap();
        assert!(matches!(refusal(&mut node).await, Refused::Handshake(_)));
    }
    assert!(Intruder::connect_as(&Setup::new(), &node.address).await.is_err());
    let address = "127.0.0.1".parse().unwrap();
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::TooManyAttempts { address }));
}

#[tokio::test]
async fn banned_peer_finds_no_way_in_until_the_ban_ends() {
    // N40
    let ban = Duration::from_millis(300);
    let mut node = Setup::new().limits(|limits| limits.ban_first = ban).start().await;
    let setup = Setup::new();
    let intruder = Intruder::connect_as(&setup, &node.address).await.unwrap();
    node.connected(intruder.peer).await;
    for _ in 0..3 {
        node.handle.punish(intruder.peer, Misbehaviour::InvalidContent).unwrap();
    }
    node.gone(intruder.peer).await;
    let peer = intruder.peer;
    intruder.closed().await;
    // Our side of the handshake may be done before the node has judged.
    let mut back = Intruder::connect_as(&setup, &node.address).await;
    assert_eq!(refusal(&mut node).await, Refused::Denied(Denied::Banned { seconds: 1 }));
    loop {
        drop(back);
        back = Intruder::connect_as(&setup, &node.address).await;
        let connected = node.expect("a verdict", |event| match event {
            NetworkEvent::PeerConnected { .. } => Some(true),
            NetworkEvent::PeerRefused { .. } => Some(false),
            _ => None,
        });
        if connected.await {
            break;
        }
    }
    assert_eq!(back.unwrap().peer, peer);
    let points = node.handle.peers().await[0].points;
    assert!(points > 40.0 && points <= 50.0, "{points}");
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let make = |config: NetworkConfig| Network::new(config, &mut Registry::default()).map(drop).unwrap_err();
    let alice = Validator::seed(1);
    let mut other = Setup::new();
    other.record = Some(alice.record(&Keypair::generate_ed25519(), 1));
    assert!(matches!(make(other.config()), NetworkError::Record(key) if *key == alice.key()));
    let long = NetworkConfig { version: "v".repeat(65), ..Setup::new().config() };
    assert!(matches!(make(long), NetworkError::Version { length: 65, limit: 64 }));
    let nowhere = NetworkConfig { peers: vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()], ..Setup::new().config() };
    assert!(matches!(make(nowhere), NetworkError::Peer(_)));
    let unheard = NetworkConfig { listen: vec!["/dns4/x/udp/1".parse().unwrap()], ..Setup::new().config() };
    assert!(matches!(make(unheard), NetworkError::Listen { .. }));
}

#[tokio::test]
async fn message_before_the_peer_is_known_comes_after_it() {
    // N6
    let mut a = Setup::new().limits(|limits| limits.events_max = 1).start().await;
    let b = Setup::new().dialling(&[&a]).start().await;
    let mut b = b;
    b.connected(a.peer).await;
    b.handle.send_to(Recipient::Peer(a.peer), &vote(1)).unwrap();
    let mut order = Vec::new();
    a.expect("both", |event| {
        match event {
            NetworkEvent::PeerConnected { .. } => order.push("connected"),
            NetworkEvent::Message { message: Message::Vote(_), .. } => order.push("vote"),
            _ => (),
        }
        (order.len() == 2).then_some(())
    })
    .await;
    assert_eq!(order, ["connected", "vote"]);
}
