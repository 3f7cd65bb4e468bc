//! What L1 has of our chain, compared with what it should have (rules P14 to P16). Every node does this.

use std::{collections::BTreeMap, sync::Arc};

use alloy::eips::BlockId;
use alloy_primitives::B256;
use rota_execution::{StateError, StateView as _};
use rota_staking::bindings::FIRST_POSTED_HEIGHT;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{InboxHead, Metrics, PayloadError, Posting};
use crate::{
    l1::{Appended, BLOCKS_PER_QUERY, EntryError, L1Client, L1Error, L1Tip},
    status::Posted,
    store::{Store, StoreError},
};

/// Where the tracker keeps how far it came.
const META: &str = "posted";

/// So often in a row entries may not lead to the inbox's head before all of them are read again.
const MISMATCHES_MAX: u32 = 3;

/// L1 holds what our final chain does not: one of both is wrong, and posting on would build on it.
#[derive(Debug, thiserror::Error)]
pub enum Conflict {
    /// Another batch.
    #[error(
        "L1 block {block} holds batch {height} as {theirs}, our final chain has {ours}: compare this node with others, \
         and what was posted with `rota replay`"
    )]
    OtherBatch {
        /// The L1 block.
        block: u64,
        /// The height.
        height: u64,
        /// The hash on L1.
        theirs: B256,
        /// Ours.
        ours: B256,
    },
    /// A payload that is not what its entry says.
    #[error("the entry of heights {first} to {last} in L1 block {block} cannot be read: {reason}")]
    Unreadable {
        /// The L1 block.
        block: u64,
        /// The entry's first height.
        first: u64,
        /// Its last.
        last: u64,
        /// Why.
        reason: String,
    },
}

/// Why L1 could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum TrackError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// L1 differs from our chain.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// L1's endpoint left out a log: each entry follows the height before it, and the last has the inbox's link.
    #[error(
        "L1's endpoint gave entries up to block {block} that do not add up to the inbox's head: they are read again"
    )]
    LogsMissing {
        /// The L1 block.
        block: u64,
    },
}

/// How far L1's final blocks were compared with our chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    /// All entries up to this final block of L1 were.
    block: u64,
    /// The link of the last.
    link: B256,
    /// The last height of the last.
    last_height: u64,
    /// The highest height that was ever seen in final blocks.
    finalized: u64,
}

impl Compared {
    /// Nothing, before the contracts' deployment.
    const fn nothing(opening_block: u64) -> Self {
        let last_height = FIRST_POSTED_HEIGHT - 1;
        Self { block: opening_block.saturating_sub(1), link: B256::ZERO, last_height, finalized: 0 }
    }
}

/// What an entry is, held against our chain.
enum Verdict {
    Ours,
    /// Our chain has not come so far.
    Ahead,
}

/// How far final blocks were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// There are more.
    Behind,
    /// An entry is beyond our chain.
    AheadOfChain,
    /// All of them.
    CaughtUp,
}

/// Follows the inbox.
#[derive(Debug)]
pub struct Tracker {
    l1: L1Client,
    store: Arc<dyn Store>,
    opening_block: u64,
    compared: Compared,
    /// Links of entries in blocks that are not final, compared by their last batch, with their last heights.
    recent: BTreeMap<B256, u64>,
    reach: Reach,
    /// How often in a row the entries did not lead to the inbox's head.
    mismatches: u32,
    posted: watch::Sender<Posted>,
    metrics: Metrics,
}

impl Tracker {
    /// A tracker that goes on where the store says, or begins at the contracts' deployment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn new(
        l1: L1Client,
        store: Arc<dyn Store>,
        opening_block: u64,
        metrics: Metrics,
    ) -> Result<(Self, watch::Receiver<Posted>), StoreError> {
        // What cannot be read is read from L1 again.
        let stored = store.meta(META)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let compared: Compared = stored.unwrap_or(Compared::nothing(opening_block));
        let first = Posted { safe: compared.finalized, finalized: compared.finalized };
        metrics.heights(first);
        let (posted, reader) = watch::channel(first);
        let (recent, reach) = (BTreeMap::new(), Reach::Behind);
        Ok((Self { l1, store, opening_block, compared, recent, reach, mismatches: 0, posted, metrics }, reader))
    }

    /// Looks at L1 as of its newest block and the newest final one, and says where the inbox stands.
    ///
    /// # Errors
    /// [`TrackError`].
    pub async fn look(&mut self, tip: &L1Tip, final_number: u64) -> Result<InboxHead, TrackError> {
        let head = self.l1.inbox_head(BlockId::hash(tip.hash)).await?;
        self.compare_final(final_number).await?;
        self.compare_recent(&head, final_number, tip.number).await?;
        self.tell();
        Ok(head)
    }

    /// Whether there is more to compare before the newest block.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.reach == Reach::Behind
    }

    /// Rule P15: whether the entry with this link, and all before it, were compared with our chain.
    #[must_use]
    pub fn knows(&self, link: B256) -> bool {
        let known = link.is_zero() || link == self.compared.link || self.recent.contains_key(&link);
        self.reach == Reach::CaughtUp && known
    }

    /// Rule P16: what is safe may go back, what is finalized never does.
    fn tell(&self) {
        let finalized = self.compared.finalized;
        let safe = self.recent.values().copied().max().unwrap_or(self.compared.last_height);
        let posted = Posted { safe: safe.max(finalized), finalized };
        self.metrics.heights(posted);
        self.posted.send_if_modified(|known| std::mem::replace(known, posted) != posted);
    }

    /// Rule P14: every entry of final blocks, once, with its payload.
    async fn compare_final(&mut self, newest: u64) -> Result<(), TrackError> {
        let before = self.compared;
        let last = newest.min(self.compared.block.saturating_add(BLOCKS_PER_QUERY));
        self.reach = Reach::Behind;
        if last > self.compared.block {
            for event in self.l1.appended(self.compared.block + 1, last).await? {
                if event.last_height <= self.compared.last_height {
                    continue;
                }
                if event.first_height != self.compared.last_height + 1 {
                    return Err(self.begin_anew(event.block));
                }
                if matches!(self.judge(&event)?, Verdict::Ahead) {
                    // Our chain comes there; until then there is nothing for us to post.
                    self.reach = Reach::AheadOfChain;
                    return self.keep_if_moved(&before).map_err(Into::into);
                }
                self.check_payload(&event).await?;
                let Appended { link, last_height, .. } = event;
                // The block is read again if there is another entry in it that is ahead.
                let block = event.block.saturating_sub(1);
                self.compared = Compared { block, link, last_height, finalized: before.finalized.max(last_height) };
            }
            self.compared.block = last;
        }
        if self.compared.block >= newest {
            self.reach = Reach::CaughtUp;
        }
        self.keep_if_moved(&before).map_err(Into::into)
    }

    /// Rule P14: what was read up to a block does not add up, so nothing of it is believed.
    fn begin_anew(&mut self, block: u64) -> TrackError {
        let finalized = self.compared.finalized;
        self.compared = Compared { finalized, ..Compared::nothing(self.opening_block) };
        self.keep().err().map_or(TrackError::LogsMissing { block }, Into::into)
    }

    /// Rule P14: entries that may still vanish, by their last batch.
    async fn compare_recent(&mut self, head: &InboxHead, final_number: u64, newest: u64) -> Result<(), TrackError> {
        self.recent.clear();
        if self.reach != Reach::CaughtUp {
            return Ok(());
        }
        let mut known = (self.compared.link, self.compared.last_height);
        let from = final_number.max(self.compared.block) + 1;
        for event in self.l1.appended(from, newest).await? {
            if event.first_height != known.1 + 1 {
                return Err(TrackError::LogsMissing { block: event.block });
            }
            if matches!(self.judge(&event)?, Verdict::Ahead) {
                return Ok(());
            }
            known = (event.link, event.last_height);
            self.recent.insert(known.0, known.1);
        }
        if known.0 == head.link {
            self.mismatches = 0;
            return Ok(());
        }
        // Logs of newest blocks may come late, or L1 may have gone back meanwhile; final ones that are missing stay so.
        self.mismatches += 1;
        if self.mismatches < MISMATCHES_MAX {
            return Err(TrackError::LogsMissing { block: newest });
        }
        self.mismatches = 0;
        Err(self.begin_anew(newest))
    }

    fn judge(&self, event: &Appended) -> Result<Verdict, TrackError> {
        let Appended { block, last_height: height, last_batch: theirs, .. } = *event;
        match self.store.block_hash(height)? {
            None => Ok(Verdict::Ahead),
            Some(ours) if ours == theirs => Ok(Verdict::Ours),
            Some(ours) => Err(TrackError::Conflict(Box::new(Conflict::OtherBatch { block, height, theirs, ours }))),
        }
    }

    async fn check_payload(&self, event: &Appended) -> Result<(), TrackError> {
        let Appended { block, first_height: first, last_height: last, .. } = *event;
        let unreadable =
            |reason: String| TrackError::Conflict(Box::new(Conflict::Unreadable { block, first, last, reason }));
        let posted = match self.l1.entry(event).await {
            Ok(posted) => posted,
            Err(EntryError::L1(error)) => return Err(error.into()),
            Err(error @ EntryError::Missing { .. }) => {
                tracing::warn!(%error, "an entry is compared by its last batch alone");
                return Ok(());
            }
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let parent = self.store.block_hash(first.saturating_sub(1))?.unwrap_or_default();
        // Batches that lead from our parent to our last batch by their hashes are ours.
        let opened = Posting::open(&posted.entry, &posted.stream, parent);
        opened.map(drop).map_err(|error: PayloadError| unreadable(error.to_string()))
    }

    fn keep_if_moved(&self, before: &Compared) -> Result<(), StoreError> {
        let entries = (self.compared.link, self.compared.finalized) != (before.link, before.finalized);
        let moved = entries || self.compared.block >= before.block + BLOCKS_PER_QUERY;
        if moved { self.keep() } else { Ok(()) }
    }

    fn keep(&self) -> Result<(), StoreError> {
        let json = serde_json::to_vec(&self.compared);
        self.store.put_meta(META, &json.unwrap_or_default())
    }
}
