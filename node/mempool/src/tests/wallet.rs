//! Wallets that sign real transactions.

use std::sync::Arc;

use alloy_consensus::{
    SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy,
    crypto::secp256k1::{recover_signer, sign_message},
};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::AccessList,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use rota_proto::Transaction;

use crate::ChainRules;

/// The chain the wallets sign for.
pub(super) const RULES: ChainRules = ChainRules { chain_id: 7682, gas_limit: 30_000_000, base_fee_min: 7 };

/// A key, numbered from 1 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wallet {
    secret: B256,
}

/// What a transaction says; the rest is a transfer of nothing to nobody.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    pub(super) gas: u64,
    pub(super) fee: u128,
    pub(super) tip: u128,
    pub(super) value: U256,
    pub(super) to: TxKind,
    pub(super) input: Bytes,
    pub(super) access_list: AccessList,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            chain_id: RULES.chain_id,
            nonce: 0,
            gas: 21_000,
            fee: 100,
            tip: 10,
            value: U256::ZERO,
            to: TxKind::Call(Address::ZERO),
            input: Bytes::new(),
            access_list: AccessList::default(),
        }
    }
}

impl Draft {
    /// A transfer with this nonce.
    pub(super) fn nonce(nonce: u64) -> Self {
        Self { nonce, ..Self::default() }
    }

    /// A transfer with so many zero bytes of data, which takes a slot for each begun 32 KiB.
    pub(super) fn of_bytes(nonce: u64, bytes: usize) -> Self {
        Self { nonce, gas: 1_500_000, input: vec![0; bytes].into(), ..Self::default() }
    }
}

impl Wallet {
    pub(super) fn new(number: u8) -> Self {
        assert!(number > 0, "zero is no key");
        Self { secret: B256::left_padding_from(&[number]) }
    }

    /// The number of the wallet with this address, or 0.
    pub(super) fn number_of(address: Address) -> u8 {
        (1..=32).find(|number| Self::new(*number).address() == address).unwrap_or(0)
    }

    pub(super) fn address(self) -> Address {
        let signature = sign_message(self.secret, B256::ZERO).unwrap();
        recover_signer(&signature, B256::ZERO).unwrap()
    }

    /// A type 2 transaction.
    pub(super) fn sign(self, draft: Draft) -> Arc<Transaction> {
        self.seal(TxEip1559 {
            chain_id: draft.chain_id,
            nonce: draft.nonce,
            gas_limit: draft.gas,
            max_fee_per_gas: draft.fee,
            max_priority_fee_per_gas: draft.tip,
            to: draft.to,
            value: draft.value,
            access_list: draft.access_list,
            input: draft.input,
        })
    }

    /// A type 0 transaction, whose gas price is the draft's fee cap.
    pub(super) fn sign_legacy(self, draft: Draft) -> Arc<Transaction> {
        self.seal(TxLegacy {
            chain_id: Some(draft.chain_id),
            nonce: draft.nonce,
            gas_price: draft.fee,
            gas_limit: draft.gas,
            to: draft.to,
            value: draft.value,
            input: draft.input,
        })
    }

    /// A type 1 transaction, whose gas price is the draft's fee cap.
    pub(super) fn sign_2930(self, draft: Draft) -> Arc<Transaction> {
        self.seal(TxEip2930 {
            chain_id: draft.chain_id,
            nonce: draft.nonce,
            gas_price: draft.fee,
            gas_limit: draft.gas,
            to: draft.to,
            value: draft.value,
            access_list: draft.access_list,
            input: draft.input,
        })
    }

    /// A type 4 transaction.
    pub(super) fn sign_7702(self, draft: Draft, authorizations: Vec<SignedAuthorization>) -> Arc<Transaction> {
        self.seal(TxEip7702 {
            chain_id: draft.chain_id,
            nonce: draft.nonce,
            gas_limit: draft.gas.max(46_000 * (1 + authorizations.len() as u64)),
            max_fee_per_gas: draft.fee,
            max_priority_fee_per_gas: draft.tip,
            to: Address::ZERO,
            value: draft.value,
            access_list: draft.access_list,
            authorization_list: authorizations,
            input: draft.input,
        })
    }

    /// An authorization to delegate this account.
    pub(super) fn authorize(self, chain_id: u64, nonce: u64) -> SignedAuthorization {
        let authorization =
            Authorization { chain_id: U256::from(chain_id), address: Address::repeat_byte(0xde), nonce };
        let signature = sign_message(self.secret, authorization.signature_hash()).unwrap();
        authorization.into_signed(signature)
    }

    fn seal<T>(self, unsigned: T) -> Arc<Transaction>
    where
        T: SignableTransaction<alloy_primitives::Signature>,
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = sign_message(self.secret, unsigned.signature_hash()).unwrap();
        let envelope = TxEnvelope::from(unsigned.into_signed(signature));
        Arc::new(Transaction::decode(&envelope.encoded_2718()).unwrap())
    }
}
