//! Keys that sign: those of anvil's mnemonic, so that both chains fund the same.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, U256, b256, hex};

use super::chain::CHAIN_ID;

const SECRETS: [B256; 3] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
];

/// A key with its account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) secret: B256,
    pub(crate) address: Address,
}

impl Key {
    pub(crate) fn of(number: usize) -> Self {
        let secret =
            SECRETS.get(number).copied().unwrap_or_else(|| B256::with_last_byte(u8::try_from(number).unwrap()));
        let signature = alloy_consensus::crypto::secp256k1::sign_message(secret, B256::ZERO).unwrap();
        let address = signature.recover_address_from_prehash(&B256::ZERO).unwrap();
        Self { secret, address }
    }

    /// A transfer of 1 wei.
    pub(crate) fn transfer(&self, nonce: u64) -> String {
        self.sends(nonce, Address::repeat_byte(0x11), U256::ONE)
    }

    /// A transaction as `eth_sendRawTransaction` takes it.
    pub(crate) fn sends(&self, nonce: u64, to: Address, value: U256) -> String {
        self.sends_on(CHAIN_ID, nonce, (to, value))
    }

    pub(crate) fn sends_on(&self, chain_id: u64, nonce: u64, what: (Address, U256)) -> String {
        self.encode(unsigned(chain_id, nonce, what))
    }

    /// A transfer that pays this tip.
    pub(crate) fn tips(&self, nonce: u64, tip_wei: u128) -> String {
        let transfer = unsigned(CHAIN_ID, nonce, (Address::repeat_byte(0x11), U256::ONE));
        let max_fee_per_gas = transfer.max_fee_per_gas + tip_wei;
        self.encode(TxEip1559 { max_priority_fee_per_gas: tip_wei, max_fee_per_gas, ..transfer })
    }

    /// A legacy transaction that names no chain.
    pub(crate) fn unprotected(&self) -> String {
        let transaction = TxLegacy { gas_limit: 21_000, gas_price: 10_000_000_000, ..TxLegacy::default() };
        self.encode(transaction)
    }

    fn encode<T: SignableTransaction<alloy_primitives::Signature>>(&self, transaction: T) -> String
    where
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let hash = transaction.signature_hash();
        let signature = alloy_consensus::crypto::secp256k1::sign_message(self.secret, hash).unwrap();
        hex::encode_prefixed(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
    }
}

/// A transaction that pays 1 gwei above the base fee.
fn unsigned(chain_id: u64, nonce: u64, (to, value): (Address, U256)) -> TxEip1559 {
    TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: to.into(),
        value,
        access_list: Default::default(),
        input: Bytes::new(),
    }
}
