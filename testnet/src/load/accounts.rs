//! Accounts whose keys the load tool knows: derived from a seed text, from a mnemonic, or given as a key.
//!
//! L1: the devnet account with number `i` has the secret key
//! `keccak256("rota/devnet/account" || i as 8 bytes, most significant first)`. The rule is public, so these keys
//! protect nothing: genesis funds them on networks whose coins have no value, and nowhere else.

use core::fmt;
use core::str::FromStr;

use alloy_primitives::{Address, B256, keccak256};
use coins_bip32::ecdsa::SigningKey;
use coins_bip32::xkeys::Parent;
use coins_bip39::{English, Mnemonic};
use secp256k1::{PublicKey, SECP256K1, SecretKey};
use thiserror::Error;

/// The seed of the devnet's accounts (L1).
pub const DEVNET_SEED: &str = "rota/devnet/account";

/// Where wallets keep the Ethereum accounts of a mnemonic: BIP-44, coin type 60.
const MNEMONIC_PATH: &str = "m/44'/60'/0'/0";

/// A secp256k1 key pair and its Ethereum address. `Debug` shows the address only.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The secret scalar, 32 bytes, most significant first.
    pub secret: B256,
    /// Last 20 bytes of the Keccak-256 of the uncompressed public key.
    pub address: Address,
}

/// Why a text names no account.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Not 32 bytes of hex.
    #[error("a private key is 64 hex digits with or without 0x, this one has {digits} characters or other letters")]
    NotHex {
        /// Characters given, without 0x.
        digits: usize,
    },
    /// Zero, or not below the order of the group.
    #[error("the private key is zero or not below the order of secp256k1")]
    OutOfRange,
    /// Unknown word, wrong count or wrong checksum.
    #[error("not an English BIP-39 mnemonic: {reason}")]
    Mnemonic {
        /// The library's words.
        reason: String,
    },
}

impl Account {
    /// The account of a secret key.
    ///
    /// # Errors
    /// [`AccountError::OutOfRange`] if the scalar is zero or not below the group's order.
    pub fn from_secret(secret: B256) -> Result<Self, AccountError> {
        let scalar = SecretKey::from_slice(secret.as_slice()).map_err(|_| AccountError::OutOfRange)?;
        let public = PublicKey::from_secret_key(SECP256K1, &scalar).serialize_uncompressed();
        let (_uncompressed_tag, point) = public.split_at(1);
        Ok(Self { secret, address: Address::from_word(keccak256(point)) })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Account({})", self.address)
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let digits = text.trim().trim_start_matches("0x");
        let mut secret = B256::ZERO;
        hex::decode_to_slice(digits, secret.as_mut_slice())
            .map_err(|_| AccountError::NotHex { digits: digits.chars().count() })?;
        Self::from_secret(secret)
    }
}

/// The devnet account with this number (L1), for genesis and for the load tool alike.
#[must_use]
pub fn account(index: u64) -> Account {
    from_seed(DEVNET_SEED, index)
}

/// The account with this number under another seed text: `keccak256(seed || index)` is its secret key.
///
/// # Panics
/// Never in practice: a digest is no secret key once in 2^127.
#[must_use]
pub fn from_seed(seed: &str, index: u64) -> Account {
    let secret = keccak256([seed.as_bytes(), &index.to_be_bytes()].concat());
    Account::from_secret(secret).expect("a Keccak-256 digest is a secret key but once in 2^127")
}

/// The accounts `m/44'/60'/0'/0/i` of an English BIP-39 mnemonic, as wallets and anvil derive them.
///
/// # Errors
/// [`AccountError::Mnemonic`] for an unknown word, a wrong count of words or a wrong checksum.
pub fn from_mnemonic(phrase: &str, indexes: core::ops::Range<u32>) -> Result<Vec<Account>, AccountError> {
    let refuse = |reason: String| AccountError::Mnemonic { reason };
    let mnemonic = Mnemonic::<English>::new_from_phrase(phrase.trim()).map_err(|error| refuse(error.to_string()))?;
    let parent = mnemonic.derive_key(MNEMONIC_PATH, None).map_err(|error| refuse(error.to_string()))?;
    indexes
        .map(|index| {
            let child = parent.derive_child(index).map_err(|error| refuse(error.to_string()))?;
            let key: &SigningKey = child.as_ref();
            Account::from_secret(B256::from_slice(&key.to_bytes()))
        })
        .collect()
}
