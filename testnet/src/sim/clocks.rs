//! The clocks of the nodes: each is ahead or behind, runs fast or slow, and is set now and then (rule D16).

use super::{l1::BEGIN_S, queue::Time};

/// A quartz clock without correction is off by less: 200 parts per million at worst, and NTP slews by 500 at most.
pub const DRIFT_PPM_MAX: i64 = 500;

const MILLION: i128 = 1_000_000;

/// Somebody, or NTP, sets a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// By how many milliseconds it jumps: back if negative.
    pub by_ms: i64,
}

/// The clock of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// What it is ahead as the simulation begins, in milliseconds; behind if negative.
    pub ahead_ms: i64,
    /// How much too fast it runs, in parts per million; too slow if negative.
    pub ppm: i64,
    /// When it is set.
    pub steps: Vec<Step>,
}

impl Clock {
    /// A clock that is ahead and runs at the right pace.
    #[must_use]
    pub const fn ahead(ms: i64) -> Self {
        Self { ahead_ms: ms, ppm: 0, steps: Vec::new() }
    }

    /// What it shows, in Unix milliseconds.
    #[must_use]
    pub fn shows(&self, now: Time) -> u64 {
        let begin_us = i128::from(BEGIN_S) * MILLION;
        let steps_ms: i64 = self.steps.iter().filter(|step| step.at <= now).map(|step| step.by_ms).sum();
        let ahead_us = i128::from(self.ahead_ms.saturating_add(steps_ms)) * 1_000;
        let run_us = i128::from(now.0) * (MILLION + i128::from(self.ppm)) / MILLION;
        u64::try_from((begin_us + ahead_us + run_us) / 1_000).unwrap_or(0)
    }

    /// How long its node waits when it means to wait for so many milliseconds, in microseconds: timers run by the pace
    /// of the clock and do not notice when it is set.
    #[must_use]
    pub fn waits_us(&self, ms: u64) -> u64 {
        let meant_us = i128::from(ms) * 1_000;
        u64::try_from(meant_us * MILLION / (MILLION + i128::from(self.ppm)).max(1)).unwrap_or(0)
    }
}
