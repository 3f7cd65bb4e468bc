use alloy_primitives::B256;
use libp2p::PeerId;
use rota_proto::{CatchUpRequest, Fetch, Height, Message, Vote};

use super::support::{body, catch_up_answer, certificate, final_batch, proposal, round, vote};
use crate::network::{
    NetworkLimits, RequestError, Target,
    exchange::{Exchange, fits},
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

#[test]
fn nobody_is_asked_who_is_not_connected_or_was_tried() {
    let mut exchange = Exchange::new(&NetworkLimits::default());
    let [here, away] = [PeerId::random(), PeerId::random()];
    let no_peer = Err(RequestError::NoPeer);
    assert_eq!(exchange.choose(&Target::Peer(away), &[here]), no_peer);
    assert_eq!(exchange.choose(&Target::AnyBut([here].into()), &[here]), no_peer);
    assert_eq!(exchange.choose(&Target::AnyBut([away].into()), &[here]), Ok(here));
}

#[test]
fn peers_that_owe_equally_take_turns() {
    let mut exchange = Exchange::new(&NetworkLimits::default());
    let peers = [PeerId::random(), PeerId::random(), PeerId::random()];
    let asked: std::collections::BTreeSet<_> =
        (0..3).map(|_| exchange.choose(&Target::AnyBut([].into()), &peers).unwrap()).collect();
    assert_eq!(asked.len(), 3);
}
