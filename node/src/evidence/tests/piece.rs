//! What people and programs read of evidence, and what is refused of it.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use ed25519_dalek::{Signer as _, SigningKey};
use rota_proto::{Signature, Verified, VerifyError};
use rota_staking::NotEvidence;

use super::*;

pub(crate) const EPOCH: Epoch = Epoch(3);

pub(crate) fn domain() -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(7), 7_682)
}

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number + 1; 32])
}

/// The name of the validator in a place.
pub(crate) fn validator(number: u8) -> Address {
    Address::repeat_byte(0x10 + number)
}

fn set() -> ValidatorSet {
    let member = |number: u8| Validator {
        operator: validator(number),
        consensus_key: ConsensusKey::from_bytes(secret(number).verifying_key().as_bytes()).unwrap(),
        power: VotingPower(10),
        fee_recipient: validator(number),
    };
    let members: BTreeMap<Place, Validator> =
        (0..100).map(|number| (Place::new(number).unwrap(), member(number))).collect();
    ValidatorSet::new(EPOCH, members).unwrap()
}

fn signed(number: u8, vote: Vote) -> Verified<SignedVote> {
    let signature = Signature(secret(number).sign(domain().vote(&vote).as_slice()).to_bytes());
    let signed = SignedVote { vote, signer: Place::new(number).unwrap(), signature };
    signed.verify(&domain(), &set(), &Strict).unwrap()
}

/// Two notarize votes of the validator in a place, really signed.
pub(crate) fn evidence(number: u8) -> Evidence {
    let round = Round::new(EPOCH, View(9));
    let [one, other] = [1, 2].map(|byte| signed(number, Vote::notarize(round, B256::repeat_byte(byte))));
    Evidence::new(7_682, one, other, &set()).unwrap()
}

pub(crate) fn piece(number: u8) -> Piece {
    Piece::new(&evidence(number), true, 1_700_000_000 + u64::from(number))
}

#[test]
fn a_piece_is_what_the_evidence_was_and_stands_by_itself() {
    for number in [0, 3] {
        let piece = piece(number);
        assert_eq!(piece.pair(), Ok(evidence(number).pair()));
        assert_eq!(piece.verify(&domain()), Ok(()));
        assert_eq!(serde_json::from_str::<Piece>(&serde_json::to_string(&piece).unwrap()).unwrap(), piece);
    }
}

/// What other programs read and write.
#[test]
fn a_piece_has_these_words() {
    let json = serde_json::to_value(piece(2)).unwrap();
    let text = |name: &str| json.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    assert_eq!((text("validator"), text("offence")), (format!("{:?}", validator(2)), "double-notarize".into()));
    assert_eq!((json["epoch"].as_u64(), json["view"].as_u64(), json["place"].as_u64()), (Some(3), Some(9), Some(2)));
    assert_eq!(json["first"]["kind"], "notarize");
    assert_eq!(json["second"]["batch"], format!("{:?}", B256::repeat_byte(2)));
    assert_eq!(json["first"]["signature"].as_str().map(str::len), Some(130));
    assert_eq!(json["progress"]["state"], "open");
    let final_at = serde_json::to_value(Progress::Final { block: 7 }).unwrap();
    assert_eq!(final_at, serde_json::json!({ "state": "final", "block": 7 }));
}

/// Of what is written by hand only the votes and their signer need be there.
#[test]
fn what_has_become_of_it_need_not_be_said() {
    let mut json = serde_json::to_value(piece(2)).unwrap();
    let fields = json.as_object_mut().unwrap();
    for name in ["heard", "keptAt", "progress"] {
        fields.remove(name).unwrap();
    }
    let read: Piece = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(read, Piece { heard: false, kept_at: 0, ..piece(2) });
    json["other"] = 1.into();
    assert!(serde_json::from_value::<Piece>(json).is_err(), "an unknown field");
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Piece), error: PieceError) {
    let mut piece = piece(2);
    change(&mut piece);
    assert_eq!(piece.verify(&domain()), Err(error));
}

#[test]
fn what_does_not_stand_is_refused_by_name() {
    let round = Round::new(EPOCH, View(9));
    let other = SigningDomain::new(31_337, Address::repeat_byte(7), 1);
    assert_eq!(piece(2).verify(&other), Err(PieceError::OtherRollup { evidence: 7_682, ours: 1 }));
    refused(|piece| std::mem::swap(&mut piece.first, &mut piece.second), PieceError::NoPair);
    refused(|piece| piece.second = piece.first, PieceError::NoPair);
    refused(|piece| piece.first.batch = B256::ZERO, PieceError::NoVote);
    refused(|piece| piece.first.kind = KindName::Nullify, PieceError::NoVote);
    refused(|piece| piece.view = View(0), PieceError::Round(Round::new(EPOCH, View(0))));
    refused(|piece| piece.epoch = Epoch(1 << 32), PieceError::Round(Round::new(Epoch(1 << 32), View(9))));
    let finalize = OffenceName::DoubleFinalize;
    refused(|piece| piece.offence = finalize, PieceError::OtherOffence(finalize));
    // A notarize and a finalize vote of one view are both legal.
    let legal = PieceError::OtherOffence(OffenceName::DoubleNotarize);
    refused(|piece| piece.second.kind = KindName::Finalize, legal);
    let vote = Vote::notarize(round, B256::repeat_byte(2));
    let bad = |vote| {
        let error = VerifyError::BadSignature { place: Place::new(2).unwrap(), vote };
        PieceError::Evidence(error.into())
    };
    refused(|piece| piece.second.signature = FixedBytes([1; 64]), bad(vote));
    refused(|piece| piece.view = View(10), bad(Vote::notarize(Round::new(EPOCH, View(10)), B256::repeat_byte(1))));
    refused(
        |piece| piece.consensus_key = *evidence(1).consensus_key(),
        bad(Vote::notarize(round, B256::repeat_byte(1))),
    );
    assert_ne!(PieceError::Evidence(NotEvidence::SameVote(vote).into()), bad(vote));
}

#[test]
fn names_are_those_of_the_json() {
    for offence in [OffenceName::DoubleNotarize, OffenceName::DoubleFinalize, OffenceName::NullifyFinalize] {
        assert_eq!(serde_json::to_value(offence).unwrap(), offence.name());
    }
    for progress in
        [Progress::Open, Progress::Slashed { block: 1 }, Progress::Final { block: 1 }, Progress::Expired { block: 1 }]
    {
        assert_eq!(serde_json::to_value(progress).unwrap()["state"], progress.name());
        assert_eq!(progress.is_over(), matches!(progress.name(), "final" | "expired"));
    }
}
