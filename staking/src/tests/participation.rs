use rota_proto::{ExtraData, Place, Signers, View};

use super::{place, set};
use crate::{Duties, EpochTally, POINTS_SCALE, limits::SKIPPED_VIEWS_COUNTED};

/// What a batch says whose parent was notarized in this view by these.
fn said(view: u64, signers: &[u8]) -> ExtraData {
    let parent_signers: Signers = signers.iter().map(|number| place(*number)).collect();
    ExtraData { parent_view: View(view), parent_signers, ..ExtraData::default() }
}

/// The tally of an epoch of four whose views are led in turn, from place 1 on.
fn tally(batches: &[ExtraData]) -> EpochTally {
    let set = set(2, 4);
    let mut tally = EpochTally::default();
    batches.iter().for_each(|batch| tally.count(&set, batch, in_turn));
    tally
}

fn in_turn(view: View) -> Place {
    place(u8::try_from(view.0 % 4).expect("below 4"))
}

fn duties(tally: &EpochTally) -> [(u64, u64); 4] {
    [0, 1, 2, 3].map(|number| tally.of(place(number))).map(|Duties { done, due }| (done, due))
}

#[test]
fn p1_votes_count_one_and_leads_four() {
    let all = tally(&[said(0, &[]), said(1, &[0, 1, 2, 3]), said(2, &[0, 1, 2])]);
    assert_eq!(duties(&all), [(2, 2), (6, 6), (6, 6), (1, 2)]);
}

#[test]
fn p1_leaders_of_skipped_views_lack_what_a_lead_counts() {
    let all = tally(&[said(1, &[0, 1, 2, 3]), said(4, &[0, 1, 2, 3])]);
    assert_eq!(duties(&all), [(6, 6), (6, 6), (2, 6), (2, 6)]);
}

#[test]
fn p1_batch_that_opens_an_epoch_says_nothing_of_it() {
    let opened = tally(&[said(0, &[])]);
    assert!(opened.is_empty());
    assert_eq!(opened.points(&set(2, 4), place(0)), 0);
}

#[test]
fn p1_of_a_long_outage_the_last_views_count() {
    for (views, counted) in [(SKIPPED_VIEWS_COUNTED, SKIPPED_VIEWS_COUNTED), (1 << 40, SKIPPED_VIEWS_COUNTED + 1)] {
        let led: u64 = duties(&tally(&[said(views, &[0, 1, 2, 3])])).iter().map(|(_, due)| due - 1).sum();
        assert_eq!(led, 4 * counted, "after {views} views");
    }
}

#[test]
fn p2_points_are_power_for_the_part_of_the_duties_that_was_done() {
    let set = set(2, 4);
    let all = tally(&[said(1, &[0, 1, 2]), said(2, &[0, 1, 2]), said(3, &[0, 1])]);
    for (number, done, due) in [(0, 3, 3), (1, 7, 7), (2, 6, 7), (3, 4, 7)] {
        let power = u128::from(set.get(place(number)).expect("a member").power.0);
        assert_eq!(duties(&all)[usize::from(number)], (done, due));
        assert_eq!(all.points(&set, place(number)), power * POINTS_SCALE * u128::from(done) / u128::from(due));
    }
}

/// Rule P3: who votes in time for the next leader lacks nothing, and what one lacks is given to no other.
#[test]
fn p3_points_of_one_do_not_depend_on_the_others() {
    let set = set(2, 4);
    let with = tally(&[said(1, &[0, 1, 2, 3]), said(2, &[0, 1, 2, 3])]);
    let without = tally(&[said(1, &[0, 1, 2]), said(2, &[0, 1, 2])]);
    for number in 0..3 {
        assert_eq!(with.points(&set, place(number)), without.points(&set, place(number)));
    }
    assert_eq!(without.points(&set, place(3)), 0);
}
