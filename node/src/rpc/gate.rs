//! Work that takes a core for a while: so much at a time, so much waiting, each for so long (rule R12).

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::error::RpcError;

/// The gate to the threads for blocking work.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    running: Arc<Semaphore>,
    time: Duration,
}

impl Gate {
    /// So many run at the same time, so many wait, each answers within this time.
    pub(crate) fn new(running: usize, waiting: usize, time: Duration) -> Self {
        let running = running.max(1);
        Self { places: Arc::new(Semaphore::new(running + waiting)), running: Arc::new(Semaphore::new(running)), time }
    }

    /// Runs `work` on a thread where it may block. Whoever stops waiting leaves it running, and its place taken: work
    /// given up by many clients cannot pile up.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| RpcError::Busy("too many calls wait"))?;
        let running = Arc::clone(&self.running);
        let turn = async move {
            let running = running.acquire_owned().await.map_err(|error| RpcError::Internal(error.to_string()))?;
            let work = move || {
                let result = work();
                drop((running, place));
                result
            };
            tokio::task::spawn_blocking(work).await.map_err(|error| RpcError::Internal(error.to_string()))?
        };
        tokio::time::timeout(self.time, turn).await.map_err(|_| RpcError::TimedOut(self.time.as_millis()))?
    }
}
