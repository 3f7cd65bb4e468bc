//! What the tests of this crate share: keys, sets, votes, randomness from a seed, and the definition of a slashable
//! pair written a second time, as naively as it can be.

mod accountability;
mod attestations;
mod evidence;
mod fuzz;
mod guard;
mod guard_encoding;
mod guard_file;
mod guard_join;
mod guard_random;
mod participation;
mod registry;
mod registry_random;
mod registry_snapshot;
mod rewards;
mod slasher;
mod slasher_random;
mod slasher_vectors;

use std::{collections::BTreeMap, sync::LazyLock};

use alloy_primitives::{Address, B256};
use ed25519_dalek::{Signer, SigningKey};
use rota_proto::{
    ConsensusKey, Epoch, Place, Round, Signature, SignedVote, SigningDomain, Validator, ValidatorSet, Verified,
    Verifier, View, Vote, VoteKind, VotingPower,
};

const ROLLUP: u64 = 7682;

/// Numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    /// True once in `n`.
    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a length")
    }
}

/// Stands for the check of signatures where a test is not about them.
struct AllStand;

impl Verifier for AllStand {
    fn verifies(&self, _: &ConsensusKey, _: &B256, _: &Signature) -> bool {
        true
    }
}

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number + 1; 32])
}

/// The key of a number below 8, made once.
fn key(number: u8) -> ConsensusKey {
    static KEYS: LazyLock<[ConsensusKey; 8]> = LazyLock::new(|| {
        [0, 1, 2, 3, 4, 5, 6, 7].map(|number| {
            ConsensusKey::from_bytes(secret(number).verifying_key().as_bytes()).expect("a key that was generated")
        })
    });
    KEYS[usize::from(number)]
}

fn place(number: u8) -> Place {
    Place::new(number).expect("below 128")
}

fn round(epoch: u64, view: u64) -> Round {
    Round::new(Epoch(epoch), View(view))
}

fn batch(number: u8) -> B256 {
    B256::repeat_byte(number)
}

fn domain() -> &'static SigningDomain {
    static DOMAIN: LazyLock<SigningDomain> =
        LazyLock::new(|| SigningDomain::new(31337, Address::repeat_byte(1), ROLLUP));
    &DOMAIN
}

/// A set in which place i holds key i.
fn set(epoch: u64, validators: u8) -> ValidatorSet {
    let validator = |number: u8| Validator {
        operator: Address::repeat_byte(number),
        consensus_key: key(number),
        power: VotingPower(10),
        fee_recipient: Address::repeat_byte(number),
    };
    let validators: BTreeMap<_, _> = (0..validators).map(|number| (place(number), validator(number))).collect();
    ValidatorSet::new(Epoch(epoch), validators).expect("a set")
}

/// A vote with the signature of place i's key.
fn sign(signer: u8, vote: Vote) -> SignedVote {
    let signature = secret(signer).sign(domain().vote(&vote).as_slice());
    SignedVote { vote, signer: place(signer), signature: Signature(signature.to_bytes()) }
}

/// A verified vote whose signature is made up.
fn verified(signer: u8, vote: Vote) -> Verified<SignedVote> {
    let signed = SignedVote { vote, signer: place(signer), signature: Signature([signer; 64]) };
    signed.verify(domain(), &set(vote.round.epoch.0, signer + 1), &AllStand).expect("a member")
}

/// The oracle: whether one validator that signed both is to be slashed.
fn slashable(first: &Vote, second: &Vote) -> bool {
    let kinds = [first.kind, second.kind];
    let same_round = first.round.epoch == second.round.epoch && first.round.view == second.round.view;
    let double = first.kind == second.kind && first.kind != VoteKind::Nullify && first.batch != second.batch;
    let crossed = kinds.contains(&VoteKind::Nullify) && kinds.contains(&VoteKind::Finalize);
    same_round && (double || crossed)
}

/// One of the votes of a round for a handful of batches.
fn any_vote(dice: &mut Dice, round: Round) -> Vote {
    let batch = batch(u8::try_from(dice.below(3)).expect("small") + 1);
    match dice.below(3) {
        0 => Vote::notarize(round, batch),
        1 => Vote::nullify(round),
        _ => Vote::finalize(round, batch),
    }
}
