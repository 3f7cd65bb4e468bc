//! Changes of the state that the tree does not have yet.
//!
//! Every batch changes the same few hundred trie nodes and busy accounts again. Written to the tree one by one they
//! cost more than execution; so the changes of a commit go into the change log, durable by one flush, and into memory.
//! Every some ten thousand records a thread settles them: it writes what they came to into the tree, in the order of
//! its keys, while commits go on. A start reads the log again. Nothing here decides what is final: that is the chain's
//! head.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    thread::{self, JoinHandle},
};

use alloy_primitives::Bytes;

use super::{
    StoreError,
    change_log::{ChangeLog, Segments, StateRecords},
    codec::damaged,
};

/// The name in `meta` of the height whose state the tree holds.
pub(super) const SETTLED: &str = "settled";

/// How many records wait in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settling {
    /// So many are settled in the background. About 300 bytes each.
    pub(super) records: usize,
    /// At so many a commit waits until that is done: the disk is too slow.
    pub(super) records_max: usize,
}

impl Default for Settling {
    fn default() -> Self {
        Self { records: 32_768, records_max: 131_072 }
    }
}

type Changed = HashMap<Vec<u8>, Option<Bytes>>;

#[derive(Debug, Default)]
struct Layers {
    /// Changed since the last settling began.
    current: Changed,
    /// Being settled, below `current`.
    settling: Option<Arc<Changed>>,
}

/// The trees that settling writes.
#[derive(Clone, Debug)]
pub(super) struct Trees {
    pub(super) db: sled::Db,
    pub(super) state: sled::Tree,
    pub(super) meta: sled::Tree,
}

/// What the tree does not have yet, in memory and in the log.
#[derive(Debug)]
pub(super) struct PendingState {
    trees: Trees,
    limits: Settling,
    layers: Arc<RwLock<Layers>>,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    log: ChangeLog,
    /// The height of the last commit.
    height: u64,
    settler: Option<JoinHandle<Result<(), StoreError>>>,
}

impl PendingState {
    /// Opens what a store with this head has not settled.
    pub(super) fn open(trees: Trees, folder: &Path, head: u64, limits: Settling) -> Result<Self, StoreError> {
        let settled = settled(&trees.meta)?;
        let (log, commits) = ChangeLog::open(folder, settled, head)?;
        let mut current = Changed::new();
        for commit in commits {
            current.extend(commit.records);
        }
        let layers = Arc::new(RwLock::new(Layers { current, settling: None }));
        Ok(Self { trees, limits, layers, writer: Mutex::new(Writer { log, height: head, settler: None }) })
    }

    /// What is known of a key above the tree: nothing, or what it is now, which may be nothing.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
        let known = layers.current.get(key);
        known.or_else(|| layers.settling.as_ref().and_then(|settling| settling.get(key))).cloned()
    }

    /// Makes the changes of a commit durable, runs `commit`, which makes the commit itself durable, and only then shows
    /// them. Without `commit` they have never been.
    pub(super) fn commit(
        &self,
        height: u64,
        records: StateRecords,
        commit: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let after = writer.height;
        writer.log.append(after, height, &records)?;
        commit()?;
        writer.height = height;
        let waiting = {
            let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
            layers.current.extend(records);
            layers.current.len()
        };
        self.settle(&mut writer, waiting)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to settle if enough waits and nothing is being settled; waits for what is, if far too much waits.
    fn settle(&self, writer: &mut Writer, waiting: usize) -> Result<(), StoreError> {
        let is_busy = writer.settler.as_ref().is_some_and(|settler| !settler.is_finished());
        if waiting < self.limits.records || (is_busy && waiting < self.limits.records_max) {
            return Ok(());
        }
        finish(writer.settler.take())?;
        writer.log.begin_segment(writer.height)?;
        let log = writer.log.segments();
        let changed = {
            let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
            let changed = Arc::new(std::mem::take(&mut layers.current));
            layers.settling = Some(Arc::clone(&changed));
            changed
        };
        let (trees, layers, height) = (self.trees.clone(), Arc::clone(&self.layers), writer.height);
        let settler = thread::Builder::new().name("settle".into());
        let settler = settler.spawn(move || write_to_tree(&trees, &layers, &changed, height, &log));
        writer.settler = Some(settler.map_err(StoreError::ChangeLog)?);
        Ok(())
    }

    /// Waits until what is being settled is settled.
    ///
    /// # Errors
    /// Why it could not be.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        finish(self.writer().settler.take())
    }
}

impl Drop for PendingState {
    /// The store's lock is free only when no thread has the trees any more.
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::error!(%error, "the state could not be settled; the next start tries again");
        }
    }
}

fn finish(settler: Option<JoinHandle<Result<(), StoreError>>>) -> Result<(), StoreError> {
    let Some(settler) = settler else { return Ok(()) };
    settler.join().unwrap_or_else(|_| Err(damaged("state", "settling panicked")))
}

/// The log holds all of this until the tree has it for good: a crash in between is made good by settling it again.
fn write_to_tree(
    trees: &Trees,
    layers: &RwLock<Layers>,
    changed: &Changed,
    height: u64,
    log: &Segments,
) -> Result<(), StoreError> {
    let mut sorted: Vec<_> = changed.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    write_records(&trees.state, sorted)?;
    trees.db.flush()?;
    trees.meta.insert(SETTLED, &height.to_be_bytes())?;
    trees.db.flush()?;
    layers.write().unwrap_or_else(PoisonError::into_inner).settling = None;
    log.remove_below(height)
}

/// Writes records one by one, or removes them. Who calls it makes sure that a crash in between is made good.
pub(super) fn write_records<'a>(
    state: &sled::Tree,
    records: impl IntoIterator<Item = (&'a Vec<u8>, &'a Option<Bytes>)>,
) -> Result<(), StoreError> {
    for (key, value) in records {
        match value {
            Some(value) => state.insert(key, value.as_ref())?,
            None => state.remove(key)?,
        };
    }
    Ok(())
}

/// The height whose state the tree holds: what genesis wrote, to begin with.
fn settled(meta: &sled::Tree) -> Result<u64, StoreError> {
    let Some(bytes) = meta.get(SETTLED)? else { return Ok(0) };
    bytes.as_ref().try_into().map(u64::from_be_bytes).map_err(|_| damaged("meta", "the settled height"))
}
