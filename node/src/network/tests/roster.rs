use libp2p::identity::Keypair;
use rota_proto::{Signature, SigningDomain};

use super::support::{Validator, domain};
use crate::network::{
    PeerRecord,
    roster::{Roster, Standing},
};

fn roster(validators: &[&Validator]) -> Roster {
    let mut roster = Roster::new(domain());
    roster.set_validators(validators.iter().map(|validator| validator.key()).collect());
    roster
}

#[test]
fn record_for_another_node_is_forged() {
    // N5
    let (alice, node, other) = (Validator::seed(1), Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let record = alice.record(&node, 1);
    assert_eq!(roster(&[&alice]).judge(other.public().to_peer_id(), &record), Standing::Forged);
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
        assert_eq!(roster(&[&alice, &bob]).judge(peer, &forgery), Standing::Forged, "{forgery:?}");
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
    assert_eq!(roster(&[&alice]).judge(node.public().to_peer_id(), &forged), Standing::Unknown);
}

#[test]
fn highest_sequence_is_believed() {
    let alice = Validator::seed(1);
    let [old, new] = [Keypair::generate_ed25519(), Keypair::generate_ed25519()];
    let [old_peer, new_peer] = [&old, &new].map(|key| key.public().to_peer_id());
    let mut roster = roster(&[&alice]);
    assert_eq!(roster.judge(old_peer, &alice.record(&old, 5)), Standing::Believed(alice.key()));
    assert_eq!(roster.judge(new_peer, &alice.record(&new, 5)), Standing::Outdated);
    assert_eq!(roster.peer_of(&alice.key()), Some(old_peer));
    assert_eq!(roster.judge(new_peer, &alice.record(&new, 6)), Standing::Believed(alice.key()));
    assert_eq!(roster.judge(old_peer, &alice.record(&old, 5)), Standing::Outdated);
    assert_eq!(roster.validator_of(&new_peer), Some(alice.key()));
    assert_eq!(roster.validator_of(&old_peer), None);
}

#[test]
fn who_leaves_the_sets_loses_the_seat() {
    let (alice, bob, node) = (Validator::seed(1), Validator::seed(2), Keypair::generate_ed25519());
    let peer = node.public().to_peer_id();
    let mut roster = roster(&[&alice]);
    roster.judge(peer, &alice.record(&node, 1));
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
    roster.judge(peer, &bob.record(&node, 1));
    assert_eq!(roster.all_but(Some(alice.key())), Some(vec![peer]));
    assert_eq!(roster.all_but(None), None);
    roster.set_validators([alice.key()].into());
    assert_eq!(roster.all_but(Some(alice.key())), None, "nobody is left to tell");
}
