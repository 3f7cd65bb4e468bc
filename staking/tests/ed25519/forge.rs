//! Makes signatures that no honest signer makes: with torsion, with small order, with more than one encoding.

use alloy_primitives::hex;
use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
    traits::IsIdentity as _,
};
use sha2::{Digest, Sha512};

use super::{Case, dice::Dice};

/// The order of the base point, from its lowest byte on.
pub(crate) const ORDER: [u8; 32] = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

/// Who signs: a scalar, and a point of small order in the key beside it.
#[derive(Clone, Copy)]
pub(crate) struct Signer {
    pub(crate) secret: Scalar,
    pub(crate) torsion: EdwardsPoint,
}

impl Signer {
    pub(crate) fn honest(dice: &mut Dice) -> Self {
        Self { secret: scalar(dice), torsion: EIGHT_TORSION[0] }
    }

    pub(crate) fn with(self, torsion: EdwardsPoint) -> Self {
        Self { torsion, ..self }
    }

    pub(crate) fn point(&self) -> EdwardsPoint {
        EdwardsPoint::mul_base(&self.secret) + self.torsion
    }

    pub(crate) fn key(&self) -> [u8; 32] {
        self.point().compress().to_bytes()
    }

    /// Signs with a nonce, and a point of small order in R beside it. The equation holds with the cofactor; without, it
    /// holds if the two points of small order cancel out.
    pub(crate) fn sign(&self, nonce: &Scalar, torsion: &EdwardsPoint, digest: [u8; 32]) -> Case {
        let r = (EdwardsPoint::mul_base(nonce) + torsion).compress().to_bytes();
        self.answer(self.key(), nonce, r, digest)
    }

    /// The same for a key and an R as they are written.
    pub(crate) fn answer(&self, key: [u8; 32], nonce: &Scalar, r: [u8; 32], digest: [u8; 32]) -> Case {
        let s = nonce + challenge(&r, &key, &digest) * self.secret;
        Case { key, message: digest.to_vec(), r, s: s.to_bytes() }
    }

    /// Draws nonces and torsion of R until it cancels out with that of the key, or does not: then the equation holds
    /// without the cofactor, or with it only.
    pub(crate) fn sign_until(&self, cancels: bool, dice: &mut Dice, digest: [u8; 32]) -> Case {
        loop {
            let (nonce, torsion) = (scalar(dice), dice.pick(&EIGHT_TORSION));
            let case = self.sign(&nonce, torsion, digest);
            let rest = torsion + challenge(&case.r, &case.key, &digest) * self.torsion;
            if rest.is_identity() == cancels {
                return case;
            }
        }
    }
}

/// A signature by a key of small order, as it is written: nobody's secret is needed for the equation to hold.
pub(crate) fn sign_for_small_order(key: [u8; 32], dice: &mut Dice, digest: [u8; 32]) -> Case {
    let torsion = point(&key).expect("a point");
    loop {
        let nonce = scalar(dice);
        let r = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        if (challenge(&r, &key, &digest) * torsion).is_identity() {
            return Case { key, message: digest.to_vec(), r, s: nonce.to_bytes() };
        }
    }
}

pub(crate) fn scalar(dice: &mut Dice) -> Scalar {
    Scalar::from_bytes_mod_order(dice.bytes())
}

pub(crate) fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// Each encoding that dalek reads as a point of small order: 14, of which eight are canonical.
pub(crate) fn of_small_order() -> Vec<[u8; 32]> {
    let canonical = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    let all = canonical.into_iter().flat_map(|bytes| [bytes, with_sign_flipped(bytes)]).chain(above_p());
    let mut all: Vec<_> = all.filter(|bytes| point(bytes).is_some_and(|point| point.is_small_order())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Each encoding with y >= p that dalek reads as a point.
pub(crate) fn above_p() -> Vec<[u8; 32]> {
    let encoding = |low: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        bytes
    };
    let all = (0xed..=0xff).flat_map(|low| [encoding(low), with_sign_flipped(encoding(low))]);
    all.filter(|bytes| point(bytes).is_some()).collect()
}

pub(crate) fn point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

pub(crate) fn with_sign_flipped(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] ^= 0x80;
    bytes
}

/// `s` plus a multiple of the order, as long as it fits 32 bytes.
pub(crate) fn plus_order(s: [u8; 32], times: u8) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    let mut carry = 0_u16;
    for (index, byte) in sum.iter_mut().enumerate() {
        carry += u16::from(s[index]) + u16::from(ORDER[index]) * u16::from(times);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    (carry == 0).then_some(sum)
}

pub(crate) fn base_point() -> [u8; 32] {
    ED25519_BASEPOINT_POINT.compress().to_bytes()
}
