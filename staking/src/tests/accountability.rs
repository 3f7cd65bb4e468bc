use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{Certificate, Place, Signature, Strict, Vote, VoteKind};

use super::{AllStand, Dice, any_vote, batch, domain, place, round, set, sign, slashable};
use crate::{Inquest, Offence};

/// A certificate by these validators, genuinely signed.
fn certificate(vote: Vote, signers: &[u8]) -> Certificate {
    let votes: BTreeMap<Place, Signature> =
        signers.iter().map(|number| (place(*number), sign(*number, vote).signature)).collect();
    Certificate { vote, signers: votes.keys().copied().collect(), signatures: votes.into_values().collect() }
}

/// Who is convicted of what by the certificates of these rounds.
fn convicted(rounds: &[Vec<Certificate>]) -> Vec<(u8, Offence)> {
    let set = set(2, 4);
    let mut inquest = Inquest::new(domain(), &set, &Strict);
    rounds.iter().for_each(|certificates| inquest.hear(certificates));
    inquest.found().iter().map(|evidence| (evidence.place().number(), evidence.offence())).collect()
}

/// With h1 and h2 honest, {h1, b1, b2} finalize A in view 1 and {h2, b1, b2} nullify it and finalize B in view 2. The
/// two finalizations hold no pair; the guilt lies in the nullification.
#[test]
fn s9_certificates_of_an_abandoned_view_convict_where_the_finalizations_do_not() {
    let (first, second) = (round(2, 1), round(2, 2));
    let ours = certificate(Vote::finalize(first, batch(1)), &[0, 2, 3]);
    let theirs = certificate(Vote::finalize(second, batch(2)), &[1, 2, 3]);
    assert_eq!(convicted(&[vec![ours.clone()], vec![theirs.clone()]]), []);
    let nullification = certificate(Vote::nullify(first), &[1, 2, 3]);
    let guilty = [(2, Offence::NullifyFinalize), (3, Offence::NullifyFinalize)];
    assert_eq!(convicted(&[vec![ours, nullification], vec![theirs]]), guilty);
}

#[test]
fn s9_finalizations_of_one_round_convict_all_who_signed_both() {
    let here = round(2, 7);
    let [one, other] = [1, 2].map(|number| Vote::finalize(here, batch(number)));
    let heard = vec![certificate(one, &[0, 1, 2]), certificate(other, &[1, 2, 3])];
    assert_eq!(convicted(std::slice::from_ref(&heard)), [(1, Offence::DoubleFinalize), (2, Offence::DoubleFinalize)]);
    let set = set(2, 4);
    let mut inquest = Inquest::new(domain(), &set, &Strict);
    assert!(!inquest.is_complete(), "nobody is convicted of nothing");
    inquest.hear(&heard);
    assert_eq!((inquest.power(), inquest.is_complete()), ((20, 40), true));
}

#[test]
fn s9_each_signature_counts_by_itself_and_only_if_it_stands() {
    let here = round(2, 7);
    let one = certificate(Vote::notarize(here, batch(1)), &[0, 1, 2]);
    let mut other = certificate(Vote::notarize(here, batch(2)), &[0, 1, 2]);
    other.signatures[1] = other.signatures[0];
    assert_eq!(convicted(&[vec![one, other]]), [(0, Offence::DoubleNotarize), (2, Offence::DoubleNotarize)]);
}

#[test]
fn s9_a_third_is_not_enough_and_one_more_is() {
    let here = round(2, 7);
    let set = set(2, 3);
    let by = |signers: &[u8]| [1, 2].map(|number| certificate(Vote::notarize(here, batch(number)), signers));
    let mut inquest = Inquest::new(domain(), &set, &Strict);
    inquest.hear(&by(&[0]));
    assert_eq!((inquest.power(), inquest.is_complete()), ((10, 30), false));
    inquest.hear(&by(&[1]));
    assert!(inquest.is_complete());
}

/// Certificates at random, beside the definition of a slashable pair: the guilty are those who signed one, in one
/// round.
#[test]
fn s9_random_certificates_convict_exactly_those_who_signed_a_pair() {
    let (mut dice, set) = (Dice(9), set(2, 4));
    for _ in 0..2_000 {
        let mut inquest = Inquest::new(domain(), &set, &AllStand);
        let mut expected = Vec::new();
        for view in 1..=3 {
            let round = round(2, view);
            let heard: Vec<Certificate> = (0..dice.below(4)).map(|_| any_certificate(&mut dice, round)).collect();
            inquest.hear(&heard);
            let signed = |number: u8, vote: fn(&Vote, &Vote) -> bool| {
                let by: Vec<Vote> =
                    heard.iter().filter(|one| one.signers.contains(place(number))).map(|one| one.vote).collect();
                by.iter().any(|one| by.iter().any(|other| vote(one, other)))
            };
            expected.extend((0..4u8).filter(|number| signed(*number, slashable)));
        }
        expected.sort_unstable();
        expected.dedup();
        let found: Vec<u8> = inquest.found().iter().map(|evidence| evidence.place().number()).collect();
        assert_eq!(found, expected);
    }
}

/// A quorum or less of made-up signatures.
fn any_certificate(dice: &mut Dice, round: rota_proto::Round) -> Certificate {
    let vote = any_vote(dice, round);
    assert!(vote.kind != VoteKind::Nullify || vote.batch == B256::ZERO);
    let signers: Vec<u8> = (0..4).filter(|_| dice.below(3) > 0).collect();
    let signers: rota_proto::Signers = signers.into_iter().map(place).collect();
    Certificate { vote, signers, signatures: vec![Signature([1; 64]); signers.len()] }
}
