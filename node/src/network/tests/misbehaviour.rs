use std::time::{Duration, Instant};

use libp2p::PeerId;
use rota_proto::{Message, WireError};

use super::support::vote;
use crate::network::{
    Misbehaviour, NetworkLimits,
    limits::SCORES_MAX,
    misbehaviour::{Scores, Sentence},
};

fn scores() -> Scores {
    Scores::new(&NetworkLimits::default())
}

#[test]
fn forged_record_is_a_ban_at_once() {
    let sentence = scores().punish(PeerId::random(), Misbehaviour::ForgedRecord, Instant::now());
    assert_eq!(sentence, Sentence::Banned { time: Duration::from_secs(60) });
}

#[test]
fn fourth_malformed_message_in_a_row_is_a_ban() {
    // N40
    let (mut scores, peer, now) = (scores(), PeerId::random(), Instant::now());
    let sentences: Vec<_> = (0..4).map(|_| scores.punish(peer, Misbehaviour::Malformed, now)).collect();
    let kept = |points| Sentence::Kept { points };
    assert_eq!(sentences[..3], [kept(30.0), kept(60.0), kept(90.0)]);
    assert_eq!(sentences[3], Sentence::Banned { time: Duration::from_secs(60) });
}

#[test]
fn bans_double_up_to_an_hour() {
    let (mut scores, peer) = (scores(), PeerId::random());
    let mut now = Instant::now();
    let mut minutes = Vec::new();
    while minutes.len() < 8 {
        if let Sentence::Banned { time } = scores.punish(peer, Misbehaviour::ForgedRecord, now) {
            minutes.push(time.as_secs() / 60);
            now += time;
        }
    }
    assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn peer_comes_back_from_a_ban_with_half_its_points() {
    let (mut scores, peer, now) = (scores(), PeerId::random(), Instant::now());
    scores.punish(peer, Misbehaviour::ForgedRecord, now);
    let back = now + Duration::from_secs(60);
    assert!((scores.points(&peer, back) - 50.0).abs() < 1e-9);
}

#[test]
fn points_fade() {
    let (mut scores, peer, now) = (scores(), PeerId::random(), Instant::now());
    scores.punish(peer, Misbehaviour::Malformed, now);
    assert!((scores.points(&peer, now + Duration::from_secs(30)) - 15.0).abs() < 1e-9);
    assert!(scores.points(&peer, now + Duration::from_secs(60)).abs() < 1e-9);
}

#[test]
fn silence_costs_more_than_is_forgiven_meanwhile() {
    // N33
    let limits = NetworkLimits::default();
    assert!(Misbehaviour::Silent.points() > limits.forgiven_per_second * limits.request_timeout.as_secs_f64());
}

#[test]
fn guiltier_peers_are_remembered_longer() {
    // N42
    let (mut scores, now) = (scores(), Instant::now());
    let guilty = PeerId::random();
    scores.punish(guilty, Misbehaviour::Oversized, now);
    for _ in 0..SCORES_MAX + 10 {
        scores.punish(PeerId::random(), Misbehaviour::Silent, now);
    }
    assert_eq!(scores.len(), SCORES_MAX);
    assert!(scores.points(&guilty, now) > 30.0);
}

#[test]
fn refusals_of_the_wire_have_their_names() {
    let canonical = vote(1).encode();
    let unknown_field = [canonical.as_slice(), &[0xA0, 0x06, 0x01]].concat();
    let cases: [(&[u8], Misbehaviour); 4] = [
        (&[], Misbehaviour::Malformed),
        (&[0xFF; 40], Misbehaviour::Malformed),
        (&unknown_field, Misbehaviour::NotCanonical),
        (&[&canonical[..], &[0; 400]].concat(), Misbehaviour::Oversized),
    ];
    for (bytes, fault) in cases {
        let error: WireError = Message::decode(bytes).unwrap_err();
        assert_eq!(Misbehaviour::of_wire(&error), fault, "{error}");
    }
}
