//! Past states under a store that moves on (R24).

use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, B256, Bytes, U256};
use rota_execution::{Account, MemoryState, NodeKey, StateError, StateView};

use super::{chain::Chain, wallets::Key};
use crate::rpc::RecentStates;

/// A store in memory that moves on under its readers.
#[derive(Clone)]
struct Store(Arc<Mutex<MemoryState>>);

impl StateView for Store {
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        self.0.lock().unwrap().account(address)
    }
    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        self.0.lock().unwrap().slot(address, slot)
    }
    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError> {
        self.0.lock().unwrap().code(hash)
    }
    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        self.0.lock().unwrap().block_hash(height)
    }
    fn trie_node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        self.0.lock().unwrap().trie_node(key)
    }
}

#[test]
fn every_past_state_reads_as_it_was_while_the_store_moves_on() {
    let chain = Chain::manual();
    let store = Store(Arc::new(Mutex::new(chain.state())));
    let recent = RecentStates::new(store.clone());
    let early = recent.at(0, 0).unwrap();
    let mut then = vec![chain.state()];
    for nonce in 0..6 {
        chain.offer(&Key::of(0).sends(nonce, Address::with_last_byte(0x80 + u8::try_from(nonce).unwrap()), U256::ONE));
        let hash = chain.notarize();
        let batch = chain.pending_batch();
        recent.before_commit(std::slice::from_ref(&batch)).unwrap();
        // Noted and not yet written: the last state is what it was.
        let latest = recent.at(nonce, nonce).unwrap();
        assert_eq!(latest.account(&Key::of(0).address).unwrap().unwrap().nonce, nonce);
        store.0.lock().unwrap().apply(&batch);
        chain.finalize(hash);
        then.push(chain.state());
    }
    let last = then.last().unwrap();
    let mut compared = 0;
    for (height, was) in then.iter().enumerate() {
        let past = recent.at(height as u64, 6).unwrap();
        for (address, _) in last.accounts() {
            assert_eq!(past.account(address).unwrap(), was.account(address).unwrap(), "{address} at {height}");
            compared += 1;
        }
        for ((address, slot), _) in last.slots() {
            assert_eq!(past.slot(address, slot).unwrap(), was.slot(address, slot).unwrap());
            compared += 1;
        }
        assert_eq!(past.block_hash(height as u64 + 1).unwrap(), None);
        assert!(past.block_hash(height as u64).unwrap().is_some());
    }
    assert!(compared > 100, "{compared}");
    // What was taken before anything was noted reads as it was, too.
    assert_eq!(early.account(&Key::of(0).address).unwrap().unwrap().nonce, 0);
}

#[test]
fn batches_written_together_keep_the_states_between_them() {
    let chain = Chain::manual();
    let store = Store(Arc::new(Mutex::new(chain.state())));
    let recent = RecentStates::new(store.clone());
    let mut path = Vec::new();
    for nonce in 0..3 {
        chain.offer(&Key::of(0).transfer(nonce));
        let hash = chain.notarize();
        path.push(chain.pending_batch());
        chain.finalize(hash);
    }
    recent.before_commit(&path).unwrap();
    path.iter().for_each(|batch| store.0.lock().unwrap().apply(batch));
    for height in 0..=3 {
        let past = recent.at(height, 3).unwrap();
        assert_eq!(past.account(&Key::of(0).address).unwrap().unwrap().nonce, height);
    }
}

#[test]
fn state_below_or_above_those_held_is_refused_with_the_oldest() {
    let chain = Chain::manual();
    let store = Store(Arc::new(Mutex::new(chain.state())));
    let recent = RecentStates::new(store.clone());
    assert_eq!(recent.at(4, 5).err(), Some(5));
    assert_eq!(recent.at(6, 5).err(), Some(5));
    let first = recent.at(0, 0).unwrap();
    for height in 1..=301 {
        let hash = chain.notarize();
        let batch = chain.pending_batch();
        recent.before_commit(std::slice::from_ref(&batch)).unwrap();
        store.0.lock().unwrap().apply(&batch);
        chain.finalize(hash);
        assert_eq!(recent.at(0, height).err(), (height > 300).then_some(1));
    }
    assert!(recent.at(1, 301).is_ok());
    assert!(first.account(&Key::of(0).address).is_err(), "it cannot be told from later ones any more");
}
