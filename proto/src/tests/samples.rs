//! Values that several files test with: validators with keys of fixed seeds, their votes, batches, one message a kind.

use std::collections::BTreeMap;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, Bytes};
use ed25519_dalek::{Signer, SigningKey};

use crate::{
    Attestation, AttestationSignature, BatchHeader, BodyMessage, CatchUpAnswer, CatchUpRequest, Certificate,
    ConsensusKey, Epoch, ExtraData, Fetch, FinalBatch, Height, Justification, Message, Place, Proposal, Round,
    RoundAnswer, Signature, SignedAttestation, SignedVote, Signers, SigningDomain, Status, Validator, ValidatorSet,
    View, Vote, VotePair, VotingPower,
};

/// The epoch of everything here.
pub(super) const EPOCH: Epoch = Epoch(7);
/// The address of the staking contract in the domain of everything here.
pub(super) const STAKING: Address = Address::repeat_byte(0x5a);
/// The chain id of L1: anvil's.
pub(super) const L1_CHAIN_ID: u64 = 31_337;
/// The chain id of the rollup.
pub(super) const ROLLUP_CHAIN_ID: u64 = 7_682;
/// Stakes of which the first three, or the first with the second, hold a quorum.
pub(super) const STAKES: [u64; 4] = [40, 30, 20, 10];

pub(super) fn domain() -> SigningDomain {
    SigningDomain::new(L1_CHAIN_ID, STAKING, ROLLUP_CHAIN_ID)
}

pub(super) fn place(number: u8) -> Place {
    Place::new(number).unwrap()
}

pub(super) fn places(numbers: &[u8]) -> Signers {
    numbers.iter().map(|number| place(*number)).collect()
}

pub(super) fn round(view: u64) -> Round {
    Round::new(EPOCH, View(view))
}

/// The key of the validator in a place: its seed is the place's number plus one, 32 times.
pub(super) fn signing_key(place: u8) -> SigningKey {
    SigningKey::from_bytes(&[place + 1; 32])
}

pub(super) fn consensus_key(place: u8) -> ConsensusKey {
    ConsensusKey::from_bytes(signing_key(place).verifying_key().as_bytes()).unwrap()
}

pub(super) fn validator(place: u8, power: u64) -> Validator {
    Validator {
        operator: Address::repeat_byte(0x10 + place % 16),
        consensus_key: consensus_key(place),
        power: VotingPower(power),
        fee_recipient: Address::repeat_byte(0xf0 + place % 16),
    }
}

/// The set of [`EPOCH`] with these powers in the places from 0 on.
pub(super) fn set(powers: &[u64]) -> ValidatorSet {
    let validators = powers.iter().zip(0u8..).map(|(power, number)| (place(number), validator(number, *power)));
    ValidatorSet::new(EPOCH, validators.collect()).unwrap()
}

pub(super) fn sign(vote: Vote, number: u8) -> SignedVote {
    let signature = Signature(signing_key(number).sign(domain().vote(&vote).as_slice()).to_bytes());
    SignedVote { vote, signer: place(number), signature }
}

pub(super) fn certificate(vote: Vote, numbers: &[u8]) -> Certificate {
    let votes: BTreeMap<Place, Signature> =
        numbers.iter().map(|number| (place(*number), sign(vote, *number).signature)).collect();
    Certificate { vote, signers: votes.keys().copied().collect(), signatures: votes.into_values().collect() }
}

/// A certificate of the right shape whose signatures are nobody's.
pub(super) fn unsigned_certificate(vote: Vote, signers: u8) -> Certificate {
    let signers: Signers = (0..signers).map(place).collect();
    let signatures = signers.iter().map(|place| Signature([place.number(); 64])).collect();
    Certificate { vote, signers, signatures }
}

/// A header as rule H1 wants it.
pub(super) fn header(extra: ExtraData) -> Header {
    Header {
        parent_hash: B256::repeat_byte(0x11),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: Address::repeat_byte(0xf0),
        state_root: B256::repeat_byte(0x22),
        number: 42,
        gas_limit: 30_000_000,
        gas_used: 21_000,
        timestamp: 1_760_000_000,
        extra_data: extra.encode(),
        mix_hash: B256::repeat_byte(0x33),
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::repeat_byte(0x44)),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// A batch whose parent was notarized in view 3 by places 0 and 1.
pub(super) fn batch() -> BatchHeader {
    let extra =
        ExtraData { epoch: EPOCH, origin_number: 23_000_000, parent_view: View(3), parent_signers: places(&[0, 1]) };
    BatchHeader::new(header(extra)).unwrap()
}

/// Place 1 proposes [`batch`] in view 6, views 4 and 5 having been nullified.
pub(super) fn proposal() -> Proposal {
    let header = batch();
    Proposal {
        vote: sign(Vote::notarize(round(6), header.hash()), 1),
        justification: Justification {
            parent: Some(certificate(Vote::notarize(round(3), header.parent()), &[0, 1])),
            nullifications: [4, 5].map(|view| certificate(Vote::nullify(round(view)), &[0, 1, 2])).to_vec(),
        },
        header,
    }
}

/// Place 3 notarized two batches in view 6.
pub(super) fn accusation() -> VotePair {
    let [one, other] = [batch().hash(), B256::repeat_byte(0x55)].map(|batch| sign(Vote::notarize(round(6), batch), 3));
    VotePair::new(one, other).unwrap()
}

/// One message of each kind, with the name its kind has on the wire.
pub(super) fn messages() -> Vec<(&'static str, Message)> {
    let hash = batch().hash();
    let vote = sign(Vote::nullify(round(5)), 2);
    let finalization = certificate(Vote::finalize(round(6), hash), &[0, 1]);
    let batch = FinalBatch {
        header: batch(),
        transactions: Bytes::from_static(&[0xc2, 0x81, 0xff]),
        finalization: Some(finalization.clone()),
    };
    vec![
        ("vote", Message::Vote(sign(Vote::notarize(round(6), hash), 3))),
        ("certificate", Message::Certificate(finalization.clone())),
        ("proposal", Message::Proposal(Box::new(proposal()))),
        ("body", Message::Body(BodyMessage { batch: hash, transactions: batch.transactions.clone() })),
        ("fetch-proposal", Message::Fetch(Fetch::Proposal { round: round(6), batch: hash })),
        ("fetch-body", Message::Fetch(Fetch::Body(hash))),
        ("fetch-certificate", Message::Fetch(Fetch::Certificate(round(5)))),
        ("round-query", Message::RoundQuery(consensus_key(2).to_bytes())),
        (
            "round-answer",
            Message::RoundAnswer(Box::new(RoundAnswer {
                round: round(7),
                entered_by: Some(finalization),
                votes: vec![vote, vote],
            })),
        ),
        ("transactions", Message::Transactions(vec![Bytes::from_static(&[2, 1]), Bytes::from_static(&[4])])),
        ("final-batch", Message::FinalBatch(Box::new(batch.clone()))),
        ("catch-up-request", Message::CatchUpRequest(CatchUpRequest { from: Height(43), count: 16 })),
        (
            "catch-up-answer",
            Message::CatchUpAnswer(CatchUpAnswer {
                batches: vec![FinalBatch { finalization: None, ..batch.clone() }, batch],
            }),
        ),
        ("evidence", Message::Evidence(Box::new(accusation()))),
        ("attestation", Message::Attestation(Box::new(attested()))),
        (
            "status",
            Message::Status(Status {
                network: B256::repeat_byte(0x77),
                version: "rota 0.1.0".into(),
                height: Height(42),
                batch: hash,
            }),
        ),
    ]
}

/// What a validator tells L1; its signature is made up.
pub(crate) fn attested() -> SignedAttestation {
    let attestation = Attestation { attesting_epoch: EPOCH, kind: 1, index: 5, content: B256::repeat_byte(0x55) };
    SignedAttestation { attestation, signer: place(2), signature: AttestationSignature([0x66; 256]) }
}
