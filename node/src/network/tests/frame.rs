use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use alloy_primitives::Bytes;
use futures::{AsyncReadExt as _, io::Cursor};
use rota_proto::Message;

use super::support::{body, round, vote};
use crate::network::{
    frame::{Frame, FrameError, PREFIX_BYTES, prefixed, read_frame},
    kind::MessageKind,
};

const PATIENCE: Duration = Duration::from_secs(5);

async fn read(bytes: &[u8], limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    read_frame(&mut Cursor::new(bytes), || limit, PATIENCE).await
}

#[tokio::test]
async fn frame_above_the_limit_is_refused_with_both_numbers() {
    // N17
    let refused = read(&[0, 0, 0, 11, 1, 2, 3], 10).await.unwrap_err();
    assert_eq!(refused.to_string(), "a frame of 11 bytes is above the limit of 10");
    let at_the_limit = read(&[0, 0, 0, 3, 1, 2, 3], 3).await.unwrap();
    assert_eq!(at_the_limit, Some(vec![1, 2, 3]));
}

#[tokio::test]
async fn frame_that_ends_too_early_says_how_much_is_missing() {
    let in_the_length = read(&[0, 0], 10).await.unwrap_err();
    assert!(matches!(in_the_length, FrameError::Truncated { length: PREFIX_BYTES, missing: 3 }), "{in_the_length}");
    let in_the_message = read(&[0, 0, 0, 5, 1, 2], 10).await.unwrap_err();
    assert!(matches!(in_the_message, FrameError::Truncated { length: 5, missing: 3 }), "{in_the_message}");
}

#[tokio::test]
async fn stream_that_ends_between_frames_ends_without_a_fault() {
    assert_eq!(read(&[], 10).await.unwrap(), None);
}

#[tokio::test]
async fn frame_that_does_not_end_in_time_is_stalled() {
    let mut io = Cursor::new([0, 0, 0, 9, 1]).chain(Silence);
    let stalled = read_frame(&mut io, || 10, Duration::from_millis(20)).await.unwrap_err();
    assert!(matches!(stalled, FrameError::Stalled { length: 9, seconds: 0 }), "{stalled}");
}

#[tokio::test]
async fn claimed_length_costs_no_memory_before_the_bytes_come() {
    // N17: a claim of 5 MB with 3 bytes behind it.
    let mut bytes = u32::try_from(Message::BYTES_MAX).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(&[1, 2, 3]);
    let truncated = read(&bytes, Message::BYTES_MAX).await.unwrap_err();
    assert!(matches!(truncated, FrameError::Truncated { missing, .. } if missing == Message::BYTES_MAX - 3));
}

#[test]
fn message_above_every_limit_is_not_framed() {
    let long = vec![0; Message::BYTES_MAX + 1];
    assert!(matches!(prefixed(&long), Err(FrameError::TooLong { .. })));
    assert!(prefixed(&long[1..]).is_ok());
    let body = Message::Body(rota_proto::BodyMessage {
        batch: alloy_primitives::B256::ZERO,
        transactions: Bytes::from(vec![1; Message::BYTES_MAX]),
    });
    assert!(matches!(Frame::of(&body), Err(FrameError::TooLong { .. })));
}

#[tokio::test]
async fn frame_gives_back_the_message_it_was_made_of() {
    for message in [vote(4), Message::Body(body(300_000))] {
        let frame = Frame::of(&message).unwrap();
        let read = read(&frame.bytes, Message::BYTES_MAX).await.unwrap().unwrap();
        assert_eq!(read, frame.message());
        assert_eq!(Message::decode(&read).unwrap(), message);
        assert_eq!(frame.kind, MessageKind::of(&message));
    }
    assert_eq!(Frame::of(&vote(4)).unwrap().round, Some(round(4)));
}

/// Never has a byte, and never ends.
struct Silence;

impl futures::AsyncRead for Silence {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<std::io::Result<usize>> {
        Poll::Pending
    }
}
