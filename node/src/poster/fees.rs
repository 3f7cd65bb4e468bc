//! What a transaction offers L1 for being mined (rules P9 and P10): EIP-1559 fees, in wei per gas.

use serde::{Deserialize, Serialize};

/// The fees of a transaction, in wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fees {
    /// The most that it pays in all.
    pub max_fee: u128,
    /// The most that it pays the block's builder.
    pub tip: u128,
}

/// What L1 asks, and what the operator allows, in wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// The base fee of the latest block.
    pub base_fee: u128,
    /// The tip that L1's endpoint suggests, at least the configured one.
    pub tip: u128,
    /// The configured cap of the fee.
    pub cap: u128,
}

/// The configured cap does not allow what L1 asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("L1 asks {needed} wei per gas, poster.max_fee_gwei allows {cap}: posting waits")]
pub struct FeeCap {
    /// What would be offered, in wei per gas.
    pub needed: u128,
    /// The cap, in wei per gas.
    pub cap: u128,
}

impl Fees {
    /// Of a first transaction: twice the base fee, so that six full blocks in a row do not outrun it, within the cap;
    /// and within eight ninths of the cap if that is enough for now, so that it can be replaced or called back once.
    ///
    /// # Errors
    /// [`FeeCap`] if the cap does not even allow the base fee and the tip of now.
    pub fn first(market: &Market) -> Result<Self, FeeCap> {
        let tip = market.tip.min(market.cap);
        let needed = market.base_fee.saturating_add(tip);
        if needed > market.cap {
            return Err(FeeCap { needed, cap: market.cap });
        }
        let most = (market.cap - market.cap.div_ceil(9)).max(needed);
        Ok(Self { max_fee: market.base_fee.saturating_mul(2).saturating_add(tip).min(most), tip })
    }

    /// Of a transaction that replaces one with these fees: both up by an eighth, as nodes demand (they ask 10 % or
    /// 12.5 %), and enough for now if the cap allows.
    ///
    /// # Errors
    /// [`FeeCap`] if the cap does not allow the eighth.
    pub fn raised(self, market: &Market) -> Result<Self, FeeCap> {
        let least = Self { max_fee: eighth_more(self.max_fee), tip: eighth_more(self.tip) };
        if least.max_fee > market.cap {
            return Err(FeeCap { needed: least.max_fee, cap: market.cap });
        }
        let tip = least.tip.max(market.tip).min(market.cap);
        let wanted = market.base_fee.saturating_mul(2).saturating_add(tip).min(market.cap);
        let max_fee = least.max_fee.max(wanted);
        Ok(Self { max_fee, tip: tip.min(max_fee).max(least.tip) })
    }
}

/// At least 12.5 % more, and at least 1.
fn eighth_more(fee: u128) -> u128 {
    fee.saturating_add(fee.div_ceil(8).max(1))
}

#[cfg(test)]
#[path = "tests/fees.rs"]
mod tests;
