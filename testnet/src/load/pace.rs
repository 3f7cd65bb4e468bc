//! When transactions fall due: the open loop (L2).

use core::time::Duration;

/// A schedule of equally spaced slots that never moves, however slow the nodes are.
#[derive(Debug, Clone)]
pub struct Pace {
    per_second: u32,
    slots: u64,
    taken: u64,
}

impl Pace {
    /// `per_second` slots a second from time zero for `seconds`.
    #[must_use]
    pub fn new(per_second: u32, seconds: u64) -> Self {
        assert!(per_second > 0, "a rate of zero has no slots");
        Self { per_second, slots: u64::from(per_second) * seconds, taken: 0 }
    }

    /// The next slot that is due at `now`, as the time when it fell due; each is given out once.
    pub fn due(&mut self, now: Duration) -> Option<Duration> {
        if self.taken == self.slots {
            return None;
        }
        let at = Duration::from_nanos(self.taken.saturating_mul(1_000_000_000) / u64::from(self.per_second));
        if at > now {
            return None;
        }
        self.taken += 1;
        Some(at)
    }
}
