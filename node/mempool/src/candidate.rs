//! Transactions that passed every check which needs no state (rule M1).

use std::sync::Arc;

use alloy_consensus::{Transaction as _, crypto::secp256k1::recover_signer};
use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, U256};
use rota_proto::Transaction;

use crate::{
    ChainRules, GasNeeded, Refused,
    limits::{
        ACCESS_LIST_ITEM_OVERHEAD_BYTES, AUTHORIZATION_OVERHEAD_BYTES, AUTHORIZATIONS_MAX, INIT_CODE_BYTES_MAX,
        SLOT_BYTES,
    },
};

/// A transaction that passed rule M1, with the numbers the pool orders it by, and with those whom its authorizations
/// bind. A [`CandidateForm`] becomes one on any thread.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) price: Price,
    /// What it may cost at most, in wei: gas limit times fee cap plus value.
    pub(crate) cost: U256,
    pub(crate) slots: usize,
    /// What it counts for in shares of bytes (rule M8).
    pub(crate) bytes: usize,
    pub(crate) authorizations: Box<[Authorization]>,
}

/// What a transaction offers for a unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// The fee cap in wei: maxFeePerGas, or the gas price of older types.
    pub(crate) fee: u128,
    /// The tip in wei: maxPriorityFeePerGas, or the gas price of older types.
    pub(crate) tip: u128,
}

impl Price {
    /// What is paid for a unit of gas at this base fee: the effective tip, moved up by the base fee. Unlike the tip it
    /// orders those below the base fee too.
    pub(crate) fn at(self, base_fee: u64) -> u128 {
        self.fee.min(self.tip.saturating_add(base_fee.into()))
    }

    /// What the one of two that pays less pays, at whatever base fee.
    pub(crate) fn lower(self, other: Self) -> Self {
        Self { fee: self.fee.min(other.fee), tip: self.tip.min(other.tip) }
    }
}

/// An authorization that may take effect here: its signer lets `nonce` be used up and its account be delegated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Authorization {
    pub(crate) authority: Address,
    pub(crate) nonce: u64,
}

/// A transaction that passed rule M1 but for the signers of its authorizations, which nobody has recovered yet: they
/// cost more than all else together, so that all that may refuse it without them is asked first
/// ([`Mempool::precheck`](crate::Mempool::precheck)).
#[derive(Clone, Debug)]
pub struct CandidateForm(Candidate);

impl CandidateForm {
    /// Checks everything that depends only on the transaction and the chain's rules, and on no signature.
    ///
    /// # Errors
    /// [`Refused`], one of those marked M1.
    pub fn check(transaction: Arc<Transaction>, rules: &ChainRules) -> Result<Self, Refused> {
        let envelope = transaction.envelope();
        let price = Price { fee: envelope.max_fee_per_gas(), tip: envelope.priority_fee_or_price() };
        // A transaction without a chain id is not decoded at all (rule T1 of proto).
        let have = envelope.chain_id().unwrap_or_default();
        if have != rules.chain_id {
            return Err(Refused::ChainId { have, want: rules.chain_id });
        }
        if envelope.is_create() && envelope.input().len() > INIT_CODE_BYTES_MAX {
            return Err(Refused::InitCode { size: envelope.input().len() });
        }
        let gas = envelope.gas_limit();
        if gas > rules.gas_limit {
            return Err(Refused::GasLimit { gas, limit: rules.gas_limit });
        }
        if price.tip > price.fee {
            return Err(Refused::TipAboveFeeCap { tip: price.tip, fee: price.fee });
        }
        if envelope.nonce() == u64::MAX {
            return Err(Refused::NonceMax);
        }
        let needed = GasNeeded::of(envelope);
        if gas < needed.intrinsic {
            return Err(Refused::IntrinsicGas { gas, needed: needed.intrinsic });
        }
        if gas < needed.floor {
            return Err(Refused::FloorDataGas { gas, needed: needed.floor });
        }
        if price.fee < rules.base_fee_min.into() {
            return Err(Refused::BelowMinimum { fee: price.fee, minimum: rules.base_fee_min });
        }
        check_authorizations(envelope.authorization_list())?;
        // Saturated, it is more than any balance.
        let cost = U256::from(gas).saturating_mul(U256::from(price.fee)).saturating_add(envelope.value());
        let slots = transaction.length().div_ceil(SLOT_BYTES);
        let bytes = weight(&transaction);
        Ok(Self(Candidate { price, cost, slots, bytes, authorizations: Box::default(), transaction }))
    }

    /// Whether there are signers to recover, each 40 us of work.
    #[must_use]
    pub fn has_authorizations(&self) -> bool {
        self.0.transaction.envelope().authorization_list().is_some()
    }

    /// The transaction.
    #[must_use]
    pub const fn transaction(&self) -> &Arc<Transaction> {
        &self.0.transaction
    }

    /// Finds out whom its authorizations bind; on any thread. Without authorizations it costs nothing.
    #[must_use]
    pub fn recover(self, rules: &ChainRules) -> Candidate {
        let list = self.0.transaction.envelope().authorization_list().unwrap_or_default();
        Candidate { authorizations: effective(list, rules.chain_id), ..self.0 }
    }

    /// As far as it is known.
    pub(crate) const fn candidate(&self) -> &Candidate {
        &self.0
    }
}

impl Candidate {
    /// The transaction.
    #[must_use]
    pub const fn transaction(&self) -> &Arc<Transaction> {
        &self.transaction
    }
}

/// M8: the bytes of a transaction, and what the parts of its lists take beyond theirs.
fn weight(transaction: &Transaction) -> usize {
    let envelope = transaction.envelope();
    let authorizations = envelope.authorization_list().map_or(0, |list| list.len());
    let items = envelope.access_list().map_or(0, |list| list.len());
    transaction.length() + AUTHORIZATION_OVERHEAD_BYTES * authorizations + ACCESS_LIST_ITEM_OVERHEAD_BYTES * items
}

/// A transaction of type 4 has between one authorization and [`AUTHORIZATIONS_MAX`].
const fn check_authorizations(list: Option<&[SignedAuthorization]>) -> Result<(), Refused> {
    match list {
        Some([]) => Err(Refused::NoAuthorizations),
        Some(list) if list.len() > AUTHORIZATIONS_MAX => Err(Refused::TooManyAuthorizations { count: list.len() }),
        Some(_) | None => Ok(()),
    }
}

/// The authorizations that may take effect (EIP-7702): for this chain or any, rightly signed. The others are skipped
/// in execution and reserve nobody here, or anyone could hinder an account by an authorization of another chain.
fn effective(list: &[SignedAuthorization], chain_id: u64) -> Box<[Authorization]> {
    let for_us = list.iter().filter(|signed| signed.chain_id.is_zero() || signed.chain_id == U256::from(chain_id));
    let mut authorizations: Vec<Authorization> = for_us
        .filter_map(|signed| {
            let authority = recover_signer(&signed.signature().ok()?, signed.signature_hash()).ok()?;
            Some(Authorization { authority, nonce: signed.nonce })
        })
        .collect();
    authorizations.sort_unstable();
    authorizations.dedup();
    authorizations.into()
}
