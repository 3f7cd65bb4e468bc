//! Why the pool does not take a transaction.

use alloy_primitives::{Address, U256};

use crate::limits::{AUTHORIZATIONS_MAX, INIT_CODE_BYTES_MAX};

/// Why the pool does not take a transaction. The texts begin with those of geth, which wallets and libraries know;
/// the numbers follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// M1: signed for another chain.
    #[error("invalid sender: invalid chain id for signer: have {have} want {want}")]
    ChainId {
        /// The chain id signed.
        have: u64,
        /// Ours.
        want: u64,
    },
    /// M1: a contract's initcode is too long (EIP-3860).
    #[error("max initcode size exceeded: code size {size} limit {INIT_CODE_BYTES_MAX}")]
    InitCode {
        /// Its bytes.
        size: usize,
    },
    /// M1: it wants more gas than a batch has.
    #[error("exceeds block gas limit: gas {gas}, limit {limit}")]
    GasLimit {
        /// Its gas limit.
        gas: u64,
        /// That of a batch.
        limit: u64,
    },
    /// M1: EIP-1559 forbids a tip above the fee cap.
    #[error("max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas {tip}, maxFeePerGas {fee}")]
    TipAboveFeeCap {
        /// Its tip in wei.
        tip: u128,
        /// Its fee cap in wei.
        fee: u128,
    },
    /// M1: it offers less than the base fee can ever be.
    #[error("transaction underpriced: gas fee cap {fee}, minimum needed {minimum}")]
    BelowMinimum {
        /// Its fee cap in wei.
        fee: u128,
        /// The chain's lowest base fee in wei.
        minimum: u64,
    },
    /// M1: no nonce could follow (EIP-2681).
    #[error("nonce has max value: nonce 18446744073709551615")]
    NonceMax,
    /// M1: its gas does not pay for starting it.
    #[error("intrinsic gas too low: gas {gas}, minimum needed {needed}")]
    IntrinsicGas {
        /// Its gas limit.
        gas: u64,
        /// What starting it costs.
        needed: u64,
    },
    /// M1: its gas does not pay for its data (EIP-7623).
    #[error("insufficient gas for floor data gas cost: gas {gas}, minimum needed {needed}")]
    FloorDataGas {
        /// Its gas limit.
        gas: u64,
        /// The floor.
        needed: u64,
    },
    /// M1: a set-code transaction that sets no code (EIP-7702).
    #[error("set code tx must have at least one authorization tuple")]
    NoAuthorizations,
    /// M1: more authorizations than the pool recovers.
    #[error("too many authorization tuples: {count}, limit {AUTHORIZATIONS_MAX}")]
    TooManyAuthorizations {
        /// How many.
        count: usize,
    },
    /// M3: the pool holds it.
    #[error("already known")]
    AlreadyKnown,
    /// M2: a contract does not send (EIP-3607).
    #[error("sender not an eoa: address {sender}")]
    SenderNotEoa {
        /// The contract.
        sender: Address,
    },
    /// M2: its nonce is used.
    #[error("nonce too low: next nonce {next}, tx nonce {nonce}")]
    NonceTooLow {
        /// The sender's next nonce.
        next: u64,
        /// The transaction's.
        nonce: u64,
    },
    /// M2: its nonce lies too far ahead.
    #[error("nonce too high: tx nonce {nonce}, gapped nonce {next}")]
    NonceTooHigh {
        /// The transaction's nonce.
        nonce: u64,
        /// The nonce that is missing first.
        next: u64,
    },
    /// M4: the balance does not cover it.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {}",
        .cost.saturating_sub(*.balance)
    )]
    InsufficientFunds {
        /// The sender's balance in wei.
        balance: U256,
        /// What it may cost at most.
        cost: U256,
    },
    /// M4: the balance covers it, but not together with the sender's other transactions.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}, \
         overshot {}",
        .cost.saturating_sub(.balance.saturating_sub(*.queued))
    )]
    Overdraft {
        /// The sender's balance in wei.
        balance: U256,
        /// What the others may cost at most.
        queued: U256,
        /// What it may cost at most.
        cost: U256,
    },
    /// M5: it does not raise the price enough to take another's place.
    #[error("replacement transaction underpriced: fee cap {fee} and tip {tip}, needed {fee_needed} and {tip_needed}")]
    ReplacementUnderpriced {
        /// Its fee cap in wei.
        fee: u128,
        /// Its tip in wei.
        tip: u128,
        /// The fee cap it needs.
        fee_needed: u128,
        /// The tip it needs.
        tip_needed: u128,
    },
    /// M6: the sender's balance may be spent by others, so only one transaction of it may wait.
    #[error("in-flight transaction limit reached for delegated accounts")]
    InFlightLimit,
    /// M6: of such a sender nothing is queued.
    #[error("gapped-nonce tx from delegated accounts: tx nonce {nonce}, next nonce {next}")]
    GappedFromDelegated {
        /// The transaction's nonce.
        nonce: u64,
        /// The sender's next nonce.
        next: u64,
    },
    /// M6: an account it would delegate has several transactions waiting.
    #[error("authority already reserved: {authority} has {waiting} transactions")]
    AuthorityReserved {
        /// The account.
        authority: Address,
        /// How many of its transactions wait.
        waiting: usize,
    },
    /// M8: the sender has its share of slots.
    #[error("account limit exceeded: pooled {pooled} slots, limit {limit}")]
    SenderSlots {
        /// The slots of its transactions.
        pooled: usize,
        /// Its share.
        limit: usize,
    },
    /// M8: the sender has its share of bytes.
    #[error("account limit exceeded: pooled {pooled} bytes, limit {limit}")]
    SenderBytes {
        /// The bytes of its transactions.
        pooled: usize,
        /// Its share.
        limit: usize,
    },
    /// M9: the pool is full of transactions that pay more.
    #[error("transaction underpriced: pool is full, gas price {price}")]
    Underpriced {
        /// Its effective gas price in wei at the current base fee.
        price: u128,
    },
    /// M9: the pool is full of executable transactions, and this one is not.
    #[error("future transaction tries to replace pending")]
    FutureReplacesPending,
    /// M9: the pool is full of transactions that this one may not displace.
    #[error("txpool is full")]
    Full,
}

impl Refused {
    /// Its name, for metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ChainId { .. } => "chain_id",
            Self::InitCode { .. } => "init_code",
            Self::GasLimit { .. } => "gas_limit",
            Self::TipAboveFeeCap { .. } => "tip_above_fee_cap",
            Self::BelowMinimum { .. } => "below_minimum",
            Self::NonceMax => "nonce_max",
            Self::IntrinsicGas { .. } => "intrinsic_gas",
            Self::FloorDataGas { .. } => "floor_data_gas",
            Self::NoAuthorizations => "no_authorizations",
            Self::TooManyAuthorizations { .. } => "too_many_authorizations",
            Self::AlreadyKnown => "already_known",
            Self::SenderNotEoa { .. } => "sender_not_eoa",
            Self::NonceTooLow { .. } => "nonce_too_low",
            Self::NonceTooHigh { .. } => "nonce_too_high",
            Self::InsufficientFunds { .. } => "insufficient_funds",
            Self::Overdraft { .. } => "overdraft",
            Self::ReplacementUnderpriced { .. } => "replacement_underpriced",
            Self::InFlightLimit => "in_flight_limit",
            Self::GappedFromDelegated { .. } => "gapped_from_delegated",
            Self::AuthorityReserved { .. } => "authority_reserved",
            Self::SenderSlots { .. } => "sender_slots",
            Self::SenderBytes { .. } => "sender_bytes",
            Self::Underpriced { .. } => "pool_underpriced",
            Self::FutureReplacesPending => "future_replaces_pending",
            Self::Full => "pool_full",
        }
    }
}
