//! Messages come back as they went, and each field that is wrong is refused by name (rules W3, W4).

use alloy_primitives::{B256, Bytes};
use prost::Message as _;

use super::samples::{batch, certificate, header, messages, place, proposal, round, sign, unsigned_certificate};
use crate::{
    Attestation, AttestationSignature, BatchHeader, BodyMessage, CatchUpAnswer, Certificate, Epoch, ExtraData,
    FinalBatch, HeaderError, Height, Justification, Message, Place, Proposal, Round, RoundAnswer, Signature,
    SignedAttestation, SignedVote, Signers, View, Vote, VotePair, WireError,
    limits::{
        ATTESTATION_BYTES_MAX, BODY_BYTES_MAX, CERTIFICATE_BYTES_MAX, EVIDENCE_BYTES_MAX,
        NULLIFICATIONS_PER_PROPOSAL_MAX, TRANSACTION_BYTES_MAX, TRANSACTIONS_BYTES_MAX, TRANSACTIONS_PER_MESSAGE_MAX,
        VOTE_BYTES_MAX, VOTES_PER_ANSWER_MAX,
    },
    wire::v1::{self, message::Content},
};

/// What goes over the wire for a message of this kind, to be spoiled.
fn content(name: &str) -> Content {
    let found = messages().into_iter().find(|(kind, _)| *kind == name);
    v1::Message::decode(found.unwrap().1.encode().as_slice()).unwrap().content.unwrap()
}

fn decode(content: Content) -> Result<Message, WireError> {
    Message::decode(&v1::Message { content: Some(content) }.encode_to_vec())
}

macro_rules! check {
    ($name:literal, $kind:ident, $error:expr, $change:expr) => {{
        let Content::$kind(mut content) = content($name) else { unreachable!("a message of the kind asked for") };
        let change: fn(&mut v1::$kind) = $change;
        change(&mut content);
        assert_eq!(decode(Content::$kind(content)), Err($error));
    }};
}

const ABOVE_U32: u64 = 1 << 32;

/// Rule W4.
#[test]
fn votes_with_a_wrong_field_are_refused() {
    let field = WireError::Field;
    check!("vote", Vote, field("epoch"), |vote| vote.epoch = ABOVE_U32);
    check!("vote", Vote, field("view"), |vote| vote.view = ABOVE_U32);
    check!("vote", Vote, field("view"), |vote| vote.view = 0);
    check!("vote", Vote, field("kind"), |vote| vote.kind = 0);
    check!("vote", Vote, field("kind"), |vote| vote.kind = 4);
    check!("vote", Vote, field("kind"), |vote| vote.kind = 257);
    check!("vote", Vote, field("batch"), |vote| vote.batch = Vec::new());
    check!("vote", Vote, field("batch"), |vote| vote.batch.push(0));
    check!("vote", Vote, field("batch"), |vote| vote.batch = vec![0; 32]);
    check!("vote", Vote, field("batch"), |vote| vote.kind = 2);
    check!("vote", Vote, field("signer"), |vote| vote.signer = 128);
    check!("vote", Vote, field("signer"), |vote| vote.signer = 256);
    check!("vote", Vote, field("signature"), |vote| vote.signature.push(0));
    check!("vote", Vote, field("signature"), |vote| vote.signature = Vec::new());
}

/// Rule W4.
#[test]
fn certificates_with_a_wrong_field_are_refused() {
    let field = WireError::Field;
    check!("certificate", Certificate, field("view"), |certificate| certificate.view = 0);
    check!("certificate", Certificate, field("epoch"), |certificate| certificate.epoch = ABOVE_U32);
    check!("certificate", Certificate, field("kind"), |certificate| certificate.kind = 9);
    check!("certificate", Certificate, field("batch"), |certificate| certificate.batch.truncate(31));
    check!("certificate", Certificate, field("signers"), |certificate| certificate.signers.truncate(15));
    check!("certificate", Certificate, field("signers"), |certificate| certificate.signers.push(0));
    check!("certificate", Certificate, field("signatures"), |certificate| certificate.signatures.truncate(127));
    check!("certificate", Certificate, field("signatures"), |certificate| certificate.signatures.truncate(64));
    check!("certificate", Certificate, field("signatures"), |certificate| certificate.signers = vec![0xff; 16]);
}

/// Rule W4: a proposal is a leader's notarize vote for exactly this header.
#[test]
fn proposals_whose_parts_do_not_fit_are_refused() {
    check!("proposal", Proposal, WireError::Field("vote"), |proposal| proposal.vote = None);
    check!("proposal", Proposal, WireError::Field("vote.kind"), |proposal| proposal.vote.as_mut().unwrap().kind = 3);
    check!("proposal", Proposal, WireError::Field("signatures"), |proposal| {
        proposal.nullifications[1].signatures.clear();
    });
    check!("proposal", Proposal, WireError::Field("view"), |proposal| proposal.parent.as_mut().unwrap().view = 0);
    check!("proposal", Proposal, WireError::Header(HeaderError::Rlp("input too short".into())), |proposal| {
        proposal.header.clear();
    });
    let other = BatchHeader::new(header(ExtraData::default())).unwrap();
    let named = batch().hash();
    check!("proposal", Proposal, WireError::HeaderHash { actual: other_header().hash(), named }, |proposal| {
        proposal.header = other_header().encode();
    });
    assert_eq!(other, other_header());
}

fn other_header() -> BatchHeader {
    BatchHeader::new(header(ExtraData::default())).unwrap()
}

/// Rule W4.
#[test]
fn requests_and_answers_with_a_wrong_field_are_refused() {
    let field = WireError::Field;
    check!("body", Body, field("batch"), |body| body.batch.clear());
    check!("fetch-proposal", FetchProposal, field("batch"), |fetch| fetch.batch.push(1));
    check!("fetch-proposal", FetchProposal, field("epoch"), |fetch| fetch.epoch = ABOVE_U32);
    check!("fetch-body", FetchBody, field("batch"), |fetch| fetch.batch.truncate(20));
    check!("fetch-certificate", FetchCertificate, field("view"), |fetch| fetch.view = ABOVE_U32);
    check!("round-query", RoundQuery, field("consensus_key"), |query| query.consensus_key.push(1));
    check!("round-answer", RoundAnswer, field("view"), |answer| answer.view = ABOVE_U32);
    check!("round-answer", RoundAnswer, field("signer"), |answer| answer.votes[1].signer = 128);
    check!("round-answer", RoundAnswer, field("kind"), |answer| answer.entered_by.as_mut().unwrap().kind = 0);
    check!("catch-up-request", CatchUpRequest, field("height"), |request| request.from = u64::MAX);
    check!("catch-up-answer", CatchUpAnswer, field("finalization.kind"), |answer| {
        answer.batches[1].finalization.as_mut().unwrap().kind = 1;
    });
    check!("final-batch", FinalBatch, field("finalization.kind"), |batch| {
        batch.finalization.as_mut().unwrap().kind = 1;
    });
    check!("status", Status, field("network"), |status| status.network.clear());
    check!("status", Status, field("height"), |status| status.height = u64::MAX);
    check!("status", Status, field("batch"), |status| status.batch.clear());
}

/// Rule W4: two different votes by one place in one round, in order of kind, then batch.
#[test]
fn evidence_that_is_no_pair_is_refused() {
    let field = WireError::Field;
    check!("evidence", Evidence, field("first"), |pair| pair.first = None);
    check!("evidence", Evidence, field("second"), |pair| pair.second = None);
    check!("evidence", Evidence, field("second"), |pair| std::mem::swap(&mut pair.first, &mut pair.second));
    check!("evidence", Evidence, field("second"), |pair| pair.second = pair.first.clone());
    check!("evidence", Evidence, field("second"), |pair| pair.second.as_mut().unwrap().signer = 2);
    check!("evidence", Evidence, field("second"), |pair| pair.second.as_mut().unwrap().view = 7);
    check!("evidence", Evidence, field("second"), |pair| pair.second.as_mut().unwrap().epoch = 8);
    check!("evidence", Evidence, field("kind"), |pair| pair.first.as_mut().unwrap().kind = 4);
    check!("evidence", Evidence, field("signature"), |pair| pair.second.as_mut().unwrap().signature.clear());
}

/// Rule W4.
#[test]
fn attestation_with_a_field_out_of_range_is_refused() {
    let field = WireError::Field;
    check!("attestation", Attestation, field("epoch"), |signed| signed.epoch = u64::MAX);
    check!("attestation", Attestation, field("kind"), |signed| signed.kind = 0);
    check!("attestation", Attestation, field("kind"), |signed| signed.kind = 256);
    check!("attestation", Attestation, field("content"), |signed| signed.content.clear());
    check!("attestation", Attestation, field("signer"), |signed| signed.signer = 128);
    check!("attestation", Attestation, field("signature"), |signed| signed.signature.truncate(255));
}

/// Rule W4, at the limit and one past: what stands inside a message has its own limits.
#[test]
fn transactions_and_bodies_inside_keep_their_own_limits() {
    let transactions = |length| Message::Transactions(vec![Bytes::from(vec![1; length])]);
    assert_eq!(Message::decode(&transactions(TRANSACTION_BYTES_MAX).encode()), Ok(transactions(TRANSACTION_BYTES_MAX)));
    let refused = Message::decode(&transactions(TRANSACTION_BYTES_MAX + 1).encode());
    assert_eq!(refused, Err(WireError::Field("transactions")));
    let final_batch = |length| {
        let transactions = Bytes::from(vec![1; length]);
        Message::FinalBatch(Box::new(FinalBatch { header: batch(), transactions, finalization: None }))
    };
    assert_eq!(Message::decode(&final_batch(BODY_BYTES_MAX).encode()), Ok(final_batch(BODY_BYTES_MAX)));
    let refused = Message::decode(&final_batch(BODY_BYTES_MAX + 1).encode());
    assert_eq!(refused, Err(WireError::Field("transactions")));
}

/// The status carries a text; protobuf wants it in UTF-8.
#[test]
fn version_that_is_no_text_is_refused() {
    let bytes = messages().pop().unwrap().1.encode();
    let at = bytes.windows(4).position(|window| window == b"rota").unwrap();
    let mut spoiled = bytes;
    spoiled[at] = 0xff;
    assert!(matches!(Message::decode(&spoiled), Err(WireError::Protobuf(_))));
}

#[test]
fn each_kind_comes_back() {
    let messages = messages();
    assert_eq!(messages.len(), 16);
    for (name, message) in messages {
        assert_eq!(Message::decode(&message.encode()), Ok(message), "{name}");
    }
}

/// A nullify vote has one form: on the wire it names no batch.
#[test]
fn nullify_votes_name_no_batch() {
    let vote = sign(Vote::nullify(round(5)), 0);
    let Content::Vote(wire) = content_of(&Message::Vote(vote)) else { unreachable!("a vote") };
    assert!(wire.batch.is_empty());
    assert_eq!(Message::decode(&Message::Vote(vote).encode()), Ok(Message::Vote(vote)));
}

fn content_of(message: &Message) -> Content {
    v1::Message::decode(message.encode().as_slice()).unwrap().content.unwrap()
}

fn largest_vote() -> SignedVote {
    let vote = Vote::finalize(Round::new(Epoch::MAX, View::MAX), B256::repeat_byte(0xff));
    SignedVote { vote, signer: place(127), signature: Signature([0xff; 64]) }
}

fn largest_certificate(vote: Vote) -> Certificate {
    Certificate { vote, signers: Signers(u128::MAX), signatures: vec![Signature([0xff; 64]); 128] }
}

/// The largest message of each kind that honest validators could send fits its limit.
#[test]
fn largest_messages_fit() {
    let vote = largest_vote();
    let certificate = largest_certificate(vote.vote);
    let full = CERTIFICATE_BYTES_MAX.min(Message::Certificate(certificate.clone()).encode().len());
    assert!(full < CERTIFICATE_BYTES_MAX, "{full}");
    assert!(Message::Vote(vote).encode().len() <= VOTE_BYTES_MAX - 32);
    let other = SignedVote { vote: Vote::finalize(vote.vote.round, B256::repeat_byte(0xfe)), ..vote };
    let pair = Message::Evidence(Box::new(VotePair::new(vote, other).unwrap()));
    assert!(pair.encode().len() <= EVIDENCE_BYTES_MAX - 64);
    assert_eq!(Message::decode(&pair.encode()), Ok(pair));
    let attestation =
        Attestation { attesting_epoch: Epoch::MAX, kind: u8::MAX, index: u64::MAX, content: B256::repeat_byte(0xff) };
    let signer = Place::new(127).unwrap();
    let signature = AttestationSignature([0xff; 256]);
    let attestation = Message::Attestation(Box::new(SignedAttestation { attestation, signer, signature }));
    assert!(attestation.encode().len() <= ATTESTATION_BYTES_MAX);
    assert_eq!(Message::decode(&attestation.encode()), Ok(attestation));
    let nullification = largest_certificate(Vote::nullify(vote.vote.round));
    let header = batch();
    let proposal = Proposal {
        vote: SignedVote { vote: Vote::notarize(vote.vote.round, header.hash()), ..vote },
        justification: Justification {
            parent: Some(certificate.clone()),
            nullifications: vec![nullification; NULLIFICATIONS_PER_PROPOSAL_MAX],
        },
        header: header.clone(),
    };
    let answer = RoundAnswer {
        round: vote.vote.round,
        entered_by: Some(certificate.clone()),
        votes: vec![vote; VOTES_PER_ANSWER_MAX],
    };
    let transactions = vec![0xff; BODY_BYTES_MAX].into();
    let final_batch = FinalBatch { header, transactions, finalization: Some(certificate.clone()) };
    let in_gossip = TRANSACTIONS_BYTES_MAX / TRANSACTIONS_PER_MESSAGE_MAX - 8;
    for message in [
        Message::Vote(vote),
        Message::Certificate(certificate),
        Message::Proposal(Box::new(proposal)),
        Message::RoundAnswer(Box::new(answer)),
        Message::Body(BodyMessage { batch: B256::ZERO, transactions: final_batch.transactions.clone() }),
        Message::FinalBatch(Box::new(final_batch.clone())),
        Message::CatchUpAnswer(CatchUpAnswer { batches: vec![final_batch] }),
        Message::Transactions(vec![vec![0xff; in_gossip].into(); TRANSACTIONS_PER_MESSAGE_MAX]),
    ] {
        assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(&message));
    }
    assert_eq!(Height::MAX.0, u64::MAX - ABOVE_U32);
}

/// A proposal that needs no nullification and opens an epoch leaves fields out.
#[test]
fn parts_that_may_be_absent_come_back_absent() {
    let justification = Justification::default();
    let bare = Message::Proposal(Box::new(Proposal { justification, ..proposal() }));
    assert_eq!(Message::decode(&bare.encode()), Ok(bare));
    let answer = RoundAnswer { round: round(1), entered_by: None, votes: Vec::new() };
    let answer = Message::RoundAnswer(Box::new(answer));
    assert_eq!(Message::decode(&answer.encode()), Ok(answer));
    for empty in [Message::Transactions(Vec::new()), Message::CatchUpAnswer(CatchUpAnswer { batches: Vec::new() })] {
        assert_eq!(Message::decode(&empty.encode()), Ok(empty));
    }
    let nobody = Message::Certificate(unsigned_certificate(Vote::nullify(round(1)), 0));
    assert_eq!(Message::decode(&nobody.encode()), Ok(nobody), "that nobody is no quorum is found by verifying");
    assert!(certificate(Vote::nullify(round(1)), &[]).signers.is_empty());
}
