//! What went by lately, in bounded memory.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

/// A set of keyed 64-bit hashes that forgets the older half when it is full. The key is drawn at the start, so that
/// nobody can make two things look alike.
#[derive(Debug)]
pub(crate) struct Seen {
    key: RandomState,
    recent: HashSet<u64>,
    older: HashSet<u64>,
    half: usize,
}

impl Seen {
    /// Remembers at least the last `max / 2` things and at most `max`.
    pub(crate) fn new(max: usize) -> Self {
        Self { key: RandomState::new(), recent: HashSet::new(), older: HashSet::new(), half: (max / 2).max(1) }
    }

    /// Whether `bytes` were noted lately.
    pub(crate) fn contains(&self, bytes: &[u8]) -> bool {
        let hash = self.key.hash_one(bytes);
        self.recent.contains(&hash) || self.older.contains(&hash)
    }

    /// Notes `bytes`; true if they are new.
    pub(crate) fn note(&mut self, bytes: &[u8]) -> bool {
        let hash = self.key.hash_one(bytes);
        if self.recent.contains(&hash) || self.older.contains(&hash) {
            return false;
        }
        if self.recent.len() >= self.half {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(hash)
    }

    /// Forgets `bytes`.
    pub(crate) fn forget(&mut self, bytes: &[u8]) {
        let hash = self.key.hash_one(bytes);
        self.recent.remove(&hash);
        self.older.remove(&hash);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.recent.len() + self.older.len()
    }
}
