//! The pool through any sequence of calls, read from bytes, beside the naive one (rules M2 to M18); and the journal's
//! decoder on any bytes (rule M15).

use alloy_primitives::keccak256;
use rota_fuzz::{Result, Target, Unstructured, outcome};

use super::{
    transfer,
    world::{BALANCE, Offer, STALE, Step, WALLETS, World},
};
use crate::{
    Journal, JournalRecord,
    limits::{NONCE_GAP_MAX, QUEUED_HEIGHTS_MAX},
};

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

fn any_wallet(u: &mut Unstructured<'_>) -> Result<u8> {
    u.int_in_range(1..=WALLETS)
}

fn any_offer(u: &mut Unstructured<'_>) -> Result<Offer> {
    let ahead = match u.int_in_range(0..=31u8)? {
        0 => STALE,
        1 => NONCE_GAP_MAX + 16,
        number => u64::from(number % 5),
    };
    let fee = u.int_in_range(8..=60u128)?;
    Ok(Offer {
        wallet: any_wallet(u)?,
        ahead,
        fee,
        tip: u.int_in_range(0..=fee)?,
        value: u.int_in_range(0..=2_000_000)?,
        slots: if u.ratio(1, 8)? { 2 } else { 1 },
        local: u.ratio(1, 3)?,
        binds: if u.ratio(1, 12)? { Some((any_wallet(u)?, u.int_in_range(0..=2)?)) } else { None },
        stale: u.ratio(1, 10)?,
    })
}

fn any_step(u: &mut Unstructured<'_>) -> Result<Step> {
    Ok(match u.int_in_range(0..=24u8)? {
        0 => Step::Again(u.int_in_range(0..=11)?),
        1 => Step::Discard(u.int_in_range(0..=11)?),
        2 => Step::BaseFee(u.int_in_range(7..=50)?),
        3..=5 => Step::Notarize {
            tip: u.int_in_range(0..=3)?,
            size: u.int_in_range(0..=4)?,
            foreign: if u.ratio(1, 3)? { Some(any_wallet(u)?) } else { None },
        },
        6 => Step::Abandon { tip: u.int_in_range(0..=3)? },
        7 | 8 => Step::Finalize {
            tip: u.int_in_range(0..=3)?,
            heights: if u.ratio(1, 10)? { QUEUED_HEIGHTS_MAX } else { 1 },
            balance: (any_wallet(u)?, u.int_in_range(0..=2 * BALANCE)?),
            used: if u.ratio(1, 5)? { Some(any_wallet(u)?) } else { None },
        },
        _ => Step::Add(any_offer(u)?),
    })
}

#[test]
fn fuzz_pool_lives_as_the_naive_one_through_any_calls() {
    // Some of everything, in several rhythms.
    let seeds = (1..=12u8).map(|step| (0..90u8).map(|at| at.wrapping_mul(step.wrapping_mul(29)) ^ step).collect());
    target("pool").seeds(seeds).longest(400).run(|bytes| {
        let (mut u, mut world, mut steps) = (Unstructured::new(bytes), World::new(), 0u32);
        while !u.is_empty() {
            let Ok(step) = any_step(&mut u) else { break };
            world.take(step);
            steps += 1;
            // Each step compares what it leads to; all that can be asked takes longer.
            if steps.is_multiple_of(8) {
                world.compare();
            }
        }
        world.compare();
        // Which things happened at all: a new combination is worth going on from.
        world.events.into_keys().collect::<Vec<_>>().join(", ")
    });
}

/// Records as they may stand in a file, with the checksum that they need, the last one perhaps torn.
fn any_file(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    for _ in 0..u.int_in_range(0..=6u8)? {
        let mut record = vec![if u.ratio(1, 12)? { u.arbitrary()? } else { 1 }, u.int_in_range(0..=3)?];
        // Two contents that come again, as a transaction and its hash do; or any.
        match u.int_in_range(0..=4u8)? {
            0 => record.extend_from_slice(b"a transaction"),
            1 => record.extend_from_slice(keccak256(b"a transaction").as_slice()),
            2 => record.extend_from_slice(b"another"),
            3 => record.extend_from_slice(keccak256(b"another").as_slice()),
            _ => record.extend(0..u.int_in_range(0..=40u8)?),
        }
        let length = u32::try_from(record.len()).unwrap().to_be_bytes();
        let whole = [&length[..], &record].concat();
        file.extend_from_slice(&whole);
        file.extend_from_slice(&keccak256(&whole)[..8]);
    }
    let torn = if u.ratio(1, 3)? { u.int_in_range(0..=20usize)? } else { 0 };
    file.truncate(file.len().saturating_sub(torn));
    Ok(file)
}

/// What holds for whatever stands in a file.
fn read(bytes: &[u8]) -> String {
    match Journal::read(bytes) {
        Ok(journal) => {
            assert_eq!(journal.intact_bytes + journal.torn_bytes, bytes.len(), "M15: all bytes are accounted for");
            assert!(journal.transactions.len() <= journal.records);
            let intact = Journal::read(&bytes[..journal.intact_bytes]).expect("the same records");
            assert_eq!((intact.records, intact.torn_bytes), (journal.records, 0), "M15: what is whole is read again");
            assert_eq!(intact.transactions, journal.transactions);
            let rewritten = journal.transactions.iter().cloned().map(JournalRecord::Added);
            let rewritten: Vec<u8> = rewritten.flat_map(|record| record.encode()).collect();
            assert_eq!(Journal::read(&rewritten).expect("our own").transactions, journal.transactions);
            format!("{} of {}, torn: {}", journal.transactions.len(), journal.records, journal.torn_bytes > 0)
        }
        Err(error) => outcome(&error),
    }
}

#[test]
fn fuzz_journals_are_read_up_to_the_first_damage() {
    let (added, dropped) = (transfer(1, 0, 100, 10).encode(), transfer(1, 0, 100, 10).hash());
    let records = [JournalRecord::Added(added), JournalRecord::Dropped(dropped)];
    let whole: Vec<u8> = records.iter().flat_map(JournalRecord::encode).collect();
    target("journal").seeds([whole, vec![0; 40], (0..80).collect()]).run(|bytes| {
        let sealed = any_file(&mut Unstructured::new(bytes)).map(|file| read(&file));
        format!("{}; {}", read(bytes), sealed.unwrap_or_default())
    });
}
