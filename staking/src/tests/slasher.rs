use alloy_primitives::B256;
use rota_proto::{Certificate, Round, SignedVote, Strict, Verified, Vote, VoteKind};

use super::{ROLLUP, batch, domain, place, round, set, sign, verified};
use crate::{Evidence, Offence, Slasher, Window, limits::SLASHER_EPOCHS};

const WINDOW: Window = Window { retention: 4, views_ahead: 3 };

fn slasher(last_final: Round) -> Slasher {
    Slasher::new(ROLLUP, WINDOW, last_final)
}

fn observe(slasher: &mut Slasher, signer: u8, vote: Vote) -> Option<Evidence> {
    slasher.observe(verified(signer, vote), &set(vote.round.epoch.0, 5))
}

fn votes(evidence: Option<Evidence>) -> Option<(Offence, [Vote; 2])> {
    evidence.map(|evidence| (evidence.offence(), evidence.votes().map(|signed| signed.vote)))
}

/// The second of two votes gives this evidence, in either order, and no third vote of the kind is wanted.
#[track_caller]
fn convicts(first: Vote, second: Vote, offence: Offence) {
    for [one, other] in [[first, second], [second, first]] {
        let mut slasher = slasher(round(0, 4));
        assert_eq!(observe(&mut slasher, 2, one), None);
        assert!(slasher.wants(&verified(2, other)));
        assert_eq!(votes(observe(&mut slasher, 2, other)), Some((offence, [first, second])));
        assert!(!slasher.wants(&verified(2, one)) && !slasher.wants(&verified(2, other)), "both are known");
    }
}

#[test]
fn s1_a_leader_that_notarizes_two_batches_is_convicted() {
    let here = round(0, 5);
    convicts(Vote::notarize(here, batch(1)), Vote::notarize(here, batch(2)), Offence::DoubleNotarize);
}

#[test]
fn s1_finalize_votes_for_two_batches_convict() {
    let here = round(0, 5);
    convicts(Vote::finalize(here, batch(1)), Vote::finalize(here, batch(2)), Offence::DoubleFinalize);
}

#[test]
fn s1_nullify_and_finalize_convict_across_kinds() {
    let here = round(0, 5);
    convicts(Vote::nullify(here), Vote::finalize(here, batch(1)), Offence::NullifyFinalize);
}

#[test]
fn s1_what_the_rules_allow_convicts_nobody() {
    let mut slasher = slasher(round(0, 4));
    let (here, next) = (round(0, 5), round(0, 6));
    let history = [
        Vote::notarize(here, batch(1)),
        Vote::nullify(here),
        Vote::notarize(next, batch(2)),
        Vote::finalize(next, batch(3)),
        Vote::notarize(round(1, 1), batch(4)),
        Vote::notarize(here, batch(1)),
    ];
    for vote in history {
        assert_eq!(observe(&mut slasher, 0, vote), None);
    }
    assert_eq!(observe(&mut slasher, 1, Vote::notarize(here, batch(9))), None, "another validator");
    assert_eq!(slasher.votes_kept(), 6);
}

#[test]
fn s3_evidence_comes_once_a_validator_epoch_and_offence() {
    let mut slasher = slasher(round(0, 4));
    let double = |slasher: &mut Slasher, signer, at| {
        assert_eq!(observe(slasher, signer, Vote::notarize(at, batch(1))), None);
        observe(slasher, signer, Vote::notarize(at, batch(2))).is_some()
    };
    assert!(double(&mut slasher, 0, round(0, 5)));
    assert!(!double(&mut slasher, 0, round(0, 6)), "the same offence in the same epoch");
    assert!(double(&mut slasher, 1, round(0, 5)), "another validator");
    assert!(double(&mut slasher, 0, round(1, 1)), "another epoch");
    assert!(observe(&mut slasher, 0, Vote::nullify(round(0, 5))).is_none());
    assert!(observe(&mut slasher, 0, Vote::finalize(round(0, 5), batch(1))).is_some(), "another offence");
}

#[test]
fn s4_a_forged_contradiction_does_not_use_up_the_chance_of_a_true_one() {
    let mut slasher = slasher(round(0, 4));
    let here = round(0, 5);
    observe(&mut slasher, 0, Vote::notarize(here, batch(1)));
    let contradiction = sign(0, Vote::notarize(here, batch(2)));
    let forged = SignedVote { vote: Vote::notarize(here, batch(3)), ..contradiction };
    assert!(slasher.wants(&forged), "nobody can know before it is verified");
    forged.verify(domain(), &set(0, 5), &Strict).expect_err("forged");
    assert!(slasher.wants(&contradiction));
    let contradiction = contradiction.verify(domain(), &set(0, 5), &Strict).expect("true");
    assert!(slasher.observe(contradiction, &set(0, 5)).is_some());
    assert!(!slasher.wants(&forged), "it would tell nothing new any more");
}

#[test]
fn s4_the_same_vote_under_another_signature_is_not_wanted() {
    let mut slasher = slasher(round(0, 4));
    let vote = Vote::notarize(round(0, 5), batch(1));
    observe(&mut slasher, 0, vote);
    assert!(!slasher.wants(&sign(0, vote)));
}

#[track_caller]
fn wanted(slasher: &Slasher, views: std::ops::Range<u64>, epoch: u64) {
    let found: Vec<_> =
        (0..100).filter(|view| slasher.wants(&verified(0, Vote::nullify(round(epoch, *view))))).collect();
    assert_eq!(found, views.collect::<Vec<_>>(), "epoch {epoch}");
}

#[test]
fn s2_what_l1_takes_for_no_vote_is_not_looked_at() {
    let here = round(2, 9);
    let mut slasher = slasher(here);
    let nullify = Vote { kind: VoteKind::Nullify, ..Vote::notarize(here, batch(1)) };
    for vote in [nullify, Vote::notarize(here, B256::ZERO), Vote::finalize(here, B256::ZERO)] {
        assert!(!slasher.wants(&sign(0, vote)), "{vote}");
        assert_eq!(slasher.observe(verified(0, vote), &set(2, 4)), None);
    }
    for vote in [Vote::notarize(here, batch(1)), Vote::finalize(here, batch(1)), Vote::nullify(here)] {
        let found = slasher.observe(verified(0, vote), &set(2, 4));
        assert_eq!(
            found.map(|evidence| evidence.offence()),
            match vote.kind {
                VoteKind::Nullify => Some(Offence::NullifyFinalize),
                VoteKind::Notarize | VoteKind::Finalize => None,
            }
        );
    }
}

#[test]
fn s5_votes_are_wanted_from_the_retention_to_the_views_ahead() {
    let slasher = slasher(round(3, 20));
    wanted(&slasher, 16..24, 3);
    wanted(&slasher, 1..4, 4);
    wanted(&slasher, 0..0, 2);
    wanted(&slasher, 0..0, 5);
}

#[test]
fn s5_the_retention_reaches_over_the_change_of_an_epoch() {
    let mut slasher = slasher(round(3, 20));
    slasher.finalized(round(4, 0));
    wanted(&slasher, 16..24, 3);
    wanted(&slasher, 1..4, 4);
    slasher.finalized(round(4, 3));
    wanted(&slasher, 19..24, 3);
    wanted(&slasher, 1..7, 4);
    slasher.finalized(round(4, 5));
    wanted(&slasher, 0..0, 3);
    wanted(&slasher, 1..9, 4);
}

#[test]
fn s5_votes_of_one_epoch_before_the_current_one_are_held_and_no_more() {
    let mut slasher = slasher(round(3, 20));
    slasher.finalized(round(4, 1));
    slasher.finalized(round(9, 0));
    wanted(&slasher, 0..0, 3);
    wanted(&slasher, 1..5, 4);
    wanted(&slasher, 1..4, 9);
    wanted(&slasher, 1..4, 10);
}

#[test]
fn s5_late_votes_within_the_retention_convict() {
    let mut slasher = slasher(round(0, 4));
    let here = round(0, 5);
    observe(&mut slasher, 0, Vote::finalize(here, batch(1)));
    slasher.finalized(round(0, 9));
    assert!(observe(&mut slasher, 0, Vote::nullify(here)).is_some());
}

#[test]
fn s5_votes_below_the_retention_are_forgotten_and_ignored() {
    let mut slasher = slasher(round(0, 4));
    let here = round(0, 5);
    observe(&mut slasher, 0, Vote::finalize(here, batch(1)));
    slasher.finalized(round(0, 10));
    assert_eq!(slasher.votes_kept(), 0);
    assert_eq!(observe(&mut slasher, 0, Vote::nullify(here)), None);
    assert_eq!(slasher.votes_kept(), 0);
}

#[test]
fn s5_an_older_final_round_changes_nothing() {
    let mut slasher = slasher(round(3, 20));
    observe(&mut slasher, 0, Vote::nullify(round(3, 21)));
    let before = slasher.clone();
    for old in [round(3, 20), round(3, 5), round(2, 99)] {
        slasher.finalized(old);
        assert_eq!(slasher, before);
    }
}

#[test]
fn s5_memory_reaches_the_stated_bound_and_not_beyond() {
    let validators = 3;
    let mut slasher = slasher(round(0, 0));
    let (mut most, mut most_proven) = (0, 0);
    for last_final in [round(0, 5), round(1, 0), round(1, 2), round(1, 4), round(1, 9), round(3, 0), round(3, 2)] {
        slasher.finalized(last_final);
        for (epoch, view, signer) in (0..6).flat_map(|e| (0..30).flat_map(move |v| (0..3).map(move |s| (e, v, s)))) {
            for batch in [batch(1), batch(2)] {
                let at = round(epoch, view);
                for vote in [Vote::notarize(at, batch), Vote::nullify(at), Vote::finalize(at, batch)] {
                    observe(&mut slasher, signer, vote);
                }
            }
        }
        let [(_, votes), (_, proven), (_, epochs)] = slasher.sizes();
        assert!(epochs <= SLASHER_EPOCHS && votes == slasher.votes_kept());
        (most, most_proven) = (most.max(votes), most_proven.max(proven));
    }
    assert_eq!(most as u128, WINDOW.votes_max(validators));
    // Of two epochs, and of what was the next one in each of them, three offences of everybody.
    assert_eq!(most_proven, 2 * SLASHER_EPOCHS * 3 * validators);
    assert!(size_of::<Verified<SignedVote>>() <= 128, "as the bound says");
}

#[test]
fn s7_the_votes_of_a_certificate_convict() {
    let at = round(0, 5);
    let set = set(0, 5);
    let certificate = |vote: Vote, signers: &[u8]| {
        let signatures = signers.iter().map(|signer| sign(*signer, vote).signature).collect();
        let signers = signers.iter().map(|signer| place(*signer)).collect();
        Certificate { vote, signers, signatures }.verify(domain(), &set, &Strict).expect("a quorum")
    };
    let mut slasher = slasher(round(0, 4));
    let nullification = certificate(Vote::nullify(at), &[0, 1, 2, 3]);
    let finalization = certificate(Vote::finalize(at, batch(1)), &[1, 2, 3, 4]);
    assert_eq!(slasher.observe_certificate(&nullification, &set), []);
    let guilty = slasher.observe_certificate(&finalization, &set);
    let places: Vec<_> = guilty.iter().map(Evidence::place).collect();
    assert_eq!(places, [place(1), place(2), place(3)]);
    assert!(guilty.iter().all(|evidence| evidence.offence() == Offence::NullifyFinalize));
    assert_eq!(slasher.observe_certificate(&finalization, &set), [], "nothing new");
}
