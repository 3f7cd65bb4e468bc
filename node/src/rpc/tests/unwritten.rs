//! What a client was told and has not taken (R9).

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::rpc::{RpcError, RpcLimits, body::reserve, unwritten::Unwritten};

/// Room for four messages and 100 bytes, and what all connections may hold.
fn room() -> (Unwritten, Arc<Semaphore>) {
    let limits = RpcLimits { requests_per_socket: 4, unwritten_bytes: 100, ..RpcLimits::default() };
    (Unwritten::new(&limits), Arc::new(Semaphore::new(1_000)))
}

#[track_caller]
fn push(unwritten: &Unwritten, buffered: &Arc<Semaphore>, bytes: usize) -> Result<(), RpcError> {
    unwritten.push(bytes, reserve(buffered, bytes).expect("enough for all"))
}

#[test]
fn r9_message_past_the_limit_is_refused_and_holds_nothing() {
    let (unwritten, buffered) = room();
    push(&unwritten, &buffered, 60).unwrap();
    push(&unwritten, &buffered, 40).unwrap();
    let refused = push(&unwritten, &buffered, 1);
    assert_eq!(refused, Err(RpcError::Busy("too many bytes wait to be read")));
    assert_eq!(buffered.available_permits(), 900);
    unwritten.written(1);
    push(&unwritten, &buffered, 1).unwrap();
}

#[test]
fn r9_memory_is_free_when_the_whole_message_is_written() {
    let (unwritten, buffered) = room();
    push(&unwritten, &buffered, 10).unwrap();
    push(&unwritten, &buffered, 20).unwrap();
    for (written, left) in [(9, 970), (1, 980), (19, 980), (1, 1_000)] {
        unwritten.written(written);
        assert_eq!(buffered.available_permits(), left, "after {written} more");
    }
    // What frames and pings take beyond the messages is not owed to later ones.
    unwritten.written(1_000);
    push(&unwritten, &buffered, 10).unwrap();
    assert_eq!(buffered.available_permits(), 990);
}

#[test]
fn r9_nothing_is_read_above_half_of_the_bytes_or_all_of_the_messages() {
    let (unwritten, buffered) = room();
    push(&unwritten, &buffered, 50).unwrap();
    assert!(!unwritten.is_full());
    push(&unwritten, &buffered, 1).unwrap();
    assert!(unwritten.is_full());
    unwritten.written(51);
    (0..3).for_each(|_| unwritten.push_refusal(1));
    assert!(!unwritten.is_full());
    unwritten.push_refusal(1);
    assert!(unwritten.is_full());
    unwritten.written(1);
    assert!(!unwritten.is_full());
}
