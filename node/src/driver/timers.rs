//! The timers of consensus: at most one of each kind.

use std::time::Duration;

use rota_consensus::Timer;
use tokio::time::{Instant, sleep_until};

/// When each kind of timer runs out.
#[derive(Debug, Default)]
pub(super) struct Timers {
    view: Option<(Instant, Timer)>,
    retry: Option<(Instant, Timer)>,
    pace: Option<(Instant, Timer)>,
    listen: Option<(Instant, Timer)>,
}

impl Timers {
    /// Starts a timer; an earlier one of its kind is forgotten.
    pub(super) fn set(&mut self, timer: Timer, after_ms: u64) {
        let due = Instant::now() + Duration::from_millis(after_ms);
        *self.slot(timer) = Some((due, timer));
    }

    pub(super) fn cancel_view(&mut self) {
        self.view = None;
    }

    /// The next timer that runs out; never, if none runs.
    pub(super) async fn next(&mut self) -> Timer {
        let next = [self.view, self.retry, self.pace, self.listen].into_iter().flatten().min_by_key(|(due, _)| *due);
        let Some((due, timer)) = next else { return std::future::pending().await };
        sleep_until(due).await;
        *self.slot(timer) = None;
        timer
    }

    fn slot(&mut self, timer: Timer) -> &mut Option<(Instant, Timer)> {
        match timer {
            Timer::View(_) => &mut self.view,
            Timer::Retry => &mut self.retry,
            Timer::Pace => &mut self.pace,
            Timer::Listen => &mut self.listen,
        }
    }
}
