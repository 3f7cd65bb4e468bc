//! Who is told what waits here, and how much at a time (N28 of the network).

use std::time::{Duration, Instant};

use libp2p::PeerId;

use crate::driver::newcomers::{Newcomers, PAUSE, Piece};

/// A piece for one validator.
fn piece(after: u64, validator: PeerId) -> Option<Piece> {
    Some(Piece { after, validators: vec![validator], others: false })
}

#[test]
fn who_comes_is_told_piece_by_piece_with_pauses() {
    // N28 of the network
    let (mut newcomers, peer, start) = (Newcomers::default(), PeerId::random(), Instant::now());
    assert_eq!(newcomers.due(start), None, "nobody came");
    newcomers.came(peer, true, start);
    assert_eq!(newcomers.due(start + PAUSE - Duration::from_millis(1)), None, "it does not listen yet");
    assert_eq!(newcomers.due(start + PAUSE), piece(0, peer));
    newcomers.went_up_to(Some(9));
    assert_eq!(newcomers.due(start + PAUSE), None, "a piece a pause");
    assert_eq!(newcomers.due(start + 2 * PAUSE), piece(9, peer));
    newcomers.went_up_to(None);
    assert_eq!(newcomers.due(start + 9 * PAUSE), None, "it knows all");
}

#[test]
fn who_comes_meanwhile_waits_and_holds_nobody_up() {
    // N28 of the network
    let (mut newcomers, start) = (Newcomers::default(), Instant::now());
    let (first, second) = (PeerId::random(), PeerId::random());
    newcomers.came(first, true, start);
    assert_eq!(newcomers.due(start + PAUSE), piece(0, first));
    newcomers.went_up_to(Some(9));
    // It comes and goes as often as it likes.
    for _ in 0..3 {
        newcomers.came(second, true, start + PAUSE);
        newcomers.gone(&second);
        newcomers.came(second, true, start + PAUSE);
    }
    assert_eq!(newcomers.due(start + 2 * PAUSE), piece(9, first));
    newcomers.went_up_to(None);
    assert_eq!(newcomers.due(start + 2 * PAUSE), None, "a piece a pause, whoever comes");
    assert_eq!(newcomers.due(start + 3 * PAUSE), piece(0, second), "from the beginning");
}

#[test]
fn who_is_gone_is_told_nothing() {
    // N28 of the network
    let (mut newcomers, peer, start) = (Newcomers::default(), PeerId::random(), Instant::now());
    newcomers.came(peer, true, start);
    newcomers.gone(&peer);
    assert_eq!(newcomers.due(start + PAUSE), None);
    newcomers.came(peer, true, start + PAUSE);
    assert_eq!(newcomers.due(start + 2 * PAUSE), piece(0, peer));
    newcomers.went_up_to(Some(9));
    newcomers.gone(&peer);
    assert_eq!(newcomers.due(start + 3 * PAUSE), None);
}

#[test]
fn who_speaks_for_no_validator_is_told_by_gossip_until_it_does() {
    // N28 of the network
    let (mut newcomers, peer, start) = (Newcomers::default(), PeerId::random(), Instant::now());
    newcomers.came(peer, false, start);
    let gossip = Piece { after: 0, validators: Vec::new(), others: true };
    assert_eq!(newcomers.due(start + PAUSE), Some(gossip));
    newcomers.went_up_to(Some(9));
    newcomers.came(peer, true, start + PAUSE);
    assert_eq!(newcomers.due(start + 2 * PAUSE), piece(0, peer));
}
