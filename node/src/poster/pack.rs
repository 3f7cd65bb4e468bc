//! How many batches go into the next entry (rule P3): as many as fit, read from the store one by one.

use alloy_primitives::{B256, Bytes};
use rota_proto::Certificate;
use rota_staking::bindings::{IRotaInbox::Entry, MAX_ENTRY_BATCHES};

use super::{
    payload::{CONTENT_BYTES_MAX, Content, STREAM_BYTES_MAX},
    words::InboxHead,
};
use crate::store::{Store, StoreError};

/// The last attempt is good enough when it fills so many hundredths of a payload.
const FULL_PERCENT: usize = 92;

/// Attempts by proportion before the search goes on by halves.
const GUESSES: u32 = 4;

/// An entry, ready to be posted.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Its heights, and what it follows.
    pub entry: Entry,
    /// Its batches, compressed: longer than [`STREAM_BYTES_MAX`] only if it has one batch.
    pub stream: Bytes,
}

/// Why there is no entry.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store lacks a batch that it must have.
    #[error("the store has no batch {0}, which is to be posted")]
    Missing(u64),
}

/// What was read of the store.
struct Gathered {
    content: Content,
    /// The hash of each batch, and whether the store has a finalization of exactly it.
    batches: Vec<(B256, bool)>,
    first: u64,
}

/// The next entry after `head`, with batches up to `last` at most.
///
/// # Errors
/// [`PackError`].
pub fn pack(store: &dyn Store, head: &InboxHead, last: u64) -> Result<Packed, PackError> {
    let gathered = gather(store, head.next_height, last)?;
    let all = gathered.content.len();
    let (mut fits, mut too_many, mut attempt, mut best) = (0, all + 1, all, None);
    for round in 0.. {
        let count = gathered.end(attempt).unwrap_or(attempt);
        let stream = gathered.stream(store, count)?;
        let bytes = stream.len();
        if bytes <= STREAM_BYTES_MAX {
            fits = attempt;
            best = Some((count, stream));
            if attempt == all || bytes * 100 >= STREAM_BYTES_MAX * FULL_PERCENT {
                break;
            }
        } else if attempt == 1 {
            // P3: it goes in parts.
            best = Some((1, stream));
            break;
        } else {
            too_many = attempt;
        }
        if too_many - fits <= 1 {
            break;
        }
        let proportional = attempt * STREAM_BYTES_MAX / bytes.max(1) * 98 / 100;
        let guess = if round < GUESSES { proportional } else { usize::midpoint(fits, too_many) };
        attempt = guess.clamp(fits + 1, too_many - 1);
    }
    let (count, stream) = best.ok_or(PackError::Missing(head.next_height))?;
    let (hash, _) = gathered.batches.get(count - 1).copied().ok_or(PackError::Missing(head.next_height))?;
    let entry = Entry {
        firstHeight: head.next_height,
        lastHeight: head.next_height + u64::try_from(count - 1).unwrap_or(u64::MAX),
        parentLink: head.link,
        lastBatchHash: hash,
    };
    Ok(Packed { entry, stream })
}

/// Reads batches while they may fit. A state root and 2 bytes a batch, and a quarter of the bodies, are the least that
/// a payload comes to: what is read stays below half a megabyte of bodies, whatever the backlog.
fn gather(store: &dyn Store, first: u64, last: u64) -> Result<Gathered, PackError> {
    let mut gathered = Gathered { content: Content::default(), batches: Vec::new(), first };
    let (mut bodies, most) = (0, usize::try_from(MAX_ENTRY_BATCHES).unwrap_or(usize::MAX));
    for height in first..=last {
        let stored = store.batch_by_height(height)?.ok_or(PackError::Missing(height))?;
        bodies += stored.body.len();
        let least = 34 * gathered.content.len() + bodies / 4;
        let full = gathered.content.len() >= most || least > STREAM_BYTES_MAX;
        let long = gathered.content.bytes() + stored.body.len() + 2_048 > CONTENT_BYTES_MAX;
        if !gathered.content.is_empty() && (full || long) {
            break;
        }
        gathered.content.push(&stored.header, &stored.body);
        gathered.batches.push((stored.header.hash(), stored.finalization.is_some()));
    }
    if gathered.content.is_empty() { Err(PackError::Missing(first)) } else { Ok(gathered) }
}

impl Gathered {
    /// Rule P4: of the first `count`, those up to the last with a finalization of its own.
    fn end(&self, count: usize) -> Option<usize> {
        let proven = self.batches.get(..count)?.iter().rposition(|(_, proven)| *proven)?;
        Some(proven + 1)
    }

    fn stream(&self, store: &dyn Store, count: usize) -> Result<Bytes, StoreError> {
        let last = self.first + u64::try_from(count - 1).unwrap_or(u64::MAX);
        let finalization: Option<Certificate> = store.batch_by_height(last)?.and_then(|stored| stored.finalization);
        Ok(self.content.stream(count, finalization.as_ref()))
    }
}
