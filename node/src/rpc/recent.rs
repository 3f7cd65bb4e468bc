//! The states after the last final batches (rule R24): the store holds one, and this what later batches replaced.
//!
//! `forge script` and libraries pin the number of a batch and then ask for state in it, call after call, while the
//! chain goes on. And a call on the last state must not see half of the next one.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};

use alloy_primitives::{Address, B256, Bytes, U256};
use rota_execution::{Account, ExecutedBatch, NodeKey, State, StateError, StateView};

/// Batches that can be asked about: half a minute at ten a second.
const BATCHES_MAX: usize = 300;

/// Replaced values held in all, about 150 bytes each: 15 MB. At 1,500 transfers a second these are half a minute.
const VALUES_MAX: usize = 100_000;

/// What a batch replaced.
#[derive(Debug)]
struct Replaced {
    height: u64,
    accounts: BTreeMap<Address, Option<Account>>,
    slots: BTreeMap<(Address, U256), U256>,
}

impl Replaced {
    /// What a batch replaces in the state before it.
    fn by<V: StateView>(batch: &ExecutedBatch, before: &State<'_, V>) -> Result<Self, StateError> {
        let changes = batch.changes();
        let accounts = changes.accounts.iter().map(|(address, _)| Ok((*address, before.account(address)?)));
        let slots = changes.slots.iter().map(|(key, _)| Ok((*key, before.slot(&key.0, &key.1)?)));
        let (accounts, slots): (Result<_, StateError>, Result<_, StateError>) = (accounts.collect(), slots.collect());
        Ok(Self { height: batch.header().height().0, accounts: accounts?, slots: slots? })
    }

    fn values(&self) -> usize {
        self.accounts.len() + self.slots.len()
    }
}

#[derive(Debug, Default)]
struct Held {
    /// Of consecutive heights, the lowest first.
    batches: VecDeque<Replaced>,
    values: usize,
}

impl Held {
    fn push(&mut self, replaced: Replaced) {
        // After a gap, or after a commit that was tried before, nothing older can be told from newer.
        if self.batches.back().is_some_and(|last| last.height + 1 != replaced.height) {
            *self = Self::default();
        }
        self.values += replaced.values();
        self.batches.push_back(replaced);
        while self.batches.len() > BATCHES_MAX || (self.values > VALUES_MAX && self.batches.len() > 1) {
            self.values -= self.batches.pop_front().map_or(0, |oldest| oldest.values());
        }
    }
}

/// The states after the last final batches, over a store that holds the very last. Clones share it.
#[derive(Clone, Debug)]
pub struct RecentStates<V> {
    view: V,
    held: Arc<RwLock<Held>>,
}

impl<V: StateView + Clone + Send + Sync + 'static> RecentStates<V> {
    /// The last state alone; others are held from now on.
    #[must_use]
    pub fn new(view: V) -> Self {
        Self { view, held: Arc::default() }
    }

    /// Notes what final batches replace. To be called for every final batch, in rising order, before its changes are
    /// written; those that are written together come together. Readers look at the store first and here second, so
    /// that they find one or the other.
    ///
    /// # Errors
    /// [`StateError`] if the store cannot be read.
    pub fn before_commit(&self, path: &[Arc<ExecutedBatch>]) -> Result<(), StateError> {
        for (index, batch) in path.iter().enumerate() {
            let written_with_it = path.iter().take(index).rev().cloned().collect();
            let replaced = Replaced::by(batch, &State::unfinal(&self.view, written_with_it))?;
            self.held.write().unwrap_or_else(PoisonError::into_inner).push(replaced);
        }
        Ok(())
    }

    /// The state after the final batch of this height, given the last final height; else the lowest height held.
    ///
    /// # Errors
    /// The lowest height whose state is held.
    pub fn at(&self, height: u64, latest: u64) -> Result<Arc<dyn StateView + Send + Sync>, u64> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let oldest = held.batches.front().map_or(latest, |first| first.height.saturating_sub(1));
        if height < oldest || height > latest {
            return Err(oldest);
        }
        Ok(Arc::new(Past { states: self.clone(), height }))
    }
}

/// The state after one batch.
struct Past<V> {
    states: RecentStates<V>,
    height: u64,
}

impl<V: StateView> Past<V> {
    /// The value that the first batch above replaced, or what the store has now. The store was read before.
    fn then<T>(&self, now: T, replaced: impl Fn(&Replaced) -> Option<T>) -> Result<T, StateError> {
        let held = self.states.held.read().unwrap_or_else(PoisonError::into_inner);
        if held.batches.front().is_some_and(|first| first.height > self.height + 1) {
            return Err(StateError::Store(format!("the state of height {} is no longer held", self.height)));
        }
        let above = held.batches.partition_point(|batch| batch.height <= self.height);
        Ok(held.batches.range(above..).find_map(replaced).unwrap_or(now))
    }
}

impl<V: StateView> StateView for Past<V> {
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        let now = self.states.view.account(address)?;
        self.then(now, |batch| batch.accounts.get(address).copied())
    }

    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        let now = self.states.view.slot(address, slot)?;
        self.then(now, |batch| batch.slots.get(&(*address, *slot)).copied())
    }

    /// Code is never deleted.
    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError> {
        self.states.view.code(hash)
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        if height > self.height { Ok(None) } else { self.states.view.block_hash(height) }
    }

    /// Past tries are not held; calls need none.
    fn trie_node(&self, _: &NodeKey) -> Result<Option<Bytes>, StateError> {
        Err(StateError::Store("past tries are not held".into()))
    }
}
