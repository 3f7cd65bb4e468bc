//! Batches without an EVM: real headers whose state root is a chain of hashes (rule D5).

use std::collections::BTreeSet;

use alloy_consensus::{Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_rlp::{Decodable, Encodable};
use rota_proto::{BatchHeader, ExtraData};

use super::l1::{Block, FIRST_EPOCH};

/// Gas a transaction takes.
const TRANSACTION_GAS: u64 = 21_000;
/// Gas a batch has.
const GAS_LIMIT: u64 = 30_000_000;
/// Transactions in a batch.
pub const TRANSACTIONS_MAX: usize = 64;

/// What a batch is made of.
#[derive(Clone, Debug)]
pub struct Content {
    /// Rota's facts.
    pub extra: ExtraData,
    /// The L1 block it builds on.
    pub origin: Block,
    /// Its time in seconds.
    pub timestamp: u64,
    /// Who receives the fees.
    pub beneficiary: Address,
    /// The body.
    pub body: Bytes,
}

/// The batch that everything begins on, at the L1 block with which the simulation begins.
#[must_use]
pub fn genesis(origin: &Block) -> BatchHeader {
    let extra = ExtraData { epoch: FIRST_EPOCH, origin_number: origin.origin.number, ..ExtraData::default() };
    header(Header::default(), extra, origin, origin.timestamp)
}

/// The batch of this content on a parent.
#[must_use]
pub fn build(parent: &BatchHeader, content: &Content) -> BatchHeader {
    let body_hash = keccak256(&content.body);
    let mut state = parent.header().state_root.to_vec();
    state.extend_from_slice(body_hash.as_slice());
    state.extend_from_slice(content.origin.origin.hash.as_slice());
    let basis = Header {
        parent_hash: parent.hash(),
        number: parent.height().next().0,
        state_root: keccak256(state),
        transactions_root: body_hash,
        beneficiary: content.beneficiary,
        gas_used: transactions_of(&content.body).len() as u64 * TRANSACTION_GAS,
        ..Header::default()
    };
    header(basis, content.extra, &content.origin, content.timestamp)
}

/// The hash that a header gives its body.
#[must_use]
pub const fn body_hash(header: &BatchHeader) -> B256 {
    header.header().transactions_root
}

/// The RLP list of these transactions.
#[must_use]
pub fn body(transactions: &[u64]) -> Bytes {
    let list: Vec<Bytes> = transactions.iter().map(|number| encode_transaction(*number)).collect();
    let mut bytes = Vec::new();
    list.encode(&mut bytes);
    bytes.into()
}

/// The transactions of a body; those of anything else are none.
#[must_use]
pub fn transactions_of(body: &Bytes) -> BTreeSet<u64> {
    let list = Vec::<Bytes>::decode(&mut &body[..]).unwrap_or_default();
    list.iter().filter_map(decode_transaction).collect()
}

/// A transaction on the wire: its number.
#[must_use]
pub fn encode_transaction(number: u64) -> Bytes {
    number.to_be_bytes().to_vec().into()
}

/// The number of a transaction.
#[must_use]
pub fn decode_transaction(bytes: &Bytes) -> Option<u64> {
    bytes.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

fn header(basis: Header, extra: ExtraData, origin: &Block, timestamp: u64) -> BatchHeader {
    let header = Header {
        timestamp,
        mix_hash: origin.prevrandao,
        parent_beacon_block_root: Some(origin.origin.hash),
        extra_data: extra.encode(),
        gas_limit: GAS_LIMIT,
        base_fee_per_gas: Some(1),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..basis
    };
    BatchHeader::new(header).expect("every fixed field is set")
}
