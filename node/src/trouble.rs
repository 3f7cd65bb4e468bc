//! What goes wrong again and again is told now and then.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// How often the same trouble is told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What went wrong last, and when it was told.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Option<(String, Instant)>);

impl Trouble {
    /// Whether to tell of it: it is another one than the last, or that was told long ago.
    pub(crate) fn is_news(&mut self, error: &impl Display) -> bool {
        let text = error.to_string();
        if self.0.as_ref().is_some_and(|(known, at)| *known == text && at.elapsed() < TOLD_EVERY) {
            return false;
        }
        self.0 = Some((text, Instant::now()));
        true
    }
}
