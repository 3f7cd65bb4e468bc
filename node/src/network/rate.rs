//! Token buckets: how much a peer may send in how much time.

use std::time::{Duration, Instant};

/// A rate with a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// What may come at once.
    pub burst: f64,
    /// What may come each second after that.
    pub per_second: f64,
}

/// What a rate says of something a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// It is within it.
    Yes,
    /// It is above; and whether that counts against the peer now.
    No { notice: bool },
}

/// A bucket that fills at a [`Rate`] and is emptied by what comes.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst, at: now }
    }

    /// Takes `cost`. `None` if it was there; else how long the sender has to wait for the debt to be paid.
    pub(crate) fn take(&mut self, cost: f64, now: Instant) -> Option<Duration> {
        self.fill(now);
        self.tokens -= cost;
        if self.tokens >= 0.0 {
            return None;
        }
        Some(Duration::try_from_secs_f64(-self.tokens / self.rate.per_second).unwrap_or(Duration::MAX))
    }

    /// Takes `cost` only if it is there.
    pub(crate) fn try_take(&mut self, cost: f64, now: Instant) -> bool {
        self.fill(now);
        let there = self.tokens >= cost;
        if there {
            self.tokens -= cost;
        }
        there
    }

    /// Whether the bucket tells nothing any more: it is as full as a new one.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.rate.burst
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.rate.per_second).min(self.rate.burst);
    }
}
