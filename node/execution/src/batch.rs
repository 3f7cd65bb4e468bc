//! A batch to be checked, and every way in which one is invalid.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, keccak256};
use rota_proto::{
    BatchBody, BatchHeader, InOrder, L1Origin, OrderKey, Transaction, TransactionError, UnrecoveredTransaction,
};

use crate::{ChainRules, NotExecutable, gas::least_used};

/// A header with the transactions of the body it commits to, their senders recovered.
#[derive(Clone, Debug)]
pub struct Batch {
    header: BatchHeader,
    transactions: Vec<Arc<Transaction>>,
}

/// What L1 says of the block that a batch builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Block {
    /// Its number and hash.
    pub origin: L1Origin,
    /// Its timestamp, in seconds since 1970.
    pub timestamp: u64,
    /// Its prevrandao.
    pub prevrandao: B256,
}

/// What a batch is checked against beside its parent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The L1 block that the header names, as seen on L1; `None` where the parent's origin or a certificate answers
    /// for it.
    pub origin: Option<L1Block>,
    /// The registered fee recipient of the first proposer; `None` where a notarization answers for it.
    pub beneficiary: Option<Address>,
}

/// Why a batch is invalid, whoever checks it and whenever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The body is not the one that the header commits to. Nobody signed it, so it speaks against no leader.
    #[error("transactionsRoot is {header}, the body's root {body}")]
    TransactionsRoot {
        /// The root in the header.
        header: B256,
        /// The root of the body.
        body: B256,
    },
    /// Bytes of the body are no transaction that Rota takes.
    #[error("transaction {index}: {error}")]
    Transaction {
        /// Its index in the body.
        index: usize,
        /// What is wrong.
        error: TransactionError,
    },
    /// The body costs more gas than a batch has, whatever its transactions do.
    #[error("transactions 0 to {index} use at least {least} gas of the {gas_limit} in a batch")]
    TooMuchGas {
        /// The index of the transaction with which the limit is passed.
        index: usize,
        /// What those up to it use at least.
        least: u64,
        /// The gas limit of every batch.
        gas_limit: u64,
    },
    /// The height does not follow the parent's.
    #[error("height {header} does not follow the parent's height {parent}")]
    Height {
        /// The height in the header.
        header: u64,
        /// The parent's.
        parent: u64,
    },
    /// The gas limit is not the one that genesis fixes.
    #[error("gasLimit is {header}, not {expected}")]
    GasLimit {
        /// The limit in the header.
        header: u64,
        /// The limit of genesis.
        expected: u64,
    },
    /// The base fee does not follow from the parent.
    #[error("baseFeePerGas is {header}, not {expected}")]
    BaseFee {
        /// The base fee in the header.
        header: u64,
        /// The base fee after the parent.
        expected: u64,
    },
    /// The batch is older than its parent.
    #[error("timestamp {header} is before the parent's {parent}")]
    TimestampBeforeParent {
        /// The timestamp in the header.
        header: u64,
        /// The parent's.
        parent: u64,
    },
    /// The batch is older than its L1 origin.
    #[error("timestamp {header} is before the L1 origin's {origin}")]
    TimestampBeforeOrigin {
        /// The timestamp in the header.
        header: u64,
        /// The L1 block's.
        origin: u64,
    },
    /// The L1 origin falls behind the parent's, or is another block of the same number.
    #[error(
        "L1 origin {} {} does not follow the parent's {} {}",
        .header.number, .header.hash, .parent.number, .parent.hash
    )]
    OriginBehindParent {
        /// The origin in the header.
        header: L1Origin,
        /// The parent's.
        parent: L1Origin,
    },
    /// `parentBeaconBlockRoot` or the origin number in `extraData` is not the L1 block's.
    #[error("L1 origin is {} {}, not {} {}", .header.number, .header.hash, .given.number, .given.hash)]
    Origin {
        /// The origin in the header.
        header: L1Origin,
        /// The block on L1.
        given: L1Origin,
    },
    /// `mixHash` is not the prevrandao of the L1 origin.
    #[error("mixHash is {header}, the L1 origin's prevrandao {origin}")]
    PrevRandao {
        /// The one in the header.
        header: B256,
        /// The L1 block's.
        origin: B256,
    },
    /// `beneficiary` is not the fee recipient of the first proposer.
    #[error("beneficiary is {header}, the proposer's fee recipient {expected}")]
    Beneficiary {
        /// The account in the header.
        header: Address,
        /// The registered one.
        expected: Address,
    },
    /// The transactions are not in the order of rule O1.
    #[error("transaction {index} is {found}, where {expected:?} comes next")]
    Order {
        /// The index in the body.
        index: usize,
        /// What stands there.
        found: B256,
        /// What has to.
        expected: Option<B256>,
    },
    /// A transaction cannot run in its place.
    #[error("transaction {index} ({transaction}) is not executable: {reason}")]
    NotExecutable {
        /// The index in the body.
        index: usize,
        /// The transaction's hash.
        transaction: B256,
        /// Why.
        reason: NotExecutable,
    },
    /// A transaction may use more gas than its batch has left.
    #[error("transaction {index} may use {gas_limit} gas with {left} left in the batch")]
    NoRoom {
        /// The index in the body.
        index: usize,
        /// The transaction's gas limit.
        gas_limit: u64,
        /// The gas left before it.
        left: u64,
    },
    /// `gasUsed` is not what execution used.
    #[error("gasUsed is {header}, executed {executed}")]
    GasUsed {
        /// The gas in the header.
        header: u64,
        /// The gas used.
        executed: u64,
    },
    /// `receiptsRoot` is not that of the receipts.
    #[error("receiptsRoot is {header}, executed {executed}")]
    ReceiptsRoot {
        /// The root in the header.
        header: B256,
        /// The root of the receipts.
        executed: B256,
    },
    /// `logsBloom` is not that of the logs.
    #[error("logsBloom is not that of the logs")]
    LogsBloom,
    /// `stateRoot` is not that of the state.
    #[error("stateRoot is {header}, executed {executed}")]
    StateRoot {
        /// The root in the header.
        header: B256,
        /// The root of the state.
        executed: B256,
    },
}

impl Batch {
    /// Opens a body under its header (rules X4 and X5): the root first, then each transaction's form and the gas that
    /// all need, and only then the senders. `known` gives those that were recovered before, by hash, which saves most
    /// of the cost.
    ///
    /// # Errors
    /// [`Invalid::TransactionsRoot`], [`Invalid::Transaction`] or [`Invalid::TooMuchGas`].
    pub fn open(
        rules: &ChainRules,
        header: BatchHeader,
        body: &BatchBody,
        known: impl Fn(&B256) -> Option<Arc<Transaction>>,
    ) -> Result<Self, Invalid> {
        let root = body.root();
        if root != header.header().transactions_root {
            return Err(Invalid::TransactionsRoot { header: header.header().transactions_root, body: root });
        }
        let forms = decode(rules, body, known)?;
        let mut transactions = Vec::with_capacity(forms.len());
        for (index, form) in forms.into_iter().enumerate() {
            transactions.push(match form {
                Form::Known(transaction) => transaction,
                Form::New(new) => Arc::new((*new).recover().map_err(|error| Invalid::Transaction { index, error })?),
            });
        }
        Ok(Self { header, transactions })
    }

    /// A batch that was just built.
    pub(crate) const fn built(header: BatchHeader, transactions: Vec<Arc<Transaction>>) -> Self {
        Self { header, transactions }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The transactions in order.
    #[must_use]
    pub fn transactions(&self) -> &[Arc<Transaction>] {
        &self.transactions
    }

    /// Rule X6: the transactions stand in the order that leaders have to keep (O1), given those that are there.
    pub(crate) fn check_order(&self, base_fee: u64) -> Result<(), Invalid> {
        let mut chains = BTreeMap::<Address, Vec<_>>::new();
        for transaction in &self.transactions {
            chains.entry(transaction.sender()).or_default().push(Arc::clone(transaction));
        }
        let parent = self.header.parent();
        let mut order = InOrder::new(chains.into_values().map(Vec::into_iter), base_fee, parent);
        for (index, transaction) in self.transactions.iter().enumerate() {
            let expected = order.place().map(|transaction| transaction.hash());
            if expected == Some(transaction.hash()) {
                continue;
            }
            if OrderKey::of(transaction, base_fee, parent).is_none() {
                let reason = NotExecutable::fee_below_base_fee(transaction, base_fee);
                return Err(Invalid::NotExecutable { index, transaction: transaction.hash(), reason });
            }
            return Err(Invalid::Order { index, found: transaction.hash(), expected });
        }
        Ok(())
    }
}

/// A transaction of a body before its sender is needed.
enum Form {
    /// Recovered before.
    Known(Arc<Transaction>),
    /// Well-formed.
    New(Box<UnrecoveredTransaction>),
}

/// Rule X5, the cheap part: a leader pays nothing for what it puts into an invalid batch, so the signatures that others
/// recover for it are no more than the gas of a valid one pays for.
fn decode(
    rules: &ChainRules,
    body: &BatchBody,
    known: impl Fn(&B256) -> Option<Arc<Transaction>>,
) -> Result<Vec<Form>, Invalid> {
    let (mut forms, mut least, gas_limit) = (Vec::new(), 0u64, rules.gas_limit);
    for (index, bytes) in body.0.iter().enumerate() {
        let form = match known(&keccak256(bytes)) {
            Some(transaction) => Form::Known(transaction),
            None => {
                let new = UnrecoveredTransaction::decode(bytes);
                Form::New(Box::new(new.map_err(|error| Invalid::Transaction { index, error })?))
            }
        };
        least = least.saturating_add(least_used(match &form {
            Form::Known(transaction) => transaction.envelope(),
            Form::New(new) => new.envelope(),
        }));
        if least > gas_limit {
            return Err(Invalid::TooMuchGas { index, least, gas_limit });
        }
        forms.push(form);
    }
    Ok(forms)
}
