//! One sender's nonces: what is on its way, what was refused or lost, what to send again (L7, L8).
//!
//! Pure: time comes in, nothing is sent from here.

use core::time::Duration;
use std::collections::BTreeMap;

/// First pause before a sender that met an error asks for its nonce.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause: the pause doubles with every check that does not help.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Where one transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// Handed to a connection, or waiting for one.
    Unanswered,
    /// The node took it.
    Accepted,
    /// The node refused it.
    Refused,
    /// No answer came: the node may have it or not.
    Unknown,
}

#[derive(Debug, Clone)]
struct Flight {
    due: Duration,
    stand: Stand,
    /// Accepted at least once.
    counted: bool,
    /// The node's nonce of the sender was above this one at an earlier check, yet no block showed it.
    overtaken: bool,
}

/// A node's view of an account: how many transactions are in blocks, and how many with those in its pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// `eth_getTransactionCount(latest)`.
    pub latest: u64,
    /// `eth_getTransactionCount(pending)`.
    pub pending: u64,
}

/// What a check of the nonce found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repair {
    /// Nonces to send again, in order.
    pub again: Vec<u64>,
    /// Transactions given up, because another one took their nonce.
    pub displaced: u64,
}

/// What became of a transaction when its answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// Accepted for the first time.
    First,
    /// Accepted again after it had been accepted before: the node had lost it.
    Again,
    /// Nothing new.
    Old,
}

/// The nonces of one sender.
#[derive(Debug, Clone)]
pub struct Sender {
    window: usize,
    next: u64,
    flights: BTreeMap<u64, Flight>,
    /// One above the highest nonce seen in a block.
    final_below: u64,
    /// When it may ask for its nonce, if something went wrong; until then it sends nothing new.
    check_at: Option<Duration>,
    pause: Duration,
    /// When its nonce was last known.
    checked_at: Duration,
}

impl Sender {
    /// A sender whose next nonce is `next`, with at most `window` transactions on their way.
    #[must_use]
    pub fn new(next: u64, window: usize) -> Self {
        assert!(window > 0, "a window of zero sends nothing");
        Self {
            window,
            next,
            flights: BTreeMap::new(),
            final_below: next,
            check_at: None,
            pause: PAUSE_MIN,
            checked_at: Duration::ZERO,
        }
    }

    /// Whether it may send a new transaction now.
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.check_at.is_none() && self.flights.len() < self.window
    }

    /// Takes the next nonce for a transaction due at `due`; none if [`Self::can_send`] is false.
    pub fn send(&mut self, due: Duration) -> Option<u64> {
        if !self.can_send() {
            return None;
        }
        while self.flights.contains_key(&self.next) {
            self.next += 1;
        }
        let flight = Flight { due, stand: Stand::Unanswered, counted: false, overtaken: false };
        self.flights.insert(self.next, flight);
        self.next += 1;
        Some(self.next - 1)
    }

    /// The node took the transaction. `anew` is false if it said that it had it already.
    pub fn accept(&mut self, nonce: u64, anew: bool) -> Landing {
        self.pause = PAUSE_MIN;
        let Some(flight) = self.flights.get_mut(&nonce) else { return Landing::Old };
        flight.stand = Stand::Accepted;
        match (flight.counted, anew) {
            (false, _) => {
                flight.counted = true;
                Landing::First
            }
            (true, true) => Landing::Again,
            (true, false) => Landing::Old,
        }
    }

    /// The node refused the transaction: the sender stops until its nonce is known again. False if the transaction is
    /// final already, so that the refusal means nothing.
    pub fn refuse(&mut self, nonce: u64, now: Duration) -> bool {
        self.fail(nonce, Stand::Refused, now)
    }

    /// No answer came for the transaction: as after a refusal, but the node may have it.
    pub fn lose_answer(&mut self, nonce: u64, now: Duration) -> bool {
        self.fail(nonce, Stand::Unknown, now)
    }

    fn fail(&mut self, nonce: u64, stand: Stand, now: Duration) -> bool {
        let Some(flight) = self.flights.get_mut(&nonce) else { return false };
        flight.stand = stand;
        self.stall(now);
        true
    }

    /// Stops new transactions until the nonce has been checked.
    pub fn stall(&mut self, now: Duration) {
        if self.check_at.is_none() {
            self.check_at = Some(now + self.pause);
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
    }

    /// Whether it is time to ask for its nonce: it met an error, its pause is over, and every answer is in.
    #[must_use]
    pub fn wants_check(&self, now: Duration) -> bool {
        let due = self.check_at.is_some_and(|at| at <= now);
        due && self.flights.values().all(|flight| flight.stand != Stand::Unanswered)
    }

    /// Whether its first transaction that is not final fell due, and its nonce was last checked, `patience` ago.
    #[must_use]
    pub fn is_stuck(&self, now: Duration, patience: Duration) -> bool {
        let Some((_, first)) = self.flights.first_key_value() else { return false };
        self.check_at.is_none() && now.saturating_sub(first.due.max(self.checked_at)) >= patience
    }

    /// The check failed: it waits and asks once more.
    pub fn recheck(&mut self, now: Duration) {
        self.check_at = None;
        self.stall(now);
    }

    /// L8: the node's counts are in; says what to send again, and lets new transactions flow.
    pub fn repair(&mut self, counts: Counts, now: Duration) -> Repair {
        self.check_at = None;
        self.checked_at = now;
        // A node may lag behind the one whose blocks we read.
        let latest = counts.latest.max(self.final_below);
        let pending = counts.pending.max(latest);
        let mut repair = Repair::default();
        self.flights.retain(|&nonce, flight| {
            // Below the count it should soon be seen in a block, also if it was refused: "nonce too low" is said to our
            // own repetition too. If it is not seen by the next check, another one took its place.
            let gone = nonce < latest && flight.overtaken;
            flight.overtaken = nonce < latest;
            repair.displaced += u64::from(gone && flight.stand != Stand::Refused);
            !gone
        });
        for (&nonce, flight) in self.flights.range_mut(pending..) {
            flight.stand = Stand::Unanswered;
            repair.again.push(nonce);
        }
        // Somebody else's transactions, or ours from before: go on above them. Or the node lost ours: fill the gap.
        self.next = pending;
        repair
    }

    /// A block contains the transaction: gives back when it was due and whether it had been counted as accepted.
    pub fn finalize(&mut self, nonce: u64) -> Option<(Duration, bool)> {
        let flight = self.flights.remove(&nonce)?;
        self.final_below = self.final_below.max(nonce + 1);
        Some((flight.due, flight.counted))
    }

    /// Transactions that are not final yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }
}
