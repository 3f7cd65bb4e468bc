//! The arithmetic of the protocol's numbers.

use super::samples::{place, places};
use crate::{Epoch, Height, Place, Round, Signers, View, VotingPower};

#[test]
#[should_panic(expected = "a counter never overflows")]
fn counter_does_not_wrap() {
    let _ = View(u64::MAX).next();
}

#[test]
fn counters_step_up_and_stop_at_zero() {
    assert_eq!(View(4).next(), View(5));
    assert_eq!(Epoch(4).plus(3), Epoch(7));
    assert_eq!(Height(4).previous(), Height(3));
    assert_eq!(View::ZERO.previous(), View::ZERO);
}

/// Decoded numbers leave room: no addition of a limit to one can overflow.
#[test]
fn largest_decoded_numbers_leave_room() {
    assert_eq!(View::MAX.plus(1 << 40).0, u64::from(u32::MAX) + (1 << 40));
    assert_eq!(Height::MAX.plus(1 << 32).0, u64::MAX);
}

#[test]
fn rounds_are_ordered_by_epoch_first() {
    let round = |epoch, view| Round::new(Epoch(epoch), View(view));
    assert!(round(1, 9) < round(2, 0));
    assert!(round(2, 1) < round(2, 2));
    assert_eq!(round(2, 1).next_view(), round(2, 2));
    assert_eq!(round(2, 13).to_string(), "2.13");
}

#[test]
fn powers_are_added_checked() {
    assert_eq!(VotingPower(1).checked_add(VotingPower(2)), Some(VotingPower(3)));
    assert_eq!(VotingPower(u64::MAX).checked_add(VotingPower(1)), None);
}

#[test]
fn places_are_those_below_128() {
    assert_eq!(Place::new(127).map(Place::number), Some(127));
    assert_eq!(Place::new(128), None);
    assert_eq!(serde_json::from_str::<Place>("127").unwrap(), place(127));
    assert_eq!(serde_json::to_string(&place(127)).unwrap(), "127");
    let refused = serde_json::from_str::<Place>("128").unwrap_err();
    assert!(refused.to_string().starts_with("place 128 is not below 128"), "{refused}");
}

#[test]
fn signers_are_a_set_in_rising_order() {
    let mut signers = Signers::NONE;
    assert!(signers.is_empty());
    for number in [127, 3, 0] {
        assert!(signers.insert(place(number)), "new");
        assert!(!signers.insert(place(number)), "there");
    }
    assert!(!signers.is_empty());
    assert_eq!(signers, places(&[0, 3, 127]));
    assert_eq!(signers.0, 1 | 1 << 3 | 1 << 127, "bit i is place i");
    assert_eq!(signers.len(), 3);
    assert!(signers.iter().map(Place::number).eq([0, 3, 127]));
    assert!(signers.contains(place(3)) && !signers.contains(place(4)));
    assert_eq!(Signers(u128::MAX).len(), 128);
}
