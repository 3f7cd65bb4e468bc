use rota_proto::{Round, Signature, SigningDomain, Vote, VoteKind};

use super::{ROLLUP, batch, domain, key, round, set, sign, verified};
use crate::{ImportError, Refusal, SafetyRecord, Verdict, limits::ROUNDS_MAX};

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

#[test]
fn g9_votes_that_peers_saw_join_the_record() {
    let mut record = empty();
    let vote = sign(0, Vote::finalize(HERE, batch(1)));
    let seen = vote.verify(domain(), &set(3, 4), &rota_proto::Strict).expect("our own");
    assert_eq!(record.import_vote(&seen, &set(3, 4)), Ok(true));
    assert_eq!(record.import_vote(&seen, &set(3, 4)), Ok(false), "nothing new");
    assert_eq!(record.check(domain(), &vote.vote), Verdict::Repeat(Some(vote.signature)));
    let nullify = Refusal::NullifyAfterFinalize { vote: Vote::nullify(HERE), recorded: batch(1) };
    assert_eq!(record.check(domain(), &Vote::nullify(HERE)), Verdict::Refuse(nullify));
}

#[test]
fn g9_votes_below_the_floor_need_no_memory() {
    let mut record = empty();
    record.raise_floor(round(4, 1));
    assert_eq!(record.import_vote(&verified(0, Vote::nullify(HERE)), &set(3, 4)), Ok(false));
    assert_eq!(record.votes().count(), 0);
}

#[test]
fn g9_votes_of_others_do_not_join() {
    let before = having_signed(&[Vote::notarize(HERE, batch(1))]);
    let mut record = before.clone();
    let vote = verified(1, Vote::nullify(HERE));
    let error = ImportError::OtherKey { other: key(1).to_bytes().into(), ours: key(0).to_bytes().into() };
    assert_eq!(record.import_vote(&vote, &set(3, 4)), Err(error));
    let missing = ImportError::NotInSet { place: vote.signer, epoch: HERE.epoch, set: HERE.epoch };
    assert_eq!(record.import_vote(&vote, &set(3, 1)), Err(missing));
    let late = ImportError::NotInSet { place: vote.signer, epoch: HERE.epoch, set: round(4, 0).epoch };
    assert_eq!(record.import_vote(&vote, &set(4, 4)), Err(late));
    assert_eq!(record, before);
}

#[test]
fn g9_a_conflict_in_an_import_is_named_and_changes_nothing() {
    let ours = Vote::finalize(HERE, batch(1));
    let before = having_signed(&[ours]);
    let mut record = before.clone();
    let theirs = Vote::nullify(HERE);
    let conflict = Err(ImportError::Conflict { ours, theirs });
    assert_eq!(record.import_vote(&verified(0, theirs), &set(3, 4)).map(drop), conflict);

    let mut other = having_signed(&[Vote::notarize(round(3, 1), batch(1)), theirs]);
    other.raise_floor(round(3, 1));
    assert_eq!(record.import_record(&other), conflict);
    assert_eq!(record, before);
}

#[test]
fn g9_a_record_of_another_rollup_or_key_does_not_join() {
    let mut record = empty();
    let rollup = ImportError::OtherRollup { other: 1, ours: ROLLUP };
    assert_eq!(record.import_record(&SafetyRecord::new(1, key(0))), Err(rollup));
    let other = ImportError::OtherKey { other: key(1).to_bytes().into(), ours: key(0).to_bytes().into() };
    assert_eq!(record.import_record(&SafetyRecord::new(ROLLUP, key(1))), Err(other));
}

#[test]
fn g9_an_import_only_raises() {
    let mut other = having_signed(&[Vote::notarize(HERE, batch(1))]);
    other.raise_floor(round(3, 2));
    let mut record = having_signed(&[Vote::nullify(round(3, 1)), Vote::nullify(HERE), Vote::nullify(round(3, 9))]);
    record.import_record(&other).expect("no conflict");
    assert_eq!(record.floor(), round(3, 2));
    let votes: Vec<_> = record.votes().map(|(vote, _)| vote).collect();
    assert_eq!(votes, [Vote::notarize(HERE, batch(1)), Vote::nullify(HERE), Vote::nullify(round(3, 9))]);

    let before = record.clone();
    record.import_record(&empty()).expect("nothing in it");
    assert_eq!(record, before);
}

#[track_caller]
fn rises(own: Round, network: Round, floor: Option<Round>) {
    assert_eq!(having_signed(&[Vote::nullify(own)]).floor_if_old(network), floor);
}

#[test]
fn g10_a_record_more_than_one_view_behind_may_be_old() {
    rises(round(3, 7), round(3, 9), Some(round(3, 10)));
    rises(round(3, 7), round(4, 2), Some(round(4, 3)));
    rises(round(3, 7), round(9, 5), Some(round(9, 6)));
    assert_eq!(empty().floor_if_old(round(0, 2)), Some(round(0, 3)));
}

#[test]
fn g10_a_record_that_the_network_can_have_waited_for_goes_on_at_once() {
    rises(round(3, 7), round(3, 8), None);
    rises(round(3, 7), round(3, 7), None);
    rises(round(3, 7), round(3, 1), None);
    rises(round(3, 7), round(2, 90), None);
    rises(round(3, 7), round(4, 1), None);
    rises(round(3, 7), round(6, 1), None);
    assert_eq!(empty().floor_if_old(round(0, 1)), None);
}
