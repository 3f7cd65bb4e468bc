//! Whose vote a signature makes (rule K2).

use alloy_primitives::B256;

use super::samples::{EPOCH, STAKES, batch, domain, place, round, set, sign, signing_key};
use crate::{Epoch, Round, Signature, SignedVote, Strict, VerifyError, View, Vote, VoteKind};
use ed25519_dalek::Signer;

fn verify(vote: SignedVote) -> Result<SignedVote, VerifyError> {
    vote.verify(&domain(), &set(&STAKES), &Strict).map(crate::Verified::into_inner)
}

/// Rule K2.
#[test]
fn vote_of_another_epoch_is_refused() {
    let vote = Vote::nullify(Round::new(Epoch(8), View(1)));
    assert_eq!(verify(sign(vote, 1)), Err(VerifyError::WrongEpoch { message: Epoch(8), set: EPOCH }));
}

/// Rule K2.
#[test]
fn vote_from_an_empty_place_is_refused() {
    let vote = sign(Vote::nullify(round(1)), 4);
    assert_eq!(verify(vote), Err(VerifyError::EmptyPlace { place: place(4), epoch: EPOCH }));
}

/// Rule K2.
#[test]
fn vote_with_the_signature_of_another_is_refused() {
    let vote = Vote::nullify(round(1));
    let forged = SignedVote { signer: place(2), ..sign(vote, 1) };
    assert_eq!(verify(forged), Err(VerifyError::BadSignature { place: place(2), vote }));
}

/// Rule D1: a signature binds every field of the vote, and the kind of struct.
#[test]
fn vote_that_differs_from_what_was_signed_is_refused() {
    let signed = sign(Vote::notarize(round(1), batch().hash()), 1);
    for vote in [
        Vote::notarize(round(2), batch().hash()),
        Vote::finalize(round(1), batch().hash()),
        Vote::notarize(round(1), B256::ZERO),
        Vote { kind: VoteKind::Nullify, ..signed.vote },
    ] {
        let refused = verify(SignedVote { vote, ..signed });
        assert_eq!(refused, Err(VerifyError::BadSignature { place: place(1), vote }));
    }
    let record = domain().peer_record([1; 32], [2; 32], 3);
    let signature = Signature(signing_key(1).sign(record.as_slice()).to_bytes());
    assert!(verify(SignedVote { signature, ..signed }).is_err(), "a peer record is no vote");
}

/// Rule K2.
#[test]
fn vote_of_a_member_stands() {
    for number in 0..4 {
        let vote = sign(Vote::finalize(round(9), batch().hash()), number);
        assert_eq!(verify(vote), Ok(vote));
    }
}

#[test]
fn refusals_name_their_numbers() {
    let vote = Vote::nullify(round(5));
    let texts = [
        (VerifyError::WrongEpoch { message: Epoch(8), set: EPOCH }, "epoch 8 cannot be verified by the set of epoch 7"),
        (VerifyError::EmptyPlace { place: place(4), epoch: EPOCH }, "place 4 is empty in the set of epoch 7"),
        (
            VerifyError::BadSignature { place: place(1), vote },
            "the signature of place 1 does not stand for nullify(7.5)",
        ),
        (VerifyError::NoQuorum { power: 60, total: 100, vote }, "60 of 100 is no quorum for nullify(7.5)"),
        (VerifyError::SignatureCount { signatures: 2, signers: 3 }, "2 signatures for 3 signers"),
    ];
    for (error, text) in texts {
        assert!(error.to_string().contains(text), "{error}");
    }
    assert_eq!(
        Vote::finalize(round(5), B256::ZERO).to_string(),
        format!("finalize(7.5, {})", B256::ZERO),
        "a vote reads as it is written in the rules"
    );
}
