use alloy_primitives::keccak256;
use rota_proto::{KeyError, Signature, Vote};

use super::{Dice, ROLLUP, any_vote, batch, domain, key, round};
use crate::{
    RecordError, SafetyRecord, Verdict,
    limits::{RECORD_BYTES_MAX, ROUNDS_MAX},
};

/// A record with every sort of vote in it.
fn sample() -> SafetyRecord {
    let votes = [
        Vote::notarize(round(2, 4), batch(1)),
        Vote::nullify(round(2, 4)),
        Vote::notarize(round(2, 5), batch(2)),
        Vote::finalize(round(2, 5), batch(2)),
        Vote::nullify(round(3, 1)),
    ];
    let mut record = SafetyRecord::new(ROLLUP, key(0));
    record.raise_floor(round(2, 4));
    for vote in votes {
        record = record.admit(domain(), &vote).expect("legal");
    }
    record.signed(&votes[0], Signature([1; 64]));
    record.signed(&votes[3], Signature([2; 64]));
    record.signed(&votes[4], Signature([3; 64]));
    record
}

/// The bytes with a checksum that fits.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 32);
    let checksum = keccak256(&bytes);
    [bytes, checksum.to_vec()].concat()
}

/// The sample's bytes, one of them replaced, with a checksum that fits.
fn forged(offset: usize, byte: u8) -> Vec<u8> {
    let mut bytes = sample().encode();
    bytes[offset] = byte;
    sealed(bytes)
}

#[track_caller]
fn contradicts(bytes: &[u8], expected: &str) {
    match SafetyRecord::decode(bytes) {
        Err(RecordError::Contradiction { reason, .. }) => assert_eq!(reason, expected),
        other => panic!("{other:?} is not: {expected}"),
    }
}

#[test]
fn g12_every_shortened_record_is_refused() {
    let bytes = sample().encode();
    for length in 0..bytes.len() {
        let error = SafetyRecord::decode(&bytes[..length]).expect_err("cut");
        let expected = matches!(error, RecordError::Length(_) | RecordError::Checksum);
        assert!(expected, "{length} bytes: {error}");
    }
}

#[test]
fn g12_every_flipped_bit_is_refused() {
    let bytes = sample().encode();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        SafetyRecord::decode(&flipped).expect_err("changed");
    }
}

#[test]
fn g12_a_lengthened_record_is_refused() {
    let mut bytes = sample().encode();
    bytes.push(0);
    assert_eq!(SafetyRecord::decode(&bytes), Err(RecordError::Checksum));
    contradicts(&sealed(bytes), "more bytes follow");
    let long = vec![0; RECORD_BYTES_MAX + 1];
    assert_eq!(SafetyRecord::decode(&long), Err(RecordError::Length(long.len())));
}

#[test]
fn g12_a_newer_version_is_refused_whatever_its_checksum() {
    let mut bytes = sample().encode();
    bytes[9] = 2;
    let error = RecordError::Newer { found: 2, known: 1 };
    assert_eq!(SafetyRecord::decode(&bytes), Err(error));
    assert_eq!(SafetyRecord::decode(&sealed(bytes)), Err(error));
    assert_eq!(SafetyRecord::decode(&forged(9, 0)), Err(RecordError::NoVersion(0)));
}

#[test]
fn g12_other_bytes_are_refused() {
    assert_eq!(SafetyRecord::decode(&forged(0, b'R')), Err(RecordError::Magic));
    let mut no_key = sample().encode();
    no_key[18..50].fill(0xff);
    let error = SafetyRecord::decode(&sealed(no_key)).expect_err("no key");
    assert!(matches!(error, RecordError::Key(KeyError::NotOnCurve(_) | KeyError::NotCanonical(_))), "{error}");
}

#[test]
fn g12_a_record_that_contradicts_itself_is_refused_though_its_checksum_fits() {
    const FIRST: usize = 83;
    contradicts(&forged(73, 1), "it resumes below its floor");
    contradicts(&forged(82, 65), "it has more rounds than the limit");
    contradicts(&forged(82, 2), "more bytes follow");
    contradicts(&forged(FIRST + 15, 0), "nobody votes in such a round");
    contradicts(&forged(FIRST, 1), "nobody votes in such a round");
    contradicts(&forged(FIRST + 15, 3), "it lies below the floor");
    contradicts(&forged(FIRST + 15, 5), "rounds do not rise");
    contradicts(&forged(FIRST + 16, 0), "its flags speak of votes that are not there");
    contradicts(&forged(FIRST + 16, 0b0010_1011), "its flags speak of votes that are not there");
    contradicts(&forged(FIRST + 16, 0b0100_1011), "its flags speak of votes that are not there");
    // Round 2.4 has notarize, signature, nullify; round 2.5 begins 97 bytes after its flags.
    contradicts(&forged(FIRST + 16 + 97 + 16, 0b0010_0110), "nullify and finalize were both signed");
}

#[test]
fn g12_a_record_comes_back_as_it_was() {
    let seeds = 200;
    let mut longest = 0;
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let mut record = SafetyRecord::new(dice.roll(), key(1));
        let rollup = rota_proto::SigningDomain::new(1, alloy_primitives::Address::ZERO, record.rollup_chain_id());
        for _ in 0..dice.below(400) {
            let round = round(dice.below(2), dice.below(80) + 1);
            let vote = any_vote(&mut dice, round);
            record = record.admit(&rollup, &vote).unwrap_or(record);
            if dice.once_in(60) {
                record.hold_back(round.next_view(), round.next_view().next_view());
            }
            if dice.once_in(2) {
                record.signed(&vote, Signature([7; 64]));
            }
        }
        let bytes = record.encode();
        longest = longest.max(bytes.len());
        assert_eq!(SafetyRecord::decode(&bytes), Ok(record), "seed {seed}");
    }
    println!("{seeds} seeds, longest record {longest} bytes");
    assert!(longest > 5_000, "records with many votes are among them");
}

#[test]
fn g8_the_largest_record_has_the_stated_size() {
    let mut record = SafetyRecord::new(ROLLUP, key(0));
    for view in 1..=u64::try_from(ROUNDS_MAX).expect("small") {
        for vote in [Vote::notarize(round(0, view), batch(1)), Vote::finalize(round(0, view), batch(1))] {
            record = record.admit(domain(), &vote).expect("legal");
            record.signed(&vote, Signature([1; 64]));
        }
    }
    let bytes = record.encode();
    assert_eq!(bytes.len(), RECORD_BYTES_MAX);
    assert_eq!(SafetyRecord::decode(&bytes).as_ref(), Ok(&record), "the limit is read, too");
    let three_rounds = RECORD_BYTES_MAX - (ROUNDS_MAX - 3) * (17 + 2 * 96);
    println!("largest record {RECORD_BYTES_MAX} bytes; with three live rounds {three_rounds}");
    let again = record.check(domain(), &Vote::finalize(round(0, 1), batch(1)));
    assert_eq!(again, Verdict::Repeat(Some(Signature([1; 64]))));
}
