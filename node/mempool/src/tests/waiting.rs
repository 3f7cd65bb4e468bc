//! A transaction in the naive pool, with the numbers that its rules compare.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U256};
use rota_proto::Transaction;

use crate::{Origin, limits::SLOT_BYTES};

/// A transaction in the naive pool.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) transaction: Arc<Transaction>,
    pub(super) origin: Origin,
    pub(super) sequence: u64,
    /// Whom it may delegate, with the nonce that this would use.
    pub(super) binds: Vec<(Address, u64)>,
}

impl Waiting {
    pub(super) fn sender(&self) -> Address {
        self.transaction.sender()
    }

    pub(super) fn nonce(&self) -> u64 {
        self.transaction.nonce()
    }

    pub(super) fn fee(&self) -> u128 {
        self.transaction.envelope().max_fee_per_gas()
    }

    pub(super) fn tip(&self) -> u128 {
        self.transaction.envelope().max_priority_fee_per_gas().unwrap_or(self.fee())
    }

    pub(super) fn price(&self, base_fee: u64) -> u128 {
        self.fee().min(u128::from(base_fee) + self.tip())
    }

    pub(super) fn cost(&self) -> U256 {
        U256::from(self.transaction.envelope().gas_limit()) * U256::from(self.fee())
            + self.transaction.envelope().value()
    }

    /// Rule M8: its bytes, and what its lists take beyond theirs.
    pub(super) fn bytes(&self) -> usize {
        let envelope = self.transaction.envelope();
        let authorizations = envelope.authorization_list().map_or(0, |list| list.len());
        self.transaction.length() + 190 * authorizations + 25 * envelope.access_list().map_or(0, |list| list.len())
    }

    pub(super) fn slots(&self) -> usize {
        self.transaction.length().div_ceil(SLOT_BYTES)
    }
}
