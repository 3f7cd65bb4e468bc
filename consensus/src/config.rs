//! Timings and limits of the protocol. A network sets its timings in `network.toml`, so that all its nodes have the
//! same; limits are those of the program, and nodes may differ in them.

/// How long things take, in milliseconds. None of them is a validity rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// A view without a notarization ends after this long (rule T1). By default half as long again as a retry, so that
    /// what was lost once is said again before the view fails.
    pub view_timeout_ms: u64,
    /// The view timeout never grows above this (rule T2). By default reached after eight failed views: a link that
    /// needs longer for a batch does not work.
    pub view_timeout_cap_ms: u64,
    /// What was sent is sent again after this long (rule R1). By default five batch intervals, so that nothing is said
    /// twice while batches become final.
    pub retry_ms: u64,
    /// Leaders leave this long between batches (rule P5). By default ten batches a second.
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
    /// certificates, which are taken from any view. 32 views are three seconds of batches, six retries; three votes of
    /// 128 validators in each of them take 1.6 MB.
    pub views_ahead: u64,
    /// A leader that was silent in so many views in a row, in which a quorum was heard, is skipped (rule L2). Five
    /// views at a batch interval each last as long as a retry, so that one lost vote makes nobody inactive.
    pub silent_views: u32,
    /// Headers of batches that were never notarized are kept for so many views: twice `views_ahead`, so that whoever is
    /// behind and may still vote for one finds it.
    pub stray_views: u64,
    /// Missing pieces that are asked for at a time: proposal, body and certificate of 64 views are 192.
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
