use std::time::{Duration, Instant};

use alloy_primitives::Bytes;
use rota_proto::{Message, limits};

use crate::network::transactions::Transactions;

const PAUSE: Duration = Duration::from_millis(20);

fn transactions() -> Transactions {
    Transactions::new(PAUSE, 10_000)
}

fn numbered(number: u32, bytes: usize) -> Bytes {
    let mut transaction = vec![2; bytes];
    transaction[..4].copy_from_slice(&number.to_be_bytes());
    transaction.into()
}

#[test]
fn transaction_above_the_limit_is_not_sent() {
    let mut batch = transactions();
    let now = Instant::now();
    assert!(batch.add(vec![numbered(0, limits::TRANSACTION_BYTES_MAX + 1)], now).is_empty());
    assert_eq!(batch.due(), None);
    batch.add(vec![numbered(1, limits::TRANSACTION_BYTES_MAX)], now);
    assert_eq!(batch.take(now).len(), 1);
}

#[test]
fn transaction_that_went_by_lately_is_not_sent_again() {
    // N25, N27
    let (mut batch, now) = (transactions(), Instant::now());
    batch.heard(&[numbered(1, 100)]);
    batch.add(vec![numbered(1, 100), numbered(2, 100), numbered(2, 100)], now);
    assert_eq!(batch.take(now), [numbered(2, 100)]);
    batch.add(vec![numbered(2, 100)], now);
    assert_eq!(batch.due(), None);
}

#[test]
fn transaction_that_nobody_heard_may_be_sent_later() {
    let (mut batch, now) = (transactions(), Instant::now());
    batch.add(vec![numbered(1, 100)], now);
    let unheard = batch.take(now);
    batch.unheard(&unheard);
    batch.add(vec![numbered(1, 100)], now);
    assert_eq!(batch.take(now), unheard);
}

#[test]
fn first_transaction_leaves_at_once_and_the_next_together() {
    // N24
    let (mut batch, now) = (transactions(), Instant::now());
    batch.add(vec![numbered(1, 100)], now);
    assert_eq!(batch.due(), Some(now));
    assert_eq!(batch.take(now).len(), 1);
    for number in 2..9 {
        batch.add(vec![numbered(number, 100)], now + Duration::from_millis(number.into()));
        assert_eq!(batch.due(), Some(now + PAUSE));
    }
    assert_eq!(batch.take(now + PAUSE).len(), 7);
    assert_eq!(batch.due(), None);
    let later = now + 10 * PAUSE;
    batch.add(vec![numbered(9, 100)], later);
    assert_eq!(batch.due(), Some(later));
}

#[test]
fn full_messages_leave_at_once_and_are_within_the_limits() {
    let cases = [(3_000, 110), (40, 100_000), (9, limits::TRANSACTION_BYTES_MAX)];
    for (count, bytes) in cases {
        let mut batch = transactions();
        let all: Vec<_> = (0..count).map(|number| numbered(number, bytes)).collect();
        let now = Instant::now();
        let mut messages = batch.add(all.clone(), now);
        assert!(!messages.is_empty());
        messages.push(batch.take(now));
        assert_eq!(messages.concat(), all);
        for message in messages {
            assert!(message.len() <= limits::TRANSACTIONS_PER_MESSAGE_MAX);
            let message = Message::Transactions(message);
            assert_eq!(Message::decode(&message.encode()).unwrap(), message, "{count} of {bytes} bytes");
        }
    }
}
