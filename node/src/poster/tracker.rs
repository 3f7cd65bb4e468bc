//! What L1 has of our chain, compared with what it should have (rules P14 to P16). Every node does this.

use std::collections::BTreeSet;

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
    store::{SledStore, StoreError},
};

/// Where the tracker keeps how far it came.
const META: &str = "posted";

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
}

/// How far L1's final blocks were compared with our chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    /// All entries up to this final block of L1 were.
    block: u64,
    /// The link of the last.
    link: B256,
    /// The highest height that final blocks have, as far as they were read.
    finalized: u64,
}

/// What an entry is, held against our chain.
enum Verdict {
    Ours,
    /// Our chain has not come so far.
    Ahead,
}

/// Follows the inbox.
#[derive(Debug)]
pub struct Tracker {
    l1: L1Client,
    store: SledStore,
    compared: Compared,
    /// Links of entries in blocks that are not final, compared by their last batch.
    recent: BTreeSet<B256>,
    /// Whether all final blocks were compared.
    caught_up: bool,
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
        store: SledStore,
        deployment_block: u64,
        metrics: Metrics,
    ) -> Result<(Self, watch::Receiver<Posted>), StoreError> {
        let begin = Compared { block: deployment_block.saturating_sub(1), link: B256::ZERO, finalized: 0 };
        // What cannot be read is read from L1 again.
        let stored = store.meta(META)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let compared: Compared = stored.unwrap_or(begin);
        let first = Posted { safe: compared.finalized, finalized: compared.finalized };
        metrics.heights(first);
        let (posted, reader) = watch::channel(first);
        Ok((Self { l1, store, compared, recent: BTreeSet::new(), caught_up: false, posted, metrics }, reader))
    }

    /// Looks at L1 as of its newest block, and says where the inbox stands, and which block is final.
    ///
    /// # Errors
    /// [`TrackError`].
    pub async fn look(&mut self, tip: &L1Tip) -> Result<(InboxHead, u64), TrackError> {
        let final_number = self.l1.final_number().await?.min(tip.number);
        let head = self.l1.inbox_head(BlockId::hash(tip.hash)).await?;
        self.compare_final(final_number).await?;
        self.compare_recent(final_number, tip.number).await?;
        self.tell(&head);
        Ok((head, final_number))
    }

    /// Whether there is more to compare before the newest block.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        !self.caught_up
    }

    /// Rule P15: whether the entry with this link, and all before it, were compared with our chain.
    #[must_use]
    pub fn knows(&self, link: B256) -> bool {
        self.caught_up && (link.is_zero() || link == self.compared.link || self.recent.contains(&link))
    }

    /// Rule P16: what is safe may go back, what is finalized never does.
    fn tell(&self, head: &InboxHead) {
        let finalized = self.compared.finalized;
        let posted = Posted { safe: (head.next_height - FIRST_POSTED_HEIGHT).max(finalized), finalized };
        self.metrics.heights(posted);
        self.posted.send_if_modified(|known| std::mem::replace(known, posted) != posted);
    }

    /// Rule P14: every entry of final blocks, once, with its payload.
    async fn compare_final(&mut self, newest: u64) -> Result<(), TrackError> {
        let before = self.compared;
        let last = newest.min(self.compared.block.saturating_add(BLOCKS_PER_QUERY));
        self.caught_up = false;
        if last > self.compared.block {
            for event in self.l1.appended(self.compared.block + 1, last).await? {
                let verdict = self.judge(&event)?;
                self.compared.finalized = self.compared.finalized.max(event.last_height);
                match verdict {
                    Verdict::Ours => self.check_payload(&event).await?,
                    // Our chain comes there; until then there is nothing for us to post.
                    Verdict::Ahead => return self.keep_if_moved(&before).map_err(Into::into),
                }
                self.compared.block = event.block - 1;
                self.compared.link = event.link;
            }
            self.compared.block = last;
        }
        self.caught_up = self.compared.block >= newest;
        self.keep_if_moved(&before).map_err(Into::into)
    }

    /// Rule P14: entries that may still vanish, by their last batch.
    async fn compare_recent(&mut self, final_number: u64, newest: u64) -> Result<(), TrackError> {
        self.recent.clear();
        if !self.caught_up || newest <= final_number {
            return Ok(());
        }
        for event in self.l1.appended(final_number + 1, newest).await? {
            if matches!(self.judge(&event)?, Verdict::Ours) {
                self.recent.insert(event.link);
            }
        }
        Ok(())
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
