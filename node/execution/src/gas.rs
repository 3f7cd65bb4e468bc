//! The least gas that a transaction uses, known before anything is recovered or executed.

use alloy_consensus::{Transaction as _, TxEnvelope};
use revm::{context_interface::cfg::gas::calculate_initial_tx_gas, primitives::hardfork::SpecId};

/// What a transaction uses at least if it stands in a valid batch: what its bytes cost before the first instruction,
/// of which refunds give back at most a fifth (EIP-3529), and no less than the floor of EIP-7623.
pub(crate) fn least_used(envelope: &TxEnvelope) -> u64 {
    let list = envelope.access_list();
    let addresses = list.map_or(0, |list| list.len() as u64);
    let slots = list.map_or(0, |list| list.iter().map(|item| item.storage_keys.len() as u64).sum());
    let authorizations = envelope.authorization_count().unwrap_or_default();
    let (input, creates) = (envelope.input(), envelope.is_create());
    let gas = calculate_initial_tx_gas(SpecId::PRAGUE, input, creates, addresses, slots, authorizations, None);
    let charged = gas.initial_regular_gas + gas.initial_state_gas;
    (charged - charged / 5).max(gas.floor_gas)
}
