//! Bytes from anywhere, on every decoder of this crate: what decodes encodes to the same bytes, and what was encoded
//! decodes to the same value (rules W3, H1, T1, T2, K1).

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use rota_fuzz::{Result, Target, Unstructured, magnitude, outcome};
use serde_json::Value;

use super::{
    samples::{STAKES, accusation, batch, consensus_key, domain, header, messages, set, sign},
    transaction::all_types,
};
use crate::{
    Attestation, AttestationKey, AttestationSignature, BatchBody, BatchHeader, BodyMessage, CatchUpAnswer,
    CatchUpRequest, Certificate, ConsensusKey, Epoch, ExtraData, Fetch, FinalBatch, Height, Justification, Message,
    Place, Proposal, Round, RoundAnswer, Signature, SignedAttestation, SignedVote, Signers, Status, Strict,
    TransactionError, UnrecoveredTransaction, Verifier as _, View, Vote, VoteKind, VotePair,
};

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

/// Every string of hexadecimal digits under this name, wherever it stands in a file of golden vectors.
fn vectors(json: &str, name: &str) -> Vec<Vec<u8>> {
    fn gather(value: &Value, name: &str, found: &mut Vec<Vec<u8>>) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    if let (true, Some(text)) = (field == name, value.as_str()) {
                        found.push(hex::decode(text.trim_start_matches("0x")).unwrap());
                    }
                    gather(value, name, found);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| gather(value, name, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    gather(&serde_json::from_str(json).unwrap(), name, &mut found);
    assert!(!found.is_empty(), "the vectors have a {name}");
    found
}

/// Looks at all signatures of a message, as a node does, and says whether they stand.
fn verify(message: &Message) -> String {
    let (domain, set) = (domain(), set(&STAKES));
    match message {
        Message::Vote(vote) => outcome(&vote.verify(&domain, &set, &Strict).err()),
        Message::Evidence(pair) => outcome(&pair.votes().map(|vote| vote.verify(&domain, &set, &Strict).err())),
        Message::Attestation(signed) => {
            let key = AttestationKey::from_bytes(&[0; 128]);
            outcome(&key.map(|key| key.attests(&domain.attestation(&signed.attestation), &signed.signature)))
        }
        Message::Certificate(certificate) => outcome(&certificate.clone().verify(&domain, &set, &Strict).err()),
        Message::Proposal(proposal) => outcome(&proposal.clone().verify(&domain, &set, &Strict).err()),
        Message::FinalBatch(batch) => outcome(&(
            batch.header.commits_to(&batch.transactions),
            batch.finalization.clone().map(|certificate| certificate.verify(&domain, &set, &Strict).err()),
        )),
        Message::Body(body) => {
            outcome(&(batch().commits_to(&body.transactions), BatchBody::decode(&body.transactions)))
        }
        Message::Transactions(list) => {
            outcome(&list.iter().map(|bytes| UnrecoveredTransaction::decode(bytes).err()).next())
        }
        Message::Fetch(_)
        | Message::RoundQuery(_)
        | Message::RoundAnswer(_)
        | Message::CatchUpRequest(_)
        | Message::CatchUpAnswer(_)
        | Message::Status(_) => "unsigned".into(),
    }
}

#[test]
fn fuzz_messages_decode_to_themselves_or_not() {
    let samples = messages().into_iter().map(|(_, message)| message.encode());
    let golden = vectors(include_str!("../../vectors/messages.json"), "wire");
    target("message").seeds(samples).seeds(golden).run(|bytes| match Message::decode(bytes) {
        Ok(message) => {
            assert!(bytes.len() <= Message::BYTES_MAX);
            assert_eq!(message.encode(), bytes, "one message, one encoding: {message:?}");
            verify(&message)
        }
        Err(error) => outcome(&error),
    });
}

#[test]
fn fuzz_any_message_comes_back_as_it_went() {
    let seeds = (0..13u8).map(|kind| (0..=255u8).map(|byte| byte.wrapping_mul(7).wrapping_add(kind)).collect());
    let first = (0..13u8).map(|kind| vec![kind * 19; 300]);
    target("message-value").seeds(seeds).seeds(first).run(|bytes| {
        let Ok(message) = any_message(&mut Unstructured::new(bytes)) else { return "no value".into() };
        let encoded = message.encode();
        assert!(encoded.len() <= Message::BYTES_MAX, "{} bytes", encoded.len());
        assert_eq!(Message::decode(&encoded).as_ref(), Ok(&message));
        let text = format!("{message:?}");
        format!("{} {}", text.split(['(', ' ']).next().unwrap_or_default(), magnitude(encoded.len()))
    });
}

#[test]
fn fuzz_headers_decode_to_themselves_or_not() {
    let golden = vectors(include_str!("../../vectors/headers.json"), "rlp");
    target("header").seeds(golden).run(|bytes| match BatchHeader::decode(bytes) {
        Ok(header) => {
            assert_eq!(header.encode(), bytes, "one header, one encoding");
            assert_eq!(header.hash(), keccak256(bytes));
            assert_eq!(header.extra().encode(), header.header().extra_data, "H2");
            assert_eq!(header.origin().number, header.extra().origin_number);
            "a header".into()
        }
        Err(error) => outcome(&error),
    });
}

#[test]
fn fuzz_any_header_comes_back_as_it_went() {
    target("header-value").seeds([vec![0; 64], vec![0xff; 400], (0..=255).collect()]).run(|bytes| {
        let Ok(header) = any_header(&mut Unstructured::new(bytes)) else { return "no value".into() };
        match BatchHeader::new(header.clone()) {
            Ok(made) => {
                assert_eq!(made.header(), &header);
                assert_eq!(BatchHeader::decode(&made.encode()), Ok(made.clone()));
                assert_eq!(ExtraData::decode(&made.extra().encode()).as_ref(), Ok(made.extra()));
                magnitude(made.encode().len()).to_string()
            }
            Err(error) => {
                assert!(
                    BatchHeader::decode(&alloy_rlp::encode(&header)).is_err(),
                    "refused as a value, taken as bytes"
                );
                outcome(&error)
            }
        }
    });
}

#[test]
fn fuzz_transactions_decode_to_themselves_or_not() {
    let body = vectors(include_str!("../../vectors/order.json"), "body").swap_remove(0);
    let golden = BatchBody::decode(&body).unwrap().0.into_iter().map(|bytes| bytes.to_vec());
    let types = all_types().map(|(_, bytes)| bytes);
    target("transaction").seeds(golden).seeds(types).run(|bytes| match UnrecoveredTransaction::decode(bytes) {
        Ok(transaction) => {
            assert_eq!(transaction.hash(), keccak256(bytes), "T1: the hash is of the bytes");
            match transaction.recover() {
                Ok(transaction) => {
                    assert_eq!(transaction.encode().as_ref(), bytes, "one transaction, one encoding");
                    assert_eq!(transaction.length(), bytes.len());
                    outcome(&transaction.envelope().tx_type())
                }
                Err(error) => {
                    assert_eq!(error, TransactionError::Sender);
                    error.name().into()
                }
            }
        }
        Err(error) => outcome(&error),
    });
}

#[test]
fn fuzz_bodies_decode_to_themselves_or_not() {
    let golden = vectors(include_str!("../../vectors/order.json"), "body");
    target("body").seeds(golden).seeds([vec![0xc0]]).run(|bytes| match BatchBody::decode(bytes) {
        Ok(body) => {
            assert_eq!(body.encode().as_ref(), bytes, "one body, one encoding");
            let decoded = body.0.iter().filter(|bytes| UnrecoveredTransaction::decode(bytes).is_ok()).count();
            assert_eq!(body.root(), BatchBody::decode(&body.encode()).unwrap().root());
            outcome(&(body.0.len().min(9).to_string(), decoded.min(9).to_string()))
        }
        Err(error) => outcome(&error),
    });
}

#[test]
fn fuzz_keys_and_signatures_are_strict() {
    let vote = Vote::nullify(Round::new(Epoch(7), View(5)));
    let key = consensus_key(0).to_bytes();
    let signature = sign(vote, 0).signature.0;
    let good = [key.as_slice(), signature.as_slice()].concat();
    let digest = domain().vote(&vote);
    target("key").seeds([good.clone(), vec![0; 96], vec![0xff; 96]]).longest(96).run(|bytes| {
        let (Some((key, rest)), Some(signature)) = (bytes.split_first_chunk(), bytes.last_chunk()) else {
            return "short".into();
        };
        match ConsensusKey::from_bytes(key) {
            Ok(key) => {
                assert_eq!(key.to_bytes().as_slice(), &bytes[..32], "one key, one encoding");
                let stands = rest.len() == 64 && Strict.verifies(&key, &digest, &Signature(*signature));
                assert!(!stands || bytes == good, "K2: a signature that nobody made stands");
                outcome(&stands)
            }
            Err(error) => outcome(&error),
        }
    });
}

fn any_hash(u: &mut Unstructured<'_>) -> Result<B256> {
    // No vote names the zero batch.
    u.arbitrary::<[u8; 32]>().map(B256::from).map(|hash| if hash.is_zero() { B256::repeat_byte(1) } else { hash })
}

fn any_round(u: &mut Unstructured<'_>) -> Result<Round> {
    Ok(Round::new(Epoch(u.arbitrary::<u32>()?.into()), View(u.int_in_range(1..=u32::MAX)?.into())))
}

fn any_vote(u: &mut Unstructured<'_>) -> Result<Vote> {
    let round = any_round(u)?;
    Ok(match u.choose(&[VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize])? {
        VoteKind::Notarize => Vote::notarize(round, any_hash(u)?),
        VoteKind::Nullify => Vote::nullify(round),
        VoteKind::Finalize => Vote::finalize(round, any_hash(u)?),
    })
}

fn any_signed(u: &mut Unstructured<'_>) -> Result<SignedVote> {
    let signer = Place::new(u.int_in_range(0..=Place::COUNT - 1)?).expect("below the count");
    Ok(SignedVote { vote: any_vote(u)?, signer, signature: Signature(u.arbitrary()?) })
}

fn certificate_of(vote: Vote, u: &mut Unstructured<'_>) -> Result<Certificate> {
    let signers = Signers(u.arbitrary()?);
    let signatures = (0..signers.len()).map(|_| u.arbitrary().map(Signature)).collect::<Result<_>>()?;
    Ok(Certificate { vote, signers, signatures })
}

fn any_certificate(u: &mut Unstructured<'_>) -> Result<Certificate> {
    let vote = any_vote(u)?;
    certificate_of(vote, u)
}

/// A header whose fields are right, or one of them wrong.
fn any_header(u: &mut Unstructured<'_>) -> Result<Header> {
    let extra = ExtraData {
        epoch: Epoch(u.arbitrary::<u32>()?.into()),
        origin_number: u.int_in_range(0..=crate::ORIGIN_NUMBER_MAX)?,
        parent_view: View(u.arbitrary::<u32>()?.into()),
        parent_signers: Signers(u.arbitrary()?),
    };
    let mut header = Header {
        parent_hash: any_hash(u)?,
        beneficiary: Address::from(u.arbitrary::<[u8; 20]>()?),
        number: u.int_in_range(0..=Height::MAX.0)?,
        gas_limit: u.arbitrary()?,
        timestamp: u.arbitrary()?,
        base_fee_per_gas: Some(u.arbitrary()?),
        parent_beacon_block_root: Some(any_hash(u)?),
        gas_used: 0,
        ..header(extra)
    };
    match u.int_in_range(0..=19u8)? {
        0 => header.base_fee_per_gas = None,
        1 => header.number = u.arbitrary()?,
        2 => header.gas_used = u.arbitrary()?,
        3 => header.difficulty = U256::from(u.arbitrary::<u64>()?),
        4 => header.nonce = u.arbitrary::<[u8; 8]>()?.into(),
        5 => header.extra_data = Bytes::from(any_bytes(u)?),
        6 => header.blob_gas_used = Some(u.arbitrary()?),
        7 => header.requests_hash = None,
        8 => header.parent_beacon_block_root = None,
        9 => header.ommers_hash = any_hash(u)?,
        _ => {}
    }
    Ok(header)
}

fn good_header(u: &mut Unstructured<'_>) -> Result<BatchHeader> {
    BatchHeader::new(any_header(u)?).or_else(|_| Ok(batch()))
}

fn any_bytes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let length = u.int_in_range(0..=80)?;
    (0..length).map(|_| u.arbitrary()).collect()
}

fn some<T>(u: &mut Unstructured<'_>, make: impl Fn(&mut Unstructured<'_>) -> Result<T>) -> Result<Vec<T>> {
    let count = u.int_in_range(0..=3)?;
    (0..count).map(|_| make(u)).collect()
}

fn maybe<T>(u: &mut Unstructured<'_>, make: impl Fn(&mut Unstructured<'_>) -> Result<T>) -> Result<Option<T>> {
    if u.arbitrary()? { make(u).map(Some) } else { Ok(None) }
}

fn any_final_batch(u: &mut Unstructured<'_>) -> Result<FinalBatch> {
    let finalization = |u: &mut Unstructured<'_>| {
        let vote = Vote::finalize(any_round(u)?, any_hash(u)?);
        certificate_of(vote, u)
    };
    Ok(FinalBatch {
        header: good_header(u)?,
        transactions: any_bytes(u)?.into(),
        finalization: maybe(u, finalization)?,
    })
}

fn any_proposal(u: &mut Unstructured<'_>) -> Result<Proposal> {
    let (header, signed) = (good_header(u)?, any_signed(u)?);
    let vote = SignedVote { vote: Vote::notarize(signed.vote.round, header.hash()), ..signed };
    let justification = Justification { parent: maybe(u, any_certificate)?, nullifications: some(u, any_certificate)? };
    Ok(Proposal { vote, header, justification })
}

fn any_pair(u: &mut Unstructured<'_>) -> Result<VotePair> {
    let (one, kind, batch) = (any_signed(u)?, any_vote(u)?.kind, any_hash(u)?);
    let round = one.vote.round;
    let other = match kind {
        VoteKind::Notarize => Vote::notarize(round, batch),
        VoteKind::Nullify => Vote::nullify(round),
        VoteKind::Finalize => Vote::finalize(round, batch),
    };
    let other = SignedVote { vote: other, signer: one.signer, signature: Signature(u.arbitrary()?) };
    Ok(VotePair::new(one, other).unwrap_or_else(accusation))
}

fn any_attestation(u: &mut Unstructured<'_>) -> Result<SignedAttestation> {
    let kind = u.int_in_range(1..=u8::MAX)?;
    let attestation =
        Attestation { attesting_epoch: any_round(u)?.epoch, kind, index: u.arbitrary()?, content: any_hash(u)? };
    let signer = Place::new(u.int_in_range(0..=127)?).unwrap_or_else(|| unreachable!("below 128"));
    Ok(SignedAttestation { attestation, signer, signature: AttestationSignature(u.arbitrary()?) })
}

fn any_message(u: &mut Unstructured<'_>) -> Result<Message> {
    Ok(match u.int_in_range(0..=13u8)? {
        0 => Message::Vote(any_signed(u)?),
        1 => Message::Certificate(any_certificate(u)?),
        2 => Message::Proposal(Box::new(any_proposal(u)?)),
        3 => Message::Body(BodyMessage { batch: any_hash(u)?, transactions: any_bytes(u)?.into() }),
        4 => Message::Fetch(match u.int_in_range(0..=2u8)? {
            0 => Fetch::Proposal { round: any_round(u)?, batch: any_hash(u)? },
            1 => Fetch::Body(any_hash(u)?),
            _ => Fetch::Certificate(any_round(u)?),
        }),
        5 => Message::RoundQuery(u.arbitrary()?),
        6 => Message::RoundAnswer(Box::new(RoundAnswer {
            round: any_round(u)?,
            entered_by: maybe(u, any_certificate)?,
            votes: some(u, any_signed)?,
        })),
        7 => Message::Transactions(some(u, any_bytes)?.into_iter().map(Bytes::from).collect()),
        8 => Message::FinalBatch(Box::new(any_final_batch(u)?)),
        9 => Message::CatchUpRequest(CatchUpRequest {
            from: Height(u.int_in_range(0..=Height::MAX.0)?),
            count: u.arbitrary()?,
        }),
        10 => Message::Evidence(Box::new(any_pair(u)?)),
        12 => Message::Attestation(Box::new(any_attestation(u)?)),
        11 => Message::CatchUpAnswer(CatchUpAnswer { batches: some(u, any_final_batch)? }),
        _ => Message::Status(Status {
            network: any_hash(u)?,
            version: any_bytes(u)?.into_iter().map(|byte| char::from(b' ' + byte % 95)).collect(),
            height: Height(u.int_in_range(0..=Height::MAX.0)?),
            batch: any_hash(u)?,
        }),
    })
}
