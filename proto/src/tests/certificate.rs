//! What makes a certificate (rules K2, Q1).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::samples::{EPOCH, STAKES, batch, certificate, domain, place, places, round, set, sign};
use crate::{Certificate, Epoch, Place, Round, SignedVote, Strict, Verified, VerifyError, View, Vote};

fn verify(certificate: Certificate, powers: &[u64]) -> Result<(), VerifyError> {
    certificate.verify(&domain(), &set(powers), &Strict).map(drop)
}

fn finalization(numbers: &[u8]) -> Certificate {
    certificate(Vote::finalize(round(6), batch().hash()), numbers)
}

/// Rule Q1: two thirds are not more than two thirds.
#[test]
fn exactly_two_thirds_are_no_quorum_and_one_more_is() {
    let vote = finalization(&[]).vote;
    let refused = verify(finalization(&[0, 1]), &[1, 1, 1]);
    assert_eq!(refused, Err(VerifyError::NoQuorum { power: 2, total: 3, vote }));
    assert_eq!(
        verify(finalization(&[0, 1]), &[201, 199, 200]),
        Err(VerifyError::NoQuorum { power: 400, total: 600, vote })
    );
    assert_eq!(verify(finalization(&[0, 1]), &[202, 199, 200]), Ok(()));
    assert_eq!(verify(finalization(&[0, 1, 2]), &[1, 1, 1]), Ok(()));
}

/// Rule Q1: stake counts, not heads.
#[test]
fn three_of_four_heads_may_be_too_few_and_two_may_do() {
    assert!(matches!(verify(finalization(&[1, 2, 3]), &STAKES), Err(VerifyError::NoQuorum { power: 60, .. })));
    assert_eq!(verify(finalization(&[0, 1]), &STAKES), Ok(()));
}

/// Rule Q1: products are taken in 128 bits.
#[test]
fn the_largest_powers_do_not_overflow() {
    let powers = [u64::MAX; 4];
    assert!(matches!(verify(finalization(&[0, 1]), &powers), Err(VerifyError::NoQuorum { .. })));
    assert_eq!(verify(finalization(&[0, 1, 2]), &powers), Ok(()));
}

/// Rule Q1.
#[test]
fn certificate_without_signers_is_refused() {
    assert!(matches!(verify(finalization(&[]), &STAKES), Err(VerifyError::NoQuorum { power: 0, total: 100, .. })));
}

/// Rule W3: each signer has one signature.
#[test]
fn certificate_with_too_few_or_too_many_signatures_is_refused() {
    let mut short = finalization(&[0, 1]);
    short.signatures.pop();
    assert_eq!(verify(short, &STAKES), Err(VerifyError::SignatureCount { signatures: 1, signers: 2 }));
    let mut long = finalization(&[0, 1]);
    long.signatures.push(long.signatures[0]);
    assert_eq!(verify(long, &STAKES), Err(VerifyError::SignatureCount { signatures: 3, signers: 2 }));
}

/// Rule K2: whoever is not in the set makes the whole fall, even where the others are a quorum.
#[test]
fn certificate_with_an_empty_place_is_refused() {
    let refused = verify(finalization(&[0, 1, 2, 9]), &STAKES);
    assert_eq!(refused, Err(VerifyError::EmptyPlace { place: place(9), epoch: EPOCH }));
}

/// Rule K2: each signature stands by itself, even where the others are a quorum.
#[test]
fn certificate_with_one_bad_signature_is_refused() {
    for bad in 0..4usize {
        let mut forged = finalization(&[0, 1, 2, 3]);
        forged.signatures[bad].0[7] ^= 1;
        let place = place(u8::try_from(bad).unwrap());
        assert_eq!(verify(forged.clone(), &STAKES), Err(VerifyError::BadSignature { place, vote: forged.vote }));
    }
}

/// Rule K2: signatures belong to the places in rising order.
#[test]
fn certificate_with_swapped_signatures_is_refused() {
    let mut swapped = finalization(&[0, 1]);
    swapped.signatures.swap(0, 1);
    assert!(matches!(verify(swapped, &STAKES), Err(VerifyError::BadSignature { .. })));
}

/// Rule K2.
#[test]
fn certificate_of_another_epoch_is_refused() {
    let foreign = certificate(Vote::nullify(Round::new(Epoch(8), View(1))), &[0, 1]);
    assert_eq!(verify(foreign, &STAKES), Err(VerifyError::WrongEpoch { message: Epoch(8), set: EPOCH }));
}

/// Rule Q3 of consensus, as far as it is decided here: only votes for the same thing are added up.
#[test]
fn votes_for_different_things_make_no_certificate() {
    let (set, domain) = (set(&STAKES), domain());
    let verified = |vote, number| sign(vote, number).verify(&domain, &set, &Strict).unwrap();
    let (ours, other) = (Vote::notarize(round(2), batch().hash()), Vote::nullify(round(2)));
    let mut votes: BTreeMap<Place, Verified<SignedVote>> =
        [(place(0), verified(ours, 0)), (place(1), verified(other, 1)), (place(2), verified(ours, 2))].into();
    assert_eq!(Verified::<Certificate>::assemble(ours, &votes, &set), None);
    votes.insert(place(3), verified(ours, 3));
    let certificate = Verified::<Certificate>::assemble(ours, &votes, &set).unwrap().into_inner();
    assert_eq!(certificate.signers, places(&[0, 2, 3]));
    assert_eq!(verify(certificate, &STAKES), Ok(()));
}

/// Rule P3 of consensus: a certificate is widened by votes for the same thing, and by no others.
#[test]
fn certificate_is_widened_by_those_who_agree() {
    let (set, domain) = (set(&STAKES), domain());
    let narrow = finalization(&[0, 1, 2]).verify(&domain, &set, &Strict).unwrap();
    let verified = |vote, number| (place(number), sign(vote, number).verify(&domain, &set, &Strict).unwrap());
    let other = Vote::nullify(narrow.vote.round);
    assert_eq!(narrow.widened(&[verified(other, 3), verified(narrow.vote, 1)].into(), &set), narrow);
    let wide = narrow.widened(&[verified(narrow.vote, 3)].into(), &set).into_inner();
    assert_eq!(wide.signers, places(&[0, 1, 2, 3]));
    assert_eq!(verify(wide, &STAKES), Ok(()));
}

#[test]
fn certificate_is_its_votes() {
    let certificate = finalization(&[0, 1, 3]);
    let votes: Vec<SignedVote> = certificate.votes().collect();
    assert_eq!(votes, [0, 1, 3].map(|number| sign(certificate.vote, number)));
    let verified = certificate.verify(&domain(), &set(&STAKES), &Strict).unwrap();
    assert_eq!(verified.verified_votes().map(Verified::into_inner).collect::<Vec<_>>(), votes);
}

proptest! {
    /// Rules Q1, Q2, and Q2 of consensus: for any powers, who is a quorum, and any two quorums share more than a third.
    #[test]
    fn two_quorums_share_more_than_a_third(
        powers in proptest::collection::vec(1..=u64::MAX, 1..20),
        a in any::<u128>(),
        b in any::<u128>(),
    ) {
        let set = set(&powers);
        let (a, b) = (crate::Signers(a), crate::Signers(b));
        let total: u128 = powers.iter().map(|power| u128::from(*power)).sum();
        prop_assert_eq!(set.total_power(), total);
        prop_assert_eq!(set.is_quorum(set.power_of(a)), set.power_of(a) > 2 * total / 3);
        if set.is_quorum(set.power_of(a)) && set.is_quorum(set.power_of(b)) {
            prop_assert!(3 * set.power_of(crate::Signers(a.0 & b.0)) > total);
        }
    }
}
