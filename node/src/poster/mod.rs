#![doc = include_str!("README.md")]

mod advance;
mod backlog;
mod chore;
mod error;
mod fees;
mod journal;
mod metrics;
mod pack;
mod parts;
mod payload;
mod plan;
mod publisher;
mod settle;
mod slash;
mod submitter;
mod tracker;
mod turn;
mod words;

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::B256;
use tokio::sync::watch;

use crate::{
    config::{ConfigError, NetworkToml, PosterToml},
    driver::now_ms,
    evidence::{Court, CourtError, Docket},
    l1::{L1Client, L1Tip},
    status::Posted,
    store::{Store, StoreError},
};

pub use error::PostError;
pub use fees::{FeeCap, Fees, Market};
pub use journal::{Journal, JournalError, Part, Record};
pub use metrics::Metrics;
pub use pack::{PackError, Packed, pack};
pub use payload::{
    CONTENT_BYTES_MAX, Content, PART_BYTES, PARTS_MAX, Payload, PayloadError, Posting, STREAM_BYTES_MAX, VERSION,
};
pub use plan::{PlanRules, Planner};
pub use publisher::Publisher;
pub use submitter::{Submitter, SubmitterError};
pub use tracker::{Conflict, TrackError, Tracker};
pub use turn::{Member, advance_seed, charge_seed, chore_seed, order, position, seed};
pub use words::{
    Backlog, Charge, Chore, ChoreName, End, Errand, Fate, InboxHead, L1View, PlannedEntry, Purpose, Rest, Sent, Step,
};

/// The longest wait between two tries while something fails.
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// One look and one step take no longer, or L1's endpoint hangs.
const TICK_MAX: Duration = Duration::from_secs(60);

/// How often a conflict is said again.
const CONFLICT_TOLD_EVERY_MS: u64 = 60_000;

/// Why a tick failed.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// L1 could not be looked at, or differs from our chain.
    #[error(transparent)]
    Track(#[from] TrackError),
    /// L1 could not be asked about evidence.
    #[error(transparent)]
    Court(#[from] CourtError),
    /// Nothing could be posted.
    #[error(transparent)]
    Post(#[from] PostError),
    /// L1's endpoint took too long.
    #[error("L1 did not answer within {} s", TICK_MAX.as_secs())]
    Hangs,
}

impl TickError {
    const fn name(&self) -> &'static str {
        match self {
            Self::Track(TrackError::L1(_)) => "l1",
            Self::Track(TrackError::LogsMissing { .. }) => "logs-missing",
            Self::Track(TrackError::Store(_) | TrackError::State(_)) => "store",
            Self::Track(TrackError::Conflict(_)) => "conflict",
            Self::Court(error) => error.name(),
            Self::Post(error) => error.name(),
            Self::Hangs => "l1-hangs",
        }
    }
}

/// Why there is no poster.
#[derive(Debug, thiserror::Error)]
pub enum PosterError {
    /// The network's settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Where the poster looks.
#[derive(Clone, Debug)]
pub struct Sources {
    /// L1.
    pub l1: L1Client,
    /// Our chain.
    pub store: Arc<dyn Store>,
    /// Evidence that is kept here.
    pub docket: Docket,
    /// What L1 is to be told of rewards.
    pub chores: watch::Receiver<Vec<Chore>>,
}

/// What was seen of L1 at a block.
#[derive(Clone, Copy, Debug)]
struct Seen {
    block: B256,
    /// The inbox's head, if our chain was compared with what L1 has.
    head: Option<InboxHead>,
}

/// The task: it tracks the inbox and the slasher, and posts and reports if it has a key.
#[derive(Debug)]
pub struct Poster {
    l1: L1Client,
    store: Arc<dyn Store>,
    tracker: Tracker,
    court: Court,
    publisher: Option<Publisher>,
    /// What was seen at the newest block, if all of it was.
    seen: Option<Seen>,
    metrics: Metrics,
    conflict_told_ms: u64,
}

impl Poster {
    /// A poster, and where it says what L1 has. `publisher` is a poster's settings, its key, and the path of its
    /// journal; without it the task only looks.
    ///
    /// # Errors
    /// [`PosterError`].
    pub fn new(
        sources: Sources,
        network: &NetworkToml,
        publisher: Option<(PosterToml, Submitter, &Path)>,
        metrics: Metrics,
    ) -> Result<(Self, watch::Receiver<Posted>), PosterError> {
        let Sources { l1, store, docket, chores: _ } = sources.clone();
        let (tracker, posted) = Tracker::new(l1.clone(), store.clone(), network.l1.opening_block, metrics.clone())?;
        let court = Court::new(l1.clone(), network, docket)?;
        let publisher = publisher.map(|parts| Publisher::new(sources, network, parts, metrics.clone())).transpose()?;
        Ok((Self { l1, store, tracker, court, publisher, seen: None, metrics, conflict_told_ms: 0 }, posted))
    }

    /// Runs until the node stops. It may stop at any point: what matters is in the journal before it is sent.
    pub async fn run(mut self, poll: Duration, mut shutdown: watch::Receiver<bool>) {
        let mut wait = poll;
        loop {
            tokio::select! {
                _ = shutdown.changed() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let tick = tokio::select! {
                _ = shutdown.changed() => return,
                tick = tokio::time::timeout(TICK_MAX, self.tick()) => tick.unwrap_or(Err(TickError::Hangs)),
            };
            wait = match tick {
                Ok(()) => poll,
                Err(error) => {
                    self.complain(&error);
                    (wait * 2).min(BACKOFF_MAX)
                }
            };
        }
    }

    /// Looks at L1 if it has a new block, and takes a step. What cannot be looked at holds up nothing else: evidence
    /// waits for no comparison of batches, and batches for no slasher (E7 of evidence).
    ///
    /// # Errors
    /// [`TickError`]; the next tick tries again.
    pub async fn tick(&mut self) -> Result<(), TickError> {
        let tip = self.l1.tip().await.map_err(TrackError::from)?;
        let mut trouble = None;
        let seen = match self.seen.filter(|seen| seen.block == tip.hash && !self.tracker.is_behind()) {
            Some(seen) => seen,
            None => {
                let (seen, found) = self.look(&tip).await?;
                trouble = found;
                seen
            }
        };
        if let Some(head) = seen.head {
            let height = self.store.head().map_err(TrackError::from)?.map_or(0, |head| head.header.height().0);
            self.metrics.backlog((height + 1).saturating_sub(head.next_height));
        }
        if let Some(publisher) = &mut self.publisher
            && publisher.work(now_ms()).await?
        {
            self.seen = None;
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Looks at everything; what could not be seen is told beside the rest, and looked at again with the next tick.
    async fn look(&mut self, tip: &L1Tip) -> Result<(Seen, Option<TickError>), TickError> {
        self.seen = None;
        let final_number = self.l1.final_number().await.map_err(TrackError::from)?.min(tip.number);
        let charges = self.court.look(tip, final_number).await;
        let tracked = self.tracker.look(tip, final_number).await;
        if tracked.is_ok() {
            self.metrics.conflict(false);
        }
        let head = tracked.as_ref().ok().copied();
        if let Some(publisher) = &mut self.publisher {
            // P15: nothing is built on an entry that was not compared with our chain.
            let known = head.filter(|head| self.tracker.knows(head.link));
            let charges = charges.as_deref().unwrap_or_default();
            publisher.look(tip, known, final_number, charges).await.map_err(PostError::from)?;
        }
        let seen = Seen { block: tip.hash, head };
        let trouble = tracked.err().map(TickError::from).or(charges.err().map(TickError::from));
        if trouble.is_none() {
            self.seen = Some(seen);
        }
        Ok((seen, trouble))
    }

    fn complain(&mut self, error: &TickError) {
        self.metrics.failure(error.name());
        let TickError::Track(TrackError::Conflict(conflict)) = error else {
            tracing::warn!(%error, "L1 cannot be compared or posted to");
            return;
        };
        self.metrics.conflict(true);
        let now_ms = now_ms();
        if now_ms.saturating_sub(self.conflict_told_ms) >= CONFLICT_TOLD_EVERY_MS {
            self.conflict_told_ms = now_ms;
            tracing::error!(%conflict, "L1 CONTRADICTS OUR FINAL CHAIN: posting has stopped");
        }
    }
}

#[cfg(test)]
#[path = "tests/fuzz.rs"]
mod tests;
