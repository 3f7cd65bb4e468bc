//! What every batch header has (rules H1, H2).

use alloy_consensus::Header;
use alloy_primitives::{B64, B256, Bytes, U256, keccak256};
use alloy_rlp::Encodable;
use proptest::prelude::*;

use super::samples::{EPOCH, batch, header, places};
use crate::{
    BatchHeader, Epoch, ExtraData, HeaderError, Height, L1Origin, ORIGIN_NUMBER_MAX, Round, Signers, View,
    limits::HEADER_BYTES_MAX,
};

fn encoded(header: &Header) -> Vec<u8> {
    alloy_rlp::encode(header)
}

fn good() -> Header {
    header(ExtraData::default())
}

/// The header is refused as a value and as bytes.
#[track_caller]
fn check_refused(change: impl FnOnce(&mut Header), error: HeaderError) {
    let mut changed = good();
    change(&mut changed);
    assert_eq!(BatchHeader::new(changed.clone()), Err(error.clone()));
    assert_eq!(BatchHeader::decode(&encoded(&changed)), Err(error));
}

#[track_caller]
fn check_field(field: &'static str, change: impl FnOnce(&mut Header)) {
    check_refused(change, HeaderError::Fixed(field));
}

/// Rule H1, each field by name.
#[test]
fn fields_that_prague_and_rota_fix_are_refused_otherwise() {
    check_field("ommersHash", |header| header.ommers_hash = B256::ZERO);
    check_field("difficulty", |header| header.difficulty = U256::from(1));
    check_field("nonce", |header| header.nonce = B64::repeat_byte(1));
    check_field("withdrawalsRoot", |header| header.withdrawals_root = Some(B256::ZERO));
    check_field("blobGasUsed", |header| header.blob_gas_used = Some(1));
    check_field("excessBlobGas", |header| header.excess_blob_gas = Some(1));
    check_field("requestsHash", |header| header.requests_hash = Some(B256::ZERO));
    check_field("blockAccessListHash", |header| header.block_access_list_hash = Some(B256::ZERO));
    let slotted = Header { slot_number: Some(1), ..good() };
    assert_eq!(BatchHeader::new(slotted), Err(HeaderError::Fixed("slotNumber")));
}

/// Rule H1: a header of an older fork lacks fields at its end.
#[test]
fn header_of_an_older_fork_is_refused() {
    check_field("requestsHash", |header| header.requests_hash = None);
    check_field("parentBeaconBlockRoot", |header| {
        header.requests_hash = None;
        header.parent_beacon_block_root = None;
    });
    check_field("baseFeePerGas", |header| {
        *header = Header {
            base_fee_per_gas: None,
            withdrawals_root: None,
            blob_gas_used: None,
            excess_blob_gas: None,
            parent_beacon_block_root: None,
            requests_hash: None,
            ..header.clone()
        };
    });
}

/// Rule H1, at the limit.
#[test]
fn more_gas_than_the_limit_is_refused() {
    check_field("gasUsed", |header| header.gas_used = header.gas_limit + 1);
    let full = Header { gas_used: good().gas_limit, ..good() };
    assert!(BatchHeader::new(full).is_ok());
}

/// Rule H1, at the limit.
#[test]
fn height_that_no_chain_reaches_is_refused() {
    let above = Height::MAX.0 + 1;
    check_refused(|header| header.number = above, HeaderError::Height(above));
    assert!(BatchHeader::new(Header { number: Height::MAX.0, ..good() }).is_ok());
}

/// Rule H2.
#[test]
fn extra_data_of_another_length_is_refused() {
    for length in [0, 29, 31, 32] {
        let mut bytes = ExtraData::default().encode().to_vec();
        bytes.resize(length, 0);
        check_refused(|header| header.extra_data = bytes.into(), HeaderError::ExtraDataLength(length));
    }
}

/// Rule H2.
#[test]
fn batch_of_another_version_is_refused() {
    for version in [0, 2, 255] {
        let mut bytes = ExtraData::default().encode().to_vec();
        bytes[0] = version;
        check_refused(|header| header.extra_data = bytes.into(), HeaderError::Version(version));
    }
}

/// Rule H1: longer than any header, whatever is in it.
#[test]
fn header_above_the_limit_is_refused_unread() {
    let refused = BatchHeader::decode(&vec![0; HEADER_BYTES_MAX + 1]);
    assert_eq!(refused, Err(HeaderError::TooLong(HEADER_BYTES_MAX + 1)));
    let refused = BatchHeader::decode(&vec![0; HEADER_BYTES_MAX]);
    assert!(matches!(refused, Err(HeaderError::Rlp(_))), "{refused:?}");
}

/// Rule H1: the largest header that passes is far below the limit.
#[test]
fn largest_header_fits() {
    let ones = B256::repeat_byte(0xff);
    let largest = Header {
        number: Height::MAX.0,
        gas_limit: u64::MAX,
        gas_used: u64::MAX,
        timestamp: u64::MAX,
        base_fee_per_gas: Some(u64::MAX),
        mix_hash: ones,
        ..good()
    };
    assert!(largest.length() <= 730, "{}", largest.length());
    assert!(BatchHeader::decode(&encoded(&largest)).is_ok());
}

/// Rule H1.
#[test]
fn bytes_that_are_no_header_are_refused() {
    let bytes = encoded(&good());
    for length in 0..bytes.len() {
        let refused = BatchHeader::decode(&bytes[..length]);
        assert!(matches!(refused, Err(HeaderError::Rlp(_))), "{length} of {} bytes: {refused:?}", bytes.len());
    }
    let longer = [bytes.as_slice(), &[0x80]].concat();
    assert_eq!(BatchHeader::decode(&longer), Err(HeaderError::Rlp("1 bytes follow".into())));
}

/// Rule H1: one header, one encoding. Whatever bits change, other bytes are another header or none.
#[test]
fn header_has_one_encoding() {
    let original = batch();
    let bytes = original.encode();
    let mut decoded = 0;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(header) = BatchHeader::decode(&flipped) {
            assert_eq!(header.encode(), flipped, "bit {bit}");
            assert_ne!(header.hash(), original.hash(), "bit {bit}");
            decoded += 1;
        }
    }
    assert!(decoded > 1_000, "most bits belong to hashes and the bloom: {decoded}");
}

/// Rules H1, H2: the parts of a header.
#[test]
fn header_tells_its_facts() {
    let batch = batch();
    assert_eq!(batch.hash(), keccak256(batch.encode()));
    assert_eq!(batch.parent(), B256::repeat_byte(0x11));
    assert_eq!((batch.height(), batch.epoch()), (Height(42), EPOCH));
    assert_eq!(batch.parent_round(), Round::new(EPOCH, View(3)));
    assert_eq!(batch.extra().parent_signers, places(&[0, 1]));
    assert_eq!(batch.origin(), L1Origin { number: 23_000_000, hash: B256::repeat_byte(0x44) });
    assert_eq!(batch.header().gas_used, 21_000);
    assert_eq!(BatchHeader::decode(&batch.encode()), Ok(batch));
}

/// Rule H2: the table of bytes.
#[test]
fn extra_data_is_30_bytes_big_endian() {
    let extra = ExtraData {
        epoch: Epoch(0x0102_0304),
        origin_number: 0x05_0607_0809,
        parent_view: View(0x0a0b_0c0d),
        parent_signers: Signers(0x0e0f_1011_1213_1415_1617_1819_1a1b_1c1d),
    };
    let bytes: Vec<u8> = (1..=0x1d).collect();
    assert_eq!(extra.encode(), Bytes::from([&[1], bytes.as_slice()].concat()));
    assert_eq!(ExtraData::decode(&extra.encode()), Ok(extra));
}

/// Rule H2, at the limits of the fields.
#[test]
fn largest_facts_fit_their_bytes() {
    let extra = ExtraData {
        epoch: Epoch::MAX,
        origin_number: ORIGIN_NUMBER_MAX,
        parent_view: View::MAX,
        parent_signers: Signers(u128::MAX),
    };
    assert_eq!(extra.encode().as_ref(), [&[1][..], &[0xff; 29]].concat());
    assert_eq!(ExtraData::decode(&extra.encode()), Ok(extra));
}

#[test]
#[should_panic(expected = "L1 block numbers fit 5 bytes")]
fn origin_above_5_bytes_is_our_own_mistake() {
    let _ = ExtraData { origin_number: ORIGIN_NUMBER_MAX + 1, ..ExtraData::default() }.encode();
}

#[test]
#[should_panic(expected = "counters keep their limits")]
fn view_above_4_bytes_is_our_own_mistake() {
    let _ = ExtraData { parent_view: View::MAX.next(), ..ExtraData::default() }.encode();
}

proptest! {
    /// Rule H2.
    #[test]
    fn extra_data_comes_back(epoch: u32, origin_number in 0..=ORIGIN_NUMBER_MAX, view: u32, signers: u128) {
        let extra = ExtraData {
            epoch: Epoch(epoch.into()),
            origin_number,
            parent_view: View(view.into()),
            parent_signers: Signers(signers),
        };
        prop_assert_eq!(ExtraData::decode(&extra.encode()), Ok(extra));
    }

    /// Rule H2: 30 bytes of version 1 are facts, and these bytes again.
    #[test]
    fn thirty_bytes_are_facts(rest: [u8; 29]) {
        let bytes = [&[1][..], &rest].concat();
        let again = ExtraData::decode(&bytes).unwrap().encode();
        prop_assert_eq!(again.as_ref(), bytes);
    }

    /// Rule H1: no bytes make decoding panic, and what decodes has these bytes.
    #[test]
    fn any_bytes_decode_to_themselves_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..900)) {
        if let Ok(header) = BatchHeader::decode(&bytes) {
            prop_assert_eq!(header.encode(), bytes);
        }
    }
}
