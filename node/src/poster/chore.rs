//! Telling L1 of rewards, and of who attested twice (rule P21), by the same nonces, fees and journal as entries.

use super::{ChoreName, Fees, PostError, Publisher, Purpose, Sent};
use crate::l1::ReportError;

impl Publisher {
    /// Tried, signed, kept, sent, as rule P8 says. True if L1 has to be looked at again.
    pub(super) async fn tell(&mut self, chore: ChoreName, nonce: u64, fees: Fees) -> Result<bool, PostError> {
        let ready = self.chores.borrow().iter().find(|ready| ready.name == chore).map(|ready| ready.call.clone());
        let Some(input) = ready else { return Ok(true) };
        let from = self.submitter.address();
        let (contract, tried) = match chore {
            ChoreName::Attest { .. } | ChoreName::Bring { .. } => {
                let tried = self.l1.try_call(from, self.rewards, input.clone()).await;
                (self.rewards, tried.map_err(ReportError::from))
            }
            ChoreName::Accuse { .. } => (self.slasher, self.l1.try_report(from, input.clone()).await),
        };
        let gas = match tried {
            Ok(gas) => gas,
            Err(ReportError::L1(error)) => return Err(error.into()),
            Err(ReportError::AlreadySlashed) => {
                tracing::debug!(?chore, "somebody else was first");
                self.metrics.failure("somebody-else-was-first");
                self.put_off_chore(chore);
                return Ok(false);
            }
            Err(ReportError::Refused(reason)) => {
                tracing::warn!(?chore, reason, "L1 would not be told: trying again later");
                self.metrics.failure("chore-refused");
                self.put_off_chore(chore);
                return Ok(false);
            }
        };
        tracing::info!(?chore, nonce, max_fee_wei = fees.max_fee, "telling L1");
        let sent = Sent { nonce, purpose: Purpose::Chore(chore), fees, block: self.block() };
        self.dispatch(sent, contract, gas, input).await
    }

    /// Nothing else waits for it.
    fn put_off_chore(&mut self, chore: ChoreName) {
        let block = self.block();
        self.deferred_chores.put_off(chore, block);
        if let Some(view) = &mut self.view {
            view.chores.retain(|open| *open != chore);
        }
    }
}

/// Its name in metrics.
pub(super) const fn name_of(chore: ChoreName) -> &'static str {
    match chore {
        ChoreName::Attest { .. } => "attestation",
        ChoreName::Bring { .. } => "leaf",
        ChoreName::Accuse { .. } => "accusation",
    }
}
