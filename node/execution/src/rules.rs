//! What genesis fixes for ever: the numbers that every batch is checked against.

use alloy_consensus::Header;
use alloy_eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
use alloy_primitives::Address;

use crate::limits::BASE_FEE_MAX;

/// The numbers of a chain, from its genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainRules {
    /// The rollup's chain id.
    pub chain_id: u64,
    /// The gas limit of every batch.
    pub gas_limit: u64,
    /// By which part of itself the base fee changes at most while batches use at most twice the target.
    pub base_fee_denominator: u64,
    /// The gas limit as a multiple of the gas target.
    pub elasticity: u64,
    /// The base fee never falls below this, in wei per gas.
    pub minimum_base_fee_wei: u64,
    /// Who is credited the base fee.
    pub vault: Address,
}

impl ChainRules {
    /// The base fee of a batch on `parent`, in wei per gas (rule X7): EIP-1559 with this chain's numbers, never below
    /// the minimum nor above [`BASE_FEE_MAX`].
    #[must_use]
    pub fn next_base_fee(&self, parent: &Header) -> u64 {
        let params = BaseFeeParams::new(self.base_fee_denominator.into(), self.elasticity.into());
        let base_fee = parent.base_fee_per_gas.unwrap_or(self.minimum_base_fee_wei);
        calc_next_block_base_fee(parent.gas_used, self.gas_limit, base_fee, params)
            .clamp(self.minimum_base_fee_wei, BASE_FEE_MAX)
    }
}
