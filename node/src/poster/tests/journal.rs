//! P8: the journal on the disk.

use super::*;
use alloy_primitives::Address;

use crate::poster::{Fees, PlannedEntry, Purpose};

fn record(nonce: u64) -> Record {
    let entry = PlannedEntry { first_height: 1, last_height: 9, parent_link: B256::repeat_byte(3) };
    let fees = Fees { max_fee: u128::from(u64::MAX) + 1, tip: 1 };
    Record {
        sent: Sent { nonce, purpose: Purpose::Append(entry), fees, block: 17 },
        hashes: vec![B256::repeat_byte(1), B256::repeat_byte(2)],
        raw: Bytes::from_static(b"raw"),
    }
}

/// A report of a validator in flight.
fn report(nonce: u64) -> Record {
    let sent = Sent { purpose: Purpose::Slash(Address::repeat_byte(7)), ..record(nonce).sent };
    Record { sent, ..record(nonce) }
}

/// What the file may hold: nothing, a transaction in flight, parts of a stream.
pub(crate) fn files() -> Vec<Vec<u8>> {
    let part = Part { stream: B256::repeat_byte(4), transaction: B256::repeat_byte(5) };
    let states = [
        State::default(),
        State { record: Some(record(4)), parts: Vec::new() },
        State { record: None, parts: vec![part; 2] },
        State { record: Some(report(4)), parts: Vec::new() },
    ];
    states.iter().map(|state| serde_json::to_vec(&(VERSION, state)).unwrap()).collect()
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.json");
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.record(), None);
    for kept in [Some(record(4)), Some(report(5)), None] {
        journal.put(kept.clone()).unwrap();
        assert_eq!(journal.record(), kept.as_ref());
        assert_eq!(Journal::open(&path).unwrap().record(), kept.as_ref());
    }
}

#[test]
fn a_file_cut_off_beside_the_journal_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.json");
    Journal::open(&path).unwrap().put(Some(record(4))).unwrap();
    fs::write(path.with_extension("new"), b"[1,{\"sen").unwrap();
    assert_eq!(Journal::open(&path).unwrap().record(), Some(&record(4)));
}

#[test]
fn a_newer_version_and_damage_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.json");
    fs::write(&path, b"[4,{\"other\":1}]").unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::Version { found: 4, .. })));
    for damage in [&b""[..], b"[1,", b"[1,{\"sent\":0}]", b"null"] {
        fs::write(&path, damage).unwrap();
        let refused = Journal::open(&path).unwrap_err();
        assert!(matches!(refused, JournalError::Damaged { .. }), "{refused}");
    }
}

#[test]
fn a_folder_that_is_gone_is_an_error_and_the_record_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone/poster.json");
    let mut journal = Journal::open(&path).unwrap();
    assert!(matches!(journal.put(Some(record(1))), Err(JournalError::Io { .. })));
    assert_eq!(journal.record(), None, "what is not durable must not be sent");
}

#[test]
fn parts_of_one_stream_are_kept_in_order_until_another_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.json");
    let mut journal = Journal::open(&path).unwrap();
    let part =
        |stream: u8, index: u8| Part { stream: B256::repeat_byte(stream), transaction: B256::repeat_byte(index) };
    let known = |stream: u8| -> Vec<B256> { Journal::open(&path).unwrap().parts(B256::repeat_byte(stream)).collect() };
    for index in 1..=3 {
        journal.put(Some(record(4))).unwrap();
        journal.part_done(part(9, index)).unwrap();
        assert_eq!(journal.record(), None, "the transaction that carried it is over");
    }
    let all = [1, 2, 3].map(B256::repeat_byte);
    assert_eq!(known(9), all);
    journal.put(Some(record(5))).unwrap();
    journal.keep_parts(2).unwrap();
    assert_eq!((known(9), journal.record()), (all[..2].to_vec(), Some(&record(5))));
    journal.part_done(part(8, 7)).unwrap();
    assert_eq!((known(9), known(8)), (vec![], vec![B256::repeat_byte(7)]));
}

/// Version 1 had no reports of validators; what it holds is read as it is.
#[test]
fn an_older_journal_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.json");
    let state = State { record: Some(record(4)), parts: Vec::new() };
    fs::write(&path, serde_json::to_vec(&(1, &state)).unwrap()).unwrap();
    assert_eq!(Journal::open(&path).unwrap().record(), Some(&record(4)));
}
