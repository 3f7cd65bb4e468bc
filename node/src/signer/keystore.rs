//! Secret keys on the disk: EIP-2335-shaped JSON, scrypt and AES-128-CTR (rules Y3, Y4).
//!
//! The shape is that of EIP-2335. The secret is any of 32 bytes; `description` says of which kind it is, and `pubkey`
//! is what belongs to it. Of a consensus key these are an ed25519 seed and the ed25519 public key.

use std::path::Path;

use aes::Aes128;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::secret::{self, SecretError};

type Aes128Ctr = ctr::Ctr128BE<Aes128>;

/// What the keystore of a consensus key says of itself.
const CONSENSUS: &str = "Rota consensus key, ed25519";

/// How hard a passphrase is to guess: scrypt's cost as a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// 2^18, 256 MiB and about a second: for keys that hold stake.
    Strong,
    /// 2^12, 4 MiB: for local networks.
    Devnet,
}

impl Strength {
    /// The exponent of scrypt's N.
    const fn log_n(self) -> u8 {
        match self {
            Self::Strong => 18,
            Self::Devnet => 12,
        }
    }
}

/// An encrypted secret key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keystore {
    crypto: Crypto,
    description: String,
    pubkey: String,
    version: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Crypto {
    kdf: Kdf,
    checksum: Module,
    cipher: Cipher,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    function: String,
    params: ScryptParams,
    message: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScryptParams {
    dklen: usize,
    n: u64,
    p: u32,
    r: u32,
    salt: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    function: String,
    params: serde_json::Map<String, serde_json::Value>,
    message: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    function: String,
    params: Iv,
    message: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Iv {
    iv: String,
}

/// Why a keystore cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file cannot be read or written, or others may.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It is not a keystore of this shape.
    #[error("not a keystore of ours: {0}")]
    Shape(String),
    /// It holds a key of another kind.
    #[error("the keystore says that it holds a \"{found}\"; a \"{expected}\" is wanted")]
    OtherKind {
        /// What it says.
        found: String,
        /// What was wanted.
        expected: &'static str,
    },
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty: it would protect nothing")]
    EmptyPassphrase,
    /// The passphrase does not fit.
    #[error("the passphrase is wrong")]
    Passphrase,
}

impl Keystore {
    /// Encrypts a consensus key.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn encrypt(key: &SigningKey, passphrase: &str, strength: Strength) -> Result<Self, KeystoreError> {
        let public = hex::encode(key.verifying_key().to_bytes());
        Self::seal(CONSENSUS, public, Zeroizing::new(key.to_bytes()), passphrase, strength)
    }

    /// Decrypts a consensus key.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`KeystoreError::Shape`] also if the public key is not that of the secret.
    pub fn decrypt(&self, passphrase: &str) -> Result<SigningKey, KeystoreError> {
        let key = SigningKey::from_bytes(&*self.open(CONSENSUS, passphrase)?);
        if hex::encode(key.verifying_key().to_bytes()) == self.pubkey {
            Ok(key)
        } else {
            Err(shape("the public key is not that of the secret"))
        }
    }

    /// Encrypts the secret of a key that is of the kind `description`, whose public half is `public` in hex.
    ///
    /// # Errors
    /// [`KeystoreError::EmptyPassphrase`]; [`KeystoreError::Shape`] if scrypt refuses its parameters.
    pub fn seal(
        description: &'static str,
        public: String,
        mut secret: Zeroizing<[u8; 32]>,
        passphrase: &str,
        strength: Strength,
    ) -> Result<Self, KeystoreError> {
        if passphrase.is_empty() {
            return Err(KeystoreError::EmptyPassphrase);
        }
        let (salt, iv): ([u8; 32], [u8; 16]) = (rand::random(), rand::random());
        let params = ScryptParams { dklen: 32, n: 1 << strength.log_n(), p: 1, r: 8, salt: hex::encode(salt) };
        let derived = derive(passphrase, &params)?;
        apply_cipher(&derived, &iv, secret.as_mut_slice());
        let checksum = checksum(&derived, secret.as_slice());
        Ok(Self {
            crypto: Crypto {
                kdf: Kdf { function: "scrypt".into(), params, message: String::new() },
                checksum: Module { function: "sha256".into(), params: serde_json::Map::new(), message: checksum },
                cipher: Cipher {
                    function: "aes-128-ctr".into(),
                    params: Iv { iv: hex::encode(iv) },
                    message: hex::encode(secret.as_slice()),
                },
            },
            description: description.into(),
            pubkey: public,
            version: 4,
        })
    }

    /// Decrypts the secret of a key that is of the kind `description`. Whether the public half belongs to it is for
    /// whoever knows the scheme.
    ///
    /// # Errors
    /// [`KeystoreError::OtherKind`], [`KeystoreError::Passphrase`] or [`KeystoreError::Shape`].
    pub fn open(&self, description: &'static str, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
        let known = self.crypto.kdf.function == "scrypt"
            && self.crypto.cipher.function == "aes-128-ctr"
            && self.crypto.checksum.function == "sha256"
            && self.version == 4;
        if !known {
            return Err(shape("only scrypt, aes-128-ctr, sha256 and version 4 are known"));
        }
        // Y3: one kind of key is not taken for another.
        if self.description != description {
            return Err(KeystoreError::OtherKind { found: self.description.clone(), expected: description });
        }
        let derived = derive(passphrase, &self.crypto.kdf.params)?;
        let message = Zeroizing::new(hex::decode(&self.crypto.cipher.message).map_err(shape)?);
        if checksum(&derived, &message) != self.crypto.checksum.message {
            return Err(KeystoreError::Passphrase);
        }
        let iv: [u8; 16] = bytes(&self.crypto.cipher.params.iv)?;
        let mut secret = Zeroizing::new(<[u8; 32]>::try_from(message.as_slice()).map_err(shape)?);
        apply_cipher(&derived, &iv, secret.as_mut_slice());
        Ok(secret)
    }

    /// Reads a keystore that only its owner may read (rule Y1).
    ///
    /// # Errors
    /// [`KeystoreError::Secret`], [`KeystoreError::Shape`].
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        serde_json::from_slice(&secret::read(path)?).map_err(shape)
    }

    /// Writes it for its owner alone; a file that stands there stays (rules Y1, Y2).
    ///
    /// # Errors
    /// [`KeystoreError::Secret`].
    pub fn write(&self, path: &Path) -> Result<(), KeystoreError> {
        let json = serde_json::to_vec_pretty(self).map_err(shape)?;
        Ok(secret::create(path, &json)?)
    }

    /// The public key, as the file claims, in hex.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.pubkey
    }

    /// Which kind of key it holds, as the file claims.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What a guess at the passphrase costs, as scrypt's N.
    #[must_use]
    pub const fn scrypt_n(&self) -> u64 {
        self.crypto.kdf.params.n
    }
}

fn derive(passphrase: &str, params: &ScryptParams) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
    let log_n = u8::try_from(params.n.checked_ilog2().unwrap_or(0)).map_err(shape)?;
    // 2^20 takes a gigabyte, which another block size or repetitions would multiply: a file that asks for more than
    // ours is no key of ours.
    let ours = (params.r, params.p, params.dklen) == (8, 1, 32);
    if !params.n.is_power_of_two() || log_n > 20 || !ours {
        return Err(shape("scrypt parameters out of bounds"));
    }
    let scrypt_params = scrypt::Params::new(log_n, params.r, params.p, 32).map_err(shape)?;
    let salt = hex::decode(&params.salt).map_err(shape)?;
    let mut derived = Zeroizing::new([0u8; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &salt, &scrypt_params, derived.as_mut_slice()).map_err(shape)?;
    Ok(derived)
}

fn apply_cipher(derived: &[u8; 32], iv: &[u8; 16], bytes: &mut [u8]) {
    let mut key = Zeroizing::new([0u8; 16]);
    key.copy_from_slice(derived.first_chunk::<16>().map_or(&[0; 16], |half| half));
    Aes128Ctr::new((&*key).into(), iv.into()).apply_keystream(bytes);
}

fn checksum(derived: &[u8; 32], message: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(derived.last_chunk::<16>().map_or(&[0; 16], |half| half));
    hasher.update(message);
    hex::encode(hasher.finalize())
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], KeystoreError> {
    hex::decode(text).map_err(shape)?.try_into().map_err(|_| shape("a field has a wrong length"))
}

fn shape(error: impl ToString) -> KeystoreError {
    KeystoreError::Shape(error.to_string())
}
