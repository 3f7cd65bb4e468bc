//! The state in memory, for the simulator and for tests.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{Account, Changes, ExecutedBatch, Genesis, NodeKey, StateError, StateView};

/// A [`StateView`] held in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryState {
    accounts: BTreeMap<Address, Account>,
    slots: BTreeMap<(Address, U256), U256>,
    codes: BTreeMap<B256, Bytes>,
    hashes: BTreeMap<u64, B256>,
    nodes: BTreeMap<NodeKey, Bytes>,
}

impl MemoryState {
    /// The state that a genesis begins with.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        let mut this = Self::default();
        this.write(&genesis.changes);
        this.hashes.insert(0, genesis.header.hash());
        this
    }

    /// Takes over what a final batch changes; batches come in rising order, none left out.
    pub fn apply(&mut self, batch: &ExecutedBatch) {
        self.write(batch.changes());
        self.hashes.insert(batch.header().height().0, batch.header().hash());
    }

    /// Every account, by address.
    pub fn accounts(&self) -> impl Iterator<Item = (&Address, &Account)> {
        self.accounts.iter()
    }

    /// Every storage slot that is not zero, by address and slot.
    pub fn slots(&self) -> impl Iterator<Item = (&(Address, U256), &U256)> {
        self.slots.iter()
    }

    /// Every trie record, by place.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeKey, &Bytes)> {
        self.nodes.iter()
    }

    fn write(&mut self, changes: &Changes) {
        for (address, account) in &changes.accounts {
            put(&mut self.accounts, *address, *account);
        }
        for (key, value) in &changes.slots {
            put(&mut self.slots, *key, Some(*value).filter(|value| !value.is_zero()));
        }
        for (hash, code) in &changes.codes {
            self.codes.insert(*hash, code.clone());
        }
        for (key, record) in &changes.nodes {
            put(&mut self.nodes, *key, record.clone());
        }
    }
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl StateView for MemoryState {
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        Ok(self.accounts.get(address).copied())
    }

    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        Ok(self.slots.get(&(*address, *slot)).copied().unwrap_or_default())
    }

    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError> {
        Ok(self.codes.get(hash).cloned())
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        Ok(self.hashes.get(&height).copied())
    }

    fn trie_node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        Ok(self.nodes.get(key).cloned())
    }
}
