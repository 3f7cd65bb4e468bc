//! Bytes from anywhere, on the decoders of this crate; sequences of inputs read from bytes, on the registry's fold,
//! the slasher and the guard's file (rules S6, G11, G12, G14, R3, R4, R9).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, keccak256};
use rota_fuzz::{Result, Target, Unstructured, magnitude, outcome};
use rota_proto::{Epoch, EpochSchedule, L1Origin, Round, Strict, ValidatorSet, Vote, VoteKind, VotingPower};

use super::{
    AllStand, ROLLUP, batch, domain, key, place, registry, round, set, sign, slashable, slasher_random::Oracle,
};
use crate::{
    ChangeHash, EpochError, Evidence, Genesis, GuardFile, L1Block, RecordTextError, Registry, SafetyRecord, Slasher,
    SlotWrite, UnverifiedEvidence, ValidatorChange, Verdict, Window,
    limits::{RECORD_BYTES_MAX, ROUNDS_MAX, SLOT_BYTES},
};

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

/// Dice that lead a sequence of inputs somewhere: bytes in a pattern, rather than all of one kind.
fn dice() -> impl Iterator<Item = Vec<u8>> {
    (1..=8u8).map(|step| (0..100u8).map(|index| index.wrapping_mul(step.wrapping_mul(37)) ^ step).collect())
}

#[test]
fn fuzz_evidence_decodes_to_itself_or_not() {
    let at = round(2, 9);
    let pairs = [
        (Vote::notarize(at, batch(1)), Vote::notarize(at, batch(2))),
        (Vote::finalize(at, batch(1)), Vote::finalize(at, batch(2))),
        (Vote::nullify(at), Vote::finalize(at, batch(1))),
    ];
    let stands = |signer, vote| sign(signer, vote).verify(domain(), &set(2, 4), &Strict).expect("signed");
    let seeds = pairs.map(|(first, second)| {
        let evidence = Evidence::new(ROLLUP, stands(1, first), stands(1, second), &set(2, 4));
        evidence.expect("slashable").encode()
    });
    target("evidence").seeds(seeds).longest(Evidence::BYTES + 9).run(|bytes| {
        let evidence = match UnverifiedEvidence::decode(bytes) {
            Ok(evidence) => evidence,
            Err(error) => return outcome(&error),
        };
        let members = set(evidence.round().epoch.0, 4);
        // Signatures aside, so that whatever decodes can be encoded again.
        match evidence.clone().verify(domain(), &members, &AllStand) {
            Ok(verified) => {
                assert_eq!(verified.encode(), bytes, "S6: one pair, one encoding");
                let [first, second] = verified.votes();
                assert!(slashable(&first.vote, &second.vote), "S1: {first:?} {second:?}");
                let stands = evidence.verify(domain(), &members, &Strict).is_ok();
                outcome(&(verified.offence(), stands))
            }
            Err(error) => outcome(&error),
        }
    });
}

/// A record after this many votes, every third signed, in pairs of notarize and finalize.
fn record(votes: u64) -> SafetyRecord {
    let mut record = SafetyRecord::new(ROLLUP, key(0));
    for number in 0..votes {
        let at = round(1, 1 + number / 2);
        let vote = if number % 2 == 0 { Vote::notarize(at, batch(1)) } else { Vote::finalize(at, batch(1)) };
        record = record.admit(domain(), &vote).expect("legal");
        if number % 3 == 0 {
            record.signed(&vote, sign(0, vote).signature);
        }
    }
    record
}

/// What holds for every record.
fn check_record(record: &SafetyRecord) {
    assert!(record.floor() <= record.resume() && record.floor() <= record.highest());
    let votes: Vec<Vote> = record.votes().map(|(vote, _)| vote).collect();
    assert!(votes.iter().all(|vote| vote.round >= record.floor() && vote.round <= record.highest()), "G6");
    let clash = votes.iter().find(|vote| votes.iter().any(|other| slashable(vote, other)));
    assert_eq!(clash, None, "G4: a slashable pair in {record:?}");
    let rounds: std::collections::BTreeSet<Round> = votes.iter().map(|vote| vote.round).collect();
    assert!(rounds.len() <= ROUNDS_MAX, "G8: {} rounds", rounds.len());
}

#[test]
fn fuzz_safety_records_decode_to_themselves_or_not() {
    let records = [0, 1, 5, 127].map(|votes| record(votes).encode());
    // The checksum is added, else no change would come past it.
    let seeds = records.map(|bytes| bytes[..bytes.len() - 32].to_vec());
    target("record").seeds(seeds).longest(RECORD_BYTES_MAX).run(|content| {
        assert!(SafetyRecord::decode(content).is_err(), "nobody guesses a checksum");
        let sealed = [content, keccak256(content).as_slice()].concat();
        match SafetyRecord::decode(&sealed) {
            Ok(record) => {
                assert_eq!(record.encode(), sealed, "G12: one record, one encoding");
                check_record(&record);
                outcome(&magnitude(record.votes().count()))
            }
            Err(error) => outcome(&error),
        }
    });
}

#[test]
fn fuzz_exported_records_are_records_or_refused() {
    let seeds = [0, 1, 5, 9].map(|votes| record(votes).to_text().into_bytes());
    target("guard-text").seeds(seeds).longest(4_096).run(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return "no text".into() };
        match SafetyRecord::from_text(text) {
            Ok(record) => {
                assert_eq!(SafetyRecord::from_text(&record.to_text()), Ok(record.clone()), "G14: it comes back");
                check_record(&record);
                outcome(&magnitude(record.votes().count()))
            }
            Err(RecordTextError::Shape(_)) => "no exported record".into(),
            Err(error) => outcome(&error),
        }
    });
}

/// A guard's file through complete writes and torn ones: the record that is found is the last complete one, or the
/// one whose write was torn.
fn play_guard_file(u: &mut Unstructured<'_>, records: &[SafetyRecord]) -> Result<String> {
    let (mut file, mut image) = GuardFile::create(&records[0]);
    let (mut writes, mut torn, mut found) = (0, 0, records[0].clone());
    while !u.is_empty() {
        let next = u.choose(records)?.clone();
        let SlotWrite { offset, bytes } = file.write(&next);
        if u.arbitrary()? {
            image[offset..offset + bytes.len()].copy_from_slice(&bytes);
            (writes, found) = (writes + 1, next);
            continue;
        }
        // Pieces of a power of two arrive, others do not, and the process dies.
        let piece = 1usize << u.int_in_range(4..=12)?;
        for (index, part) in bytes.chunks(piece).enumerate() {
            if u.arbitrary()? {
                image[offset + index * piece..][..part.len()].copy_from_slice(part);
            }
        }
        let (reopened, record) = GuardFile::open(&image).expect("G11: one slot is whole");
        assert!(record == found || record == next, "G11: neither the record before nor the new one");
        (file, found, torn) = (reopened, record, torn + 1);
    }
    assert_eq!(GuardFile::open(&image).map(|(_, record)| record), Ok(found));
    Ok(format!("{} written, {} torn", magnitude(writes), magnitude(torn)))
}

#[test]
fn fuzz_guard_files_survive_any_torn_write() {
    let records: Vec<SafetyRecord> = (0..12).map(|step| record(step * 10)).collect();
    target("guard-file").seeds(dice()).longest(300).run(|bytes| {
        let mut u = Unstructured::new(bytes);
        play_guard_file(&mut u, &records).unwrap_or_else(|_| "no bytes left".into())
    });
}

#[test]
fn fuzz_guard_files_of_any_bytes_are_records_or_refused() {
    let slot = |votes| {
        let (_, image) = GuardFile::create(&record(votes));
        image[..20 + record(votes).encode().len()].to_vec()
    };
    target("guard-slot").seeds([slot(0), slot(3), slot(100)]).longest(SLOT_BYTES + 100).run(|bytes| {
        assert!(GuardFile::open(bytes).is_err(), "no input is as long as a file");
        // The first bytes of a slot, with the checksum that they need, in either place.
        let sealed = [bytes, keccak256(bytes).as_slice()].concat();
        let opened = [0, SLOT_BYTES].map(|offset| {
            let mut image = vec![0; GuardFile::BYTES];
            let length = sealed.len().min(GuardFile::BYTES - offset);
            image[offset..offset + length].copy_from_slice(&sealed[..length]);
            GuardFile::open(&image).map(|(_, record)| check_record(&record))
        });
        assert!(opened.iter().filter(|opened| opened.is_ok()).count() <= 1, "G11: a slot has one place");
        outcome(&opened)
    });
}

/// What any registry does without a panic, and what it is when it was stored and read.
fn use_registry(registry: &Registry, genesis: Genesis) -> String {
    let stored = registry.encode();
    assert_eq!(Registry::decode(genesis, &stored).as_ref(), Ok(registry), "R9");
    let newest = registry.newest_epoch().0;
    let epochs = [0, 1, newest.saturating_sub(5), newest, newest + 1, newest + 2, Epoch::MAX.0];
    let sets = epochs.map(|epoch| registry.set(Epoch(epoch)).map(|set| set.len()));
    let seeds = epochs.map(|epoch| registry.leader_seed(Epoch(epoch)).is_ok());
    let mut next = registry.clone();
    let block = L1Block {
        number: registry.newest().number + 1,
        hash: B256::repeat_byte(0xaa),
        parent_hash: registry.newest().hash,
        timestamp: registry.newest().timestamp,
        prevrandao: B256::repeat_byte(0xbb),
        changes: Vec::new(),
        change_hash: None,
    };
    outcome(&(sets, seeds, next.apply(&block).is_ok()))
}

#[test]
fn fuzz_stored_registries_are_registries_or_refused() {
    let mut grown = registry::begun();
    grown.apply(&registry::block(103, vec![registry::change(2, 2, 7), registry::change(2, 1, 0)])).expect("good");
    registry::advance(&mut grown, 144);
    let seeds = [registry::begun().encode(), grown.encode()];
    target("snapshot").seeds(seeds).longest(20_000).run(|bytes| {
        match Registry::decode(registry::genesis(103), bytes) {
            Ok(found) => use_registry(&found, registry::genesis(103)),
            Err(error) => outcome(&error),
        }
    });
}

fn any_hash(u: &mut Unstructured<'_>) -> Result<B256> {
    u.arbitrary::<u16>().map(|number| keccak256(number.to_be_bytes()))
}

/// A change as the contract may announce it, or as it may not.
fn any_change(u: &mut Unstructured<'_>, usual: u64) -> Result<ValidatorChange> {
    let effective = match u.int_in_range(0..=15u8)? {
        0 => u.arbitrary()?,
        1 => usual.saturating_sub(1),
        2 => usual + 1,
        _ => usual,
    };
    let consensus_key = match u.int_in_range(0..=9u8)? {
        number @ 0..=7 => B256::from(key(number).to_bytes()),
        8 => B256::repeat_byte(0xff),
        _ => u.arbitrary::<[u8; 32]>()?.into(),
    };
    Ok(ValidatorChange {
        effective_epoch: Epoch(effective),
        place: place(if u.ratio(1, 8)? { u.int_in_range(0..=127)? } else { u.int_in_range(0..=5)? }),
        operator: Address::repeat_byte(u.arbitrary()?),
        consensus_key,
        power: VotingPower(if u.ratio(1, 8)? { u.arbitrary()? } else { u.int_in_range(0..=100)? }),
        fee_recipient: Address::repeat_byte(u.arbitrary()?),
    })
}

/// The next block, or one that must not come next.
fn any_block(u: &mut Unstructured<'_>, registry: &Registry, schedule: &EpochSchedule) -> Result<L1Block> {
    let newest = *registry.newest();
    let number = match u.int_in_range(0..=15u8)? {
        0 => u.arbitrary()?,
        1 => newest.number.saturating_sub(u.int_in_range(0..=9)?),
        2 => newest.number + 2,
        _ => newest.number + 1,
    };
    let usual = schedule.epoch_of(number).map_or(2, |epoch| epoch.0 + 2);
    let count = if u.ratio(1, 3)? { u.int_in_range(1..=4)? } else { 0 };
    let known = registry.origin(number).map(|origin| origin.hash);
    Ok(L1Block {
        number,
        hash: if let (Some(hash), true) = (known, u.arbitrary()?) { hash } else { any_hash(u)? },
        parent_hash: if u.ratio(1, 20)? { any_hash(u)? } else { newest.hash },
        timestamp: u.arbitrary()?,
        prevrandao: any_hash(u)?,
        changes: (0..count).map(|_| any_change(u, usual)).collect::<Result<_>>()?,
        change_hash: if u.ratio(1, 20)? { Some(ChangeHash::from_slice(&any_hash(u)?[..20])) } else { None },
    })
}

/// Blocks, good and bad: a set that was told once is told for ever, and a block that is refused changes nothing.
fn play_registry(u: &mut Unstructured<'_>) -> Result<String> {
    let start =
        if u.ratio(1, 8)? { u.int_in_range(0..=rota_proto::ORIGIN_NUMBER_MAX)? } else { u.int_in_range(0..=50)? };
    let schedule = EpochSchedule::new(start, u.int_in_range(4..=9)?).expect("within the limits");
    let number = start + u.int_in_range(0..=8)?;
    let hash = any_hash(u)?;
    let origin =
        L1Origin { number: number + u.int_in_range(0..=3)?, hash: if u.ratio(1, 4)? { any_hash(u)? } else { hash } };
    let genesis = Genesis { rollup_chain_id: ROLLUP, schedule, origin };
    let changes = (0..u.int_in_range(0..=6u8)?).map(|_| any_change(u, 0)).collect::<Result<_>>()?;
    let (parent_hash, prevrandao) = (any_hash(u)?, any_hash(u)?);
    let deployment = L1Block { number, hash, parent_hash, timestamp: 0, prevrandao, changes, change_hash: None };
    let mut registry = match Registry::begin(genesis, &deployment) {
        Ok((registry, _)) => registry,
        Err(error) => return Ok(outcome(&error)),
    };
    let mut told: BTreeMap<Epoch, std::result::Result<ValidatorSet, EpochError>> = BTreeMap::new();
    let mut refused = std::collections::BTreeSet::new();
    while !u.is_empty() {
        let block = any_block(u, &registry, &schedule)?;
        let before = registry.clone();
        if let Err(error) = registry.apply(&block) {
            assert_eq!(registry, before, "R4: a refused block changes nothing: {error}");
            refused.insert(outcome(&error));
        }
        for epoch in 0..=registry.newest_epoch().0 + 1 {
            let set = registry.set(Epoch(epoch)).map(|set| (*set).clone());
            assert!(!matches!(set, Err(EpochError::NotYet { .. })), "R3: epoch {epoch} is fixed");
            let known = told.entry(Epoch(epoch)).or_insert_with(|| set.clone());
            assert_eq!(*known, set, "R3: a fixed set changed");
        }
    }
    Ok(format!("{} {refused:?} {}", magnitude(told.len()), use_registry(&registry, genesis)))
}

#[test]
fn fuzz_registry_takes_any_blocks_and_a_fixed_set_stays() {
    target("registry").seeds(dice()).seeds([vec![200; 600], vec![0x55; 600]]).longest(1_500).run(|bytes| {
        let mut u = Unstructured::new(bytes);
        play_registry(&mut u).unwrap_or_else(|_| "no bytes left".into())
    });
}

/// Any votes in any order beside the oracle that keeps every vote.
fn play_slasher(u: &mut Unstructured<'_>) -> Result<String> {
    const VALIDATORS: u8 = 5;
    let window = Window { retention: u.int_in_range(0..=11)?, views_ahead: u.int_in_range(1..=4)? };
    let (mut slasher, mut oracle) = (Slasher::new(ROLLUP, window, round(0, 0)), Oracle::new(window));
    let (mut found, mut last) = (0, round(0, 0));
    while !u.is_empty() {
        let at = round(last.epoch.0 + u.int_in_range(0..=1)?, (last.view.0 + u.int_in_range(0..=8)?).saturating_sub(4));
        if u.ratio(1, 8)? {
            slasher.finalized(at);
            last = oracle.finalized(at);
            continue;
        }
        let kind = *u.choose(&[VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize])?;
        let vote = match kind {
            VoteKind::Nullify => Vote::nullify(at),
            VoteKind::Notarize | VoteKind::Finalize => Vote { round: at, kind, batch: batch(u.int_in_range(1..=3)?) },
        };
        let signed = sign_cheaply(u.int_in_range(0..=VALIDATORS - 1)?, vote);
        assert_eq!(slasher.wants(&signed), oracle.wants(&signed), "S4: {signed:?}");
        let members = set(at.epoch.0, VALIDATORS);
        let evidence = slasher.observe(signed.verify(domain(), &members, &AllStand).expect("a member"), &members);
        let named = evidence.map(|e| (e.round().epoch, e.place(), e.offence().to_string()));
        let expected = oracle.observe(signed).map(|(epoch, place, offence)| (epoch, place, offence.to_owned()));
        assert_eq!(named, expected, "S3: {signed:?}");
        found += usize::from(named.is_some());
        assert!(slasher.votes_kept() as u128 <= window.votes_max(VALIDATORS.into()), "S5");
    }
    Ok(format!("{} found, {} kept", found.min(9), magnitude(slasher.votes_kept())))
}

fn sign_cheaply(signer: u8, vote: Vote) -> rota_proto::SignedVote {
    rota_proto::SignedVote { vote, signer: place(signer), signature: rota_proto::Signature([signer; 64]) }
}

#[test]
fn fuzz_slasher_and_oracle_agree_on_any_votes() {
    target("slasher").seeds(dice()).longest(900).run(|bytes| {
        let mut u = Unstructured::new(bytes);
        play_slasher(&mut u).unwrap_or_else(|_| "no bytes left".into())
    });
}

/// Any requests, restarts from the bytes, and holding back: nothing slashable is ever signed.
fn play_guard(u: &mut Unstructured<'_>) -> Result<String> {
    let mut record = SafetyRecord::new(ROLLUP, key(0));
    let mut signed: Vec<Vote> = Vec::new();
    let mut refused = std::collections::BTreeSet::new();
    while !u.is_empty() {
        let at = round(u.int_in_range(0..=2)?, u.int_in_range(0..=80)?);
        match u.int_in_range(0..=15u8)? {
            0 => record.raise_floor(at),
            1 => record.hold_back(at, round(u.int_in_range(0..=2)?, u.int_in_range(0..=80)?)),
            2 => record = SafetyRecord::decode(&record.encode()).expect("G12: its own bytes"),
            _ => {
                let kind = *u.choose(&[VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize])?;
                let vote = Vote { round: at, kind, batch: batch(u.int_in_range(0..=2)?) };
                match record.check(domain(), &vote) {
                    Verdict::Sign => {
                        let clash = signed.iter().find(|other| slashable(other, &vote));
                        assert_eq!(clash, None, "G4: {vote} was signed after it");
                        record = record.admit(domain(), &vote).expect("as checked");
                        signed.push(vote);
                    }
                    Verdict::Repeat(_) => assert!(signed.contains(&vote), "G5: {vote} was never signed"),
                    Verdict::Refuse(refusal) => drop(refused.insert(outcome(&refusal))),
                }
            }
        }
        assert!(record.floor() <= record.resume(), "G10");
    }
    check_record(&record);
    Ok(format!("{} {refused:?}", magnitude(signed.len())))
}

#[test]
fn fuzz_guard_signs_nothing_slashable_whatever_is_asked() {
    target("guard").seeds(dice()).longest(900).run(|bytes| {
        let mut u = Unstructured::new(bytes);
        play_guard(&mut u).unwrap_or_else(|_| "no bytes left".into())
    });
}
