//! Transactions on their way to others: the first leaves at once, those that follow it closely leave together.

use std::time::{Duration, Instant};

use alloy_primitives::Bytes;
use rota_proto::limits;

use super::seen::Seen;

/// Bytes that a transaction adds to its message beside itself: a key and a length.
const ENTRY_BYTES: usize = 4;

/// Collects the node's transactions into messages (rules N24, N25, N27).
#[derive(Debug)]
pub(crate) struct Transactions {
    waiting: Vec<Bytes>,
    bytes: usize,
    /// When what waits leaves; none if nothing waits.
    due: Option<Instant>,
    /// Before it, nothing leaves unless a message is full.
    not_before: Option<Instant>,
    pause: Duration,
    seen: Seen,
}

impl Transactions {
    /// After each message `pause` has to pass before the next.
    pub(crate) fn new(pause: Duration, seen_max: usize) -> Self {
        Self { waiting: Vec::new(), bytes: 0, due: None, not_before: None, pause, seen: Seen::new(seen_max) }
    }

    /// Adds transactions and gives every message that is full.
    pub(crate) fn add(&mut self, transactions: Vec<Bytes>, now: Instant) -> Vec<Vec<Bytes>> {
        let mut full = Vec::new();
        for transaction in transactions {
            // What no receiver would take is not ours to send.
            if transaction.len() > limits::TRANSACTION_BYTES_MAX || !self.seen.note(&transaction) {
                continue;
            }
            let bytes = transaction.len() + ENTRY_BYTES;
            if self.bytes + bytes > limits::TRANSACTIONS_BYTES_MAX {
                full.push(self.take(now));
            }
            self.bytes += bytes;
            self.waiting.push(transaction);
            let due = self.not_before.map_or(now, |at| at.max(now));
            self.due.get_or_insert(due);
            if self.waiting.len() >= limits::TRANSACTIONS_PER_MESSAGE_MAX {
                full.push(self.take(now));
            }
        }
        full
    }

    /// When what waits is to be published; `None` if nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes what waits.
    pub(crate) fn take(&mut self, now: Instant) -> Vec<Bytes> {
        self.bytes = 0;
        self.due = None;
        self.not_before = Some(now + self.pause);
        std::mem::take(&mut self.waiting)
    }

    /// Notes what others published and the node took and passed on: it is not published again (rule N27).
    pub(crate) fn heard(&mut self, transactions: &[Bytes]) {
        for transaction in transactions {
            self.seen.note(transaction);
        }
    }

    /// Forgets what nobody heard, so that it may be published later.
    pub(crate) fn unheard(&mut self, transactions: &[Bytes]) {
        for transaction in transactions {
            self.seen.forget(transaction);
        }
    }
}
