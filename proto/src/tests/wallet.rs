//! Wallets that sign real transactions.

use std::sync::Arc;

use alloy_consensus::{
    SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy,
    crypto::secp256k1::{recover_signer, sign_message},
};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
    eip7702::Authorization,
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};

use super::samples::ROLLUP_CHAIN_ID;
use crate::Transaction;

/// A key, numbered from 1 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wallet {
    secret: B256,
}

/// What differs between the transactions of these tests.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) nonce: u64,
    /// The fee cap, or the gas price.
    pub(super) fee: u128,
    pub(super) tip: u128,
    /// Type 0 rather than 2.
    pub(super) legacy: bool,
    pub(super) input: Bytes,
}

impl Default for Draft {
    fn default() -> Self {
        Self { nonce: 0, fee: 100, tip: 10, legacy: false, input: Bytes::new() }
    }
}

impl Wallet {
    pub(super) fn new(number: u8) -> Self {
        assert!(number > 0, "zero is no key");
        Self { secret: B256::left_padding_from(&[number]) }
    }

    pub(super) fn address(self) -> Address {
        recover_signer(&self.seal(B256::ZERO), B256::ZERO).unwrap()
    }

    /// A transaction of type 2, or 0 if the draft says so.
    pub(super) fn sign(self, draft: &Draft) -> Arc<Transaction> {
        let bytes = if draft.legacy { self.legacy(draft, Some(ROLLUP_CHAIN_ID)) } else { self.eip1559(draft) };
        Arc::new(Transaction::decode(&bytes).unwrap())
    }

    pub(super) fn legacy(self, draft: &Draft, chain_id: Option<u64>) -> Vec<u8> {
        self.bytes(TxLegacy {
            chain_id,
            nonce: draft.nonce,
            gas_price: draft.fee,
            gas_limit: 21_000,
            to: TxKind::Call(Address::ZERO),
            value: U256::from(1),
            input: draft.input.clone(),
        })
    }

    pub(super) fn eip2930(self, draft: &Draft) -> Vec<u8> {
        self.bytes(TxEip2930 {
            chain_id: ROLLUP_CHAIN_ID,
            nonce: draft.nonce,
            gas_price: draft.fee,
            gas_limit: 50_000,
            to: TxKind::Create,
            value: U256::ZERO,
            access_list: AccessList(vec![AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO] }]),
            input: draft.input.clone(),
        })
    }

    pub(super) fn eip1559(self, draft: &Draft) -> Vec<u8> {
        self.bytes(TxEip1559 {
            chain_id: ROLLUP_CHAIN_ID,
            nonce: draft.nonce,
            gas_limit: 21_000,
            max_fee_per_gas: draft.fee,
            max_priority_fee_per_gas: draft.tip,
            to: TxKind::Call(Address::ZERO),
            value: U256::ZERO,
            access_list: AccessList::default(),
            input: draft.input.clone(),
        })
    }

    pub(super) fn eip7702(self, draft: &Draft) -> Vec<u8> {
        let authorization = Authorization { chain_id: U256::from(ROLLUP_CHAIN_ID), address: Address::ZERO, nonce: 1 };
        let signature = self.seal(authorization.signature_hash());
        self.bytes(TxEip7702 {
            chain_id: ROLLUP_CHAIN_ID,
            nonce: draft.nonce,
            gas_limit: 100_000,
            max_fee_per_gas: draft.fee,
            max_priority_fee_per_gas: draft.tip,
            to: Address::ZERO,
            value: U256::ZERO,
            access_list: AccessList::default(),
            authorization_list: vec![authorization.into_signed(signature)],
            input: draft.input.clone(),
        })
    }

    /// Signs the transaction and gives its EIP-2718 bytes.
    pub(super) fn bytes<T>(self, transaction: T) -> Vec<u8>
    where
        T: SignableTransaction<Signature>,
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = self.seal(transaction.signature_hash());
        TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
    }

    pub(super) fn seal(self, hash: B256) -> Signature {
        sign_message(self.secret, hash).unwrap()
    }
}
