//! The check of a proposed batch: every rule a validator holds it against before it votes.

use std::sync::Arc;

use rota_proto::BatchHeader;

use crate::{Batch, ChainRules, ExecutedBatch, Execution, ExecutionError, Facts, Invalid, StateView, evm::Outcome};

impl Execution {
    /// Executes a batch and compares it with its header (rules X4 to X13). A batch that was executed here before, also
    /// our own, is given as it was.
    ///
    /// # Errors
    /// [`ExecutionError::Invalid`] names the rule it breaks, [`ExecutionError::Unready`] what is missing to judge it.
    pub fn check<V: StateView + ?Sized>(
        &mut self,
        view: &V,
        batch: Batch,
        facts: &Facts,
    ) -> Result<Arc<ExecutedBatch>, ExecutionError> {
        let parent = self.header(&batch.header().parent())?;
        check_header(self.rules(), parent, batch.header(), facts)?;
        if let Some(known) = self.unfinal(&batch.header().hash()) {
            return Ok(Arc::clone(known));
        }
        let header = batch.header().header();
        batch.check_order(header.base_fee_per_gas.unwrap_or_default())?;
        let mut machine = self.begin(view, header)?;
        for (index, transaction) in batch.transactions().iter().enumerate() {
            match machine.run(transaction)? {
                Outcome::Placed => {}
                Outcome::NoRoom { left } => {
                    let gas_limit = alloy_consensus::Transaction::gas_limit(transaction.envelope());
                    return Err(Invalid::NoRoom { index, gas_limit, left }.into());
                }
                Outcome::Refused(reason) => {
                    return Err(Invalid::NotExecutable { index, transaction: transaction.hash(), reason }.into());
                }
            }
        }
        let executed = self.end(view, header, machine)?;
        executed.compare(header)?;
        Ok(self.keep(batch, executed))
    }
}

/// Rule X7: what a header owes to its parent, to genesis and to L1.
pub(crate) fn check_header(
    rules: &ChainRules,
    parent: &BatchHeader,
    header: &BatchHeader,
    facts: &Facts,
) -> Result<(), Invalid> {
    let (fields, above) = (header.header(), parent.header());
    if fields.number != above.number + 1 {
        return Err(Invalid::Height { header: fields.number, parent: above.number });
    }
    if fields.gas_limit != rules.gas_limit {
        return Err(Invalid::GasLimit { header: fields.gas_limit, expected: rules.gas_limit });
    }
    let (base_fee, expected) = (fields.base_fee_per_gas.unwrap_or_default(), rules.next_base_fee(above));
    if base_fee != expected {
        return Err(Invalid::BaseFee { header: base_fee, expected });
    }
    if fields.timestamp < above.timestamp {
        return Err(Invalid::TimestampBeforeParent { header: fields.timestamp, parent: above.timestamp });
    }
    check_origin(parent, header, facts)?;
    match facts.beneficiary {
        Some(expected) if expected != fields.beneficiary => {
            Err(Invalid::Beneficiary { header: fields.beneficiary, expected })
        }
        Some(_) | None => Ok(()),
    }
}

/// The origin follows the parent's or is the parent's; its prevrandao and timestamp are L1's.
fn check_origin(parent: &BatchHeader, header: &BatchHeader, facts: &Facts) -> Result<(), Invalid> {
    let (origin, above) = (header.origin(), parent.origin());
    let fields = header.header();
    if origin != above && origin.number <= above.number {
        return Err(Invalid::OriginBehindParent { header: origin, parent: above });
    }
    if origin == above && fields.mix_hash != parent.header().mix_hash {
        return Err(Invalid::PrevRandao { header: fields.mix_hash, origin: parent.header().mix_hash });
    }
    let Some(l1) = facts.origin else { return Ok(()) };
    if origin != l1.origin {
        return Err(Invalid::Origin { header: origin, given: l1.origin });
    }
    if fields.mix_hash != l1.prevrandao {
        return Err(Invalid::PrevRandao { header: fields.mix_hash, origin: l1.prevrandao });
    }
    if fields.timestamp < l1.timestamp {
        return Err(Invalid::TimestampBeforeOrigin { header: fields.timestamp, origin: l1.timestamp });
    }
    Ok(())
}
