use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue as _;
use rota_proto::{Epoch, ExtraData, Place, Signers, Validator, ValidatorSet, View, VotingPower};

use super::{key, place};
use crate::{Duties, EpochTally, Leaf, POINTS_SCALE, Period, Periods};

fn name(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// An epoch in which these validators hold the places from 0 on, in this order, and all but the last vote for one
/// batch.
fn epoch(number: u64, validators: &[u8]) -> (EpochTally, ValidatorSet) {
    let member = |(at, validator): (usize, &u8)| {
        let at = u8::try_from(at).expect("few");
        let consensus_key = key(at);
        let power = VotingPower(10 + u64::from(*validator));
        (place(at), Validator { operator: name(*validator), consensus_key, power, fee_recipient: Address::ZERO })
    };
    let members: BTreeMap<Place, Validator> = validators.iter().enumerate().map(member).collect();
    let parent_signers: Signers = members.keys().copied().take(validators.len() - 1).collect();
    let set = ValidatorSet::new(Epoch(number), members).expect("a set");
    let mut tally = EpochTally::default();
    tally.count(&set, &ExtraData { parent_view: View(1), parent_signers, ..ExtraData::default() }, |_| place(0));
    (tally, set)
}

/// What OpenZeppelin's `MerkleProof` does with a leaf and a proof.
fn climb(leaf: &Leaf, proof: &[B256]) -> B256 {
    proof.iter().fold(leaf.hash(), |node, other| keccak256([node.min(*other), node.max(*other)].concat()))
}

#[test]
fn p4_every_member_of_an_epoch_that_said_anything_has_one_leaf() {
    let silent = (EpochTally::default(), epoch(5, &[9]).1);
    let period = Periods::default().close(2, &[epoch(4, &[3, 1]), silent, epoch(6, &[1, 2, 3])]);
    let of = |validator, points: u128, done, due| Leaf {
        period: 2,
        validator: name(validator),
        previous_plus_one: 0,
        points: points * POINTS_SCALE,
        duties: Duties { done, due },
    };
    let expected = [of(1, 11, 5, 6), of(2, 12, 1, 1), of(3, 13, 5, 6)];
    assert_eq!(period.leaves(), expected);
    assert_eq!(period.total_points(), 36 * POINTS_SCALE);
    assert_eq!((Period::of(Epoch(7), 8), Period::of(Epoch(8), 8)), (0, 1));
}

#[test]
fn p4_a_leaf_links_to_the_last_one_of_its_validator() {
    let mut periods = Periods::default();
    let mut links = |number, validators: &[u8]| -> Vec<u64> {
        let period = periods.close(number, &[epoch(number, validators)]);
        period.leaves().iter().map(|leaf| leaf.previous_plus_one).collect()
    };
    assert_eq!(links(0, &[1, 2]), [0, 0]);
    assert_eq!(links(1, &[1, 3]), [1, 0]);
    assert_eq!(links(4, &[1, 2, 3]), [2, 1, 2]);
}

#[test]
fn p5_every_leaf_is_proven_and_no_other() {
    for count in 1..=8 {
        let validators: Vec<u8> = (1..=count).rev().collect();
        let period = Periods::default().close(0, &[epoch(0, &validators)]);
        for validator in 1..=count {
            let (leaf, proof) = period.prove(name(validator)).expect("a member");
            assert_eq!(leaf.validator, name(validator));
            assert_eq!(climb(&leaf, &proof), period.root());
            let more = Leaf { points: leaf.points + 1, ..leaf };
            assert_ne!(climb(&more, &proof), period.root());
        }
        assert_eq!(period.prove(name(count + 1)), None);
    }
    assert_eq!(Periods::default().close(0, &[]).root(), B256::ZERO);
}

#[test]
fn leaves_come_back_from_their_text() {
    let period = Periods::default().close(3, &[epoch(24, &[1, 2])]);
    let text = serde_json::to_string(period.leaves()).expect("JSON");
    assert!(text.starts_with(r#"[{"period":3,"validator":"0x0101010101010101010101010101010101010101","#), "{text}");
    let leaves: Vec<Leaf> = serde_json::from_str(&text).expect("what was written");
    assert_eq!(Period::from_leaves(3, leaves), period);
}

#[test]
fn p6_root_and_total_are_attested() {
    let period = Periods::default().close(3, &[epoch(24, &[1, 2])]);
    let words = [period.root(), B256::from(U256::from(period.total_points()))];
    assert_eq!(period.content(), keccak256(words.concat()));
    let leaf = period.leaves()[0];
    let words = (U256::from(3), name(1), U256::ZERO, leaf.points, U256::from(5), U256::from(5));
    assert_eq!(leaf.hash(), keccak256(keccak256(words.abi_encode())));
}
