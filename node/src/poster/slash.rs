//! Reporting validators to the slasher (rules E7 to E9 of evidence), by the same nonces, fees and journal as entries.

use std::collections::BTreeMap;

use alloy_primitives::Address;

use super::{Fees, PostError, Publisher, Purpose, Sent};
use crate::l1::{ReportError, report};

/// L1 blocks for which evidence that L1 would not take is left alone: an epoch at least.
pub(super) const DEFERRED_BLOCKS: u64 = 32;

/// What L1 would not take, with the block from which on each is tried again (rules P21; E9 of evidence).
#[derive(Debug)]
pub(super) struct Deferred<K>(BTreeMap<K, u64>);

impl<K> Default for Deferred<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Deferred<K> {
    /// What of this may be tried at a block.
    pub(super) fn without<T>(&mut self, all: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K, block: u64) -> Vec<T> {
        self.0.retain(|_, until| *until > block);
        all.into_iter().filter(|one| !self.0.contains_key(&key(one))).collect()
    }

    pub(super) fn put_off(&mut self, key: K, block: u64) {
        self.0.insert(key, block.saturating_add(DEFERRED_BLOCKS));
    }
}

impl Publisher {
    /// E8 of evidence: tried, signed, kept, sent, as rule P8 says. True if L1 has to be looked at again.
    pub(super) async fn report(&mut self, accused: Address, nonce: u64, fees: Fees) -> Result<bool, PostError> {
        let pair = self.docket.book.get(accused).and_then(|piece| piece.pair().ok());
        let Some(pair) = pair else { return self.put_off(accused) };
        let input = report(&pair);
        let gas = match self.l1.try_report(self.submitter.address(), input.clone()).await {
            Ok(gas) => gas,
            Err(ReportError::L1(error)) => return Err(error.into()),
            Err(ReportError::AlreadySlashed) => {
                tracing::debug!(validator = %accused, "somebody else was first");
                self.metrics.failure("somebody-else-was-first");
                return Ok(true);
            }
            Err(ReportError::Refused(reason)) => {
                tracing::error!(validator = %accused, reason, "L1 would not take evidence: trying again later");
                self.docket.metrics.refused("refused-by-slasher");
                return self.put_off(accused);
            }
        };
        tracing::info!(validator = %accused, nonce, max_fee_wei = fees.max_fee, "reporting");
        let sent = Sent { nonce, purpose: Purpose::Slash(accused), fees, block: self.block() };
        self.dispatch(sent, self.slasher, gas, input).await
    }

    /// Rule E9 of evidence: nothing else waits for it.
    fn put_off(&mut self, accused: Address) -> Result<bool, PostError> {
        self.deferred.put_off(accused, self.block());
        if let Some(view) = &mut self.view {
            view.charges.retain(|charge| charge.validator != accused);
        }
        Ok(false)
    }
}
