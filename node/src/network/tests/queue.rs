use rota_proto::Message;

use super::support::{body, every_kind, vote};
use crate::network::{
    frame::Frame,
    kind::{Lane, MessageKind},
    metrics::Metrics,
    queue::Queue,
};

fn queue(frames: usize, bytes: usize) -> Queue {
    Queue::new(Lane::Votes, frames, bytes, Metrics::default())
}

fn frame(message: &Message) -> Frame {
    Frame::of(message).unwrap()
}

fn views(queue: &Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.try_pop()).map(|frame| frame.round.unwrap().view.0).collect()
}

#[test]
fn full_queue_gives_up_its_oldest_round() {
    // N13
    let queue = queue(3, usize::MAX);
    for view in [4, 2, 5, 3, 6] {
        queue.push(frame(&vote(view)));
    }
    assert_eq!(views(&queue), [6, 5, 4]);
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn vote_older_than_all_in_a_full_queue_is_the_one_that_goes() {
    let queue = queue(2, usize::MAX);
    for view in [8, 9, 1] {
        queue.push(frame(&vote(view)));
    }
    assert_eq!(views(&queue), [9, 8]);
}

#[test]
fn full_queue_gives_up_what_came_first_of_what_has_no_round() {
    let queue = queue(2, usize::MAX);
    for bytes in [1, 2, 3] {
        queue.push(frame(&Message::Body(body(bytes))));
    }
    let lengths: Vec<_> = std::iter::from_fn(|| queue.try_pop()).map(|frame| frame.bytes.len()).collect();
    assert_eq!(lengths, [frame(&Message::Body(body(2))).bytes.len(), frame(&Message::Body(body(3))).bytes.len()]);
}

#[test]
fn bytes_are_bounded_like_frames() {
    let one = frame(&Message::Body(body(1_000)));
    let queue = queue(usize::MAX, 2 * one.bytes.len());
    for _ in 0..5 {
        queue.push(one.clone());
    }
    assert_eq!(queue.len(), 2);
    assert_eq!(queue.bytes(), 2 * one.bytes.len());
}

#[test]
fn frame_longer_than_the_queue_leaves_it_empty() {
    let queue = queue(10, 100);
    queue.push(frame(&Message::Body(body(1_000))));
    assert_eq!((queue.len(), queue.bytes()), (0, 0));
}

#[test]
fn newest_round_leaves_first_and_in_the_order_it_came() {
    // N12
    let queue = queue(100, usize::MAX);
    let finalize = Message::Certificate(super::support::certificate(rota_proto::Vote::finalize(
        super::support::round(2),
        alloy_primitives::B256::ZERO,
    )));
    for message in [vote(1), vote(2), finalize, vote(1)] {
        queue.push(frame(&message));
    }
    let order: Vec<_> =
        std::iter::from_fn(|| queue.try_pop()).map(|frame| (frame.kind, frame.round.unwrap().view.0)).collect();
    let (vote, certificate) = (MessageKind::Vote, MessageKind::Certificate);
    assert_eq!(order, [(vote, 2), (certificate, 2), (vote, 1), (vote, 1)]);
}

#[test]
fn consensus_leaves_before_all_else() {
    // N12
    let queue = queue(100, usize::MAX);
    for message in every_kind().iter().rev() {
        queue.push(frame(message));
    }
    let ranks: Vec<_> = std::iter::from_fn(|| queue.try_pop()).map(|frame| frame.kind.rank()).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    assert_eq!(ranks.len(), every_kind().len());
}

#[tokio::test]
async fn pop_waits_for_a_push() {
    let queue = std::sync::Arc::new(queue(1, usize::MAX));
    let popped = tokio::spawn({
        let queue = queue.clone();
        async move { queue.pop().await }
    });
    tokio::task::yield_now().await;
    queue.push(frame(&vote(7)));
    assert_eq!(popped.await.unwrap().round.unwrap().view.0, 7);
}

#[test]
fn clones_of_a_frame_share_its_bytes() {
    // N11
    let frame = frame(&vote(1));
    assert_eq!(frame.bytes.as_ptr(), frame.clone().bytes.as_ptr());
}
