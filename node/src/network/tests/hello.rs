use alloy_primitives::B256;
use libp2p::identity::Keypair;
use rota_proto::{Height, Message, Status};

use super::support::{Validator, network, vote};
use crate::network::{
    HandshakeError, MessageKind,
    frame::PREFIX_BYTES,
    hello::{HELLO_BYTES_MAX, Hello},
    limits::VERSION_BYTES_MAX,
};

fn status() -> Status {
    Status { network: network(), version: "v".repeat(VERSION_BYTES_MAX), height: Height(5), batch: B256::ZERO }
}

#[test]
fn vote_in_place_of_a_status_is_named() {
    // N3
    let bytes = [&[0][..], &vote(1).encode()].concat();
    assert_eq!(Hello::decode(&bytes), Err(HandshakeError::NotStatus(MessageKind::Vote)));
}

#[test]
fn hello_without_a_mark_is_refused() {
    let status = Message::Status(status()).encode();
    for (bytes, mark) in [(Vec::new(), None), (vec![2; 200], Some(2)), (vec![1; 50], Some(1))] {
        assert_eq!(Hello::decode(&bytes), Err(HandshakeError::NoRecordMark(mark)));
    }
    assert!(Hello::decode(&[&[0][..], &status].concat()).is_ok());
}

#[test]
fn record_of_a_key_that_is_no_consensus_key_is_refused() {
    let bytes = [&[1][..], &[0xFF; 104], &Message::Status(status()).encode()].concat();
    assert_eq!(Hello::decode(&bytes), Err(HandshakeError::RecordKey));
}

#[test]
fn status_in_another_encoding_is_refused() {
    let bytes = [&[0][..], &Message::Status(status()).encode(), &[0xA0, 0x06, 0x01]].concat();
    assert!(matches!(Hello::decode(&bytes), Err(HandshakeError::Malformed(_))));
}

#[test]
fn longest_hello_is_within_its_limit_and_comes_back() {
    let record = Some(Validator::seed(1).record(&Keypair::generate_ed25519(), u64::MAX));
    let status = Status { height: Height::MAX, batch: B256::repeat_byte(1), ..status() };
    for record in [None, record] {
        let hello = Hello { status: status.clone(), record };
        let bytes = hello.encode().unwrap();
        assert!(bytes.len() - PREFIX_BYTES <= HELLO_BYTES_MAX);
        assert_eq!(Hello::decode(&bytes[PREFIX_BYTES..]).unwrap(), hello);
    }
}
