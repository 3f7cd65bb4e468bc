//! What L1 does not have yet, measured as far as a plan needs it.

use rota_staking::bindings::MAX_PAYLOAD_BYTES;

use super::words::Backlog;
use crate::store::{Store, StoreError};

/// Bytes that a header adds to a payload, about: its state root and what changes from one to the next.
const HEADER_BYTES: usize = 48;

/// Measures the batches after a height, each once.
#[derive(Debug, Default)]
pub(super) struct BacklogMeter {
    /// The first height that L1 does not have.
    first: u64,
    /// The first height that is not measured.
    next: u64,
    backlog: Backlog,
}

impl BacklogMeter {
    /// The batches from `first` on; their bytes are counted until there are `enough`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn measure(&mut self, store: &dyn Store, first: u64, enough: usize) -> Result<Backlog, StoreError> {
        let head = store.head()?.map_or(0, |head| head.header.height().0);
        if first != self.first {
            *self = Self { first, next: first, backlog: Backlog::default() };
        }
        while self.next <= head && self.backlog.bytes < enough {
            let Some(stored) = store.batch_by_height(self.next)? else { break };
            if self.next == first {
                self.backlog.oldest_s = stored.header.header().timestamp;
                self.backlog.is_long = stored.body.len() > MAX_PAYLOAD_BYTES;
            }
            self.backlog.bytes += HEADER_BYTES + stored.body.len();
            self.next += 1;
        }
        self.backlog.batches = (head + 1).saturating_sub(first);
        Ok(self.backlog)
    }
}
