use alloy_primitives::keccak256;
use rota_proto::Vote;

use super::{ROLLUP, batch, domain, key, round};
use crate::{GuardFile, GuardFileError, RecordError, SafetyRecord, SlotError, SlotWrite, limits::SLOT_BYTES};

/// The record after this many votes.
fn record(votes: u64) -> SafetyRecord {
    (1..=votes).fold(SafetyRecord::new(ROLLUP, key(0)), |record, view| {
        record.admit(domain(), &Vote::notarize(round(0, view), batch(1))).expect("legal")
    })
}

/// A file written this often after it was created: write i holds the record of i votes.
fn written(times: u64) -> (GuardFile, Vec<u8>) {
    let (mut file, mut image) = GuardFile::create(&record(0));
    for votes in 1..=times {
        let write = file.write(&record(votes));
        put(&mut image, &write);
    }
    (file, image)
}

fn put(image: &mut [u8], write: &SlotWrite) {
    image[write.offset..write.offset + write.bytes.len()].copy_from_slice(&write.bytes);
}

/// Gives a slot a checksum that fits, after its content was changed.
fn seal(image: &mut [u8], offset: usize) {
    let length = usize::from(image[offset + 18]) << 8 | usize::from(image[offset + 19]);
    let end = offset + 20 + length;
    let checksum = keccak256(&image[offset..end]);
    image[end..end + 32].copy_from_slice(checksum.as_slice());
}

#[test]
fn g11_a_cut_or_lengthened_file_is_refused() {
    let (_, mut image) = written(2);
    for length in [0, 1, SLOT_BYTES, GuardFile::BYTES - 1] {
        assert_eq!(GuardFile::open(&image[..length]), Err(GuardFileError::Length(length)));
    }
    image.push(0);
    assert_eq!(GuardFile::open(&image), Err(GuardFileError::Length(GuardFile::BYTES + 1)));
}

#[test]
fn g11_a_file_without_a_complete_slot_is_refused() {
    assert_eq!(GuardFile::open(&vec![0; GuardFile::BYTES]), Err(GuardFileError::BothTorn));
    let (_, mut image) = written(3);
    image[100] ^= 1;
    image[SLOT_BYTES + 100] ^= 1;
    assert_eq!(GuardFile::open(&image), Err(GuardFileError::BothTorn));
}

#[test]
fn g11_a_newer_slot_is_refused_though_the_other_is_good() {
    let (_, mut image) = written(3);
    image[7] = 2;
    let error = SlotError::Newer { found: 2, known: 1 };
    assert_eq!(GuardFile::open(&image), Err(GuardFileError::Unusable { slot: 0, error }));
}

#[test]
fn g11_a_complete_slot_with_a_bad_record_is_refused_though_the_other_is_good() {
    let (_, mut image) = written(3);
    image[SLOT_BYTES + 20] ^= 1;
    seal(&mut image, SLOT_BYTES);
    let error = SlotError::Record(RecordError::Magic);
    assert_eq!(GuardFile::open(&image), Err(GuardFileError::Unusable { slot: 1, error }));
}

#[test]
fn g11_slots_of_two_files_are_refused() {
    let (_, mut image) = written(2);
    let (_, later) = written(5);
    image[SLOT_BYTES..].copy_from_slice(&later[SLOT_BYTES..]);
    assert_eq!(GuardFile::open(&image), Err(GuardFileError::NotSuccessive { first: 2, second: 5 }));
}

#[test]
fn g11_a_slot_in_the_other_ones_place_does_not_count() {
    let (_, mut image) = written(3);
    let (low, high) = image.split_at_mut(SLOT_BYTES);
    low.copy_from_slice(high);
    assert_eq!(GuardFile::open(&image).map(|(_, record)| record), Ok(record(3)));
}

#[test]
fn g11_the_newest_complete_record_is_opened() {
    for times in 0..5 {
        let (file, image) = written(times);
        assert_eq!(GuardFile::open(&image), Ok((file, record(times))), "after {times} writes");
    }
}

#[test]
fn g11_a_write_that_did_not_complete_leaves_the_record_before_it() {
    for times in [1, 2] {
        let (mut file, image) = written(times);
        let (before, _) = written(times);
        let write = file.write(&record(times + 1));
        for length in 0..write.bytes.len() {
            let mut torn = image.clone();
            put(&mut torn, &SlotWrite { offset: write.offset, bytes: write.bytes[..length].to_vec() });
            assert_eq!(GuardFile::open(&torn), Ok((before.clone(), record(times))), "{length} bytes arrived");
        }
    }
}

#[test]
fn g11_after_a_torn_write_the_next_one_replaces_it() {
    let (mut file, mut image) = written(2);
    let torn = file.write(&record(3));
    put(&mut image, &SlotWrite { offset: torn.offset, bytes: torn.bytes[..50].to_vec() });
    let (mut reopened, found) = GuardFile::open(&image).expect("the write before");
    assert_eq!(found, record(2));
    let write = reopened.write(&record(4));
    assert_eq!(write.offset, torn.offset);
    put(&mut image, &write);
    assert_eq!(GuardFile::open(&image).map(|(_, record)| record), Ok(record(4)));
}

#[test]
fn g11_no_flipped_bit_gives_a_record_that_was_not_written() {
    let (_, image) = written(3);
    let used = 20 + record(3).encode().len() + 32;
    let mut refused = 0;
    for bit in (0..used * 8).chain(SLOT_BYTES * 8..(SLOT_BYTES + used) * 8) {
        let mut flipped = image.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match GuardFile::open(&flipped) {
            Ok((_, found)) => assert!(found == record(3) || found == record(2), "bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    println!("{refused} flips refused");
    assert!(refused >= 30, "flips in the version are refused");
}
