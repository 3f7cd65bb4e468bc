//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

use eyre::{Result, eyre};

/// Between two looks: short against what is waited for, long against what a look costs.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `look` finds something.
///
/// # Errors
/// After `within`, what was waited for and what the last look said.
pub(crate) async fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let since = Instant::now();
    loop {
        let last = match look().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => "it was not so".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        if since.elapsed() > within {
            return Err(eyre!("waited {within:?} in vain until {what}; the last look: {last}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
