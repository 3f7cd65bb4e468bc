use alloy_primitives::B256;
use rota_proto::{
    Epoch, Round, Signature, SignedVote, SigningDomain, Strict, ValidatorSet, VerifyError, View, Vote, VoteKind,
    VotePair,
};

use super::{ROLLUP, batch, domain, key, place, round, set, sign, verified};
use crate::{Evidence, EvidenceError, NotEvidence, Offence, UnverifiedEvidence};

const HERE: rota_proto::Round = rota_proto::Round::new(Epoch(2), View(9));

fn pairs() -> [(Offence, Vote, Vote); 3] {
    [
        (Offence::DoubleNotarize, Vote::notarize(HERE, batch(1)), Vote::notarize(HERE, batch(2))),
        (Offence::DoubleFinalize, Vote::finalize(HERE, batch(1)), Vote::finalize(HERE, batch(2))),
        (Offence::NullifyFinalize, Vote::nullify(HERE), Vote::finalize(HERE, batch(1))),
    ]
}

#[track_caller]
fn refused(first: (u8, Vote), second: (u8, Vote), error: NotEvidence) {
    let (one, other) = (verified(first.0, first.1), verified(second.0, second.1));
    assert_eq!(Evidence::new(ROLLUP, one, other, &set(2, 4)), Err(error));
}

#[test]
fn s2_votes_of_two_validators_are_no_evidence() {
    let [(_, first, second), ..] = pairs();
    refused((0, first), (1, second), NotEvidence::TwoValidators { first: place(0), second: place(1) });
}

#[test]
fn s2_votes_of_two_rounds_are_no_evidence() {
    for other in [round(2, 8), round(3, 9)] {
        let error = NotEvidence::TwoRounds { first: HERE, second: other };
        refused((0, Vote::notarize(HERE, batch(1))), (0, Vote::notarize(other, batch(2))), error);
    }
}

#[test]
fn s2_the_same_vote_twice_is_no_evidence() {
    for (_, vote, _) in pairs() {
        refused((0, vote), (0, vote), NotEvidence::SameVote(vote));
    }
}

#[test]
fn s1_what_a_rule_following_validator_may_sign_is_no_evidence() {
    let notarize = Vote::notarize(HERE, batch(1));
    for other in [Vote::nullify(HERE), Vote::finalize(HERE, batch(1)), Vote::finalize(HERE, batch(2))] {
        refused((0, notarize), (0, other), NotEvidence::NoConflict { first: notarize, second: other });
        refused((0, other), (0, notarize), NotEvidence::NoConflict { first: other, second: notarize });
    }
}

#[test]
fn s2_evidence_needs_the_set_of_its_epoch() {
    let [(_, first, second), ..] = pairs();
    let (first, second) = (verified(3, first), verified(3, second));
    let error = NotEvidence::WrongEpoch { votes: Epoch(2), set: Epoch(3) };
    assert_eq!(Evidence::new(ROLLUP, first, second, &set(3, 4)), Err(error));
    let error = NotEvidence::EmptyPlace { place: place(3), epoch: Epoch(2) };
    assert_eq!(Evidence::new(ROLLUP, first, second, &set(2, 3)), Err(error));
}

#[test]
fn s2_a_pair_gives_one_evidence_whichever_vote_came_first() {
    for (offence, first, second) in pairs() {
        let (one, other) = (verified(1, first), verified(1, second));
        let evidence = Evidence::new(ROLLUP, one, other, &set(2, 4)).expect("a slashable pair");
        assert_eq!(Evidence::new(ROLLUP, other, one, &set(2, 4)), Ok(evidence.clone()));
        assert_eq!((evidence.offence(), evidence.round(), evidence.place()), (offence, HERE, place(1)));
        assert_eq!((*evidence.consensus_key(), evidence.rollup_chain_id()), (key(1), ROLLUP));
        assert_eq!(evidence.votes().map(|signed| signed.vote), [first, second], "in order of kind, then batch");
    }
}

/// Evidence by real signatures.
fn real((_, first, second): (Offence, Vote, Vote)) -> Evidence {
    let stands = |vote| sign(1, vote).verify(domain(), &set(2, 4), &Strict).expect("a real signature");
    Evidence::new(ROLLUP, stands(second), stands(first), &set(2, 4)).expect("a slashable pair")
}

#[test]
fn s6_evidence_travels_and_stands_elsewhere() {
    for pair in pairs() {
        let evidence = real(pair);
        let bytes = evidence.encode();
        assert_eq!(bytes.len(), Evidence::BYTES);
        let travelled = UnverifiedEvidence::decode(&bytes).expect("its own bytes");
        assert_eq!(travelled.round(), HERE);
        assert_eq!(travelled.verify(domain(), &set(2, 4), &Strict), Ok(evidence));
    }
}

#[test]
fn s6_evidence_of_the_last_round_there_can_be_is_read() {
    let last = Round::new(Epoch::MAX, View::MAX);
    let set = set(last.epoch.0, 4);
    let votes = [Vote::nullify(last), Vote::finalize(last, batch(1))]
        .map(|vote| sign(1, vote).verify(domain(), &set, &Strict).expect("a real signature"));
    let evidence = Evidence::new(ROLLUP, votes[0], votes[1], &set).expect("a slashable pair");
    let read = UnverifiedEvidence::decode(&evidence.encode()).expect("its own bytes");
    assert_eq!(read.verify(domain(), &set, &Strict), Ok(evidence));
}

#[test]
fn s8_a_pair_from_anybody_is_evidence_if_it_stands_and_conflicts() {
    for pair in pairs() {
        let evidence = real(pair);
        assert_eq!(evidence.validator(), set(2, 4).get(place(1)).expect("a member").operator);
        assert_eq!(Evidence::of_pair(&evidence.pair(), domain(), &set(2, 4), &Strict), Ok(evidence));
    }
}

#[test]
fn s8_a_pair_that_is_no_evidence_is_refused_by_name_the_conflict_first() {
    let [notarize, nullify] = [Vote::notarize(HERE, batch(1)), Vote::nullify(HERE)];
    let forged = |vote| SignedVote { signature: Signature([7; 64]), ..sign(1, vote) };
    let of_pair = |one, other, set: &ValidatorSet| {
        Evidence::of_pair(&VotePair::new(one, other).expect("a pair"), domain(), set, &Strict)
    };
    let error = NotEvidence::NoConflict { first: notarize, second: nullify };
    assert_eq!(of_pair(forged(notarize), forged(nullify), &set(2, 4)), Err(error.into()));
    let other = Vote::notarize(HERE, batch(2));
    let error = |vote| VerifyError::BadSignature { place: place(1), vote };
    assert_eq!(of_pair(forged(notarize), sign(1, other), &set(2, 4)), Err(error(notarize).into()));
    assert_eq!(of_pair(sign(1, notarize), forged(other), &set(2, 4)), Err(error(other).into()));
    let error = VerifyError::EmptyPlace { place: place(1), epoch: Epoch(2) };
    assert_eq!(of_pair(sign(1, notarize), sign(1, other), &set(2, 1)), Err(error.into()));
    let error = VerifyError::WrongEpoch { message: Epoch(2), set: Epoch(3) };
    assert_eq!(of_pair(sign(1, notarize), sign(1, other), &set(3, 4)), Err(error.into()));
}

/// The bytes of a double notarize, changed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<UnverifiedEvidence, EvidenceError> {
    let mut bytes = real(pairs()[0]).encode();
    change(&mut bytes);
    UnverifiedEvidence::decode(&bytes)
}

#[test]
fn s6_bytes_that_are_no_evidence_are_refused_by_name() {
    let whole = real(pairs()[0]).encode();
    for length in 0..whole.len() {
        assert_eq!(UnverifiedEvidence::decode(&whole[..length]), Err(EvidenceError::Length(length)));
    }
    assert_eq!(changed(|bytes| bytes.push(0)), Err(EvidenceError::Length(252)));
    assert_eq!(changed(|bytes| bytes[0] = 2), Err(EvidenceError::Version(2)));
    assert!(matches!(changed(|bytes| bytes[9..41].fill(0)), Err(EvidenceError::Key(_))));
    assert_eq!(changed(|bytes| bytes[56] = 0), Err(EvidenceError::Round(round(2, 0))));
    assert_eq!(changed(|bytes| bytes[52] = 1), Err(EvidenceError::Round(round(2, 1 << 32 | 9))));
    assert_eq!(changed(|bytes| bytes[44] = 1), Err(EvidenceError::Round(round(1 << 32 | 2, 9))));
    for code in [0, 4] {
        assert_eq!(changed(|bytes| bytes[57] = code), Err(EvidenceError::Kind(code)));
    }
    let no_vote = |vote| Err(EvidenceError::NotEvidence(NotEvidence::NoVote(vote)));
    let nullify = Vote { kind: VoteKind::Nullify, ..Vote::notarize(HERE, batch(1)) };
    assert_eq!(changed(|bytes| bytes[57] = 2), no_vote(nullify));
    assert_eq!(changed(|bytes| bytes[58..90].fill(0)), no_vote(Vote::notarize(HERE, B256::ZERO)));
}

#[test]
fn s6_votes_in_the_other_order_are_refused() {
    let [first, second] = [Vote::notarize(HERE, batch(2)), Vote::notarize(HERE, batch(1))];
    let swapped = changed(|bytes| bytes[57..].rotate_left(97));
    assert_eq!(swapped, Err(EvidenceError::Order { first, second }));
    let twice = changed(|bytes| bytes.copy_within(57..154, 154));
    assert_eq!(twice, Err(EvidenceError::Order { first: second, second }));
}

#[test]
fn s6_evidence_that_does_not_stand_is_refused_by_name() {
    let read = || changed(|_| ()).expect("its own bytes");
    let other = SigningDomain::new(31337, alloy_primitives::Address::repeat_byte(1), 1);
    let error = EvidenceError::OtherRollup { evidence: ROLLUP, ours: 1 };
    assert_eq!(read().verify(&other, &set(2, 4), &Strict), Err(error));
    let error = EvidenceError::NoMember { key: key(1).to_bytes().into(), epoch: Epoch(2) };
    assert_eq!(read().verify(domain(), &set(2, 1), &Strict), Err(error));
    let error = VerifyError::WrongEpoch { message: Epoch(2), set: Epoch(3) };
    assert_eq!(read().verify(domain(), &set(3, 4), &Strict), Err(error.into()));

    let forged = changed(|bytes| bytes[250] ^= 1).expect("the form is good");
    let error = VerifyError::BadSignature { place: place(1), vote: Vote::notarize(HERE, batch(2)) };
    assert_eq!(forged.verify(domain(), &set(2, 4), &Strict), Err(error.into()));
}

#[test]
fn s6_signed_votes_that_do_not_conflict_are_refused() {
    let [notarize, nullify] = [Vote::notarize(HERE, batch(1)), Vote::nullify(HERE)];
    let innocent = changed(|bytes| {
        bytes[154] = VoteKind::Nullify.code();
        bytes[155..187].fill(0);
        bytes[187..].copy_from_slice(&sign(1, nullify).signature.0);
    });
    let error = NotEvidence::NoConflict { first: notarize, second: nullify };
    assert_eq!(innocent.expect("good form").verify(domain(), &set(2, 4), &Strict), Err(error.into()));
}
