//! What a justification may say (rules J1, J2), and whose fault a false one is.

use alloy_primitives::B256;

use super::samples::{EPOCH, STAKES, batch, certificate, domain, header, place, places, proposal, round, set, sign};
use crate::{
    BatchHeader, Epoch, ExtraData, Justification, JustificationError, Proposal, Round, Strict, Verified, VerifyError,
    View, Vote,
};

fn verify(proposal: Proposal) -> Result<Verified<Proposal>, JustificationError> {
    proposal.verify(&domain(), &set(&STAKES), &Strict)
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Justification), error: JustificationError) {
    let mut proposal = proposal();
    change(&mut proposal.justification);
    assert_eq!(verify(proposal), Err(error));
}

/// A proposal in view 2 of a batch on the batch that opens the epoch.
fn first_proposal() -> Proposal {
    proposal_without_parent(ExtraData { epoch: EPOCH, origin_number: 9, ..ExtraData::default() })
}

fn proposal_without_parent(extra: ExtraData) -> Proposal {
    let header = BatchHeader::new(header(extra)).unwrap();
    let vote = sign(Vote::notarize(round(2), header.hash()), 1);
    let nullifications = vec![certificate(Vote::nullify(round(1)), &[0, 1])];
    Proposal { vote, header, justification: Justification { parent: None, nullifications } }
}

/// A proposal in view 6 of a batch that was notarized in view 4, justified by that.
fn renewal() -> Proposal {
    let header = batch();
    Proposal {
        vote: sign(Vote::notarize(round(6), header.hash()), 1),
        justification: Justification {
            parent: Some(certificate(Vote::notarize(round(4), header.hash()), &[0, 1])),
            nullifications: vec![certificate(Vote::nullify(round(5)), &[0, 1])],
        },
        header,
    }
}

/// Rule J1: the certificate is exactly the notarization that the header names.
#[test]
fn certificate_that_is_not_the_parents_notarization_is_refused() {
    let parent = batch().parent();
    for (vote, signers) in [
        (Vote::notarize(round(2), parent), &[0, 1][..]),
        (Vote::notarize(round(3), B256::ZERO), &[0, 1]),
        (Vote::finalize(round(3), parent), &[0, 1]),
        (Vote::nullify(round(3)), &[0, 1]),
        (Vote::notarize(round(3), parent), &[0, 1, 2]),
        (Vote::notarize(Round::new(Epoch(6), View(3)), parent), &[0, 1]),
    ] {
        check_refused(|of| of.parent = Some(certificate(vote, signers)), JustificationError::NotTheParent);
    }
}

/// Rule J1.
#[test]
fn proposal_without_its_parents_notarization_is_refused() {
    check_refused(|justification| justification.parent = None, JustificationError::NotTheParent);
}

/// Rules J1, P3: view 0 stands for the batch that opens the epoch, which nobody notarized there.
#[test]
fn header_that_names_a_view_or_signers_without_a_notarization_is_refused() {
    let (epoch, origin_number) = (EPOCH, 9);
    for (parent_view, parent_signers) in [(View(1), places(&[])), (View::ZERO, places(&[0, 1]))] {
        let extra = ExtraData { epoch, origin_number, parent_view, parent_signers };
        assert_eq!(verify(proposal_without_parent(extra)), Err(JustificationError::NotTheParent));
    }
}

/// Rule J2: only of a batch proposed again is it the certificate that says which views lie between.
#[test]
fn base_is_the_view_that_the_header_names() {
    let Proposal { header, mut justification, .. } = proposal();
    assert_eq!(justification.base_view(&header), View(3));
    justification.parent = Some(certificate(Vote::notarize(round(2), header.parent()), &[0, 1]));
    assert_eq!(justification.base_view(&header), View(3));
}

/// Rule J1: the batch that opens an epoch has no notarization in it.
#[test]
fn first_proposal_of_an_epoch_needs_no_notarization_and_carries_none() {
    assert!(verify(first_proposal()).is_ok());
    let mut superfluous = first_proposal();
    superfluous.justification.parent = Some(certificate(Vote::notarize(round(1), B256::ZERO), &[0, 1]));
    assert_eq!(verify(superfluous), Err(JustificationError::NotTheParent));
}

/// Rule J2.
#[test]
fn certificate_that_nullifies_no_view_between_is_refused() {
    let stray = |vote: Vote| {
        let certificate = certificate(vote, &[0, 1]);
        let view = vote.round.view;
        check_refused(
            |justification| justification.nullifications.push(certificate),
            JustificationError::NotBetween(view),
        );
    };
    stray(Vote::nullify(round(3)));
    stray(Vote::nullify(round(6)));
    stray(Vote::notarize(round(5), B256::ZERO));
    stray(Vote::finalize(round(5), B256::ZERO));
    stray(Vote::nullify(Round::new(Epoch(8), View(5))));
}

/// Rule J2: which views are missing is the core's to judge; it asks others for them.
#[test]
fn justification_may_lack_nullifications() {
    let mut proposal = proposal();
    proposal.justification.nullifications.clear();
    assert!(verify(proposal).is_ok());
}

/// Rule J1: a batch proposed again stands on its own notarization, in a view before.
#[test]
fn batch_proposed_again_is_justified_by_its_own_notarization() {
    let proposal = renewal();
    assert!(proposal.justification.renews(&proposal.header));
    assert_eq!(proposal.justification.base_view(&proposal.header), View(4));
    assert!(verify(proposal).is_ok());
    for (vote, signers) in [
        (Vote::finalize(round(4), batch().hash()), &[0, 1][..]),
        (Vote::notarize(round(6), batch().hash()), &[0, 1]),
        (Vote::notarize(round(7), batch().hash()), &[0, 1]),
        (Vote::notarize(Round::new(Epoch(6), View(4)), batch().hash()), &[0, 1]),
    ] {
        let mut wrong = renewal();
        wrong.justification.parent = Some(certificate(vote, signers));
        assert_eq!(verify(wrong), Err(JustificationError::NotTheParent), "{vote}");
    }
    let mut early = renewal();
    early.justification.nullifications.insert(0, certificate(Vote::nullify(round(4)), &[0, 1]));
    assert_eq!(verify(early), Err(JustificationError::NotBetween(View(4))), "its base is view 4, not 3");
}

/// Rule K2: nothing in a justification is taken on trust.
#[test]
fn justification_with_a_bad_signature_or_no_quorum_is_refused() {
    let bad = |vote| JustificationError::Unverified(VerifyError::BadSignature { place: place(0), vote });
    let votes = [Vote::notarize(round(3), batch().parent()), Vote::nullify(round(4)), Vote::nullify(round(5))];
    check_refused(|of| of.parent.as_mut().unwrap().signatures[0].0[0] ^= 1, bad(votes[0]));
    check_refused(|of| of.nullifications[0].signatures[0].0[0] ^= 1, bad(votes[1]));
    check_refused(|of| of.nullifications[1].signatures[0].0[0] ^= 1, bad(votes[2]));
    let few = certificate(votes[1], &[1, 2, 3]);
    check_refused(
        |of| of.nullifications[0] = few,
        JustificationError::Unverified(VerifyError::NoQuorum { power: 60, total: 100, vote: votes[1] }),
    );
}

/// Rule K2: the leader's own signature.
#[test]
fn proposal_that_its_leader_did_not_sign_is_refused() {
    let mut forged = proposal();
    forged.vote.signer = place(2);
    let vote = forged.vote.vote;
    let error = VerifyError::BadSignature { place: place(2), vote };
    assert_eq!(verify(forged), Err(JustificationError::Unverified(error)));
    assert_eq!(JustificationError::Unverified(error).to_string(), error.to_string());
}

#[test]
fn everything_in_a_verified_proposal_is_verified() {
    let proposal = proposal();
    let verified = verify(proposal.clone()).unwrap();
    assert_eq!(verified.vote().into_inner(), proposal.vote);
    let certificates: Vec<_> = verified.certificates().map(Verified::into_inner).collect();
    assert_eq!(certificates.iter().collect::<Vec<_>>(), proposal.justification.certificates().collect::<Vec<_>>());
    assert_eq!(certificates.len(), 3);
    assert_eq!(verified.justification.base_view(&verified.header), View(3));
}
