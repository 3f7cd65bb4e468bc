//! Consensus keys and signatures: ed25519 by the strict rule.

use std::fmt;

use alloy_primitives::B256;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ed25519 public key that the staking contract would register (rule K1): its bytes are the canonical encoding
/// of a point of the prime-order subgroup other than the identity.
///
/// dalek's `verify_strict` alone would accept a key with a torsion component and some non-canonical encodings;
/// L1 would not, so a vote by such a key could not be slashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConsensusKey(VerifyingKey);

/// Why 32 bytes are no consensus key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no point of the curve.
    #[error("consensus key 0x{} is no point of the curve", hex::encode(.0))]
    NotOnCurve([u8; 32]),
    /// Decoding and encoding give other bytes: y is not below p, or x is zero with its sign bit set.
    #[error("consensus key 0x{} is not the canonical encoding of its point", hex::encode(.0))]
    NotCanonical([u8; 32]),
    /// The point has order 1, 2, 4 or 8.
    #[error("consensus key 0x{} is a point of small order", hex::encode(.0))]
    SmallOrder([u8; 32]),
    /// The point has a torsion component.
    #[error("consensus key 0x{} lies outside the prime-order subgroup", hex::encode(.0))]
    NotInSubgroup([u8; 32]),
}

impl ConsensusKey {
    /// Checks 32 bytes by rule K1.
    ///
    /// # Errors
    /// [`KeyError`] names the part of the rule that fails.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let point = CompressedEdwardsY(*bytes).decompress().ok_or(KeyError::NotOnCurve(*bytes))?;
        if point.compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical(*bytes));
        }
        if point.is_small_order() {
            return Err(KeyError::SmallOrder(*bytes));
        }
        if !point.is_torsion_free() {
            return Err(KeyError::NotInSubgroup(*bytes));
        }
        VerifyingKey::from_bytes(bytes).map(Self).map_err(|_| KeyError::NotOnCurve(*bytes))
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }
}

impl fmt::Debug for ConsensusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0.as_bytes()))
    }
}

impl fmt::Display for ConsensusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl PartialOrd for ConsensusKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConsensusKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_bytes().cmp(other.0.as_bytes())
    }
}

impl Serialize for ConsensusKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        B256::from(self.to_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ConsensusKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = B256::deserialize(deserializer)?;
        Self::from_bytes(&bytes.0).map_err(serde::de::Error::custom)
    }
}

/// An ed25519 signature as it came: 64 bytes, R then s, nothing known about them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// Decides whether a signature stands. The node's answer is [`Strict`]; the simulator's is a table of what was
/// really signed, so that thousands of runs need no elliptic curve.
pub trait Verifier {
    /// Whether `signature` by `key` over `digest` is valid.
    fn verifies(&self, key: &ConsensusKey, digest: &B256, signature: &Signature) -> bool;
}

/// ed25519-dalek's `verify_strict` for each signature by itself: the only verdict there is (rule K2). It refuses
/// small-order R, non-canonical s and, for keys by K1, agrees with the check on L1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strict;

impl Verifier for Strict {
    fn verifies(&self, key: &ConsensusKey, digest: &B256, signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.0.verify_strict(digest.as_slice(), &signature).is_ok()
    }
}
