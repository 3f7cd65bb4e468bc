//! G13 and G14: records that are carried from one machine to another only ever forbid more.

use std::collections::BTreeSet;

use rota_proto::{Round, Signature, SigningDomain, Vote};
use serde_json::json;

use super::{Dice, ROLLUP, any_vote, batch, domain, key, round, sign, slashable};
use crate::{
    ForeignRecord, Joined, RecordError, RecordTextError, Refusal, SafetyRecord, Verdict,
    limits::{RECORD_TEXT_BYTES_MAX, ROUNDS_MAX},
};

fn empty() -> SafetyRecord {
    SafetyRecord::new(ROLLUP, key(0))
}

fn having_signed(votes: &[Vote]) -> SafetyRecord {
    votes.iter().fold(empty(), |record, vote| record.admit(domain(), vote).expect("a legal history"))
}

fn joined(ours: &SafetyRecord, theirs: &SafetyRecord) -> Joined {
    ours.joined(theirs).expect("one key, one rollup")
}

#[test]
fn g13_record_of_another_key_or_rollup_is_refused_by_name() {
    let other_key = SafetyRecord::new(ROLLUP, key(1));
    let refused = ForeignRecord::Key { theirs: key(1).into(), ours: key(0).into() };
    assert_eq!(empty().joined(&other_key), Err(refused));
    let other_rollup = SafetyRecord::new(7683, key(0));
    assert_eq!(empty().joined(&other_rollup), Err(ForeignRecord::Rollup { theirs: 7683, ours: ROLLUP }));
}

#[test]
fn g13_what_one_signed_is_not_contradicted_by_the_other() {
    let here = round(1, 5);
    let Joined { record, contradictions } =
        joined(&having_signed(&[Vote::notarize(here, batch(1))]), &having_signed(&[Vote::nullify(here)]));
    assert_eq!(contradictions, []);
    let again = Vote::notarize(here, batch(2));
    let refusal = Refusal::ConflictingNotarize { vote: again, recorded: batch(1) };
    assert_eq!(record.check(domain(), &again), Verdict::Refuse(refusal));
    let finalize = Vote::finalize(here, batch(1));
    assert_eq!(record.check(domain(), &finalize), Verdict::Refuse(Refusal::FinalizeAfterNullify { vote: finalize }));
    assert_eq!(record.check(domain(), &Vote::nullify(here)), Verdict::Repeat(None));
}

#[test]
fn g13_where_the_two_contradict_each_other_nothing_is_signed_any_more() {
    let [here, next] = [round(1, 5), round(1, 6)];
    let ours = having_signed(&[Vote::nullify(here), Vote::notarize(next, batch(1))]);
    let theirs = having_signed(&[Vote::finalize(here, batch(1)), Vote::notarize(next, batch(1))]);
    let Joined { record, contradictions } = joined(&ours, &theirs);
    assert_eq!(contradictions, [here]);
    assert_eq!(record.floor(), next);
    assert_eq!(record.check(domain(), &Vote::notarize(next, batch(1))), Verdict::Repeat(None));
}

#[test]
fn g13_neither_bound_falls_and_signatures_stay() {
    let vote = Vote::nullify(round(1, 9));
    let mut ours = having_signed(&[vote]);
    ours.hold_back(round(1, 2), round(1, 7));
    ours.signed(&vote, Signature([7; 64]));
    let mut theirs = having_signed(&[vote]);
    theirs.hold_back(round(1, 4), round(1, 5));
    for (one, other) in [(&ours, &theirs), (&theirs, &ours)] {
        let record = joined(one, other).record;
        assert_eq!((record.floor(), record.resume()), (round(1, 4), round(1, 7)));
        assert_eq!(record.check(domain(), &vote), Verdict::Repeat(Some(Signature([7; 64]))));
    }
}

/// A record of a life with everything in it.
fn drawn(dice: &mut Dice) -> SafetyRecord {
    let mut record = empty();
    // One in three has more rounds than fit.
    let (views, votes) = if dice.once_in(3) { (200, 400) } else { (12, 30) };
    for _ in 0..dice.below(votes) {
        let at = round(dice.below(2), dice.below(views) + 1);
        let vote = any_vote(dice, at);
        record = record.admit(domain(), &vote).unwrap_or(record);
        if dice.once_in(2) {
            record.signed(&vote, sign(0, vote).signature);
        }
        if dice.once_in(100) {
            record.hold_back(at, round(at.epoch.0, at.view.0 + dice.below(3)));
        }
    }
    record
}

/// Every vote that could be asked for around these records.
fn questions(records: &[&SafetyRecord], dice: &mut Dice) -> Vec<Vote> {
    let known = records.iter().flat_map(|record| record.votes().map(|(vote, _)| vote.round));
    let bounds = records.iter().flat_map(|record| [record.floor(), record.resume(), record.highest()]);
    let rounds: BTreeSet<Round> = known.chain(bounds).filter(|at| at.view.0 > 0).collect();
    let near =
        |at: &Round| [at.view.0.saturating_sub(1).max(1), at.view.0, at.view.0 + 1].map(|view| (at.epoch.0, view));
    let rounds: BTreeSet<(u64, u64)> = rounds.iter().flat_map(near).collect();
    let mut all = Vec::new();
    for (epoch, view) in rounds {
        let at = round(epoch, view);
        all.push(Vote::nullify(at));
        all.extend([1, 2, 3].map(|number| Vote::notarize(at, batch(number))));
        all.extend([1, 2, 3].map(|number| Vote::finalize(at, batch(number))));
    }
    all.push(any_vote(dice, round(0, 1)));
    all
}

/// The rule itself: whatever either forbids is forbidden, whatever either signed is not contradicted, and nothing is
/// answered with a signature that was not there.
#[test]
fn g13_after_joining_everything_that_either_forbids_is_forbidden() {
    let seeds = 300;
    let (mut asked, mut contradicted, mut full, mut signed) = (0u64, 0, 0, 0u64);
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let (ours, theirs) = (drawn(&mut dice), drawn(&mut dice));
        let Joined { record, contradictions } = joined(&ours, &theirs);
        contradicted += usize::from(!contradictions.is_empty());
        full += usize::from(record.votes().map(|(vote, _)| vote.round).collect::<BTreeSet<_>>().len() == ROUNDS_MAX);
        assert_eq!(SafetyRecord::decode(&record.encode()), Ok(record.clone()), "seed {seed}: it is a record");
        for vote in questions(&[&ours, &theirs], &mut dice) {
            asked += 1;
            let verdicts = [&ours, &theirs].map(|record| record.check(domain(), &vote));
            match record.check(domain(), &vote) {
                Verdict::Refuse(_) => continue,
                Verdict::Repeat(signature) => {
                    let known = verdicts.contains(&Verdict::Repeat(signature));
                    assert!(known, "seed {seed}: {vote} was signed by neither");
                }
                Verdict::Sign => signed += 1,
            }
            let forbidden = verdicts.iter().find(|verdict| matches!(verdict, Verdict::Refuse(_)));
            assert_eq!(forbidden, None, "seed {seed}: {vote} was forbidden");
            for (other, _) in ours.votes().chain(theirs.votes()) {
                assert!(!slashable(&vote, &other), "seed {seed}: {vote} after {other}");
            }
        }
    }
    println!("{seeds} pairs, {asked} votes asked for, {signed} new, {contradicted} contradictory, {full} full");
    assert!(contradicted > 20 && full > 20 && signed > 1_000, "every sort of pair was joined");
}

/// Joining again changes nothing, and who joins whom makes no difference to what is forbidden.
#[test]
fn g13_joining_is_the_same_whichever_way_and_how_often() {
    for seed in 1_000..1_200 {
        let mut dice = Dice(seed);
        let (ours, theirs) = (drawn(&mut dice), drawn(&mut dice));
        let (one, other) = (joined(&ours, &theirs).record, joined(&theirs, &ours).record);
        assert_eq!(joined(&one, &theirs).record, one, "seed {seed}");
        assert_eq!(joined(&ours, &ours).record, ours, "seed {seed}");
        assert_eq!(joined(&ours, &empty()).record, ours, "seed {seed}");
        let verdict = |record: &SafetyRecord, vote: &Vote| matches!(record.check(domain(), vote), Verdict::Refuse(_));
        for vote in questions(&[&ours, &theirs], &mut dice) {
            assert_eq!(verdict(&one, &vote), verdict(&other, &vote), "seed {seed}: {vote}");
        }
    }
}

/// The record without what a text does not carry.
fn unsigned(record: &SafetyRecord) -> SafetyRecord {
    let rollup = SigningDomain::new(1, alloy_primitives::Address::ZERO, ROLLUP);
    let mut bare = empty();
    bare.raise_floor(record.floor());
    let votes = record.votes().map(|(vote, _)| vote);
    let mut bare = votes.fold(bare, |bare, vote| bare.admit(&rollup, &vote).expect("as recorded"));
    bare.hold_back(record.floor(), record.resume());
    bare
}

#[test]
fn g14_text_gives_back_everything_but_the_signatures() {
    let mut longest = 0;
    for seed in 0..200 {
        let record = drawn(&mut Dice(seed));
        let text = record.to_text();
        longest = longest.max(text.len());
        assert_eq!(SafetyRecord::from_text(&text), Ok(unsigned(&record)), "seed {seed}");
        let compact: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(SafetyRecord::from_text(&compact.to_string()), Ok(unsigned(&record)), "seed {seed}");
    }
    println!("longest text {longest} bytes");
    assert!(longest > 5_000, "records with many votes are among them");
}

/// Half of the limit is for whoever spaces it in another way.
#[test]
fn text_of_the_longest_record_takes_half_of_the_limit() {
    let last = u64::from(u32::MAX);
    let views = last + 1 - u64::try_from(ROUNDS_MAX).expect("small")..=last;
    let rounds = views.map(|view| round(last, view));
    let votes = rounds.flat_map(|at| [Vote::notarize(at, batch(1)), Vote::finalize(at, batch(1))]);
    let record = having_signed(&votes.collect::<Vec<_>>());
    let length = record.to_text().len();
    println!("longest text {length} bytes");
    assert!((RECORD_TEXT_BYTES_MAX / 3..=RECORD_TEXT_BYTES_MAX / 2).contains(&length), "{length}");
    assert_eq!(SafetyRecord::from_text(&record.to_text()), Ok(record));
}

fn sample() -> serde_json::Value {
    let [at, next] = [round(2, 4), round(2, 5)];
    let votes = [Vote::notarize(at, batch(1)), Vote::nullify(at), Vote::finalize(next, batch(2))];
    serde_json::from_str(&having_signed(&votes).to_text()).expect("JSON")
}

/// The sample with another value in one place.
fn changed(place: &str, value: serde_json::Value) -> Result<SafetyRecord, RecordTextError> {
    let mut text = sample();
    *text.pointer_mut(place).expect("a place of the text") = value;
    SafetyRecord::from_text(&text.to_string())
}

#[test]
fn g14_text_that_was_changed_is_refused() {
    let checksum = Err(RecordTextError::Record(RecordError::Checksum));
    assert_eq!(changed("/rollupChainId", 7683.into()), checksum);
    assert_eq!(changed("/resume/view", 9.into()), checksum);
    assert_eq!(changed("/rounds/0/view", 3.into()), checksum);
    assert_eq!(changed("/rounds/0/nullify", false.into()), checksum);
    assert_eq!(changed("/rounds/0/notarize", batch(3).to_string().into()), checksum);
    assert_eq!(changed("/consensusKey", key(1).to_string().into()), checksum);
    assert_eq!(changed("/checksum", batch(3).to_string().into()), checksum);
}

#[test]
fn g14_text_that_contradicts_itself_is_refused() {
    let contradiction = |result: Result<SafetyRecord, RecordTextError>| match result {
        Err(RecordTextError::Record(RecordError::Contradiction { reason, .. })) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(contradiction(changed("/floor/view", 6.into())), "it resumes below its floor");
    assert_eq!(contradiction(changed("/rounds/0/view", 0.into())), "nobody votes in such a round");
    assert_eq!(contradiction(changed("/rounds/0/view", 5.into())), "rounds do not rise");
    let both = json!({ "epoch": 2, "view": 5, "nullify": true, "finalize": batch(2) });
    assert_eq!(contradiction(changed("/rounds/1", both)), "nullify and finalize were both signed");
    let none = json!({ "epoch": 2, "view": 4 });
    assert_eq!(contradiction(changed("/rounds/0", none)), "it is named and has no votes");
    let many: Vec<_> = (1..=65).map(|view| json!({ "epoch": 2, "view": view, "nullify": true })).collect();
    assert_eq!(contradiction(changed("/rounds", many.into())), "it has more rounds than the limit");
}

#[test]
fn g14_what_is_no_record_or_a_newer_one_is_refused_by_name() {
    let newer = RecordTextError::Newer { found: 2, known: 1 };
    assert_eq!(changed("/version", 2.into()), Err(newer));
    assert_eq!(changed("/version", 0.into()), Err(RecordError::NoVersion(0).into()));
    let mut text = sample();
    text["more"] = 1.into();
    let texts = [text.to_string(), "{".into()].map(|text| SafetyRecord::from_text(&text));
    for shape in texts.into_iter().chain([changed("/format", "another".into())]) {
        assert!(matches!(shape, Err(RecordTextError::Shape(_))), "{shape:?}");
    }
    let longest = sample().to_string() + &" ".repeat(RECORD_TEXT_BYTES_MAX - sample().to_string().len());
    assert!(SafetyRecord::from_text(&longest).is_ok());
    assert_eq!(SafetyRecord::from_text(&(longest + " ")), Err(RecordTextError::Length(RECORD_TEXT_BYTES_MAX + 1)));
}
