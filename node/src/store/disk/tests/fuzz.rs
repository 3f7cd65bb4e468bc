//! Bytes of any disk, in the place of what the store wrote: each is what was written, or damage by name.

use alloy_primitives::Bytes;
use rota_fuzz::{Target, magnitude, outcome};
use rota_proto::{Message, Round};

use crate::{
    network::tests::support::{certificate, header, proposal, round},
    store::disk::{
        certificate_of,
        change_log::{StateRecords, encode, record_at},
        codec::{join, split},
        header_of, height_of,
        live::candidate_of,
        round_bytes, round_of,
    },
};

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

/// The parts of a candidate's record.
fn candidate() -> Vec<u8> {
    let proposal = proposal(3);
    let nullifications = proposal.justification.nullifications.iter();
    let certificates: Vec<Vec<u8>> =
        nullifications.map(|certificate| Message::Certificate(certificate.clone()).encode()).collect();
    let header = proposal.header.encode();
    let parts: Vec<&[u8]> =
        [&header[..], &[0xc0], &[]].into_iter().chain(certificates.iter().map(Vec::as_slice)).collect();
    join(&parts)
}

#[test]
fn fuzz_records_of_the_store_are_what_was_written_or_damage() {
    let certificate = Message::Certificate(certificate(rota_proto::Vote::nullify(round(4)))).encode();
    let batch = join(&[&header(4).encode(), &[0xc0], &certificate]);
    let head = join(&[&header(4).encode(), &round_bytes(round(4)), &header(1).encode()]);
    target("store").seeds([candidate(), batch, head, certificate, round_bytes(round(4))]).run(|bytes| {
        if let Ok(parts) = split("chain", bytes) {
            assert_eq!(join(&parts), bytes, "one record, one encoding");
        }
        if let Ok(round) = round_of(bytes) {
            assert_eq!(round_bytes(round), bytes);
        }
        let parts = split("chain", bytes).unwrap_or_default();
        let read = parts.iter().map(|part| {
            (
                header_of(part).is_ok(),
                certificate_of("live", part).is_ok(),
                round_of(part).is_ok(),
                height_of(part).is_ok(),
            )
        });
        let read: Vec<_> = read.take(6).collect();
        let candidate = candidate_of(Round::default(), bytes);
        outcome(&(read, candidate.map(|(candidate, _)| candidate.justification.nullifications.len())))
    });
}

#[test]
fn fuzz_change_logs_are_read_up_to_the_first_damage() {
    let records: StateRecords = vec![(vec![1, 2], Some(Bytes::from_static(&[3; 40]))), (vec![4; 30], None)];
    let record = encode(4, 5, &records).unwrap();
    let body = record[8..].to_vec();
    let empty = encode(5, 6, &Vec::new()).unwrap()[8..].to_vec();
    target("change-log").seeds([body, empty]).run(|body| {
        // Length and checksum are added, else no change would come past them.
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let sealed = [&length[..], &crc32fast::hash(body).to_be_bytes(), body].concat();
        assert!(record_at(body, 0).is_none() || body.len() > 24, "a record has a head and two heights");
        for cut in 0..sealed.len() {
            assert!(record_at(&sealed[..cut], 0).is_none(), "torn at {cut}");
        }
        match record_at(&sealed, 0) {
            Some((commit, end)) => {
                assert_eq!(end, sealed.len());
                assert_eq!(encode(commit.after, commit.height, &commit.records).unwrap(), sealed, "one encoding");
                let twice = [&sealed[..], &sealed].concat();
                assert_eq!(record_at(&twice, end).map(|(_, end)| end), Some(twice.len()), "the next follows it");
                outcome(&(magnitude(commit.records.len()), commit.records.iter().any(|(_, value)| value.is_none())))
            }
            None => "damage".into(),
        }
    });
}
