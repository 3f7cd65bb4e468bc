use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use rota_proto::{CatchUpAnswer, CatchUpRequest, Fetch, Height, Message};

use super::support::{Intruder, Node, Setup, Validator, body, catch_up_answer, vote};
use crate::network::{
    NetworkEvent, Rate, Recipient,
    frame::{Frame, prefixed},
    kind::Lane,
};

async fn faults(node: &Node, name: &str, least: u64) {
    node.metric_reaches(&format!("rota_network_faults_total{{name=\"{name}\"}}"), least).await;
}

/// A node, and what an intruder does to it on a lane; the fault must be counted under its name.
async fn check(lane: Lane, bytes: &[u8], fault: &str) {
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut stream = intruder.lane(lane).await;
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
    faults(&node, fault, 1).await;
}

fn frame(message: &Message) -> Vec<u8> {
    Frame::of(message).unwrap().bytes.to_vec()
}

#[tokio::test]
async fn oversized_frame_is_a_fault_before_its_bytes_come() {
    // N17
    check(Lane::Votes, &u32::MAX.to_be_bytes(), "Oversized").await;
    check(Lane::Votes, &200_000u32.to_be_bytes(), "Oversized").await;
    check(Lane::Bulk, &frame(&Message::Body(body(2_000_000)))[..4], "Oversized").await;
}

#[tokio::test]
async fn message_above_the_limit_of_its_kind_is_a_fault() {
    let padded = [vote(1).encode(), vec![0; 1_000]].concat();
    check(Lane::Votes, &prefixed(&padded).unwrap(), "Oversized").await;
}

#[tokio::test]
async fn malformed_message_is_a_fault() {
    check(Lane::Votes, &prefixed(&[0xFF; 64]).unwrap(), "Malformed").await;
    check(Lane::Bulk, &prefixed(&[]).unwrap(), "Malformed").await;
}

#[tokio::test]
async fn message_in_another_encoding_is_a_fault() {
    let unknown_field = [&vote(1).encode()[..], &[0xA0, 0x06, 0x01]].concat();
    check(Lane::Votes, &prefixed(&unknown_field).unwrap(), "NotCanonical").await;
}

#[tokio::test]
async fn kind_on_the_wrong_lane_is_a_fault() {
    // N10
    check(Lane::Bulk, &frame(&vote(1)), "Misplaced").await;
    check(Lane::Votes, &frame(&Message::Transactions(Vec::new())), "Misplaced").await;
}

#[tokio::test]
async fn catching_up_on_a_lane_is_a_fault() {
    // N10: an answer that nobody asked for would end a catch-up that runs.
    let question = Message::CatchUpRequest(CatchUpRequest { from: Height(7), count: 8 });
    let empty = Message::CatchUpAnswer(CatchUpAnswer { batches: Vec::new() });
    for lane in Lane::ALL {
        check(lane, &frame(&question), "Misplaced").await;
        check(lane, &frame(&empty), "Misplaced").await;
    }
    check(Lane::Bulk, &frame(&catch_up_answer(9, 2)), "Misplaced").await;
}

#[tokio::test]
async fn status_after_the_handshake_is_a_fault() {
    let status = Message::Status(rota_proto::Status {
        network: super::support::network(),
        version: String::new(),
        height: rota_proto::Height(0),
        batch: alloy_primitives::B256::ZERO,
    });
    check(Lane::Votes, &frame(&status), "Misplaced").await;
}

#[tokio::test]
async fn frame_that_does_not_end_is_a_fault() {
    // N17
    let mut node = Setup::new().limits(|limits| limits.frame_timeout = Duration::from_millis(100)).start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut stream = intruder.lane(Lane::Votes).await;
    stream.write_all(&frame(&vote(1))[..20]).await.unwrap();
    stream.flush().await.unwrap();
    faults(&node, "Stalled", 1).await;
}

#[tokio::test]
async fn lane_opened_again_and_again_is_a_fault() {
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(intruder.lane(Lane::Votes).await);
    }
    faults(&node, "BrokenLane", 1).await;
}

#[tokio::test]
async fn fourth_malformed_message_ends_the_connection() {
    // N40
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut stream = intruder.lane(Lane::Votes).await;
    for _ in 0..4 {
        stream.write_all(&prefixed(&[0xFF; 64]).unwrap()).await.unwrap();
    }
    stream.flush().await.unwrap();
    node.gone(intruder.peer).await;
    intruder.closed().await;
    assert_eq!(node.metric("rota_network_bans_total"), 1);
    assert_eq!(node.metric("rota_network_faults_total{name=\"Malformed\"}"), 4);
}

#[tokio::test]
async fn validator_may_send_a_body_that_a_stranger_may_not() {
    // N17
    let alice = Validator::seed(1);
    let mut node = Setup::new().knowing(&[&alice]).start().await;
    let validator = Intruder::connect_as(&Setup::new().validator(&alice), &node.address).await.unwrap();
    node.connected(validator.peer).await;
    let mut stream = validator.lane(Lane::Bulk).await;
    let body = Message::Body(body(4_000_000));
    stream.write_all(&frame(&body)).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(node.message().await.2, body);
}

#[tokio::test]
async fn validator_seated_while_its_lane_was_silent_may_send_a_body() {
    // N17
    let alice = Validator::seed(1);
    let mut node = Setup::new().start().await;
    let validator = Intruder::connect_as(&Setup::new().validator(&alice), &node.address).await.unwrap();
    node.connected(validator.peer).await;
    let mut stream = validator.lane(Lane::Bulk).await;
    // The reader waits for the next frame when the seat is taken.
    let transactions = Message::Transactions(Vec::new());
    stream.write_all(&frame(&transactions)).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(node.message().await.2, transactions);
    node.handle.set_validators([alice.key()].into()).unwrap();
    node.expect("the seat", |event| match event {
        NetworkEvent::ValidatorChanged { validator, .. } => validator,
        _ => None,
    })
    .await;
    let body = Message::Body(body(4_000_000));
    stream.write_all(&frame(&body)).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(node.message().await.2, body);
    assert_eq!(node.metric("rota_network_faults_total{name=\"Oversized\"}"), 0);
}

#[tokio::test]
async fn questions_on_a_lane_count_like_others() {
    // N31
    let rate = Rate { burst: 3.0, per_second: 0.001 };
    let mut node = Setup::new().limits(|limits| limits.requests_per_stranger = rate).start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut stream = intruder.lane(Lane::Votes).await;
    let fetch = |batch| Message::Fetch(Fetch::Body(alloy_primitives::B256::repeat_byte(batch)));
    for message in [fetch(1), Message::RoundQuery([2; 32]), fetch(3), fetch(4), Message::RoundQuery([5; 32]), vote(6)] {
        stream.write_all(&frame(&message)).await.unwrap();
    }
    stream.flush().await.unwrap();
    let heard = [node.message().await.2, node.message().await.2, node.message().await.2, node.message().await.2];
    assert_eq!(heard, [fetch(1), Message::RoundQuery([2; 32]), fetch(3), vote(6)]);
    faults(&node, "Flood", 1).await;
    for kind in ["Fetch", "RoundQuery"] {
        let dropped = format!("rota_network_messages_dropped_total{{reason=\"Rate\",kind=\"{kind}\"}}");
        assert_eq!(node.metric(&dropped), 1);
    }
}

#[tokio::test]
async fn connection_whose_lanes_fail_is_closed_however_many_faults_wait() {
    // N10
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect_closing(&Setup::new(), &node.address).await.unwrap();
    node.connected(intruder.peer).await;
    let stop = tokio::spawn({
        let (handle, peer) = (node.handle.clone(), intruder.peer);
        async move {
            for view in 1.. {
                handle.send_to(Recipient::Peer(peer), &vote(view)).unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
    node.gone(intruder.peer).await;
    stop.abort();
    intruder.closed().await;
}

#[tokio::test]
async fn flooding_peer_is_read_slowly_and_then_banned() {
    // N14
    let rate = Rate { burst: 100.0, per_second: 200.0 };
    let change = |limits: &mut crate::network::NetworkLimits| {
        limits.direct_messages = rate;
        limits.ban_points = 25.0;
    };
    let mut node = Setup::new().limits(change).start().await;
    let intruder = Intruder::connect(&node.address).await;
    let peer = intruder.peer;
    node.connected(peer).await;
    let mut stream = intruder.lane(Lane::Votes).await;
    let frame = frame(&vote(1));
    let began = std::time::Instant::now();
    let flood = tokio::spawn(async move {
        let mut sent = 0u64;
        while stream.write_all(&frame).await.is_ok() {
            sent += 1;
        }
        sent
    });
    let mut heard = 0u32;
    node.expect("the flood to end", |event| match event {
        NetworkEvent::Message { .. } => {
            heard += 1;
            None
        }
        NetworkEvent::PeerGone { .. } => Some(()),
        _ => None,
    })
    .await;
    let allowed = rate.burst + began.elapsed().as_secs_f64() * rate.per_second;
    assert!(f64::from(heard) <= allowed + 1.0, "{heard} of {allowed} allowed");
    assert!(heard > 100, "it was throttled, not cut: {heard}");
    assert_eq!(node.metric("rota_network_faults_total{name=\"Flood\"}"), 3);
    assert!(node.metric("rota_network_throttled_total") > 100);
    assert_eq!(node.metric("rota_network_bans_total"), 1);
    let sent = flood.await.unwrap();
    assert!(sent > u64::from(heard), "{sent} sent, {heard} heard");
    intruder.closed().await;
}

#[tokio::test]
async fn malformed_question_is_a_fault_and_gets_no_answer() {
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let cases = [
        (prefixed(&[0xFF; 64]).unwrap().to_vec(), "Malformed", 1),
        (prefixed(&[]).unwrap().to_vec(), "Malformed", 2),
        (frame(&vote(1)), "Misplaced", 1),
    ];
    for (bytes, fault, count) in cases {
        let mut stream = intruder.exchange().await;
        stream.write_all(&bytes).await.unwrap();
        stream.close().await.unwrap();
        let mut answer = Vec::new();
        // The stream may be reset or closed.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty());
        faults(&node, fault, count).await;
    }
}

#[tokio::test]
async fn oversized_question_is_a_fault() {
    let mut node = Setup::new().start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut stream = intruder.exchange().await;
    stream.write_all(&frame(&catch_up_answer(1, 3))).await.unwrap();
    stream.flush().await.unwrap();
    faults(&node, "Oversized", 1).await;
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    4_096 * pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap()
}

#[tokio::test]
async fn garbage_without_end_leaves_memory_flat() {
    // N17, N42: bans and rates off, so that it really comes in.
    let change = |limits: &mut crate::network::NetworkLimits| {
        limits.ban_points = f64::INFINITY;
        limits.direct_messages = Rate { burst: 1e9, per_second: 1e9 };
        limits.direct_bytes = Rate { burst: 1e12, per_second: 1e12 };
    };
    let mut node = Setup::new().limits(change).start().await;
    let intruder = Intruder::connect(&node.address).await;
    node.connected(intruder.peer).await;
    let mut stream = intruder.lane(Lane::Votes).await;
    let garbage = prefixed(&[0xFF; 100_000]).unwrap();
    let repeated = prefixed(&[&vote(1).encode()[..], &vote(2).encode()].concat()).unwrap();
    let mut before = 0;
    for round in 0..1_000 {
        stream.write_all(&garbage).await.unwrap();
        stream.write_all(&repeated).await.unwrap();
        if round == 100 {
            before = resident();
        }
    }
    stream.flush().await.unwrap();
    faults(&node, "Malformed", 1_000).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 20_000_000, "90 MB of garbage grew memory by {grown}");
}
