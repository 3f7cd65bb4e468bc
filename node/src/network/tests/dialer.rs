use std::time::{Duration, Instant};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

use crate::network::{
    PeerAddressError,
    dialer::{Dialer, resolve},
    limits::STATIC_PEERS_MAX,
};

const FIRST: Duration = Duration::from_millis(100);
const MAX: Duration = Duration::from_secs(1);

fn address(text: &str) -> (PeerId, Multiaddr) {
    let peer = PeerId::random();
    (peer, text.parse::<Multiaddr>().unwrap().with(Protocol::P2p(peer)))
}

fn refused(text: &str) -> PeerAddressError {
    Dialer::new(&[text.parse().unwrap()], FIRST, MAX).unwrap_err()
}

#[test]
fn addresses_that_cannot_be_dialled_are_refused_by_name() {
    let peer = PeerId::random();
    assert!(matches!(refused("/ip4/127.0.0.1/tcp/1"), PeerAddressError::NoPeerId(_)));
    for text in ["/ip4/127.0.0.1/udp/1", "/ip4/127.0.0.1", "/ip4/127.0.0.1/tcp/1/ws", "/unix/a"] {
        assert!(matches!(refused(&format!("{text}/p2p/{peer}")), PeerAddressError::NotTcp(_)), "{text}");
    }
}

#[test]
fn more_peers_than_the_limit_are_refused_with_the_numbers() {
    let peers: Vec<_> = (0..=STATIC_PEERS_MAX).map(|_| address("/ip4/127.0.0.1/tcp/1").1).collect();
    let refused = Dialer::new(&peers, FIRST, MAX).unwrap_err();
    assert_eq!(refused, PeerAddressError::TooMany { count: STATIC_PEERS_MAX + 1, limit: STATIC_PEERS_MAX });
    assert!(Dialer::new(&peers[1..], FIRST, MAX).is_ok());
}

#[test]
fn pauses_double_up_to_their_limit_and_differ() {
    // N9
    let (peer, address) = address("/ip4/127.0.0.1/tcp/1");
    let mut dialer = Dialer::new(&[address], FIRST, MAX).unwrap();
    let mut now = Instant::now();
    for pause in [100, 200, 400, 800, 1_000, 1_000].map(Duration::from_millis) {
        assert_eq!(dialer.next(now).map(|(peer, _)| peer), Some(peer));
        assert_eq!(dialer.next(now), None, "it is being dialled");
        dialer.lost(&peer, now);
        let due = dialer.due().unwrap() - now;
        assert!(due >= pause / 2 && due <= pause, "{due:?} of {pause:?}");
        dialer.lost(&PeerId::random(), now);
        assert_eq!(dialer.next(now + due - Duration::from_nanos(1)), None);
        now += due;
    }
}

#[test]
fn connected_peer_is_not_dialled_and_starts_over_when_it_goes() {
    let (peer, address) = address("/dns4/localhost/tcp/1");
    let mut dialer = Dialer::new(&[address], FIRST, MAX).unwrap();
    let now = Instant::now();
    for _ in 0..5 {
        dialer.lost(&peer, now);
    }
    dialer.connected(&peer);
    assert_eq!(dialer.due(), None);
    dialer.lost(&peer, now);
    assert!(dialer.due().unwrap() <= now + FIRST);
}

#[test]
fn addresses_of_one_peer_are_dialled_together() {
    let (peer, first) = address("/ip4/127.0.0.1/tcp/1");
    let second = "/ip6/::1/tcp/2".parse::<Multiaddr>().unwrap().with(Protocol::P2p(peer));
    let mut dialer = Dialer::new(&[first, second], FIRST, MAX).unwrap();
    let (_, addresses) = dialer.next(Instant::now()).unwrap();
    assert_eq!(addresses.len(), 2);
}

#[tokio::test]
async fn names_are_resolved_and_numbers_stay() {
    let addresses = ["/ip4/10.0.0.1/tcp/5", "/dns4/localhost/tcp/6"].map(|text| text.parse().unwrap());
    let expected: Vec<Multiaddr> = ["/ip4/10.0.0.1/tcp/5", "/ip4/127.0.0.1/tcp/6"].map(|t| t.parse().unwrap()).into();
    assert_eq!(resolve(addresses.into()).await, expected);
}
