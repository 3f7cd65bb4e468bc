//! The attestation key: BLS12-381. It signs what is told to L1, and with the consensus key that both are an operator's.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256};
use blst::min_pk::SecretKey;
use ed25519_dalek::{Signer as _, SigningKey};
use rota_proto::{
    ATTESTATION_TAG, AttestationKey, AttestationSignature, ConsensusKey, KeyError, POSSESSION_TAG, Signature,
    SigningDomain,
};
use rota_staking::bindings::{Enrolment, IValidatorRegistry};
use zeroize::Zeroizing;

use super::{Keystore, KeystoreError, Strength};

/// What the keystore of an attestation key says of itself.
const ATTESTATION: &str = "Rota attestation key, BLS12-381";

/// A BLS12-381 secret: a number from 1 to below the order of the curve's subgroups. Wiped when it is dropped.
#[derive(Clone)]
pub struct AttestationSecret(SecretKey);

/// 32 bytes are no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("32 bytes are no attestation secret: zero, or not below the order of the curve's subgroups")]
pub struct NoAttestationSecret;

impl AttestationSecret {
    /// A new secret, by `KeyGen` of draft-irtf-cfrg-bls-signature over 32 random bytes.
    #[must_use]
    pub fn generate() -> Self {
        let material = Zeroizing::new(rand::random::<[u8; 32]>());
        let made = SecretKey::key_gen(material.as_slice(), &[]);
        Self(made.unwrap_or_else(|error| unreachable!("32 bytes are material enough: {error:?}")))
    }

    /// The secret of 32 big-endian bytes.
    ///
    /// # Errors
    /// [`NoAttestationSecret`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, NoAttestationSecret> {
        SecretKey::from_bytes(bytes).map(Self).map_err(|_| NoAttestationSecret)
    }

    /// Its 32 big-endian bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> AttestationKey {
        let key = AttestationKey::from_compressed(&self.0.sk_to_pk().compress());
        key.unwrap_or_else(|error| unreachable!("the key of a secret stands by rule K3 of proto: {error}"))
    }

    /// Encrypts it, with the public key in the compressed form, as EIP-2335 has it.
    ///
    /// # Errors
    /// As [`Keystore::seal`].
    pub fn encrypt(&self, passphrase: &str, strength: Strength) -> Result<Keystore, KeystoreError> {
        let public = hex::encode(self.public().to_compressed());
        Keystore::seal(ATTESTATION, public, self.to_bytes(), passphrase, strength)
    }

    /// Decrypts the secret of a keystore.
    ///
    /// # Errors
    /// As [`Keystore::open`]; [`KeystoreError::Shape`] also if it is none, or the public key is not its own.
    pub fn decrypt(keystore: &Keystore, passphrase: &str) -> Result<Self, KeystoreError> {
        let secret = Self::from_bytes(&*keystore.open(ATTESTATION, passphrase)?);
        let secret = secret.map_err(|error| KeystoreError::Shape(error.to_string()))?;
        if hex::encode(secret.public().to_compressed()) == keystore.public_key() {
            Ok(secret)
        } else {
            Err(KeystoreError::Shape("the public key is not that of the secret".into()))
        }
    }

    /// Signs the digest of an attestation (rules K4, D4 of proto). Whoever calls has asked the record.
    #[must_use]
    pub(crate) fn attest(&self, digest: &B256) -> AttestationSignature {
        AttestationSignature::from_uncompressed(&self.0.sign(digest.as_slice(), ATTESTATION_TAG, &[]).serialize())
    }

    /// Signs the digest of a registration (rules K4, D3 of proto).
    #[must_use]
    pub fn prove_possession(&self, digest: &B256) -> AttestationSignature {
        AttestationSignature::from_uncompressed(&self.0.sign(digest.as_slice(), POSSESSION_TAG, &[]).serialize())
    }
}

impl fmt::Debug for AttestationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret of {}", self.public())
    }
}

/// The two keys that a validator registers.
pub struct ValidatorKeys {
    /// Votes.
    pub consensus: SigningKey,
    /// Tells L1 facts.
    pub attestation: AttestationSecret,
}

/// What proves that an operator holds both keys: a signature by each over one digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possession {
    /// By the consensus key.
    pub consensus: Signature,
    /// By the attestation key.
    pub attestation: AttestationSignature,
}

impl ValidatorKeys {
    /// New keys.
    #[must_use]
    pub fn generate() -> Self {
        Self { consensus: SigningKey::from_bytes(&rand::random()), attestation: AttestationSecret::generate() }
    }

    /// Proves to the registry that `operator` holds both keys. `nonce` is what the registry says is the operator's next
    /// one (rule D3 of proto).
    ///
    /// # Errors
    /// [`KeyError`] if the secret's public key is no consensus key.
    pub fn prove(&self, domain: &SigningDomain, operator: Address, nonce: U256) -> Result<Possession, KeyError> {
        let consensus_key = ConsensusKey::from_bytes(self.consensus.verifying_key().as_bytes())?;
        let digest = domain.key_registration(operator, &consensus_key, &self.attestation.public(), nonce);
        Ok(Possession {
            consensus: Signature(self.consensus.sign(digest.as_slice()).to_bytes()),
            attestation: self.attestation.prove_possession(&digest),
        })
    }
}

impl Possession {
    /// The words of the consensus key's signature, and the other signature, as the contracts take them.
    fn parts(&self) -> (B256, B256, Bytes) {
        let (r, s) = self.consensus.0.split_at(32);
        (B256::from_slice(r), B256::from_slice(s), Bytes::copy_from_slice(&self.attestation.0))
    }
}

impl From<&Possession> for Enrolment::Possession {
    fn from(possession: &Possession) -> Self {
        let (r, s, attestation) = possession.parts();
        Self { r, s, attestationSignature: attestation }
    }
}

impl From<&Possession> for IValidatorRegistry::Possession {
    fn from(possession: &Possession) -> Self {
        let (r, s, attestation) = possession.parts();
        Self { r, s, attestationSignature: attestation }
    }
}
