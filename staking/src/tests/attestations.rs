use alloy_primitives::B256;
use rota_proto::{Attestation, AttestationKey, Epoch};

use super::ROLLUP;
use crate::{AttestationRecord, AttestationRecordError, AttestationRefusal, PARTICIPATION, limits::ATTESTATIONS_KEPT};

fn empty() -> AttestationRecord {
    let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).expect("material enough");
    let key = AttestationKey::from_compressed(&secret.sk_to_pk().compress()).expect("the key of a secret");
    AttestationRecord::new(ROLLUP, key)
}

fn said(epoch: u64, index: u64, content: u8) -> Attestation {
    let content = B256::repeat_byte(content);
    Attestation { attesting_epoch: Epoch(epoch), kind: PARTICIPATION, index, content }
}

#[test]
fn g15_of_one_index_one_content_is_signed_in_whatever_epoch() {
    let record = empty().admit(&said(9, 1, 0xaa)).expect("nothing was said");
    assert_ne!(record, empty());
    assert_eq!(record.admit(&said(10, 1, 0xaa)), Ok(record.clone()));
    for epoch in [9, 10] {
        let [recorded, asked] = [0xaa, 0xbb].map(B256::repeat_byte);
        let refused = AttestationRefusal::Conflicting { kind: PARTICIPATION, index: 1, recorded, asked };
        assert_eq!(record.admit(&said(epoch, 1, 0xbb)), Err(refused));
    }
    record.admit(&said(9, 2, 0xbb)).expect("another index");
}

#[test]
fn g15_unknown_kind_is_refused() {
    let unknown = Attestation { kind: 2, ..said(9, 1, 0xaa) };
    assert_eq!(empty().admit(&unknown), Err(AttestationRefusal::UnknownKind(2)));
}

#[test]
fn g16_what_is_forgotten_is_forbidden() {
    let kept = u64::try_from(ATTESTATIONS_KEPT).expect("few");
    let full = (1..=kept).fold(empty(), |record, index| record.admit(&said(9, 10 * index, 1)).expect("in order"));
    let below = |index, floor| AttestationRefusal::BelowFloor { kind: PARTICIPATION, index, floor };
    assert_eq!(full.admit(&said(9, 5, 1)), Err(below(5, 6)), "below all of a full record");
    let next = full.admit(&said(9, 10 * kept + 1, 1)).expect("one more");
    assert_eq!(next.admit(&said(9, 10, 1)), Err(below(10, 11)));
    assert_eq!(next.admit(&said(9, 5, 1)), Err(below(5, 11)), "the floor is told, not where it would be");
    assert_eq!(next.admit(&said(9, 11, 1)), Err(below(11, 12)), "not forgotten, and below all of a full record");
    assert_eq!(next.admit(&said(9, 20, 1)), Ok(next.clone()));
}

#[test]
fn g17_file_is_read_back_and_no_other() {
    let record = empty().admit(&said(9, 1, 0xaa)).expect("nothing was said");
    let text = record.encode();
    assert_eq!((record.rollup_chain_id(), record.key()), (ROLLUP, empty().key()), "what it is told by");
    assert_eq!(AttestationRecord::decode(&text), Ok(record));
    for end in 0..text.len() {
        assert!(AttestationRecord::decode(&text[..end]).is_err(), "cut at {end}");
    }
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).expect("the lowest bit keeps ASCII");
        assert!(AttestationRecord::decode(&changed).is_err(), "changed at {at}");
    }
    let newer = text.lines().next().expect("a line").replacen("\"version\":1", "\"version\":2", 1);
    let newer = format!("{newer}\n{}\n", alloy_primitives::keccak256(&newer));
    let refused = AttestationRecordError::Newer { found: 2, known: 1 };
    assert_eq!(AttestationRecord::decode(&newer), Err(refused));
}
