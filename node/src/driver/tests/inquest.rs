//! Rule E10 of evidence: which rounds are searched.

use super::*;

fn round(epoch: u64, view: u64) -> Round {
    Round::new(Epoch(epoch), View(view))
}

#[test]
fn all_rounds_from_the_earlier_to_the_later_finalization_are_searched() {
    let expected: Vec<Round> = (3..=6).map(|view| round(2, view)).collect();
    assert_eq!(rounds_between(round(2, 3), round(2, 6)), expected);
    assert_eq!(rounds_between(round(2, 6), round(2, 3)), expected, "whichever is ours");
    assert_eq!(rounds_between(round(2, 6), round(2, 6)), [round(2, 6)]);
}

#[test]
fn of_an_epoch_that_ended_its_last_certificate_is_searched_and_of_the_next_all() {
    assert_eq!(rounds_between(round(1, 9), round(2, 2)), [round(1, 9), round(2, 1), round(2, 2)]);
}

/// At the limit and one past.
#[test]
fn no_more_is_searched_than_conflicts_are_recognised_in() {
    let [near, far] = [VIEWS_MAX + 1, VIEWS_MAX + 2].map(|last| rounds_between(round(2, 1), round(2, last)));
    assert_eq!((near.len() as u64, near.first()), (VIEWS_MAX + 1, Some(&round(2, 1))));
    assert_eq!((far.len() as u64, &far[..2]), (VIEWS_MAX + 2, &[round(2, 1), round(2, 2)][..]));
    assert!(near.is_sorted() && far.is_sorted());
}
