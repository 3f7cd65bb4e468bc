//! Which keys and signatures stand (rules K1, K2).

use alloy_primitives::B256;
use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
    traits::IsIdentity,
};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};

use super::samples::{consensus_key, signing_key};
use crate::{ConsensusKey, KeyError, Signature, Strict, Verifier};

/// p = 2^255 - 19, little-endian.
const P: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};

/// Secret and public keys of RFC 8032, section 7.1: tests 1, 2, 3, 1024 and SHA(abc).
const RFC_8032: [(&str, &str); 5] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ),
    (
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    ),
];

fn bytes32(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// The number `k` above p, as bytes: a second encoding of the field element `k`.
fn above_p(k: u8) -> [u8; 32] {
    let mut bytes = P;
    bytes[0] += k;
    bytes
}

fn negated(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

#[track_caller]
fn check_refused(bytes: [u8; 32], error: KeyError) {
    assert_eq!(ConsensusKey::from_bytes(&bytes), Err(error));
    let text = serde_json::to_string(&B256::from(bytes)).unwrap();
    let refused = serde_json::from_str::<ConsensusKey>(&text).unwrap_err();
    assert!(refused.to_string().starts_with(&error.to_string()), "{refused}");
}

/// Rule K1.
#[test]
fn bytes_that_are_no_point_are_no_key() {
    let off_curve = |first: u8| {
        let mut bytes = [0; 32];
        bytes[0] = first;
        CompressedEdwardsY(bytes).decompress().is_none().then_some(bytes)
    };
    let found: Vec<[u8; 32]> = (0..20).filter_map(off_curve).collect();
    assert!(found.len() > 5, "about half of all numbers are no y of the curve, not {} of 20", found.len());
    for bytes in found {
        check_refused(bytes, KeyError::NotOnCurve(bytes));
    }
}

/// Rule K1: dalek takes a y from p on and reduces it; L1 would not.
#[test]
fn y_not_below_p_is_no_key() {
    let encodings = (0..19).flat_map(|k| [above_p(k), negated(above_p(k))]);
    let points: Vec<[u8; 32]> = encodings.filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_some()).collect();
    let full_order = |bytes: &&[u8; 32]| !CompressedEdwardsY(**bytes).decompress().unwrap().is_small_order();
    assert!(points.iter().filter(full_order).count() > 4, "some of them are points of full order");
    for bytes in points {
        check_refused(bytes, KeyError::NotCanonical(bytes));
    }
}

/// Rule K1: x = 0 has no sign.
#[test]
fn minus_zero_is_no_key() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = P;
    minus_one[0] -= 1;
    for bytes in [negated(one), negated(minus_one)] {
        check_refused(bytes, KeyError::NotCanonical(bytes));
    }
}

/// Rule K1.
#[test]
fn points_of_small_order_are_no_keys() {
    for point in EIGHT_TORSION {
        let bytes = point.compress().to_bytes();
        check_refused(bytes, KeyError::SmallOrder(bytes));
    }
}

/// Rule K1: dalek's strict rule would take such a key, because only R and the key's order are looked at.
#[test]
fn key_with_a_torsion_component_is_no_key() {
    for torsion in EIGHT_TORSION.iter().skip(1) {
        let bytes = (point_of(3) + torsion).compress().to_bytes();
        check_refused(bytes, KeyError::NotInSubgroup(bytes));
    }
}

/// Rule K1, against RFC 8032.
#[test]
fn keys_of_rfc_8032_are_keys() {
    for (secret, public) in RFC_8032 {
        let key = ConsensusKey::from_bytes(&bytes32(public)).unwrap();
        assert_eq!(SigningKey::from_bytes(&bytes32(secret)).verifying_key().to_bytes(), key.to_bytes());
        assert_eq!(key.to_string(), format!("0x{public}"));
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"0x{public}\""));
        assert_eq!(serde_json::from_str::<ConsensusKey>(&format!("\"0x{public}\"")).unwrap(), key);
    }
}

#[test]
fn keys_are_ordered_by_their_bytes() {
    let mut keys: Vec<ConsensusKey> = (0..20).map(consensus_key).collect();
    keys.sort();
    assert!(keys.windows(2).all(|pair| pair[0].to_bytes() < pair[1].to_bytes()));
}

/// Rule K2.
#[test]
fn signature_stands_for_its_key_and_digest_only() {
    let digest = B256::repeat_byte(9);
    let signature = Signature(signing_key(1).sign(digest.as_slice()).to_bytes());
    assert!(Strict.verifies(&consensus_key(1), &digest, &signature));
    assert!(!Strict.verifies(&consensus_key(2), &digest, &signature), "another key");
    assert!(!Strict.verifies(&consensus_key(1), &B256::repeat_byte(8), &signature), "another digest");
}

/// Rule K2.
#[test]
fn signature_with_any_bit_flipped_falls() {
    let digest = B256::repeat_byte(9);
    let signature = Signature(signing_key(1).sign(digest.as_slice()).to_bytes());
    for bit in 0..512 {
        let mut flipped = signature;
        flipped.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!Strict.verifies(&consensus_key(1), &digest, &flipped), "bit {bit}");
    }
}

/// Rule K2: s and s + order are the same number; only the smaller may stand, or a signature had two forms.
#[test]
fn signature_with_s_not_below_the_order_falls() {
    let digest = B256::repeat_byte(9);
    let mut bytes = signing_key(1).sign(digest.as_slice()).to_bytes();
    let order: [u8; 32] = bytes32("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0u16;
    for (byte, added) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(added) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "s + order fits 32 bytes");
    assert!(!Strict.verifies(&consensus_key(1), &digest, &Signature(bytes)));
}

/// Rule K2: R of small order stands for every message under some keys; strict refuses it by itself.
#[test]
fn signature_with_r_of_small_order_falls() {
    let digest = B256::repeat_byte(9);
    for torsion in EIGHT_TORSION {
        let r = torsion.compress();
        let challenge = challenge(r.as_bytes(), &digest);
        let signature = join(r.as_bytes(), challenge * secret(3));
        assert!(cofactored(&signature, &digest), "the equation itself holds, up to torsion");
        assert!(!Strict.verifies(&consensus_key(3), &digest, &signature));
    }
}

/// Rule K2: the reason why dalek's `verify_batch` decides nothing. With torsion in R the batch equation
/// `sum z (R + k A - s B) = 0` holds whenever the random z is a multiple of the torsion's order: one vote, two
/// verdicts. The strict one is always no.
#[test]
fn signature_with_torsion_in_r_passes_batches_by_luck_and_strict_never() {
    let digest = B256::repeat_byte(9);
    for torsion in EIGHT_TORSION.iter().skip(1) {
        let nonce = Scalar::from(123_456_789u64);
        let r = (ED25519_BASEPOINT_POINT * nonce + torsion).compress();
        let signature = join(r.as_bytes(), nonce + challenge(r.as_bytes(), &digest) * secret(3));
        let lucky = (1..=8u64).filter(|z| (remainder(&signature, &digest) * Scalar::from(*z)).is_identity()).count();
        assert!((1..8).contains(&lucky), "{lucky} of 8 batches take it");
        assert!(!Strict.verifies(&consensus_key(3), &digest, &signature));
    }
}

/// The secret scalar of RFC 8032.
fn secret(place: u8) -> Scalar {
    signing_key(place).to_scalar()
}

fn point_of(place: u8) -> EdwardsPoint {
    CompressedEdwardsY(consensus_key(place).to_bytes()).decompress().unwrap()
}

/// H(R || A || M) of RFC 8032 for the key of place 3.
fn challenge(r: &[u8; 32], digest: &B256) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(consensus_key(3).to_bytes()).chain_update(digest).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

fn join(r: &[u8; 32], s: Scalar) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(r);
    bytes[32..].copy_from_slice(s.as_bytes());
    Signature(bytes)
}

/// R + k A - s B for the key of place 3.
fn remainder(signature: &Signature, digest: &B256) -> EdwardsPoint {
    let (r, s) = (signature.0[..32].try_into().unwrap(), signature.0[32..].try_into().unwrap());
    let point = CompressedEdwardsY(r).decompress().unwrap();
    let s = Scalar::from_canonical_bytes(s).unwrap();
    point + point_of(3) * challenge(&r, digest) - ED25519_BASEPOINT_POINT * s
}

/// The equation with cofactor.
fn cofactored(signature: &Signature, digest: &B256) -> bool {
    remainder(signature, digest).mul_by_cofactor().is_identity()
}
