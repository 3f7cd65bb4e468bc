//! Going on with the set that is being formed (rule P20), by the same nonces, fees and journal as entries.

use super::{Fees, PostError, Publisher, Purpose, Sent};
use crate::l1::{CallError, advance};

impl Publisher {
    /// Tried, signed, kept, sent, as rule P8 says. True if L1 has to be looked at again.
    pub(super) async fn advance(&mut self, nonce: u64, fees: Fees) -> Result<bool, PostError> {
        let (account, input) = (self.submitter.address(), advance());
        let gas = match self.l1.try_call(account, self.sets, input.clone()).await {
            Ok(gas) => gas,
            Err(CallError::L1(error)) => return Err(error.into()),
            Err(CallError::Reverted { message, .. }) => {
                tracing::error!(reason = message, "the sets would not go on");
                self.metrics.failure("refused-by-sets");
                if let Some(view) = &mut self.view {
                    view.unformed = false;
                }
                return Ok(false);
            }
        };
        tracing::info!(nonce, max_fee_wei = fees.max_fee, "going on with the sets");
        let sent = Sent { nonce, purpose: Purpose::Advance, fees, block: self.block() };
        self.dispatch(sent, self.sets, gas, input).await
    }
}
