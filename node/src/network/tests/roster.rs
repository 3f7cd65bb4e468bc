use std::time::{Duration, Instant};

use libp2p::identity::Keypair;
use rota_proto::{Signature, SigningDomain};

use super::support::{Validator, domain};
use crate::network::{
    PeerRecord,
    roster::{Roster, Standing},
};

const PAUSE: Duration = Duration::from_secs(60);

fn roster(validators: &[&Validator]) -> Roster {
    let mut roster = Roster::new(domain(), PAUSE);
    roster.set_validators(validators.iter().map(|validator| validator.key()).collect());
    roster
}

#[test]
fn record_for_another_node_is_forged() {
    // N5
    let (alice, node, other) = (Validator::seed(1), Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let record = alice.record(&node, 1);
    assert_eq!(roster(&[&alice]).judge(other.public().to_peer_id(), &record, Instant::now()), Standing::Forged);
}

#[test]
fn record_with_another_sequence_key_or_signature_is_forged() {
    let (alice, bob, node) = (Validator::seed(1), Validator::seed(2), Keypair::generate_ed25519());
    let record = alice.record(&node, 1);
    let peer = node.public().to_peer_id();
    let forgeries = [
        PeerRecord { sequence: 2, ..record },
        PeerRecord { consensus_key: bob.key(), ..record },
        PeerRecord { signature: Signature([0; 64]), ..record },
    ];
    for forgery in forgeries {
        assert_eq!(roster(&[&alice, &bob]).judge(peer, &forgery, Instant::now()), Standing::Forged, "{forgery:?}");
    }
}

#[test]
fn record_of_another_network_does_not_stand() {
    let (alice, node) = (Validator::seed(1), Keypair::generate_ed25519());
    let elsewhere = SigningDomain::new(1, alloy_primitives::Address::ZERO, 7_682);
    assert!(!alice.record(&node, 1).stands_for(&elsewhere, &node.public().to_peer_id()));
}

#[test]
fn record_of_a_stranger_is_not_even_checked() {
    let (alice, bob, node) = (Validator::seed(1), Validator::seed(2), Keypair::generate_ed25519());
    let forged = PeerRecord { signature: Signature([0; 64]), ..bob.record(&node, 1) };
    assert_eq!(roster(&[&alice]).judge(node.public().to_peer_id(), &forged, Instant::now()), Standing::Unknown);
}

#[test]
fn highest_sequence_is_believed() {
    let alice = Validator::seed(1);
    let [old, new] = [Keypair::generate_ed25519(), Keypair::generate_ed25519()];
    let [old_peer, new_peer] = [&old, &new].map(|key| key.public().to_peer_id());
    let mut roster = roster(&[&alice]);
    assert_eq!(roster.judge(old_peer, &alice.record(&old, 5), Instant::now()), Standing::Believed(alice.key()));
    assert_eq!(roster.judge(new_peer, &alice.record(&new, 5), Instant::now()), Standing::Outdated);
    assert_eq!(roster.peer_of(&alice.key()), Some(old_peer));
    assert_eq!(roster.judge(new_peer, &alice.record(&new, 6), Instant::now()), Standing::Believed(alice.key()));
    assert_eq!(roster.judge(old_peer, &alice.record(&old, 5), Instant::now()), Standing::Outdated);
    assert_eq!(roster.validator_of(&new_peer), Some(alice.key()));
    assert_eq!(roster.validator_of(&old_peer), None);
}

#[test]
fn who_leaves_the_sets_loses_the_seat() {
    let (alice, bob, node) = (Validator::seed(1), Validator::seed(2), Keypair::generate_ed25519());
    let peer = node.public().to_peer_id();
    let mut roster = roster(&[&alice]);
    roster.judge(peer, &alice.record(&node, 1), Instant::now());
    roster.set_validators([bob.key()].into());
    assert_eq!(roster.validator_of(&peer), None);
    assert_eq!(roster.peer_of(&alice.key()), None);
}

#[test]
fn all_others_are_known_only_when_each_has_a_seat() {
    let (alice, bob, node) = (Validator::seed(1), Validator::seed(2), Keypair::generate_ed25519());
    let peer = node.public().to_peer_id();
    let mut roster = roster(&[&alice, &bob]);
    assert_eq!(roster.all_but(Some(alice.key())), None);
    roster.judge(peer, &bob.record(&node, 1), Instant::now());
    assert_eq!(roster.all_but(Some(alice.key())), Some(vec![peer]));
    assert_eq!(roster.all_but(None), None);
    roster.set_validators([alice.key()].into());
    assert_eq!(roster.all_but(Some(alice.key())), None, "nobody is left to tell");
}

#[test]
fn seat_moves_at_once_and_then_waits() {
    // N5
    let alice = Validator::seed(1);
    let mut roster = roster(&[&alice]);
    let nodes: Vec<Keypair> = (0..4).map(|_| Keypair::generate_ed25519()).collect();
    let start = Instant::now();
    let mut show = |node: usize, seconds| {
        let record = alice.record(&nodes[node], node as u64 + 1);
        roster.judge(nodes[node].public().to_peer_id(), &record, start + Duration::from_secs(seconds))
    };
    let believed = Standing::Believed(alice.key());
    assert_eq!(show(0, 0), believed);
    assert_eq!(show(1, 1), believed, "a restart under a new node key gets in at once");
    assert_eq!(show(2, 2), Standing::TooSoon(start + Duration::from_secs(61)));
    assert_eq!(show(3, 60), Standing::TooSoon(start + Duration::from_secs(61)));
    assert_eq!(show(1, 60), believed, "whoever sits there stays");
    assert_eq!(show(3, 61), believed);
    assert_eq!(show(2, 200), Standing::Outdated);
}
