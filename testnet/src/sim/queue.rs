//! Virtual time, and the one queue of everything that will happen.

use std::{cmp::Ordering, collections::BinaryHeap, fmt};

/// Microseconds since the simulation began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// This many milliseconds after the beginning.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms * 1_000)
    }

    /// Whole milliseconds since the beginning.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000
    }

    /// So many milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0 + ms * 1_000)
    }

    /// So many microseconds later.
    #[must_use]
    pub const fn plus_us(self, us: u64) -> Self {
        Self(self.0 + us)
    }

    /// Milliseconds since an earlier time; 0 if it is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1_000
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Events by time; those of one time in the order in which they were planned.
#[derive(Debug)]
pub struct Queue<T> {
    now: Time,
    planned: u64,
    heap: BinaryHeap<Planned<T>>,
}

#[derive(Debug)]
struct Planned<T> {
    at: Time,
    number: u64,
    event: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { now: Time::default(), planned: 0, heap: BinaryHeap::new() }
    }
}

impl<T> Queue<T> {
    /// The time of the event that came last.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Plans an event; one in the past happens now.
    pub fn plan(&mut self, at: Time, event: T) {
        self.planned += 1;
        self.heap.push(Planned { at: at.max(self.now), number: self.planned, event });
    }

    /// The next event; time moves to it.
    pub fn pop(&mut self) -> Option<T> {
        let Planned { at, event, .. } = self.heap.pop()?;
        assert!(at >= self.now, "time never runs backwards");
        self.now = at;
        Some(event)
    }

    /// How many events are planned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Planned<T> {}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Planned<T> {
    /// The heap gives its greatest: the earliest, and of those the first planned.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}
