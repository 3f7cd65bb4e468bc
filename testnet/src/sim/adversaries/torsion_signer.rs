//! The torsion signer: signatures about which two ways of verifying ed25519 disagree.

use alloy_primitives::B256;
use curve25519_dalek::{EdwardsPoint, Scalar, constants::EIGHT_TORSION};
use ed25519_dalek::SigningKey;
use rota_proto::{Message, Signature, SignedVote};
use rota_replica::Effect;
use sha2::{Digest, Sha512};

use super::said;
use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    keys::secret_key,
};

/// Signs all that it says by [`torsion_signature`]. Withstood by the one strict verdict on each signature by itself (K2
/// of proto): nobody takes it, so that nobody stands alone with a certificate that L1 would refuse.
#[derive(Clone, Copy, Debug)]
pub struct TorsionSigner;

impl Conduct for TorsionSigner {
    fn name(&self) -> &'static str {
        "torsion_signer"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, mut effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let own_vote = said(&mut effect).and_then(vote_in);
        if let Some(signed) = own_vote.filter(|signed| Some(signed.signer) == hands.replica.simplex().place()) {
            let digest = hands.outside.keys.domain().vote(&signed.vote);
            signed.signature = torsion_signature(secret_key(hands.outside.keys.seat(hands.node)), &digest);
            hands.outside.stats.deeds += 1;
        }
        vec![Deed::effect(effect)]
    }
}

const fn vote_in(message: &mut Message) -> Option<&mut SignedVote> {
    if let Message::Vote(signed) = message {
        Some(signed)
    } else if let Message::Proposal(proposal) = message {
        Some(&mut proposal.vote)
    } else {
        None
    }
}

/// A signature whose R has a component of order eight. `8 s B = 8 R + 8 k A` holds, the rule of those who clear the
/// cofactor; `s B = R + k A` does not, the strict one. Batch verification without the cofactor takes it whenever the
/// random weights of the batch happen to cancel the component.
#[must_use]
pub fn torsion_signature(key: &SigningKey, digest: &B256) -> Signature {
    let nonce = scalar(&[b"torsion", key.as_bytes(), digest.as_slice()]);
    let [_, torsion, ..] = EIGHT_TORSION;
    let commitment = (EdwardsPoint::mul_base(&nonce) + torsion).compress();
    let public = key.verifying_key().to_bytes();
    let challenge = scalar(&[commitment.as_bytes(), &public, digest.as_slice()]);
    let response = nonce + challenge * key.to_scalar();
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(commitment.as_bytes());
    bytes[32..].copy_from_slice(response.as_bytes());
    Signature(bytes)
}

/// Whether a signature stands by the rule that clears the cofactor.
#[must_use]
pub fn stands_cofactored(key: &SigningKey, digest: &B256, signature: &Signature) -> bool {
    let (commitment, response) = signature.0.split_at(32);
    let public = key.verifying_key();
    let challenge = scalar(&[commitment, public.as_bytes(), digest.as_slice()]);
    let bytes: [u8; 32] = response.try_into().unwrap_or_default();
    let response = Scalar::from_bytes_mod_order(bytes);
    let point = curve25519_dalek::edwards::CompressedEdwardsY::from_slice(commitment).ok();
    let Some(commitment) = point.and_then(|point| point.decompress()) else { return false };
    let left = EdwardsPoint::mul_base(&response);
    let right = commitment + challenge * public.to_edwards();
    left.mul_by_cofactor() == right.mul_by_cofactor()
}

fn scalar(parts: &[&[u8]]) -> Scalar {
    let hash = parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}
