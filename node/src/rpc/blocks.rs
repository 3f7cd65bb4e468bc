//! Final batches that were asked for lately, decoded. What is final never changes, so nothing here goes stale.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::backend::Block;

/// Decoded batches by height, of bounded number and size.
#[derive(Debug)]
pub(crate) struct Blocks {
    most: usize,
    most_bytes: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    blocks: BTreeMap<u64, (Arc<Block>, usize)>,
    order: VecDeque<u64>,
    bytes: usize,
}

impl Blocks {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, held: Mutex::default() }
    }

    pub(crate) fn get(&self, height: u64) -> Option<Arc<Block>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.blocks.get(&height).map(|(block, _)| Arc::clone(block))
    }

    /// Keeps a batch; the ones kept longest make room.
    pub(crate) fn put(&self, block: &Arc<Block>) {
        let height = block.header.height().0;
        let bytes = block.memory_bytes();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.blocks.insert(height, (Arc::clone(block), bytes)).is_some() {
            return;
        }
        held.order.push_back(height);
        held.bytes += bytes;
        while held.order.len() > self.most || (held.bytes > self.most_bytes && held.order.len() > 1) {
            let Some(oldest) = held.order.pop_front() else { return };
            held.bytes -= held.blocks.remove(&oldest).map_or(0, |(_, bytes)| bytes);
        }
    }
}
