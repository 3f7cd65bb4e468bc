//! The accounts that send transactions, and their transactions: signed by real keys, once a process.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use rota_proto::Transaction;

use super::{genesis::ROLLUP_CHAIN_ID, random::mix};

/// Wallets of the clients.
pub const CLIENT_WALLETS: u64 = 16;
/// The wallet of those who break the rules: what they send comes in no client's way.
pub const RIVAL_WALLET: u64 = CLIENT_WALLETS;

/// Gas of a transfer.
const TRANSFER_GAS: u64 = 21_000;
/// Fee cap of every transaction: far above any base fee of a run.
const FEE_CAP_WEI: u128 = 20_000_000_000;
const GWEI: u128 = 1_000_000_000;
/// Tips lie between one gwei and so many: some are equal, so that ties are broken.
const TIPS: u64 = 4;

/// A key and its account.
#[derive(Clone, Copy, Debug)]
struct Wallet {
    secret: B256,
    address: Address,
}

/// Transactions made so far: signing one and recovering its sender would be half the cost of a run.
#[derive(Debug, Default)]
struct Known {
    by_nonce: BTreeMap<(u64, u64), Arc<Transaction>>,
    by_hash: BTreeMap<B256, Arc<Transaction>>,
}

static KNOWN: RwLock<Known> = RwLock::new(Known { by_nonce: BTreeMap::new(), by_hash: BTreeMap::new() });

/// All wallets' addresses, in order of their numbers.
pub fn addresses() -> impl Iterator<Item = Address> {
    wallets().iter().map(|wallet| wallet.address)
}

/// The address of a wallet.
#[must_use]
pub fn address(wallet: u64) -> Address {
    get(wallet).address
}

/// The clients' transaction of a number: the wallets take turns, each with rising nonces.
#[must_use]
pub fn of_clients(number: u64) -> Arc<Transaction> {
    transaction(number % CLIENT_WALLETS, number / CLIENT_WALLETS)
}

/// The number of a clients' transaction; none of anybody else's.
#[must_use]
pub fn number_of(transaction: &Transaction) -> Option<u64> {
    let sender = transaction.sender();
    let wallet = (0..CLIENT_WALLETS).find(|wallet| get(*wallet).address == sender)?;
    Some(transaction.nonce() * CLIENT_WALLETS + wallet)
}

/// The transfer of a wallet with this nonce: there is one for each nonce.
#[must_use]
pub fn transaction(wallet: u64, nonce: u64) -> Arc<Transaction> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).by_nonce.get(&(wallet, nonce)).cloned();
    known.unwrap_or_else(|| {
        let signed = Arc::new(sign(get(wallet), nonce));
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        known.by_hash.insert(signed.hash(), Arc::clone(&signed));
        known.by_nonce.entry((wallet, nonce)).or_insert(signed).clone()
    })
}

/// A transaction that was made here, by its hash: nobody need recover its sender.
#[must_use]
pub fn known(hash: &B256) -> Option<Arc<Transaction>> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).by_hash.get(hash).cloned()
}

/// Reads a transaction as it travels, with this hash; none if it is not well-formed.
#[must_use]
pub fn decode(bytes: &Bytes, hash: &B256) -> Option<Arc<Transaction>> {
    known(hash).or_else(|| Transaction::decode(bytes).ok().map(Arc::new))
}

fn sign(wallet: &Wallet, nonce: u64) -> Transaction {
    let tip = 1 + mix(nonce ^ u64::from(wallet.address.0[0])) % TIPS;
    let transfer = TxEip1559 {
        chain_id: ROLLUP_CHAIN_ID,
        nonce,
        gas_limit: TRANSFER_GAS,
        max_fee_per_gas: FEE_CAP_WEI,
        max_priority_fee_per_gas: u128::from(tip) * GWEI,
        to: Address::repeat_byte(0x11).into(),
        value: U256::ONE,
        ..TxEip1559::default()
    };
    let signature = sign_message(wallet.secret, transfer.signature_hash()).expect("a hash below the group's order");
    let mut bytes = Vec::new();
    transfer.into_signed(signature).eip2718_encode(&mut bytes);
    Transaction::decode(&bytes).expect("what was just signed is well-formed")
}

fn get(wallet: u64) -> &'static Wallet {
    let wallet = usize::try_from(wallet).ok().and_then(|wallet| wallets().get(wallet));
    wallet.unwrap_or_else(|| unreachable!("the clients' wallets and one more"))
}

fn wallets() -> &'static [Wallet] {
    static WALLETS: OnceLock<Vec<Wallet>> = OnceLock::new();
    WALLETS.get_or_init(|| (0..=RIVAL_WALLET).map(wallet).collect())
}

fn wallet(number: u64) -> Wallet {
    let secret = keccak256([b"wallet".as_slice(), &number.to_be_bytes()].concat());
    let probe = sign_message(secret, B256::ZERO).expect("a hash below the group's order");
    let address = probe.recover_address_from_prehash(&B256::ZERO).expect("the sender of what was just signed");
    Wallet { secret, address }
}
