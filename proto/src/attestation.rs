//! Attestation keys and signatures: BLS12-381, keys in G1, signatures in G2, in the bytes that EIP-2537 gives points.

use std::fmt;

use alloy_primitives::{B256, FixedBytes};
use blst::{BLST_ERROR, Pairing, blst_p1_affine, blst_p2_affine, min_pk};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Epoch, Place};

/// The domain separation tag of attestations (proof-of-possession scheme of draft-irtf-cfrg-bls-signature-05).
pub const ATTESTATION_TAG: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/// The domain separation tag of proofs of possession.
pub const POSSESSION_TAG: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Bytes of a number below p, the field's prime, which has 381 bits.
const NUMBER: usize = 48;
/// Bytes that EIP-2537 gives a number: its first ones are zero.
const WORD: usize = 64;
/// The three highest bits of the first byte: flags in other encodings, never set in a number below p.
const FLAGS: u8 = 0xe0;

/// A fact that a validator tells L1. The contracts know no kinds: of one kind and index, two contents are evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The epoch as whose member the validator signs.
    pub attesting_epoch: Epoch,
    /// What sort of fact it is.
    pub kind: u8,
    /// Which one of its kind.
    pub index: u64,
    /// The hash of what is said.
    pub content: B256,
}

/// An attestation as one validator says it. Nothing is known of its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedAttestation {
    /// What it says.
    pub attestation: Attestation,
    /// Its place in the set of the attesting epoch.
    pub signer: Place,
    /// Its signature.
    pub signature: AttestationSignature,
}

/// A BLS12-381 public key that the registry on L1 would take (rule K3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttestationKey(min_pk::PublicKey);

/// Why bytes are no attestation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationKeyError {
    /// A coordinate is not below p.
    #[error("a coordinate of an attestation key is no number below the field's prime")]
    NotReduced,
    /// The bytes are no point of the curve.
    #[error("an attestation key is no point of the curve")]
    NotOnCurve,
    /// It is the point at infinity, under which everything is signed.
    #[error("an attestation key is the point at infinity")]
    Infinity,
    /// The point lies outside the subgroup of prime order.
    #[error("an attestation key lies outside the prime-order subgroup")]
    NotInSubgroup,
}

impl AttestationKey {
    /// Checks the 128 bytes of EIP-2537: x, then y, each a big-endian number in 64 bytes (rule K3).
    ///
    /// # Errors
    /// [`AttestationKeyError`] names the part of the rule that fails.
    pub fn from_bytes(bytes: &[u8; 2 * WORD]) -> Result<Self, AttestationKeyError> {
        let [x, y] = numbers(bytes).ok_or(AttestationKeyError::NotReduced)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(AttestationKeyError::Infinity);
        }
        checked(min_pk::PublicKey::deserialize(&[x, y].concat()))
    }

    /// Checks the 48 bytes of the compressed form, in which other tools and keystores name a key (rule K3).
    ///
    /// # Errors
    /// [`AttestationKeyError`].
    pub fn from_compressed(bytes: &[u8; NUMBER]) -> Result<Self, AttestationKeyError> {
        checked(min_pk::PublicKey::uncompress(bytes))
    }

    /// The 128 bytes of EIP-2537.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 2 * WORD] {
        words(&self.0.serialize(), [0, 1])
    }

    /// The 48 bytes of the compressed form.
    #[must_use]
    pub fn to_compressed(&self) -> [u8; NUMBER] {
        self.0.compress()
    }

    /// Whether the signature is this key's, over the digest of an attestation (rule K4).
    #[must_use]
    pub fn attests(&self, digest: &B256, signature: &AttestationSignature) -> bool {
        self.verifies(digest, signature, ATTESTATION_TAG)
    }

    /// Whether the signature proves over the digest of a registration that somebody holds the secret (rule K4).
    #[must_use]
    pub fn is_possessed(&self, digest: &B256, signature: &AttestationSignature) -> bool {
        self.verifies(digest, signature, POSSESSION_TAG)
    }

    fn verifies(&self, digest: &B256, signature: &AttestationSignature, tag: &[u8]) -> bool {
        let Some(signature) = signature.point() else { return false };
        let (key, signature) = (blst_p1_affine::from(self.0), blst_p2_affine::from(signature));
        let mut pairing = Pairing::new(true, tag);
        // The key was checked when it was read; that the signature lies in its subgroup is checked here.
        let added = pairing.aggregate(&key, false, &signature, true, digest.as_slice(), &[]);
        pairing.commit();
        added == BLST_ERROR::BLST_SUCCESS && pairing.finalverify(None)
    }
}

/// What blst read, with its verdicts in our words.
fn checked(read: Result<min_pk::PublicKey, BLST_ERROR>) -> Result<AttestationKey, AttestationKeyError> {
    let key = match read {
        Ok(key) => key,
        Err(BLST_ERROR::BLST_POINT_NOT_ON_CURVE) => return Err(AttestationKeyError::NotOnCurve),
        // blst finds the points of order 3, whose x is 0, as it reads them.
        Err(BLST_ERROR::BLST_POINT_NOT_IN_GROUP) => return Err(AttestationKeyError::NotInSubgroup),
        Err(_) => return Err(AttestationKeyError::NotReduced),
    };
    match key.validate() {
        Ok(()) => Ok(AttestationKey(key)),
        Err(BLST_ERROR::BLST_PK_IS_INFINITY) => Err(AttestationKeyError::Infinity),
        Err(_) => Err(AttestationKeyError::NotInSubgroup),
    }
}

/// A BLS12-381 signature as it came: 256 bytes, a point of G2 as EIP-2537 writes it, nothing known about them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttestationSignature(pub [u8; 4 * WORD]);

impl AttestationSignature {
    /// From the 192 bytes that libraries write, which have the imaginary part of a coordinate before the real one.
    #[must_use]
    pub fn from_uncompressed(bytes: &[u8; 4 * NUMBER]) -> Self {
        Self(words(bytes, [1, 0, 3, 2]))
    }

    /// The sum of signatures, which stands for all of them (rule K5); none of none, or if one is no point of the
    /// subgroup.
    #[must_use]
    pub fn sum(signatures: &[Self]) -> Option<Self> {
        let points = signatures.iter().map(Self::point).collect::<Option<Vec<_>>>()?;
        let points: Vec<&min_pk::Signature> = points.iter().collect();
        let sum = min_pk::AggregateSignature::aggregate(&points, true).ok()?;
        Some(Self::from_uncompressed(&sum.to_signature().serialize()))
    }

    /// The point of the curve that the bytes are, whatever its subgroup; none for infinity.
    fn point(&self) -> Option<min_pk::Signature> {
        let [x_real, x_imaginary, y_real, y_imaginary] = numbers(&self.0)?;
        min_pk::Signature::deserialize(&[x_imaginary, x_real, y_imaginary, y_real].concat()).ok()
    }
}

/// The numbers of as many words; none if one has more than 381 bits. Whether they are below p is for blst to say.
fn numbers<const N: usize>(bytes: &[u8]) -> Option<[[u8; NUMBER]; N]> {
    let mut numbers = [[0; NUMBER]; N];
    for (number, word) in numbers.iter_mut().zip(bytes.chunks_exact(WORD)) {
        let (zeros, value) = word.split_at(WORD - NUMBER);
        number.copy_from_slice(value);
        if zeros.iter().any(|byte| *byte != 0) || number[0] & FLAGS != 0 {
            return None;
        }
    }
    Some(numbers)
}

/// Numbers as words: word `i` is the number that `order` names.
fn words<const N: usize, const BYTES: usize>(numbers: &[u8], order: [usize; N]) -> [u8; BYTES] {
    let mut words = [0; BYTES];
    for (word, from) in words.chunks_exact_mut(WORD).zip(order) {
        let number = numbers.iter().skip(from * NUMBER).take(NUMBER);
        word.iter_mut().skip(WORD - NUMBER).zip(number).for_each(|(to, from)| *to = *from);
    }
    words
}

impl fmt::Debug for AttestationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.to_compressed()))
    }
}

/// The compressed form, as people write such keys.
impl fmt::Display for AttestationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Debug for AttestationSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl Serialize for AttestationKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FixedBytes::from(self.to_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AttestationKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = FixedBytes::<{ 2 * WORD }>::deserialize(deserializer)?;
        Self::from_bytes(&bytes.0).map_err(serde::de::Error::custom)
    }
}
