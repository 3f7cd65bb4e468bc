//! Rules E3 and E4 of evidence: who is told, and how much peers may bring.

use std::time::{Duration, Instant};

use libp2p::PeerId;

use crate::{driver::evidence::Accusations, network::tests::support::Validator};

/// Rule E4 of evidence: what a peer tells when it comes, then a few pieces a second. A validator's share is its own;
/// strangers have one together.
#[test]
fn a_peer_brings_so_much_at_once_and_then_so_much_a_second() {
    let now = Instant::now();
    let mut accusations = Accusations::new(now);
    let [one, other] = [1, 2].map(|seed| Some(Validator::seed(seed).key()));
    let mut brought = |who, seconds| {
        let at = now + Duration::from_secs(seconds);
        (0..2_000).filter(|_| accusations.may_bring(who, at)).count()
    };
    assert_eq!([brought(one, 0), brought(one, 10)], [512, 80]);
    assert_eq!([brought(None, 0), brought(None, 10)], [512, 320]);
    assert_eq!([brought(other, 0), brought(other, 1_000)], [512, 512]);
}

/// Rule E3 of evidence.
#[test]
fn who_comes_is_told_once_a_second_later_if_it_is_still_there() {
    let now = Instant::now();
    let mut accusations = Accusations::new(now);
    let [one, gone] = [PeerId::random(), PeerId::random()];
    accusations.came(one, now);
    accusations.came(gone, now);
    accusations.gone(&gone);
    let at = |ms| now + Duration::from_millis(ms);
    assert!(accusations.due(at(999)).is_empty());
    assert_eq!(accusations.due(at(1_000)), [one]);
    assert!(accusations.due(at(60_000)).is_empty());
}
