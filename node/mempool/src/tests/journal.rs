//! The journal's records, and what a crash leaves of them (rule M15).

use alloy_primitives::{B256, Bytes, keccak256};

use super::{add_local, pool, transfer};
use crate::{
    JOURNAL_DEAD_RECORDS_MAX, JOURNAL_VERSION, Journal, JournalError, JournalRecord, journal_is_worth_rotating,
};

/// A journal of four records, its transactions, and where its records end.
fn example() -> (Vec<u8>, Vec<Bytes>, Vec<usize>) {
    let transactions: Vec<Bytes> = (0..3).map(|nonce| transfer(1, nonce, 100, 10).encode()).collect();
    let records = [
        JournalRecord::Added(transactions[0].clone()),
        JournalRecord::Added(transactions[1].clone()),
        JournalRecord::Dropped(keccak256(&transactions[0])),
        JournalRecord::Added(transactions[2].clone()),
    ];
    let mut bytes = Vec::new();
    let ends = records.iter().map(|record| {
        bytes.extend(record.encode());
        bytes.len()
    });
    let ends = ends.collect();
    (bytes, transactions, ends)
}

#[test]
fn a_record_of_a_later_version_stops_the_program() {
    let (mut bytes, _, _) = example();
    let at = bytes.len();
    let mut record = vec![0, 0, 0, 2, JOURNAL_VERSION + 1, 7];
    let checksum = keccak256(&record);
    record.extend_from_slice(&checksum[..8]);
    bytes.extend(record);
    let refused = Journal::read(&bytes).unwrap_err();
    assert_eq!(refused, JournalError::Newer { at, version: 2 });
    let text = format!("journal record at byte {at} has version 2; this program knows 1");
    assert_eq!(refused.to_string(), text);
}

#[test]
fn a_journal_torn_at_any_byte_keeps_the_records_before() {
    let (bytes, transactions, ends) = example();
    for length in 0..=bytes.len() {
        let journal = Journal::read(&bytes[..length]).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count();
        let live: &[Bytes] = match whole {
            0 => &[],
            1 => &transactions[..1],
            2 => &transactions[..2],
            3 => &transactions[1..2],
            _ => &transactions[1..],
        };
        assert_eq!(journal.transactions, live, "torn at {length}");
        assert_eq!(journal.records, whole);
        let intact = if whole == 0 { 0 } else { ends[whole - 1] };
        assert_eq!((journal.intact_bytes, journal.torn_bytes), (intact, length - intact));
    }
}

#[test]
fn a_journal_damaged_at_any_byte_keeps_the_records_before() {
    let (bytes, _, ends) = example();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        let journal = Journal::read(&damaged).unwrap();
        let whole = ends.iter().filter(|end| **end <= at).count();
        assert_eq!(journal.records, whole, "damaged at {at}");
        assert_eq!(journal.intact_bytes + journal.torn_bytes, bytes.len());
    }
}

#[test]
fn an_absurd_length_is_damage_and_takes_no_memory() {
    let journal = Journal::read(&[0xff; 64]).unwrap();
    assert_eq!((journal.records, journal.torn_bytes), (0, 64));
    let journal = Journal::read(&[0; 64]).unwrap();
    assert_eq!((journal.records, journal.torn_bytes), (0, 64));
}

#[test]
fn a_dropped_transaction_can_come_again() {
    let transaction = transfer(1, 0, 100, 10).encode();
    let records = [
        JournalRecord::Dropped(B256::ZERO),
        JournalRecord::Added(transaction.clone()),
        JournalRecord::Dropped(keccak256(&transaction)),
        JournalRecord::Added(transaction.clone()),
    ];
    let bytes: Vec<u8> = records.iter().flat_map(JournalRecord::encode).collect();
    assert_eq!(Journal::read(&bytes).unwrap().transactions, [transaction]);
}

#[test]
fn the_bytes_of_a_record_are_those_of_the_table() {
    let bytes = JournalRecord::Dropped(B256::repeat_byte(0xab)).encode();
    assert_eq!(bytes[..6], [0, 0, 0, 34, 1, 2]);
    assert_eq!(bytes[6..38], [0xab; 32]);
    assert_eq!(bytes[38..], keccak256(&bytes[..38])[..8]);
}

#[test]
fn a_fresh_journal_holds_the_local_transactions_in_the_order_they_came() {
    let mut pool = pool();
    let (first, second) = (transfer(2, 0, 100, 10), transfer(1, 0, 100, 10));
    add_local(&mut pool, &first).unwrap();
    super::add(&mut pool, &transfer(3, 0, 100, 10)).unwrap();
    add_local(&mut pool, &second).unwrap();
    let bytes: Vec<u8> = pool.journal().flat_map(|record| record.encode()).collect();
    assert_eq!(Journal::read(&bytes).unwrap().transactions, [first.encode(), second.encode()]);
}

#[test]
fn a_journal_is_rewritten_when_most_of_it_is_dead() {
    let dead = JOURNAL_DEAD_RECORDS_MAX;
    assert!(!journal_is_worth_rotating(dead, 0));
    assert!(journal_is_worth_rotating(dead + 1, 0));
    assert!(!journal_is_worth_rotating(10_000, 5_000));
    assert!(journal_is_worth_rotating(10_000, 4_999));
    assert!(!journal_is_worth_rotating(0, 5), "a journal that was cut has fewer records than the pool");
}
