//! Timings and limits of the protocol. Every node of a network has the same: they stand in `network.toml`.

/// How long things take, in milliseconds. None of them is a validity rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// A view without a notarization ends after this long (rule T1).
    pub view_timeout_ms: u64,
    /// The view timeout never grows above this (rule T2).
    pub view_timeout_cap_ms: u64,
    /// What was sent is sent again after this long (rule R1).
    pub retry_ms: u64,
    /// Leaders leave this long between batches (rule P5).
    pub batch_interval_ms: u64,
}

impl Default for Timings {
    fn default() -> Self {
        Self { view_timeout_ms: 750, view_timeout_cap_ms: 15_000, retry_ms: 500, batch_interval_ms: 100 }
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Votes are taken up to so many views ahead of our own. A validator that is further behind catches up by
    /// certificates, which are taken from any view.
    pub views_ahead: u64,
    /// A leader that was silent in so many views in a row, in which a quorum was heard, is skipped (rule L2).
    pub silent_views: u32,
    /// Headers of batches that were never notarized are kept for so many views.
    pub stray_views: u64,
    /// Missing pieces that are asked for at a time.
    pub wanted: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { views_ahead: 32, silent_views: 5, stray_views: 64, wanted: 256 }
    }
}

/// Everything the rules are adjusted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How long things take.
    pub timings: Timings,
    /// How much is kept.
    pub limits: Limits,
}

impl Timings {
    /// Rule T2: the timeout of a view after `failures` views that we left having nullified them: half as long again
    /// for each, up to the cap.
    #[must_use]
    pub fn view_timeout_after(&self, failures: u32) -> u64 {
        let mut timeout = self.view_timeout_ms;
        for _ in 0..failures {
            if timeout >= self.view_timeout_cap_ms {
                break;
            }
            timeout += timeout / 2 + 1;
        }
        timeout.min(self.view_timeout_cap_ms)
    }
}
