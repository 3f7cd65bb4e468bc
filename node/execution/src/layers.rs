//! The state after any live batch: the last final one, and the unfinal diffs above it.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{Account, ExecutedBatch, StateError, StateView};

/// The state after a batch, for reading: a view of the last final state under the diffs of unfinal batches.
///
/// It keeps its meaning while the view moves on to one of its own batches: what that batch changed then reads the
/// same from both.
#[derive(Debug)]
pub struct State<'v, V: ?Sized> {
    view: &'v V,
    /// The newest first.
    layers: Vec<Arc<ExecutedBatch>>,
}

impl<V: ?Sized> Clone for State<'_, V> {
    fn clone(&self) -> Self {
        Self { view: self.view, layers: self.layers.clone() }
    }
}

impl<'v, V: StateView + ?Sized> State<'v, V> {
    /// The last final state.
    #[must_use]
    pub const fn last_final(view: &'v V) -> Self {
        Self { view, layers: Vec::new() }
    }

    /// The state after the first of `layers`, unfinal batches from the newest down to a child of the last final one.
    #[must_use]
    pub const fn unfinal(view: &'v V, layers: Vec<Arc<ExecutedBatch>>) -> Self {
        Self { view, layers }
    }

    /// The account, if it exists.
    ///
    /// # Errors
    /// [`StateError`] if reading fails.
    pub fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        match self.layers.iter().find_map(|layer| layer.changes().account(address)) {
            Some(account) => Ok(account),
            None => self.view.account(address),
        }
    }

    /// The value of a storage slot.
    ///
    /// # Errors
    /// [`StateError`] if reading fails.
    pub fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        match self.layers.iter().find_map(|layer| layer.changes().slot(*address, *slot)) {
            Some(value) => Ok(value),
            None => self.view.slot(address, slot),
        }
    }

    /// The code of this hash, which some account names.
    ///
    /// # Errors
    /// [`StateError`] if reading fails or there is no such code.
    pub fn code(&self, hash: &B256) -> Result<Bytes, StateError> {
        match self.layers.iter().find_map(|layer| layer.changes().code(hash)) {
            Some(code) => Ok(code),
            None => self.view.code(hash)?.ok_or(StateError::CodeMissing(*hash)),
        }
    }

    /// The hash of the batch of this height, if it is an ancestor, final or not.
    ///
    /// # Errors
    /// [`StateError`] if reading fails.
    pub fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        match self.layers.iter().find(|layer| layer.header().height().0 == height) {
            Some(layer) => Ok(Some(layer.header().hash())),
            None => self.view.block_hash(height),
        }
    }
}
