//! The batches above the last committed one: bodies, what execution said, what the pool hides.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{B256, Bytes};
use rota_proto::{BatchHeader, ConsensusKey, Height, Place, Transaction, limits::BODY_BYTES_MAX};

/// How far a batch is with execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Execution {
    /// Nobody asked.
    No,
    /// It could not be executed when it was ordered; the next commit, or who needs it, orders it again.
    Later,
    /// It was ordered; whatever is ordered next runs after it.
    Ordered,
    /// It follows the rules.
    Valid,
    /// It does not, for this reason.
    Invalid(String),
}

/// A batch whose header and body are here and belong together.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) header: BatchHeader,
    pub(crate) body: Bytes,
    /// Known once it is executed.
    pub(crate) transactions: Vec<Arc<Transaction>>,
    pub(crate) execution: Execution,
    pub(crate) notarized: bool,
    pub(crate) hidden: bool,
}

/// Bodies of one validator that wait for their header: the current view's, and the next one's.
const EARLY_BODIES_MAX: usize = 2;

/// Bodies of all validators that wait for their header: those of a full set. A validator that left, or has another key
/// now, sends nothing more that would take the place of its last ones.
const EARLY_BODIES_OF_ALL_MAX: usize = EARLY_BODIES_MAX * Place::COUNT as usize;

/// Bytes of all bodies that wait for their header.
const EARLY_BYTES_MAX: usize = 8 * BODY_BYTES_MAX;

/// A body that came before its header.
#[derive(Clone, Debug)]
struct Early {
    from: ConsensusKey,
    batch: B256,
    body: Bytes,
}

/// All live batches, and bodies whose header is not known yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveBatches {
    batches: BTreeMap<B256, Live>,
    early: Vec<Early>,
}

impl LiveBatches {
    pub(crate) fn get(&self, batch: B256) -> Option<&Live> {
        self.batches.get(&batch)
    }

    pub(crate) fn get_mut(&mut self, batch: B256) -> Option<&mut Live> {
        self.batches.get_mut(&batch)
    }

    /// Keeps a validator's body until its header comes; its own oldest makes room, or the oldest of all.
    pub(crate) fn keep_early(&mut self, from: ConsensusKey, batch: B256, body: Bytes) {
        let of_sender = self.early.iter().filter(|early| early.from == from).count();
        if of_sender >= EARLY_BODIES_MAX
            && let Some(oldest) = self.early.iter().position(|early| early.from == from)
        {
            self.early.remove(oldest);
        }
        self.early.push(Early { from, batch, body });
        let bytes = |early: &[Early]| early.iter().map(|one| one.body.len()).sum::<usize>();
        while self.early.len() > EARLY_BODIES_OF_ALL_MAX || bytes(&self.early) > EARLY_BYTES_MAX {
            self.early.remove(0);
        }
    }

    /// Whether some body for this batch waits, or it is complete.
    pub(crate) fn has_body(&self, batch: B256) -> bool {
        self.batches.contains_key(&batch)
    }

    /// Whether this is the body of a batch: the one that is here, or one that its header commits to.
    pub(crate) fn is_body(&self, header: &BatchHeader, body: &Bytes) -> bool {
        self.get(header.hash()).map_or_else(|| header.commits_to(body), |live| live.body == *body)
    }

    /// Takes the early bodies for a batch, right or wrong.
    pub(crate) fn take_early(&mut self, batch: B256) -> Vec<Bytes> {
        self.early.extract_if(.., |early| early.batch == batch).map(|early| early.body).collect()
    }

    /// Joins a body to its header, if it is the one that the header commits to (rule B8).
    pub(crate) fn join(&mut self, header: &BatchHeader, body: Bytes) -> bool {
        let fits = header.commits_to(&body);
        if fits {
            self.batches.entry(header.hash()).or_insert_with(|| Live {
                header: header.clone(),
                body,
                transactions: Vec::new(),
                execution: Execution::No,
                notarized: false,
                hidden: false,
            });
        }
        fits
    }

    /// The batches from the first above the final height up to `batch`, oldest first, as far as they are here.
    pub(crate) fn branch(&self, batch: B256) -> Vec<B256> {
        let mut branch = Vec::new();
        let mut at = batch;
        while let Some(live) = self.batches.get(&at) {
            branch.push(at);
            at = live.header.parent();
        }
        branch.reverse();
        branch
    }

    /// Whether a batch stands on one that is invalid.
    pub(crate) fn stands_on_invalid(&self, batch: B256) -> bool {
        let ancestors = self.branch(batch).into_iter().filter(|ancestor| *ancestor != batch);
        ancestors.filter_map(|ancestor| self.get(ancestor)).any(|live| matches!(live.execution, Execution::Invalid(_)))
    }

    /// What could not be executed may be ordered again.
    pub(crate) fn try_again(&mut self) {
        for live in self.batches.values_mut().filter(|live| live.execution == Execution::Later) {
            live.execution = Execution::No;
        }
    }

    /// Forgets a batch.
    pub(crate) fn remove(&mut self, batch: B256) -> Option<Live> {
        self.batches.remove(&batch)
    }

    /// Batches that lost: at or below the committed height, or on a branch that does not stand on the committed batch.
    pub(crate) fn losers(&self, committed: &BatchHeader) -> Vec<B256> {
        let height = committed.height();
        let mut lost: Vec<B256> = Vec::new();
        let mut rising: Vec<(&B256, &Live)> = self.batches.iter().collect();
        rising.sort_by_key(|(_, live)| live.header.height());
        for (hash, live) in rising {
            let rival = live.header.height() == height.next() && live.header.parent() != committed.hash();
            if live.header.height() <= height || rival || lost.contains(&live.header.parent()) {
                lost.push(*hash);
            }
        }
        lost
    }

    /// The batches above a height.
    pub(crate) fn above(&self, height: Height) -> impl Iterator<Item = B256> + '_ {
        self.batches.iter().filter(move |(_, live)| live.header.height() > height).map(|(hash, _)| *hash)
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.batches.len()
    }

    /// How many bodies wait for their header, and their bytes.
    pub(crate) fn early(&self) -> [usize; 2] {
        [self.early.len(), self.early.iter().map(|early| early.body.len()).sum()]
    }
}
