//! What peers may have waiting, at each limit and past it.

use libp2p::PeerId;
use rota_mempool::limits::AUTHORIZATIONS_MAX;

use crate::driver::shares::{BYTES_MAX, PEER_AUTHORIZATIONS_MAX, PEER_BYTES_MAX, Shares};

/// Rule M1 of mempool: the signatures that a peer may have us recover are bounded, whatever it sends.
#[test]
fn peer_has_so_many_authorizations_waiting_and_not_one_more() {
    let mut shares = Shares::new();
    let peer = PeerId::random();
    let message = shares.message(peer, 1).unwrap();
    let most = PEER_AUTHORIZATIONS_MAX / AUTHORIZATIONS_MAX;
    let mut waiting: Vec<_> = (0..most).map(|_| message.transaction(AUTHORIZATIONS_MAX).unwrap()).collect();
    let another = shares.message(peer, 1).unwrap();
    assert!(another.transaction(1).is_none(), "another message of the peer has no share of its own");
    assert!(another.transaction(0).is_some(), "what needs no recovery comes in");
    assert!(shares.message(PeerId::random(), 1).unwrap().transaction(AUTHORIZATIONS_MAX).is_some());
    drop(waiting.pop());
    assert!(another.transaction(AUTHORIZATIONS_MAX).is_some(), "one was answered");
}

/// Rule M1 of mempool: a message keeps its place until each of its transactions is answered.
#[test]
fn peer_has_so_many_bytes_waiting_and_not_one_more() {
    let mut shares = Shares::new();
    let peer = PeerId::random();
    let message = shares.message(peer, PEER_BYTES_MAX).unwrap();
    assert!(shares.message(peer, 1).is_none());
    let transactions = [message.transaction(1).unwrap(), message.transaction(0).unwrap()];
    drop(message);
    let [first, last] = transactions;
    drop(first);
    assert!(shares.message(peer, 1).is_none());
    drop(last);
    assert!(shares.message(peer, PEER_BYTES_MAX).is_some());
}

#[test]
fn all_peers_have_so_many_bytes_waiting_together() {
    let mut shares = Shares::new();
    let peers = BYTES_MAX / PEER_BYTES_MAX;
    let waiting: Vec<_> = (0..peers).map(|_| shares.message(PeerId::random(), PEER_BYTES_MAX).unwrap()).collect();
    assert!(shares.message(PeerId::random(), 1).is_none());
    drop(waiting);
    assert!(shares.message(PeerId::random(), 1).is_some());
}
