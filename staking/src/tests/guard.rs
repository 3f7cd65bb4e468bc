use rota_proto::{Round, Signature, SigningDomain, Vote, VoteKind};

use super::{ROLLUP, batch, domain, key, round};
use crate::{Refusal, SafetyRecord, Verdict, limits::ROUNDS_MAX};

fn empty() -> SafetyRecord {
    SafetyRecord::new(ROLLUP, key(0))
}

/// The record of a key that signed these votes.
fn having_signed(votes: &[Vote]) -> SafetyRecord {
    votes.iter().fold(empty(), |record, vote| record.admit(domain(), vote).expect("a legal history"))
}

#[track_caller]
fn check(history: &[Vote], vote: Vote, verdict: Verdict) {
    let record = having_signed(history);
    assert_eq!(record.check(domain(), &vote), verdict);
    match verdict {
        Verdict::Refuse(refusal) => assert_eq!(record.admit(domain(), &vote), Err(refusal)),
        Verdict::Repeat(_) => assert_eq!(record.admit(domain(), &vote), Ok(record)),
        Verdict::Sign => assert_ne!(record.admit(domain(), &vote), Ok(record)),
    }
}

const HERE: Round = Round::new(rota_proto::Epoch(3), rota_proto::View(7));

#[test]
fn g1_a_vote_of_another_rollup_is_refused() {
    let other = SigningDomain::new(31337, alloy_primitives::Address::repeat_byte(1), 7683);
    let refusal = Refusal::WrongRollup { asked: 7683, record: ROLLUP };
    assert_eq!(empty().check(&other, &Vote::nullify(HERE)), Verdict::Refuse(refusal));
}

#[test]
fn g2_what_no_validator_casts_is_refused() {
    let first_view = Vote::nullify(round(3, 0));
    check(&[], first_view, Verdict::Refuse(Refusal::NoVote(first_view)));
    let named = Vote { round: HERE, kind: VoteKind::Nullify, batch: batch(1) };
    check(&[], named, Verdict::Refuse(Refusal::NoVote(named)));
}

#[test]
fn g4_a_second_batch_is_not_notarized() {
    let vote = Vote::notarize(HERE, batch(2));
    let refusal = Refusal::ConflictingNotarize { vote, recorded: batch(1) };
    check(&[Vote::notarize(HERE, batch(1))], vote, Verdict::Refuse(refusal));
}

#[test]
fn g4_a_second_batch_is_not_finalized() {
    let vote = Vote::finalize(HERE, batch(2));
    let refusal = Refusal::ConflictingFinalize { vote, recorded: batch(1) };
    check(&[Vote::finalize(HERE, batch(1))], vote, Verdict::Refuse(refusal));
}

#[test]
fn g4_a_nullified_round_is_not_finalized() {
    let vote = Vote::finalize(HERE, batch(1));
    let history = [Vote::notarize(HERE, batch(1)), Vote::nullify(HERE)];
    check(&history, vote, Verdict::Refuse(Refusal::FinalizeAfterNullify { vote }));
}

#[test]
fn g4_a_finalized_round_is_not_nullified() {
    let vote = Vote::nullify(HERE);
    let history = [Vote::notarize(HERE, batch(1)), Vote::finalize(HERE, batch(1))];
    check(&history, vote, Verdict::Refuse(Refusal::NullifyAfterFinalize { vote, recorded: batch(1) }));
}

#[test]
fn g3_notarize_and_nullify_in_one_round_are_both_legal_in_either_order() {
    check(&[Vote::notarize(HERE, batch(1))], Vote::nullify(HERE), Verdict::Sign);
    check(&[Vote::nullify(HERE)], Vote::notarize(HERE, batch(1)), Verdict::Sign);
}

#[test]
fn g3_a_batch_that_others_notarized_may_be_finalized() {
    check(&[Vote::notarize(HERE, batch(1))], Vote::finalize(HERE, batch(2)), Verdict::Sign);
    check(&[], Vote::finalize(HERE, batch(2)), Verdict::Sign);
}

#[test]
fn g3_the_same_view_of_another_epoch_is_another_round() {
    check(&[Vote::notarize(HERE, batch(1))], Vote::notarize(round(4, 7), batch(2)), Verdict::Sign);
}

#[test]
fn g5_the_same_request_gets_the_same_signature() {
    for vote in [Vote::notarize(HERE, batch(1)), Vote::nullify(HERE)] {
        let mut record = having_signed(&[vote]);
        assert_eq!(record.check(domain(), &vote), Verdict::Repeat(None));
        record.signed(&vote, Signature([9; 64]));
        assert_eq!(record.check(domain(), &vote), Verdict::Repeat(Some(Signature([9; 64]))));
    }
}

#[test]
fn g5_a_signature_for_what_is_not_recorded_is_left_out() {
    let mut record = having_signed(&[Vote::notarize(HERE, batch(1))]);
    let before = record.clone();
    record.signed(&Vote::notarize(HERE, batch(2)), Signature([9; 64]));
    record.signed(&Vote::finalize(HERE, batch(1)), Signature([9; 64]));
    record.signed(&Vote::nullify(round(9, 9)), Signature([9; 64]));
    assert_eq!(record, before);
}

#[test]
fn g6_nothing_is_signed_below_the_floor() {
    let mut record = having_signed(&[Vote::notarize(round(3, 6), batch(1)), Vote::notarize(HERE, batch(1))]);
    record.raise_floor(HERE);
    for vote in [Vote::notarize(round(3, 6), batch(1)), Vote::nullify(round(3, 6)), Vote::nullify(round(2, 99))] {
        let refusal = Refusal::BelowFloor { vote, floor: HERE };
        assert_eq!(record.check(domain(), &vote), Verdict::Refuse(refusal));
    }
    assert_eq!(record.check(domain(), &Vote::notarize(HERE, batch(1))), Verdict::Repeat(None));
    assert_eq!(record.check(domain(), &Vote::finalize(HERE, batch(1))), Verdict::Sign);
    assert_eq!(record.votes().count(), 1, "what lies below is forgotten");
}

#[test]
fn g6_the_floor_never_falls() {
    let mut record = having_signed(&[Vote::nullify(HERE)]);
    record.raise_floor(HERE);
    let before = record.clone();
    record.raise_floor(round(2, 1));
    assert_eq!(record, before);
}

#[test]
fn g7_a_record_knows_nothing_of_a_vote_until_the_admitted_one_takes_its_place() {
    let vote = Vote::finalize(HERE, batch(1));
    let record = empty();
    let admitted = record.admit(domain(), &vote).expect("legal");
    assert_eq!(record.check(domain(), &vote), Verdict::Sign);
    assert_eq!(admitted.check(domain(), &vote), Verdict::Repeat(None));
}

#[test]
fn g8_a_full_record_forgets_its_lowest_round_and_forbids_it() {
    let limit = u64::try_from(ROUNDS_MAX).expect("small");
    let history: Vec<_> = (1..=limit).map(|view| Vote::nullify(round(0, view))).collect();
    let full = having_signed(&history);
    assert_eq!((full.votes().count(), full.floor()), (ROUNDS_MAX, round(0, 0)));

    let one_more = full.admit(domain(), &Vote::nullify(round(0, limit + 1))).expect("above all");
    assert_eq!((one_more.votes().count(), one_more.floor()), (ROUNDS_MAX, round(0, 2)));
    let forgotten = Vote::nullify(round(0, 1));
    let refusal = Refusal::BelowFloor { vote: forgotten, floor: round(0, 2) };
    assert_eq!(one_more.check(domain(), &forgotten), Verdict::Refuse(refusal));
}

#[test]
fn g8_a_full_record_has_no_room_below_its_lowest_round() {
    let limit = u64::try_from(ROUNDS_MAX).expect("small");
    let history: Vec<_> = (1..=limit).map(|view| Vote::nullify(round(1, view))).collect();
    let vote = Vote::nullify(round(0, 5));
    check(&history[1..], vote, Verdict::Sign);
    check(&history, vote, Verdict::Refuse(Refusal::BelowFloor { vote, floor: round(1, 1) }));
    check(&history, Vote::notarize(round(1, 1), batch(1)), Verdict::Sign);
}

/// A record that was held back: nothing below 3.8, everything from 3.10 on.
fn held_back() -> SafetyRecord {
    let mut record = having_signed(&[Vote::notarize(HERE, batch(1))]);
    record.hold_back(round(3, 8), round(3, 10));
    record
}

#[test]
fn g10_a_record_that_may_be_old_signs_only_nullify_votes_until_it_resumes() {
    let record = held_back();
    for vote in [Vote::notarize(round(3, 8), batch(1)), Vote::finalize(round(3, 9), batch(1))] {
        let refusal = Refusal::HeldBack { vote, resume: round(3, 10) };
        assert_eq!(record.check(domain(), &vote), Verdict::Refuse(refusal));
    }
    let below = Vote::nullify(HERE);
    let refusal = Refusal::BelowFloor { vote: below, floor: round(3, 8) };
    assert_eq!(record.check(domain(), &below), Verdict::Refuse(refusal));
    for vote in [Vote::nullify(round(3, 8)), Vote::nullify(round(3, 9)), Vote::notarize(round(3, 10), batch(1))] {
        assert_eq!(record.check(domain(), &vote), Verdict::Sign);
    }
}

#[test]
fn g10_what_is_held_back_stays_so_over_a_crash() {
    let record = held_back();
    let read = SafetyRecord::decode(&record.encode()).expect("its own bytes");
    assert_eq!((read.floor(), read.resume()), (round(3, 8), round(3, 10)));
    assert_eq!(read.highest(), round(3, 8), "where it resumes it has signed nothing");
}

#[test]
fn g10_a_record_never_resumes_below_its_floor_nor_earlier_than_it_said() {
    let mut record = held_back();
    record.hold_back(round(3, 1), round(3, 2));
    assert_eq!((record.floor(), record.resume()), (round(3, 8), round(3, 10)));
    record.raise_floor(round(4, 1));
    assert_eq!((record.floor(), record.resume()), (round(4, 1), round(4, 1)));
}
