//! What anybody may post, and any bytes in the journal's place (rules P1 to P4, P8).

use std::{fs, io::Write as _};

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B256, Bytes};
use rota_fuzz::{Target, magnitude, outcome};
use rota_proto::{BatchBody, BatchHeader, Certificate, ExtraData, Round, Signature, Signers, View, Vote};
use rota_staking::bindings::{IRotaInbox::Entry, MAX_ENTRY_BATCHES};

use super::{Content, Journal, Payload, Posting};

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

/// The batch of a height on a parent.
fn batch(parent: B256, height: u64, body: &Bytes) -> BatchHeader {
    let transactions_root = BatchBody::decode(body).unwrap().root();
    BatchHeader::new(Header {
        parent_hash: parent,
        number: height,
        transactions_root,
        state_root: B256::repeat_byte(9),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        gas_limit: 30_000_000,
        extra_data: ExtraData::default().encode(),
        ..Header::default()
    })
    .unwrap()
}

/// Three batches from height 1 on, with the finalization of the last: what their entry says, and the stream.
fn posted() -> (Entry, Vec<u8>) {
    let (mut content, mut parent) = (Content::default(), B256::ZERO);
    for height in 1..=3 {
        let body = BatchBody(vec![Bytes::from(vec![2; 40]); usize::try_from(height).unwrap() - 1]).encode();
        let header = batch(parent, height, &body);
        content.push(&header, &body);
        parent = header.hash();
    }
    let vote = Vote::finalize(Round { view: View(4), ..Round::default() }, parent);
    let finalization = Certificate { vote, signers: Signers(0b111), signatures: vec![Signature([6; 64]); 3] };
    let entry = Entry { firstHeight: 1, lastHeight: 3, parentLink: B256::ZERO, lastBatchHash: parent };
    (entry, content.stream(3, Some(&finalization)).to_vec())
}

fn decompressed(stream: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    std::io::copy(&mut brotli::Decompressor::new(stream, 4_096), &mut content).unwrap();
    content
}

fn compressed(content: &[u8]) -> Vec<u8> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4_096, 0, 22);
    writer.write_all(content).unwrap();
    writer.into_inner()
}

/// What a reader makes of a stream under an entry that says the right hash.
fn open(entry: &Entry, stream: &[u8]) -> String {
    match Posting::open(entry, stream, B256::ZERO) {
        Ok(posting) => {
            let count = u64::try_from(posting.batches.len()).unwrap();
            assert_eq!(count, entry.lastHeight - entry.firstHeight + 1, "P1: every height once");
            let mut content = Content::default();
            posting.batches.iter().for_each(|(header, body)| content.push(header, body));
            let again = content.stream(posting.batches.len(), posting.finalization.as_ref());
            assert_eq!(Posting::open(entry, &again, B256::ZERO).unwrap(), posting, "P1: packed again it is the same");
            format!("{count} batches")
        }
        Err(error) => outcome(&error),
    }
}

#[test]
fn entry_of_the_last_height_there_is_is_refused_without_a_panic() {
    let (entry, _) = posted();
    let mut content = Content::default();
    let body = BatchBody::default().encode();
    content.push(&batch(B256::ZERO, 1, &body), &body);
    let last = Entry { firstHeight: u64::MAX, lastHeight: u64::MAX, ..entry };
    let refused = Posting::open(&last, &content.stream(1, None), B256::ZERO).unwrap_err();
    assert_eq!(refused.to_string(), "batch 18446744073709551615: height 18446744073709551615 is above the limit");
}

#[test]
fn entry_of_more_batches_than_the_inbox_takes_is_refused() {
    let (mut content, mut parent) = (Content::default(), B256::ZERO);
    let body = BatchBody::default().encode();
    let count = MAX_ENTRY_BATCHES + 1;
    for height in 1..=count {
        let header = batch(parent, height, &body);
        content.push(&header, &body);
        parent = header.hash();
    }
    let stream = content.stream(content.len(), None);
    for last in [count, 1_000_000] {
        let entry = Entry { firstHeight: 1, lastHeight: last, parentLink: B256::ZERO, lastBatchHash: parent };
        let refused = Posting::open(&entry, &stream, B256::ZERO).unwrap_err().to_string();
        assert_eq!(refused, format!("the payload has {count} batches, the entry heights 1 to {last}"));
    }
}

#[test]
fn stream_that_asks_for_a_window_of_a_gibibyte_is_refused() {
    let (entry, _) = posted();
    // Bits from the lowest: large window of 2^30; two stored blocks of one byte, neither the last; the end.
    let stream = [0x11, 0x1e, 0x00, 0x00, 0x02, 0xaa, 0x00, 0x00, 0x08, 0xbb, 0x03];
    let refused = Posting::open(&entry, &stream, B256::ZERO).unwrap_err().to_string();
    assert!(refused.ends_with("its window is too large"), "{refused}");
}

#[test]
fn fuzz_streams_open_to_the_entrys_batches_or_are_refused() {
    let (entry, stream) = posted();
    let bomb = compressed(&vec![0; 9 * 1024 * 1024]);
    target("stream").seeds([stream, bomb]).run(|stream| open(&entry, stream));
}

#[test]
fn fuzz_contents_open_to_the_entrys_batches_or_are_refused() {
    let (entry, stream) = posted();
    // The entry's heights before the content, so that they change too.
    let heights = [entry.firstHeight.to_be_bytes(), entry.lastHeight.to_be_bytes()].concat();
    let seed = [heights, decompressed(&stream)].concat();
    let last = [u64::MAX.to_be_bytes(), u64::MAX.to_be_bytes()].concat();
    let seeds = [seed.clone(), [&last, &seed[16..]].concat()];
    target("content").seeds(seeds).longest(6_000).run(|bytes| {
        let Some((heights, content)) = bytes.split_first_chunk::<16>() else { return "short".into() };
        let (numbers, _) = heights.as_chunks::<8>();
        let [first, last] = [numbers[0], numbers[1]].map(u64::from_be_bytes);
        open(&Entry { firstHeight: first, lastHeight: last, ..entry.clone() }, &compressed(content))
    });
}

#[test]
fn fuzz_payloads_read_to_themselves_or_not() {
    let hashes = Payload::InParts(vec![B256::repeat_byte(1); 3]).encode().to_vec();
    let whole = Payload::Whole(Bytes::from_static(&[1, 2, 3])).encode().to_vec();
    target("payload").seeds([hashes, whole]).run(|bytes| {
        let payload = Bytes::copy_from_slice(bytes);
        match Payload::read(&payload) {
            Ok(read) => {
                assert_eq!(read.encode(), payload, "one payload, one encoding");
                match read {
                    Payload::Whole(stream) => format!("whole {}", magnitude(stream.len())),
                    Payload::InParts(parts) => format!("parts {}", parts.len()),
                }
            }
            Err(error) => outcome(&error),
        }
    });
}

#[test]
fn fuzz_journals_are_records_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poster.json");
    let seeds = super::journal::tests::files();
    target("poster-journal").seeds(seeds).longest(2_000).run(|bytes| {
        fs::write(&path, bytes).unwrap();
        match Journal::open(&path) {
            Ok(journal) => outcome(&(journal.record().is_some(), journal.record().map(|record| record.hashes.len()))),
            // The path varies from run to run.
            Err(error) => outcome(&error).replace(&outcome(&path), "path"),
        }
    });
}
