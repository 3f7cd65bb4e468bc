//! Which validators form a set (rules Q1, Q2, Q3).

use std::collections::BTreeMap;

use super::samples::{EPOCH, STAKES, consensus_key, place, places, set, validator};
use crate::{Place, Signers, Validator, ValidatorSet, ValidatorSetError};

#[track_caller]
fn check_refused(validators: BTreeMap<Place, Validator>, error: ValidatorSetError, text: &str) {
    assert_eq!(ValidatorSet::new(EPOCH, validators), Err(error));
    assert_eq!(error.to_string(), text);
}

#[test]
fn nobody_is_no_set() {
    check_refused(BTreeMap::new(), ValidatorSetError::Empty(EPOCH), "the validator set of epoch 7 is empty");
}

#[test]
fn validator_without_power_is_refused() {
    check_refused(
        [(place(0), validator(0, 1)), (place(3), validator(3, 0))].into(),
        ValidatorSetError::NoPower { place: place(3), epoch: EPOCH },
        "place 3 of epoch 7 has no voting power",
    );
}

#[test]
fn two_places_with_one_key_are_refused() {
    check_refused(
        [(place(2), validator(1, 1)), (place(5), validator(0, 1)), (place(9), validator(1, 7))].into(),
        ValidatorSetError::SharedKey { first: place(2), second: place(9), epoch: EPOCH },
        "places 2 and 9 of epoch 7 share a consensus key",
    );
}

#[test]
fn set_knows_its_members_by_place_and_by_key() {
    let set = set(&STAKES);
    assert_eq!((set.epoch(), set.len(), set.total_power()), (EPOCH, 4, 100));
    assert_eq!(set.get(place(2)), Some(&validator(2, 20)));
    assert_eq!(set.get(place(4)), None);
    assert_eq!(set.place_of(&consensus_key(3)), Some(place(3)));
    assert_eq!(set.place_of(&consensus_key(4)), None);
    assert!(set.iter().map(|(place, _)| place.number()).eq(0..4));
}

/// Rule Q1: who is no member adds nothing.
#[test]
fn power_is_that_of_members() {
    let set = set(&STAKES);
    assert_eq!(set.power_of(Signers::NONE), 0);
    assert_eq!(set.power_of(places(&[1, 3, 9, 127])), 40);
    assert_eq!(set.power_of(Signers(u128::MAX)), 100);
}

/// Rule Q1, at the threshold.
#[test]
fn quorum_exceeds_two_thirds() {
    let set = set(&[1, 1, 1]);
    assert_eq!([0, 1, 2, 3].map(|power| set.is_quorum(power)), [false, false, false, true]);
}

#[test]
fn set_has_room_for_all_128_places() {
    let all = (0..Place::COUNT).map(|number| (place(number), validator(number, u64::MAX))).collect();
    let set = ValidatorSet::new(EPOCH, all).unwrap();
    assert_eq!(set.total_power(), 128 * u128::from(u64::MAX));
    assert!(set.is_quorum(set.power_of((0..86).map(place).collect())));
    assert!(!set.is_quorum(set.power_of((0..85).map(place).collect())));
}
