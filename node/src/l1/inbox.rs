//! The inbox on L1: its head, its entries with their payloads, and transactions to it.

use std::ops::RangeInclusive;

use alloy::{
    eips::BlockId,
    network::TransactionResponse as _,
    providers::Provider as _,
    rpc::{
        json_rpc::ErrorPayload,
        types::{Filter, Log, TransactionRequest},
    },
    transports::{RpcError, TransportErrorKind},
};
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent as _, SolInterface as _};
use rota_staking::bindings::{
    FIRST_POSTED_HEIGHT, IRotaInbox::Entry, RotaInbox, RotaInbox::RotaInboxErrors, entry_link,
};

use super::{
    BLOCKS_PER_QUERY, L1Client,
    error::{L1Error, transport},
};
use crate::poster::{Fate, InboxHead, Payload, PayloadError};

/// The newest block of L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Tip {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// When it was made, in seconds since 1970.
    pub timestamp: u64,
    /// Its base fee, in wei per gas.
    pub base_fee: u128,
}

/// An account of L1 at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its mined transactions.
    pub nonce: u64,
    /// Its balance in wei.
    pub balance: U256,
}

/// The inbox's event: an entry was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The L1 block.
    pub block: u64,
    /// The L1 transaction, whose calldata holds the payload.
    pub transaction: B256,
    /// The first height.
    pub first_height: u64,
    /// The last height.
    pub last_height: u64,
    /// The entry's link.
    pub link: B256,
    /// The hash of the batch at the last height.
    pub last_batch: B256,
    /// The validator that posted it.
    pub validator: Address,
}

/// An entry with its payload, as the calldata of its transaction holds it: they give the link of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedEntry {
    /// Its heights and what it follows.
    pub entry: Entry,
    /// Its batches, compressed.
    pub stream: Bytes,
}

/// Why the payload of an entry cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// L1 did not answer, or not in a form that can be read.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// L1's endpoint does not have the transaction of the event.
    #[error("L1's endpoint does not have transaction {transaction} of block {block}: use one that keeps old blocks")]
    Missing {
        /// The block.
        block: u64,
        /// The transaction.
        transaction: B256,
    },
    /// Its payload cannot be read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A transaction that carries a part of the stream is not there.
    #[error("L1 transaction {0}, which carries a part of the entry, is not in a block before the entry's")]
    Part(B256),
    /// The transaction's calldata is no append of this entry.
    #[error("L1 transaction {transaction} does not hold the entry of its event: {reason}")]
    Calldata {
        /// The transaction.
        transaction: B256,
        /// What is wrong.
        reason: String,
    },
}

/// Why the inbox does not take an entry.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The contract refuses it.
    #[error("the inbox refuses: {0:?}")]
    Refused(Box<RotaInboxErrors>),
    /// The call fails for another reason.
    #[error("the append would fail: {0}")]
    Failed(String),
}

/// Why a transaction would come to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// It would be reverted.
    #[error("the transaction would fail: {message}")]
    Reverted {
        /// What the endpoint says.
        message: String,
        /// What the contract says: an error of its own, or nothing.
        data: Bytes,
    },
}

impl From<CallError> for InboxError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::L1(error) => Self::L1(error),
            CallError::Reverted { message, data } => match RotaInboxErrors::abi_decode(&data) {
                Ok(refusal) => Self::Refused(Box::new(refusal)),
                Err(_) => Self::Failed(message),
            },
        }
    }
}

/// Why L1's endpoint does not take a transaction.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It did not answer: the transaction may have arrived.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// Its nonce was used.
    #[error("the nonce is used: {0}")]
    NonceTooLow(String),
    /// It offers too little for its place.
    #[error("the fees are too low: {0}")]
    Underpriced(String),
    /// The account cannot pay for it.
    #[error("insufficient funds: {0}")]
    Funds(String),
    /// It is refused for another reason.
    #[error("L1's endpoint refuses the transaction: {0}")]
    Refused(String),
}

impl L1Client {
    /// The newest block.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn tip(&self) -> Result<L1Tip, L1Error> {
        let block = self.chain.provider.get_block(BlockId::latest()).await.map_err(transport)?;
        let header = block.ok_or(L1Error::Missing(0))?.header;
        let base_fee = u128::from(header.base_fee_per_gas.unwrap_or_default());
        Ok(L1Tip { number: header.number, hash: header.hash, timestamp: header.timestamp, base_fee })
    }

    /// The inbox's head at a block. Before the inbox is deployed, that of an empty one.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn inbox_head(&self, at: BlockId) -> Result<InboxHead, L1Error> {
        let call = TransactionRequest::default()
            .to(self.chain.settings.contracts.inbox)
            .input(RotaInbox::headCall {}.abi_encode().into());
        let answer = self.chain.provider.call(call).block(at).await.map_err(transport)?;
        if answer.is_empty() {
            return Ok(InboxHead { link: B256::ZERO, next_height: FIRST_POSTED_HEIGHT });
        }
        let head = RotaInbox::headCall::abi_decode_returns(&answer).map_err(transport)?;
        if head.nextHeight < FIRST_POSTED_HEIGHT {
            return Err(L1Error::NoInbox {
                address: self.chain.settings.contracts.inbox,
                next_height: head.nextHeight,
            });
        }
        Ok(InboxHead { link: head.link, next_height: head.nextHeight })
    }

    /// An account at a block.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn account(&self, address: Address, at: BlockId) -> Result<Account, L1Error> {
        let nonce = self.chain.provider.get_transaction_count(address).block_id(at).await.map_err(transport)?;
        let balance = self.chain.provider.get_balance(address).block_id(at).await.map_err(transport)?;
        Ok(Account { nonce, balance })
    }

    /// The tip that L1's endpoint suggests, in wei per gas; none if it does not say.
    pub async fn suggested_tip(&self) -> Option<u128> {
        self.chain.provider.get_max_priority_fee_per_gas().await.ok()
    }

    /// What became of transactions of one nonce, newest last, and which of them was mined.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn fate(&self, hashes: &[B256]) -> Result<(Fate, Option<B256>), L1Error> {
        for hash in hashes {
            if let Some(receipt) = self.chain.provider.get_transaction_receipt(*hash).await.map_err(transport)? {
                return Ok((if receipt.status() { Fate::Done } else { Fate::Reverted }, Some(*hash)));
            }
        }
        // The newest replaced the others.
        let Some(newest) = hashes.last() else { return Ok((Fate::Unknown, None)) };
        let known = self.chain.provider.get_transaction_by_hash(*newest).await.map_err(transport)?;
        Ok((if known.is_some() { Fate::Waiting } else { Fate::Unknown }, None))
    }

    /// Tries a transaction at the newest block, and says the gas it takes.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn try_call(&self, from: Address, to: Address, input: Bytes) -> Result<u64, CallError> {
        let call = TransactionRequest::default().from(from).to(to).input(input.into());
        self.chain.provider.estimate_gas(call).block(BlockId::latest()).await.map_err(|error| {
            let Some(payload) = error.as_error_resp() else { return transport(error).into() };
            let data = payload.as_revert_data().unwrap_or_default();
            CallError::Reverted { message: payload.message.to_string(), data }
        })
    }

    /// Sends a signed transaction. One that is known already is as good as sent.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(&self, raw: &[u8]) -> Result<(), SendError> {
        match self.chain.provider.send_raw_transaction(raw).await {
            Ok(_) => Ok(()),
            Err(error) => refusal(&error).map_or(Ok(()), Err),
        }
    }

    /// The entries appended in blocks from one number to another, both included, in their order.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn appended(&self, from: u64, to: u64) -> Result<Vec<Appended>, L1Error> {
        let filter = Filter::new()
            .address(self.chain.settings.contracts.inbox)
            .event_signature(RotaInbox::Appended::SIGNATURE_HASH);
        let mut entries = Vec::new();
        let mut next = from;
        while next <= to {
            let last = to.min(next.saturating_add(BLOCKS_PER_QUERY - 1));
            let page = filter.clone().from_block(next).to_block(last);
            for log in self.chain.provider.get_logs(&page).await.map_err(transport)? {
                entries.push(appended(&log, next..=last)?);
            }
            next = last.saturating_add(1);
        }
        Ok(entries)
    }

    /// The entry of an event, from the calldata of its transaction alone (rule C15 of the contracts).
    ///
    /// # Errors
    /// [`EntryError`].
    pub async fn entry(&self, event: &Appended) -> Result<PostedEntry, EntryError> {
        let transaction = self.chain.provider.get_transaction_by_hash(event.transaction).await.map_err(transport)?;
        let transaction =
            transaction.ok_or(EntryError::Missing { block: event.block, transaction: event.transaction })?;
        let wrong = |reason: String| EntryError::Calldata { transaction: event.transaction, reason };
        if transaction.inner.to() != Some(self.chain.settings.contracts.inbox) {
            return Err(wrong(format!(
                "it goes to {:?} and comes from {}",
                transaction.inner.to(),
                transaction.from()
            )));
        }
        let call = RotaInbox::appendCall::abi_decode(transaction.inner.input())
            .map_err(|error| wrong(format!("it is no append: {error}")))?;
        let RotaInbox::appendCall { entry, payload, .. } = call;
        let link = entry_link(&entry, &payload);
        if link != event.link {
            return Err(wrong(format!("its link is {link}, the event's {}", event.link)));
        }
        let stream = match Payload::read(&payload)? {
            Payload::Whole(stream) => stream,
            Payload::InParts(hashes) => self.parts(&hashes, event.block).await?,
        };
        Ok(PostedEntry { entry, stream })
    }

    /// The calldata of transactions, joined. Each has to stand in a block up to `last`.
    async fn parts(&self, hashes: &[B256], last: u64) -> Result<Bytes, EntryError> {
        let mut stream = Vec::new();
        for hash in hashes {
            let found = self.chain.provider.get_transaction_by_hash(*hash).await.map_err(transport)?;
            let part = found.filter(|part| part.block_number.is_some_and(|block| block <= last));
            stream.extend_from_slice(part.ok_or(EntryError::Part(*hash))?.inner.input());
        }
        Ok(stream.into())
    }

    /// The block that a transaction stands in.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn mined_in(&self, transaction: B256) -> Result<Option<u64>, L1Error> {
        let receipt = self.chain.provider.get_transaction_receipt(transaction).await.map_err(transport)?;
        Ok(receipt.and_then(|receipt| receipt.block_number))
    }
}

/// The entry of a log, which has to stand in one of these blocks.
pub(super) fn appended(log: &Log, blocks: RangeInclusive<u64>) -> Result<Appended, L1Error> {
    let block = log.block_number.unwrap_or_default();
    let unreadable = |reason: String| L1Error::Log { block, reason };
    if !blocks.contains(&block) || log.removed {
        return Err(unreadable(format!("the blocks asked for are {blocks:?}")));
    }
    let event = RotaInbox::Appended::decode_log(&log.inner).map_err(|error| unreadable(error.to_string()))?;
    Ok(Appended {
        block,
        transaction: log.transaction_hash.ok_or_else(|| unreadable("it names no transaction".into()))?,
        first_height: event.firstHeight,
        last_height: event.lastHeight,
        link: event.link,
        last_batch: event.lastBatchHash,
        validator: event.poster,
    })
}

/// Whether an endpoint refuses a transaction because it has it.
pub(super) fn is_known(message: &str) -> bool {
    let words = message.to_lowercase();
    ["already known", "already imported", "already in mempool", "known transaction"]
        .iter()
        .any(|word| words.contains(word))
}

/// What an endpoint's refusal means: clients agree on the words since geth's. None: it has the transaction.
fn refusal(error: &RpcError<TransportErrorKind>) -> Option<SendError> {
    let Some(ErrorPayload { message, .. }) = error.as_error_resp() else { return Some(transport(error).into()) };
    let (message, words) = (message.to_string(), message.to_lowercase());
    let says = |known: &[&str]| known.iter().any(|word| words.contains(word));
    if is_known(&message) {
        None
    } else if says(&["nonce too low", "nonce is too low", "old nonce"]) {
        Some(SendError::NonceTooLow(message))
    } else if says(&["underpriced", "fee too low", "less than block base fee", "max fee per gas less"]) {
        Some(SendError::Underpriced(message))
    } else if says(&["insufficient funds", "insufficient balance"]) {
        Some(SendError::Funds(message))
    } else {
        Some(SendError::Refused(message))
    }
}
