//! Batches that were executed and are not final yet, for whoever answers questions about `pending`.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use alloy_primitives::B256;
use rota_execution::ExecutedBatch;

/// The executor's unfinal batches by hash. Clones share them; only the executor changes them, within its own bound.
#[derive(Clone, Debug, Default)]
pub struct UnfinalBatches(Arc<RwLock<BTreeMap<B256, Arc<ExecutedBatch>>>>);

impl UnfinalBatches {
    /// Adds a batch.
    pub(crate) fn insert(&self, batch: Arc<ExecutedBatch>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(batch.header().hash(), batch);
    }

    /// Forgets all batches but these.
    pub(crate) fn retain(&self, is_live: impl Fn(&B256) -> bool) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|hash, _| is_live(hash));
    }

    /// A batch by its hash.
    #[must_use]
    pub fn get(&self, hash: &B256) -> Option<Arc<ExecutedBatch>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// The batches from `hash` down to a child of `base`, the newest first; none if one of them is not here any more.
    #[must_use]
    pub fn layers(&self, hash: B256, base: B256) -> Option<Vec<Arc<ExecutedBatch>>> {
        let batches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut layers = Vec::new();
        let mut at = hash;
        while at != base {
            let layer = batches.get(&at)?;
            at = layer.header().parent();
            layers.push(Arc::clone(layer));
        }
        Some(layers)
    }
}
