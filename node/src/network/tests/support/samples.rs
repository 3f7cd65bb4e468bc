//! Sample messages and validators.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, Bytes};
use ed25519_dalek::{Signer as _, SigningKey};
use libp2p::identity::Keypair;
use rota_proto::{
    Attestation, AttestationSignature, BatchHeader, BodyMessage, CatchUpAnswer, Certificate, ConsensusKey, Epoch,
    ExtraData, Fetch, FinalBatch, Justification, Message, NetworkId, Place, Proposal, Round, RoundAnswer, Signature,
    SignedAttestation, SignedVote, Signers, SigningDomain, View, Vote, VotePair,
};

use crate::network::PeerRecord;

pub(crate) fn network() -> NetworkId {
    B256::repeat_byte(0xA1)
}

pub(crate) fn domain() -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(7), 7_682)
}

/// A validator and its key.
pub(crate) struct Validator {
    signing: SigningKey,
}

impl Validator {
    pub(crate) fn seed(seed: u8) -> Self {
        Self { signing: SigningKey::from_bytes(&[seed; 32]) }
    }

    pub(crate) fn key(&self) -> ConsensusKey {
        ConsensusKey::from_bytes(&self.signing.verifying_key().to_bytes()).unwrap()
    }

    /// Its record for a node.
    pub(crate) fn record(&self, node: &Keypair, sequence: u64) -> PeerRecord {
        let consensus_key = self.key();
        let node = node.clone().try_into_ed25519().unwrap().public();
        let digest = PeerRecord::digest(&domain(), &consensus_key, &node, sequence);
        let signature = Signature(self.signing.sign(digest.as_slice()).to_bytes());
        PeerRecord { consensus_key, sequence, signature }
    }
}

pub(crate) fn round(view: u64) -> Round {
    Round::new(Epoch(3), View(view))
}

pub(crate) fn vote(view: u64) -> Message {
    Message::Vote(signed(Vote::notarize(round(view), B256::repeat_byte(9))))
}

fn signed(vote: Vote) -> SignedVote {
    SignedVote { vote, signer: Place::new(2).unwrap(), signature: Signature([5; 64]) }
}

pub(crate) fn certificate(vote: Vote) -> Certificate {
    Certificate { vote, signers: Signers(0b111), signatures: vec![Signature([6; 64]); 3] }
}

pub(crate) fn header(height: u64) -> BatchHeader {
    BatchHeader::new(Header {
        number: height,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        gas_limit: 30_000_000,
        extra_data: ExtraData { epoch: Epoch(3), ..ExtraData::default() }.encode(),
        ..Header::default()
    })
    .unwrap()
}

pub(crate) fn proposal(view: u64) -> Proposal {
    let header = header(view);
    let vote = signed(Vote::notarize(round(view), header.hash()));
    let nullifications = (1..view.min(4)).map(|view| certificate(Vote::nullify(round(view)))).collect();
    Proposal { vote, header, justification: Justification { parent: None, nullifications } }
}

pub(crate) fn body(bytes: usize) -> BodyMessage {
    BodyMessage { batch: B256::repeat_byte(0xB0), transactions: Bytes::from(vec![0xC0; bytes]) }
}

pub(crate) fn final_batch(height: u64) -> FinalBatch {
    let header = header(height);
    let finalization = Some(certificate(Vote::finalize(round(height), header.hash())));
    FinalBatch { header, transactions: Bytes::from_static(&[0xC0]), finalization }
}

pub(crate) fn catch_up_answer(from: u64, count: u64) -> Message {
    Message::CatchUpAnswer(CatchUpAnswer { batches: (from..from + count).map(final_batch).collect() })
}

/// Somebody is accused with two votes.
pub(crate) fn evidence() -> Message {
    let [one, other] = [8, 9].map(|byte| signed(Vote::notarize(round(7), B256::repeat_byte(byte))));
    Message::Evidence(Box::new(VotePair::new(one, other).unwrap()))
}

/// What a validator tells L1.
pub(crate) fn attestation() -> Message {
    let attestation = Attestation { attesting_epoch: Epoch(3), kind: 1, index: 2, content: B256::repeat_byte(7) };
    let signature = AttestationSignature([9; 256]);
    Message::Attestation(Box::new(SignedAttestation { attestation, signer: Place::new(1).unwrap(), signature }))
}

/// One message of every kind that has a lane.
pub(crate) fn every_kind() -> Vec<Message> {
    vec![
        vote(1),
        Message::Certificate(certificate(Vote::nullify(round(2)))),
        Message::Proposal(Box::new(proposal(3))),
        Message::Body(body(100_000)),
        Message::Fetch(Fetch::Body(B256::repeat_byte(1))),
        Message::RoundQuery([4; 32]),
        Message::RoundAnswer(Box::new(RoundAnswer { round: round(5), entered_by: None, votes: Vec::new() })),
        Message::Transactions(vec![Bytes::from_static(&[2; 120]), Bytes::from_static(&[3; 130])]),
        Message::FinalBatch(Box::new(final_batch(6))),
        evidence(),
        attestation(),
    ]
}
