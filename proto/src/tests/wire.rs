//! Bytes that are no message, and why (rules W1 to W4).

use prost::encoding::{decode_varint, encode_varint};

use super::samples::messages;
use crate::{
    Message, WireError,
    limits::{
        ANSWER_BYTES_MAX, BATCHES_PER_ANSWER_MAX, BODY_BYTES_MAX, CERTIFICATE_BYTES_MAX, EVIDENCE_BYTES_MAX,
        NULLIFICATIONS_PER_PROPOSAL_MAX, PROPOSAL_BYTES_MAX, REQUEST_BYTES_MAX, TRANSACTIONS_BYTES_MAX,
        TRANSACTIONS_PER_MESSAGE_MAX, VOTE_BYTES_MAX, VOTES_PER_ANSWER_MAX,
    },
};

/// What the envelope adds to the limit of a kind.
const ENVELOPE: usize = 8;

/// Number in the `oneof`, name, and limit of each kind.
const KINDS: [(u32, &str, usize); 15] = [
    (1, "vote", VOTE_BYTES_MAX),
    (2, "certificate", CERTIFICATE_BYTES_MAX),
    (3, "proposal", PROPOSAL_BYTES_MAX),
    (4, "body", BODY_BYTES_MAX + 64),
    (5, "fetch-proposal", REQUEST_BYTES_MAX),
    (6, "fetch-body", REQUEST_BYTES_MAX),
    (7, "fetch-certificate", REQUEST_BYTES_MAX),
    (8, "round-query", REQUEST_BYTES_MAX),
    (9, "round-answer", CERTIFICATE_BYTES_MAX + VOTES_PER_ANSWER_MAX * VOTE_BYTES_MAX),
    (10, "transactions", TRANSACTIONS_BYTES_MAX),
    (11, "final-batch", BODY_BYTES_MAX + PROPOSAL_BYTES_MAX),
    (12, "catch-up-request", REQUEST_BYTES_MAX),
    (13, "catch-up-answer", ANSWER_BYTES_MAX),
    (14, "status", REQUEST_BYTES_MAX),
    (15, "evidence", EVIDENCE_BYTES_MAX),
];

/// A field as it stands in the bytes: its number, and key and value as they came.
#[derive(Clone)]
struct Field {
    tag: u64,
    raw: Vec<u8>,
}

fn varint(number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_varint(number, &mut bytes);
    bytes
}

/// The fields of a message of the schema, which has numbers and length-delimited fields only.
fn fields(mut bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let start = bytes;
        let key = decode_varint(&mut bytes).unwrap();
        let value = decode_varint(&mut bytes).unwrap();
        if key & 7 == 2 {
            bytes = &bytes[usize::try_from(value).unwrap()..];
        }
        fields.push(Field { tag: key >> 3, raw: start[..start.len() - bytes.len()].to_vec() });
    }
    fields
}

fn joined(fields: &[Field]) -> Vec<u8> {
    fields.iter().flat_map(|field| field.raw.clone()).collect()
}

/// A length-delimited field.
fn delimited(tag: u32, content: &[u8]) -> Vec<u8> {
    [varint(u64::from(tag) << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

/// What stands inside the envelope of a message.
fn content(bytes: &[u8]) -> (u32, Vec<u8>) {
    let mut rest = bytes;
    let key = decode_varint(&mut rest).unwrap();
    let length = decode_varint(&mut rest).unwrap();
    assert_eq!(length, rest.len() as u64, "one field in the envelope");
    (u32::try_from(key >> 3).unwrap(), rest.to_vec())
}

#[track_caller]
fn check_not_canonical(bytes: &[u8], name: &'static str, why: &str) {
    assert_eq!(Message::decode(bytes), Err(WireError::NotCanonical(name)), "{why} in {name}");
}

/// Rule W1.
#[test]
fn nothing_and_unknown_kinds_are_refused() {
    assert!(matches!(Message::decode(&[]), Err(WireError::Protobuf(_))));
    for tag in [17, 18, 1_000] {
        assert_eq!(Message::decode(&delimited(tag, &[])), Err(WireError::UnknownKind(tag)));
    }
    let zero = Message::decode(&[0x02, 0x00]);
    assert!(matches!(zero, Err(WireError::Protobuf(_))), "there is no field 0: {zero:?}");
}

/// Rule W1: each kind at its limit and one past. The bytes are no message, but which error comes first tells.
#[test]
fn each_kind_has_its_limit() {
    for (tag, name, limit) in KINDS {
        let of_length = |total: usize| {
            let key = varint(u64::from(tag) << 3 | 2);
            let length = (1..=5).find_map(|width| {
                let rest = total - key.len() - width;
                (varint(rest as u64).len() == width).then_some(rest)
            });
            delimited(tag, &vec![0xff; length.unwrap()])
        };
        let longest = of_length(limit + ENVELOPE);
        assert_eq!(longest.len(), limit + ENVELOPE);
        let refused = Message::decode(&longest);
        assert!(matches!(refused, Err(WireError::Protobuf(_))), "{name}: {refused:?}");
        let longer = of_length(limit + ENVELOPE + 1);
        let length = longer.len();
        assert_eq!(Message::decode(&longer), Err(WireError::TooLong { kind: name, length, limit }));
    }
    assert_eq!(Message::BYTES_MAX, ANSWER_BYTES_MAX + ENVELOPE);
}

/// Rule W2: fields are counted before one is decoded: these would not decode.
#[test]
fn repeated_fields_are_counted_before_they_are_decoded() {
    for (kind, name, tag, limit) in [
        (3, "proposal", 4, NULLIFICATIONS_PER_PROPOSAL_MAX),
        (9, "round-answer", 4, VOTES_PER_ANSWER_MAX),
        (10, "transactions", 1, TRANSACTIONS_PER_MESSAGE_MAX),
        (13, "catch-up-answer", 1, BATCHES_PER_ANSWER_MAX),
    ] {
        let of_count = |count: usize| delimited(kind, &delimited(tag, &[0xff]).repeat(count));
        let refused = Message::decode(&of_count(limit));
        assert!(!matches!(refused, Err(WireError::TooMany { .. })), "{name}: {refused:?}");
        let many = WireError::TooMany { kind: name, tag, count: limit + 1, limit };
        assert_eq!(Message::decode(&of_count(limit + 1)), Err(many.clone()));
        assert_eq!(Message::decode(&of_count(limit + 2)), Err(many), "counting stops there");
    }
}

/// Rule W2: protobuf merges a second copy of the content into the first; what it repeats would not be counted.
#[test]
fn content_that_stands_there_twice_is_refused() {
    for (name, message) in messages() {
        let bytes = message.encode();
        let refused = Message::decode(&[bytes.clone(), bytes.clone()].concat());
        let by_name =
            matches!(refused, Err(WireError::NotCanonical(of) | WireError::TooLong { kind: of, .. }) if of == name);
        assert!(by_name, "a second copy of a {name}: {refused:?}");
        let (tag, inner) = content(&bytes);
        let split = [delimited(tag, &inner[..0]), delimited(tag, &inner)].concat();
        check_not_canonical(&split, name, "an empty copy before it");
    }
    let few = delimited(13, &[0x0a, 0x00].repeat(BATCHES_PER_ANSWER_MAX));
    check_not_canonical(&few.repeat(1_000), "catch-up-answer", "many answers of a few batches each");
}

/// Rule W3.
#[test]
fn every_truncation_is_refused() {
    for (name, message) in messages() {
        let bytes = message.encode();
        for length in 0..bytes.len() {
            assert!(Message::decode(&bytes[..length]).is_err(), "{length} of {} bytes of a {name}", bytes.len());
        }
    }
}

/// Rule W3: one message, one encoding.
#[test]
fn any_flipped_bit_makes_another_message_or_none() {
    for (name, message) in messages() {
        let bytes = message.encode();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Message::decode(&flipped) {
                assert_eq!(other.encode(), flipped, "bit {bit} of a {name}");
                assert_ne!(other, message, "bit {bit} of a {name}");
            }
        }
    }
}

/// Rule W3: unknown, repeated, reordered and longer fields, in the content of each kind.
#[test]
fn fields_that_an_honest_sender_does_not_write_are_refused() {
    for (name, message) in messages() {
        let (tag, inner) = content(&message.encode());
        let good = fields(&inner);
        let check = |fields: &[Field], why| check_not_canonical(&delimited(tag, &joined(fields)), name, why);
        let unknown = |tag: u32| Field { tag: tag.into(), raw: delimited(tag, &[1]) };
        check(&[good.clone(), vec![unknown(100)]].concat(), "an unknown field at the end");
        check(&[vec![unknown(100)], good.clone()].concat(), "an unknown field at the front");
        let reversed: Vec<Field> = good.iter().rev().cloned().collect();
        if good.first().map(|field| field.tag) != good.last().map(|field| field.tag) {
            check(&reversed, "fields in falling order");
            let first = good.first().cloned().unwrap();
            check(&[good.clone(), vec![first]].concat(), "a field again");
        }
        for at in 0..good.len() {
            let mut longer = good.clone();
            longer[at].raw[0] |= 0x80;
            longer[at].raw.insert(1, 0x00);
            check(&longer, "a key that is longer than it need be");
        }
    }
}

/// Rule W3: the same in a message within the message.
#[test]
fn fields_deeper_down_have_one_encoding_too() {
    let (name, proposal) = messages().swap_remove(2);
    let (tag, inner) = content(&proposal.encode());
    let good = fields(&inner);
    for at in (0..good.len()).filter(|at| good[*at].tag != 2) {
        let (deeper, part) = content(&good[at].raw);
        let mut fields = fields(&part);
        fields.push(Field { tag: 100, raw: delimited(100, &[1]) });
        let mut changed = good.clone();
        changed[at].raw = delimited(deeper, &joined(&fields));
        check_not_canonical(&delimited(tag, &joined(&changed)), name, "an unknown field in a part");
    }
}

/// Rule W3: defaults are absent, numbers and lengths minimal.
#[test]
fn defaults_and_long_numbers_are_refused() {
    let name = "fetch-certificate";
    let good = [0x3a, 0x04, 0x08, 0x07, 0x10, 0x05];
    assert!(Message::decode(&good).is_ok());
    check_not_canonical(&[0x3a, 0x04, 0x08, 0x00, 0x10, 0x05], name, "epoch 0 written out");
    check_not_canonical(&[0x3a, 0x05, 0x08, 0x87, 0x00, 0x10, 0x05], name, "a number of two bytes that needs one");
    check_not_canonical(&[0x3a, 0x84, 0x00, 0x08, 0x07, 0x10, 0x05], name, "a length of two bytes that needs one");
    check_not_canonical(&[0xba, 0x00, 0x04, 0x08, 0x07, 0x10, 0x05], name, "a key of two bytes that needs one");
    check_not_canonical(&[0x38, 0x04], name, "a number where a message belongs");
    let truncated_64 = [0x3a, 0x0c, 0x08, 0x87, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0x10, 0x05];
    assert!(Message::decode(&truncated_64).is_err(), "a number of 65 bits");
}

/// Rule W1: no bytes make decoding panic.
#[test]
fn refusals_name_their_numbers() {
    let texts = [
        (WireError::UnknownKind(16), "message kind 16 is not known here"),
        (
            WireError::TooLong { kind: "vote", length: 201, limit: 192 },
            "a vote message of 201 bytes is above the limit of 192",
        ),
        (
            WireError::TooMany { kind: "proposal", tag: 4, count: 17, limit: 16 },
            "a proposal message repeats field 4 17 times, above the limit of 16",
        ),
        (WireError::NotCanonical("vote"), "not the canonical encoding of a vote message"),
        (WireError::Field("epoch"), "field epoch is absent or has a wrong length or value"),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
}
