//! Ethereum transactions as Rota takes them, and bodies made of them.

use std::sync::Arc;

use alloy_consensus::{
    Transaction as _, TxEnvelope,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::{Decodable, Header};

use crate::limits::{BODY_BYTES_MAX, TRANSACTION_BYTES_MAX, TRANSACTIONS_PER_BODY_MAX};

/// Why bytes are no transaction that Rota takes. The texts are those of geth, which wallets know, where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// More bytes than the limit.
    #[error("oversized data: transaction size {0}, limit {TRANSACTION_BYTES_MAX}")]
    TooLong(usize),
    /// Not the EIP-2718 encoding of a transaction, or not its only one.
    #[error("rlp: {0}")]
    Malformed(String),
    /// A type that Rota does not take: 3 carries blobs, which an L2 has no place for; 0x7e is kept for deposits.
    #[error("transaction type not supported: {0}")]
    Type(u8),
    /// A legacy transaction that names no chain could be replayed from another one (EIP-155).
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    Unprotected,
    /// The signature recovers to no account, or its s is in the upper half (EIP-2).
    #[error("invalid sender")]
    Sender,
}

impl TransactionError {
    /// Its name, for metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "transaction_too_long",
            Self::Malformed(_) => "transaction_malformed",
            Self::Type(_) => "transaction_type",
            Self::Unprotected => "transaction_unprotected",
            Self::Sender => "transaction_sender",
        }
    }
}

/// A transaction of a type Rota takes whose sender is not known yet: recovering it is the dear part.
#[derive(Clone, Debug)]
pub struct UnrecoveredTransaction {
    envelope: TxEnvelope,
    length: usize,
}

impl UnrecoveredTransaction {
    /// Decodes the EIP-2718 bytes (rule T1): type 0 with a chain id, 1, 2 or 4, canonical, within the limit.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, TransactionError> {
        if bytes.len() > TRANSACTION_BYTES_MAX {
            return Err(TransactionError::TooLong(bytes.len()));
        }
        match bytes.first() {
            None => return Err(TransactionError::Malformed("empty typed transaction bytes".into())),
            Some(0x01 | 0x02 | 0x04 | 0xc0..) => {}
            Some(kind) => return Err(TransactionError::Type(*kind)),
        }
        let envelope =
            TxEnvelope::decode_2718_exact(bytes).map_err(|error| TransactionError::Malformed(error.to_string()))?;
        if envelope.chain_id().is_none() {
            return Err(TransactionError::Unprotected);
        }
        let this = Self { envelope, length: bytes.len() };
        if this.envelope.encoded_2718() != bytes {
            return Err(TransactionError::Malformed("not the canonical encoding".into()));
        }
        Ok(this)
    }

    /// keccak256 of its bytes.
    #[must_use]
    pub fn hash(&self) -> B256 {
        *self.envelope.tx_hash()
    }

    /// The signed envelope; nobody has looked at the signature.
    #[must_use]
    pub const fn envelope(&self) -> &TxEnvelope {
        &self.envelope
    }

    /// Recovers the sender.
    ///
    /// # Errors
    /// [`TransactionError::Sender`].
    pub fn recover(self) -> Result<Transaction, TransactionError> {
        let sender = self.envelope.recover_signer().map_err(|_| TransactionError::Sender)?;
        Ok(Transaction { inner: Recovered::new_unchecked(self.envelope, sender), length: self.length })
    }
}

/// A transaction whose signature was checked by recovering its sender.
#[derive(Clone, Debug)]
pub struct Transaction {
    inner: Recovered<TxEnvelope>,
    length: usize,
}

impl Transaction {
    /// Decodes EIP-2718 bytes and recovers the sender.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, TransactionError> {
        UnrecoveredTransaction::decode(bytes)?.recover()
    }

    /// keccak256 of its bytes.
    #[must_use]
    pub fn hash(&self) -> B256 {
        *self.inner.inner().tx_hash()
    }

    /// The account that signed it.
    #[must_use]
    pub const fn sender(&self) -> Address {
        self.inner.signer()
    }

    /// Its place among the sender's transactions.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.inner.nonce()
    }

    /// The bytes of its encoding.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The EIP-2718 encoding.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        self.inner.inner().encoded_2718().into()
    }

    /// The signed envelope.
    #[must_use]
    pub const fn envelope(&self) -> &TxEnvelope {
        self.inner.inner()
    }

    /// The envelope with its sender, as alloy's EVM takes it.
    #[must_use]
    pub const fn recovered(&self) -> &Recovered<TxEnvelope> {
        &self.inner
    }
}

/// The body of a batch: the EIP-2718 bytes of its transactions in order, as one RLP list of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchBody(pub Vec<Bytes>);

/// Why bytes are no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than the limit.
    #[error("a body of {0} bytes is above the limit of {BODY_BYTES_MAX}")]
    TooLong(usize),
    /// More transactions than the limit.
    #[error("a body holds more than {TRANSACTIONS_PER_BODY_MAX} transactions")]
    TooMany,
    /// Not an RLP list of strings, or bytes after it.
    #[error("a body is no RLP list of transactions: {0}")]
    Rlp(String),
}

impl BatchBody {
    /// The body of these transactions.
    #[must_use]
    pub fn of(transactions: &[Arc<Transaction>]) -> Self {
        Self(transactions.iter().map(|transaction| transaction.encode()).collect())
    }

    /// The RLP list.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        alloy_rlp::encode(&self.0).into()
    }

    /// Reads the RLP list (rule T2); its strings are not looked at.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        if bytes.len() > BODY_BYTES_MAX {
            return Err(BodyError::TooLong(bytes.len()));
        }
        let malformed = |error: alloy_rlp::Error| BodyError::Rlp(error.to_string());
        let mut rest = bytes;
        let mut list = Header::decode_bytes(&mut rest, true).map_err(malformed)?;
        if !rest.is_empty() {
            return Err(BodyError::Rlp(format!("{} bytes follow", rest.len())));
        }
        let mut transactions = Vec::new();
        while !list.is_empty() {
            if transactions.len() == TRANSACTIONS_PER_BODY_MAX {
                return Err(BodyError::TooMany);
            }
            transactions.push(Bytes::decode(&mut list).map_err(malformed)?);
        }
        Ok(Self(transactions))
    }

    /// The root that commits to it in the header's `transactionsRoot`.
    #[must_use]
    pub fn root(&self) -> B256 {
        alloy_consensus::proofs::ordered_trie_root_with_encoder(&self.0, |bytes, out| out.extend_from_slice(bytes))
    }
}
