use std::{collections::BTreeSet, time::Duration};

use alloy_primitives::B256;
use futures::AsyncWriteExt;
use libp2p::core::muxing::SubstreamBox;
use rota_proto::{CatchUpRequest, Fetch, Height, Message};

use super::support::{Intruder, Node, Setup, body, catch_up_answer, vote};
use crate::network::{Misbehaviour, NetworkLimits, Rate, RequestError, Target, frame::Frame};

async fn pair(change: impl FnOnce(&mut NetworkLimits) + Clone) -> (Node, Node) {
    let mut a = Setup::new().limits(change.clone()).start().await;
    let mut b = Setup::new().limits(change).dialling(&[&a]).start().await;
    a.connected(b.peer).await;
    b.connected(a.peer).await;
    (a, b)
}

fn fetch(batch: u8) -> Message {
    Message::Fetch(Fetch::Body(B256::repeat_byte(batch)))
}

fn anyone() -> Target {
    Target::AnyBut(BTreeSet::new())
}

#[tokio::test]
async fn what_asks_nothing_is_not_asked() {
    let (a, b) = pair(|_| ()).await;
    assert_eq!(a.handle.request(Target::Peer(b.peer), vote(1)).await, Err(RequestError::NoRequest));
}

#[tokio::test]
async fn nobody_to_ask_is_said_at_once() {
    let node = Setup::new().start().await;
    assert_eq!(node.handle.request(anyone(), fetch(1)).await, Err(RequestError::NoPeer));
}

#[tokio::test]
async fn questions_are_answered_both_ways() {
    // N30
    let (mut a, mut b) = pair(|_| ()).await;
    let catch_up = Message::CatchUpRequest(CatchUpRequest { from: Height(5), count: 4 });
    let exchanges = [(fetch(0xB0), Message::Body(body(4_000_000))), (catch_up, catch_up_answer(5, 3))];
    for (question, answer) in exchanges {
        for swap in [false, true] {
            let (asker, asked) = if swap { (&mut b, &mut a) } else { (&mut a, &mut b) };
            let waiting = tokio::spawn({
                let (handle, question) = (asker.handle.clone(), question.clone());
                async move { handle.request(anyone(), question).await }
            });
            let (from, heard, responder) = asked.request().await;
            assert_eq!((from, &heard), (asker.peer, &question));
            asked.handle.respond(responder, Some(&answer)).unwrap();
            let got = waiting.await.unwrap().unwrap();
            assert_eq!((got.from, got.message), (asked.peer, answer.clone()));
        }
    }
}

#[tokio::test]
async fn peer_that_has_none_says_so() {
    let (a, mut b) = pair(|_| ()).await;
    let waiting = tokio::spawn(async move { (a.handle.request(anyone(), fetch(1)).await, a) });
    let (_, _, responder) = b.request().await;
    b.handle.respond(responder, None).unwrap();
    let (result, a) = waiting.await.unwrap();
    assert_eq!(result, Err(RequestError::None(b.peer)));
    assert_eq!(result.unwrap_err().peer(), Some(b.peer));
    assert_eq!(a.metric("rota_network_requests_failed_total"), 1);
}

#[tokio::test]
async fn silence_ends_in_time_and_is_a_small_fault() {
    // N33
    let (a, mut b) = pair(|limits| limits.request_timeout = Duration::from_millis(200)).await;
    let waiting = tokio::spawn(async move { (a.handle.request(anyone(), fetch(1)).await, a) });
    let (_, _, responder) = b.request().await;
    let (result, a) = waiting.await.unwrap();
    // Both sides' clocks run alike: whichever ends first, the asker has no answer.
    let error = result.unwrap_err();
    assert_eq!(error.peer(), Some(b.peer), "{error}");
    assert!(matches!(error, RequestError::Timeout(_) | RequestError::Failed { .. }), "{error}");
    assert_eq!(a.metric("rota_network_requests_failed_total"), 1);
    b.handle.respond(responder, None).unwrap();
    b.metric_reaches("rota_network_messages_dropped_total{reason=\"TooLate\",kind=\"\"}", 1).await;
}

#[tokio::test]
async fn dropped_question_ends_at_once() {
    let (a, mut b) = pair(|_| ()).await;
    let waiting = tokio::spawn(async move { a.handle.request(anyone(), fetch(1)).await });
    let (_, _, responder) = b.request().await;
    drop(responder);
    assert!(matches!(waiting.await.unwrap(), Err(RequestError::Failed { .. })));
}

#[tokio::test]
async fn peer_that_goes_leaves_no_question_waiting() {
    let (a, mut b) = pair(|_| ()).await;
    let waiting = tokio::spawn(async move { a.handle.request(anyone(), fetch(1)).await });
    let _question = b.request().await;
    b.stop().await;
    assert!(matches!(waiting.await.unwrap(), Err(RequestError::Failed { .. })));
}

#[tokio::test]
async fn answer_to_another_question_is_a_fault() {
    // N32
    let (a, mut b) = pair(|_| ()).await;
    let peer = b.peer;
    let waiting = tokio::spawn(async move { (a.handle.request(anyone(), fetch(1)).await, a) });
    let (_, _, responder) = b.request().await;
    b.handle.respond(responder, Some(&Message::Body(body(10)))).unwrap();
    let (result, a) = waiting.await.unwrap();
    assert_eq!(result, Err(RequestError::Wrong { peer, fault: Misbehaviour::WrongAnswer }));
    assert_eq!(a.metric("rota_network_faults_total{name=\"WrongAnswer\"}"), 1);
}

#[tokio::test]
async fn questions_to_one_peer_are_bounded() {
    // N33
    let (a, mut b) = pair(|limits| limits.requests_out_per_peer_max = 2).await;
    let ask = |batch| {
        let handle = a.handle.clone();
        tokio::spawn(async move { handle.request(anyone(), fetch(batch)).await })
    };
    let waiting = [ask(1), ask(2)];
    let open = [b.request().await, b.request().await];
    assert_eq!(ask(3).await.unwrap(), Err(RequestError::Busy { waiting: 2 }));
    for (_, _, responder) in open {
        b.handle.respond(responder, None).unwrap();
    }
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_err());
    }
    let again = ask(4);
    let (_, _, responder) = b.request().await;
    b.handle.respond(responder, None).unwrap();
    again.await.unwrap().unwrap_err();
}

/// Questions that an intruder asks, their answers not read.
async fn ask(intruder: &Intruder, count: u8) -> Vec<SubstreamBox> {
    let mut open = Vec::new();
    for batch in 0..count {
        let mut stream = intruder.exchange().await;
        stream.write_all(&Frame::of(&fetch(batch)).unwrap().bytes).await.unwrap();
        stream.flush().await.unwrap();
        open.push(stream);
    }
    open
}

fn dropped(reason: &str) -> String {
    format!("rota_network_messages_dropped_total{{reason=\"{reason}\",kind=\"Fetch\"}}")
}

#[tokio::test]
async fn strangers_together_ask_only_so_much() {
    // N31
    let rate = Rate { burst: 3.0, per_second: 0.001 };
    let mut node = Setup::new().limits(|limits| limits.requests_of_strangers = rate).start().await;
    let [first, second] = [Intruder::connect(&node.address).await, Intruder::connect(&node.address).await];
    let _open = [ask(&first, 2).await, ask(&second, 2).await];
    for _ in 0..3 {
        node.request().await;
    }
    node.metric_reaches(&dropped("Rate"), 1).await;
    assert_eq!(node.metric("rota_network_faults_total{name=\"Flood\"}"), 0, "it is not its fault");
}

#[tokio::test]
async fn every_question_above_those_that_may_be_open_is_counted() {
    // N31, N41
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let _streams = ask(&intruder, 14).await;
    let mut responders = Vec::new();
    for _ in 0..8 {
        responders.push(node.request().await.2);
    }
    node.metric_reaches(&dropped("Rate"), 6).await;
}

#[tokio::test]
async fn answers_that_nobody_reads_are_bounded_in_bytes() {
    // N34
    let limits = |limits: &mut NetworkLimits| {
        limits.answers_bytes_per_peer_max = 1_500_000;
        limits.answers_bytes_of_strangers_max = 2_500_000;
    };
    let mut node = Setup::new().limits(limits).start().await;
    let answer = Message::Body(body(1_000_000));
    let full = "rota_network_messages_dropped_total{reason=\"AnswersFull\",kind=\"\"}";
    let mut open = Vec::new();
    // Of each two answers the second is above what one peer may leave; the third peer's first above all strangers'.
    for (asked, above) in [(2, 1), (2, 2), (1, 3)] {
        let intruder = Intruder::connect(&node.address).await;
        node.connected(intruder.peer).await;
        let streams = ask(&intruder, asked).await;
        for _ in 0..asked {
            let (_, _, responder) = node.request().await;
            node.handle.respond(responder, Some(&answer)).unwrap();
        }
        node.metric_reaches(full, above).await;
        open.push((streams, intruder));
    }
    assert_eq!(node.metric(full), 3);
}

#[tokio::test]
async fn peer_that_asks_too_much_is_dropped_and_blamed() {
    // N31
    let change = |limits: &mut NetworkLimits| limits.requests_per_stranger = Rate { burst: 3.0, per_second: 0.001 };
    let mut node = Setup::new().limits(change).start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let _open = ask(&intruder, 5).await;
    for _ in 0..3 {
        node.request().await;
    }
    node.metric_reaches("rota_network_messages_dropped_total{reason=\"Rate\",kind=\"Fetch\"}", 2).await;
    node.metric_reaches("rota_network_faults_total{name=\"Flood\"}", 1).await;
}
