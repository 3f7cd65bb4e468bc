//! Bytes of any peer, on what the network reads before it knows whom it speaks to: hellos, frames, exchanges.

use std::time::Duration;

use alloy_primitives::B256;
use futures::io::Cursor;
use libp2p::{StreamProtocol, identity::Keypair, request_response::Codec as _};
use rota_fuzz::{Target, outcome};
use rota_proto::{Height, Message, Status};
use tokio::runtime::{Builder, Runtime};

use super::support::{Validator, domain, every_kind, network};
use crate::network::{
    codec::{Codec, Parcel},
    frame::{Frame, PREFIX_BYTES, prefixed, read_frame},
    hello::{HELLO_BYTES_MAX, Hello},
};

const PATIENCE: Duration = Duration::from_secs(5);
/// A limit between the short inputs and the long.
const LIMIT: usize = 300;

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn fuzz_hellos_decode_to_themselves_or_not() {
    let node = Keypair::from_protobuf_encoding(&KEYPAIR).unwrap();
    let status = Status { network: network(), version: "rota".into(), height: Height(5), batch: B256::ZERO };
    let with = Some(Validator::seed(1).record(&node, 7));
    let hellos = [None, with].map(|record| Hello { status: status.clone(), record }.encode().unwrap());
    let seeds = hellos.map(|hello| hello[PREFIX_BYTES..].to_vec());
    target("hello").seeds(seeds).longest(HELLO_BYTES_MAX).run(|bytes| match Hello::decode(bytes) {
        Ok(hello) => {
            assert_eq!(&hello.encode().unwrap()[PREFIX_BYTES..], bytes, "one hello, one encoding");
            let stands = hello.record.map(|record| record.stands_for(&domain(), &node.public().to_peer_id()));
            // Nobody signs but by the key: what stands is the record that was made.
            assert!(stands != Some(true) || hello.record == with, "N5: a record that nobody signed stands");
            outcome(&stands)
        }
        Err(error) => outcome(&error),
    });
}

/// A node key in libp2p's encoding: kind 1, ed25519; 64 bytes, seed and public key.
static KEYPAIR: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    let secret = libp2p::identity::ed25519::SecretKey::try_from_bytes([7; 32]).unwrap();
    Keypair::from(libp2p::identity::ed25519::Keypair::from(secret)).to_protobuf_encoding().unwrap()
});

fn frames() -> impl Iterator<Item = Vec<u8>> {
    let short = every_kind().into_iter().map(|message| Frame::of(&message).unwrap().bytes.to_vec());
    short.filter(|bytes| bytes.len() < 4_000).chain([vec![0, 0, 0, 0], vec![0xff; 8]])
}

#[test]
fn fuzz_frames_give_what_stands_behind_their_length() {
    let runtime = runtime();
    target("frame").seeds(frames()).run(|bytes| {
        let mut io = Cursor::new(bytes);
        match runtime.block_on(read_frame(&mut io, || LIMIT, PATIENCE)) {
            Ok(Some(message)) => {
                assert!(message.len() <= LIMIT, "N17: {} bytes", message.len());
                assert_eq!(io.position(), (PREFIX_BYTES + message.len()) as u64, "what follows is left alone");
                assert!(bytes.starts_with(&prefixed(&message).unwrap()), "the frame of the message");
                "a frame".into()
            }
            Ok(None) => {
                assert!(bytes.is_empty());
                "nothing".into()
            }
            Err(error) => outcome(&error),
        }
    });
}

#[test]
fn fuzz_exchanges_give_a_message_or_a_fault() {
    let runtime = runtime();
    let protocol = StreamProtocol::new("/fuzz");
    let mut codec = Codec { patience: PATIENCE };
    target("exchange").seeds(frames()).run(|bytes| {
        let request = runtime.block_on(codec.read_request(&protocol, &mut Cursor::new(bytes)));
        let answer = runtime.block_on(codec.read_response(&protocol, &mut Cursor::new(bytes)));
        let parcels = [request, answer].map(|parcel| match parcel {
            Ok(Parcel::Incoming(Some(message))) => {
                let frame = prefixed(&message.encode()).unwrap();
                assert!(bytes.starts_with(&frame), "W3 of proto: one message, one encoding");
                message_name(&message)
            }
            Ok(Parcel::Incoming(None)) => "empty".into(),
            Ok(Parcel::Faulty(fault)) => outcome(&fault),
            Ok(Parcel::Outgoing(_)) => panic!("what is read is not written"),
            Err(error) => outcome(&error.kind()),
        });
        parcels.join(", ")
    });
}

fn message_name(message: &Message) -> String {
    crate::network::MessageKind::of(message).to_string()
}
