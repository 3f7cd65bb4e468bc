use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use libp2p::{PeerId, request_response};
use rota_proto::{CatchUpRequest, Fetch, Height, Message, Vote};

use super::support::{body, catch_up_answer, certificate, final_batch, proposal, round, vote};
use crate::network::{
    NetworkLimits, RequestError, Target,
    codec::{Codec, Parcel},
    exchange::{Asked, Exchange, fits},
    limits::FAILED_LATELY,
    trust::Trust,
};

#[test]
fn answers_to_other_questions_do_not_fit() {
    // N32
    let fetch_body = Message::Fetch(Fetch::Body(B256::repeat_byte(1)));
    let fetch_proposal = |round, batch| Message::Fetch(Fetch::Proposal { round, batch });
    let asked = proposal(3);
    let answer = Message::Proposal(Box::new(asked.clone()));
    let catch_up = |from, count| Message::CatchUpRequest(CatchUpRequest { from: Height(from), count });
    let fetch_certificate = Message::Fetch(Fetch::Certificate(round(5)));
    let older = Message::Certificate(certificate(Vote::nullify(round(4))));
    let cases = [
        (fetch_body.clone(), Message::Body(body(10))),
        (fetch_body, vote(1)),
        (fetch_proposal(round(3), B256::ZERO), answer.clone()),
        (fetch_proposal(round(4), asked.header.hash()), answer),
        (fetch_proposal(round(3), B256::ZERO), Message::FinalBatch(Box::new(final_batch(3)))),
        (catch_up(5, 3), catch_up_answer(6, 2)),
        (catch_up(5, 3), catch_up_answer(5, 4)),
        (catch_up(5, 3), catch_up_answer(5, 0)),
        (fetch_certificate, older),
        (Message::RoundQuery([1; 32]), vote(1)),
        (vote(1), vote(1)),
    ];
    for (question, answer) in cases {
        assert!(!fits(&question, &answer), "{question:?} {answer:?}");
    }
}

#[test]
fn answers_to_the_question_fit() {
    let asked = proposal(3);
    let fetch_proposal = Fetch::Proposal { round: round(3), batch: asked.header.hash() };
    let cases = [
        (Message::Fetch(Fetch::Body(body(1).batch)), Message::Body(body(1))),
        (Message::Fetch(fetch_proposal), Message::Proposal(Box::new(asked))),
        (
            Message::Fetch(Fetch::Proposal { round: round(3), batch: final_batch(3).header.hash() }),
            Message::FinalBatch(Box::new(final_batch(3))),
        ),
        (Message::CatchUpRequest(CatchUpRequest { from: Height(5), count: 3 }), catch_up_answer(5, 3)),
        (
            Message::Fetch(Fetch::Certificate(round(5))),
            Message::Certificate(certificate(Vote::finalize(round(9), B256::ZERO))),
        ),
    ];
    for (question, answer) in cases {
        assert!(fits(&question, &answer), "{question:?} {answer:?}");
    }
}

/// Everybody a stranger.
fn strangers(peers: &[PeerId]) -> Vec<(PeerId, Trust)> {
    peers.iter().map(|peer| (*peer, Trust::Stranger)).collect()
}

fn anyone() -> Target {
    Target::AnyBut(BTreeSet::new())
}

/// A question that is open with a peer. Its id comes from libp2p, which alone can make one.
fn open(exchange: &mut Exchange, ids: &mut Ids, peer: PeerId, trust: Trust) {
    let (answer, _) = tokio::sync::oneshot::channel();
    exchange.asked(ids.fresh(), Asked { peer, trust, request: vote(1), answer });
}

struct Ids(request_response::Behaviour<Codec>);

impl Ids {
    fn new() -> Self {
        let codec = Codec { patience: Duration::from_secs(1) };
        let nothing: [(libp2p::StreamProtocol, request_response::ProtocolSupport); 0] = [];
        Self(request_response::Behaviour::with_codec(codec, nothing, request_response::Config::default()))
    }

    fn fresh(&mut self) -> request_response::OutboundRequestId {
        self.0.send_request(&PeerId::random(), Parcel::Incoming(None))
    }
}

#[test]
fn nobody_is_asked_who_is_not_connected_or_was_tried() {
    let mut exchange = Exchange::new(&NetworkLimits::default());
    let [here, away] = [PeerId::random(), PeerId::random()];
    let now = Instant::now();
    let mut choose = |target: Target| exchange.choose(&target, &strangers(&[here]), now);
    assert_eq!(choose(Target::Peer(away)), Err(RequestError::NoPeer));
    assert_eq!(choose(Target::AnyBut([here].into())), Err(RequestError::NoPeer));
    assert_eq!(choose(Target::AnyBut([away].into())), Ok(here));
}

#[test]
fn peers_that_owe_equally_take_turns() {
    let mut exchange = Exchange::new(&NetworkLimits::default());
    let peers = strangers(&[PeerId::random(), PeerId::random(), PeerId::random()]);
    let asked: BTreeSet<_> = (0..3).map(|_| exchange.choose(&anyone(), &peers, Instant::now()).unwrap()).collect();
    assert_eq!(asked.len(), 3);
}

#[test]
fn validators_are_asked_first_unless_they_failed_lately() {
    // N35
    let mut exchange = Exchange::new(&NetworkLimits::default());
    let [validator, configured, stranger] = [PeerId::random(), PeerId::random(), PeerId::random()];
    let peers = [(stranger, Trust::Stranger), (configured, Trust::Configured), (validator, Trust::Validator)];
    let now = Instant::now();
    assert_eq!(exchange.choose(&anyone(), &peers, now), Ok(validator));
    exchange.failed(validator, now);
    assert_eq!(exchange.choose(&anyone(), &peers, now), Ok(configured));
    exchange.failed(configured, now);
    let asked: BTreeSet<_> = (0..4).map(|_| exchange.choose(&anyone(), &peers, now).unwrap()).collect();
    assert_eq!(asked, [validator, stranger].into());
    assert_eq!(exchange.choose(&anyone(), &peers, now + FAILED_LATELY), Ok(validator));
}

#[test]
fn validator_that_owes_much_is_spared_for_the_next() {
    // N33, N35
    let limits = NetworkLimits::default();
    let (mut exchange, mut ids) = (Exchange::new(&limits), Ids::new());
    let [busy, stranger] = [PeerId::random(), PeerId::random()];
    let peers = [(busy, Trust::Validator), (stranger, Trust::Stranger)];
    for _ in 0..limits.requests_out_per_peer_max {
        assert_eq!(exchange.choose(&anyone(), &peers, Instant::now()), Ok(busy));
        open(&mut exchange, &mut ids, busy, Trust::Validator);
    }
    assert_eq!(exchange.choose(&anyone(), &peers, Instant::now()), Ok(stranger));
}

#[test]
fn silent_strangers_leave_half_of_the_questions_to_validators() {
    // N33
    let (mut exchange, mut ids) = (Exchange::new(&NetworkLimits::default()), Ids::new());
    let silent: Vec<PeerId> = (0..8).map(|_| PeerId::random()).collect();
    silent.iter().for_each(|peer| open(&mut exchange, &mut ids, *peer, Trust::Stranger));
    let mut peers = strangers(&silent);
    assert_eq!(exchange.choose(&anyone(), &peers, Instant::now()), Err(RequestError::Busy { waiting: 8 }));
    let validator = PeerId::random();
    peers.push((validator, Trust::Validator));
    assert_eq!(exchange.choose(&anyone(), &peers, Instant::now()), Ok(validator));
}
