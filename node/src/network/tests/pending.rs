use std::net::IpAddr;

use libp2p::swarm::ConnectionId;

use crate::network::{Denied, NetworkLimits, address::address_of, pending::Pending};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Opens connections from an address until one is refused.
#[track_caller]
fn check(pending: &mut Pending, ids: &mut std::ops::Range<usize>, from: IpAddr, taken: usize, denied: &Denied) {
    let limits = NetworkLimits::default();
    for _ in 0..taken {
        pending.take(ConnectionId::new_unchecked(ids.next().unwrap()), from, false, &limits).unwrap();
    }
    let refused = pending.take(ConnectionId::new_unchecked(ids.next().unwrap()), from, false, &limits);
    assert_eq!(refused.as_ref(), Err(denied));
}

#[test]
fn fifth_silent_connection_of_an_address_is_refused() {
    // N7
    let (mut pending, from) = (Pending::default(), ip("192.0.2.1"));
    let denied = Denied::TooManyPendingFromAddress { address: from, limit: 4 };
    check(&mut pending, &mut (0..9), from, 4, &denied);
    pending.free(&ConnectionId::new_unchecked(0));
    check(&mut pending, &mut (10..19), from, 1, &denied);
}

#[test]
fn site_of_many_addresses_gets_a_quarter() {
    // N7
    let (mut pending, mut ids) = (Pending::default(), 0..99);
    for network in 0..4u16 {
        let address = ip(&format!("2001:db8:7:{network:x}::"));
        let denied = Denied::TooManyPendingFromAddress { address, limit: 4 };
        check(&mut pending, &mut ids, address, 4, &denied);
    }
    let denied = Denied::TooManyPendingFromAddress { address: ip("2001:db8:7::"), limit: 16 };
    check(&mut pending, &mut ids, ip("2001:db8:7:99::"), 0, &denied);
}

#[test]
fn expected_address_finds_a_place_when_all_others_are_taken() {
    // N7
    let (mut pending, mut ids, limits) = (Pending::default(), 0..199, NetworkLimits::default());
    for host in 0..16 {
        let address = ip(&format!("192.0.2.{host}"));
        let denied = Denied::TooManyPendingFromAddress { address, limit: 4 };
        check(&mut pending, &mut ids, address, 4, &denied);
    }
    check(&mut pending, &mut ids, ip("192.0.2.99"), 0, &Denied::TooManyPending { limit: 64 });
    let expected = ip("198.51.100.1");
    let mut take = || pending.take(ConnectionId::new_unchecked(ids.next().unwrap()), expected, true, &limits);
    assert!((0..8).all(|_| take().is_ok()));
    assert_eq!(take(), Err(Denied::TooManyPendingFromAddress { address: expected, limit: 8 }));
}

#[test]
fn address_is_what_one_customer_has() {
    // N7
    let cases = [
        ("/ip4/192.0.2.7/tcp/1", "192.0.2.7"),
        ("/ip6/2001:db8:1:2:3:4:5:6/tcp/1", "2001:db8:1:2::"),
        ("/ip6/::ffff:192.0.2.7/tcp/1", "192.0.2.7"),
    ];
    for (text, address) in cases {
        assert_eq!(address_of(&text.parse().unwrap()), ip(address), "{text}");
    }
}
