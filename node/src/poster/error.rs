//! Why nothing could be posted.

use alloy_primitives::{Address, U256};

use super::{JournalError, PackError, SubmitterError};
use crate::{
    l1::{L1Error, SendError},
    store::StoreError,
};

/// Why nothing could be posted.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no entry to post.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The journal failed: nothing is sent without it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key did not sign.
    #[error(transparent)]
    Submitter(#[from] SubmitterError),
    /// The account cannot pay.
    #[error("submitter {account} has {balance} wei, a transaction needs up to {needed} wei: fund it on L1")]
    Funds {
        /// The account.
        account: Address,
        /// Its balance, in wei.
        balance: U256,
        /// What the transaction may cost, in wei.
        needed: U256,
    },
    /// The inbox refuses us: a setting is wrong, or this program.
    #[error("the inbox would refuse the entry for validator {validator} from {account}: {reason}")]
    Refused {
        /// The validator.
        validator: Address,
        /// The submitter.
        account: Address,
        /// The contract's error.
        reason: String,
    },
    /// L1's endpoint does not take the transaction.
    #[error(transparent)]
    Send(SendError),
}

impl PostError {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::L1(_) => "l1",
            Self::Store(_) => "store",
            Self::Pack(_) => "pack",
            Self::Journal(_) => "journal",
            Self::Submitter(_) => "key",
            Self::Funds { .. } => "insufficient-funds",
            Self::Refused { .. } => "refused-by-inbox",
            Self::Send(_) => "refused-by-endpoint",
        }
    }
}
