//! Any message comes back as it went, and any bytes decode to themselves or not at all (rules W1 to W4).

use alloy_primitives::{B256, Bytes};
use proptest::{collection::vec, option, prelude::*};

use super::samples::{header, unsigned_certificate};
use crate::{
    Attestation, AttestationSignature, BatchHeader, BodyMessage, CatchUpAnswer, CatchUpRequest, Certificate, Epoch,
    ExtraData, Fetch, FinalBatch, Height, Justification, Message, Place, Proposal, Round, RoundAnswer, Signature,
    SignedAttestation, SignedVote, Signers, Status, View, Vote, VotePair,
};

fn any_hash() -> impl Strategy<Value = B256> {
    any::<[u8; 32]>().prop_map(B256::from).prop_filter("no vote names the zero batch", |hash| !hash.is_zero())
}

fn any_round() -> impl Strategy<Value = Round> {
    (any::<u32>(), 1..=u32::MAX).prop_map(|(epoch, view)| Round::new(Epoch(epoch.into()), View(view.into())))
}

fn any_vote() -> impl Strategy<Value = Vote> {
    (any_round(), any_hash(), 0..3u8).prop_map(|(round, batch, kind)| match kind {
        0 => Vote::notarize(round, batch),
        1 => Vote::nullify(round),
        _ => Vote::finalize(round, batch),
    })
}

fn any_signature() -> impl Strategy<Value = Signature> {
    vec(any::<u8>(), 64).prop_map(|bytes| Signature(bytes.try_into().unwrap()))
}

fn any_signed() -> impl Strategy<Value = SignedVote> {
    (any_vote(), 0..Place::COUNT, any_signature()).prop_map(|(vote, signer, signature)| SignedVote {
        vote,
        signer: Place::new(signer).unwrap(),
        signature,
    })
}

fn any_certificate() -> impl Strategy<Value = Certificate> {
    (any_vote(), any::<u128>(), any_signature()).prop_map(|(vote, signers, signature)| {
        let signers = Signers(signers);
        Certificate { vote, signers, signatures: vec![signature; signers.len()] }
    })
}

fn any_header() -> impl Strategy<Value = BatchHeader> {
    (any::<(u32, u32, u128, u32)>(), any_hash(), any::<u64>()).prop_map(|(facts, parent, timestamp)| {
        let (epoch, view, signers, origin) = facts;
        let extra = ExtraData {
            epoch: Epoch(epoch.into()),
            origin_number: origin.into(),
            parent_view: View(view.into()),
            parent_signers: Signers(signers),
        };
        let header = alloy_consensus::Header { parent_hash: parent, timestamp, ..header(extra) };
        BatchHeader::new(header).unwrap()
    })
}

fn any_proposal() -> impl Strategy<Value = Proposal> {
    let justification = (option::of(any_certificate()), vec(any_certificate(), 0..3))
        .prop_map(|(parent, nullifications)| Justification { parent, nullifications });
    (any_header(), any_round(), any_signed(), justification).prop_map(|(header, round, signed, justification)| {
        let vote = SignedVote { vote: Vote::notarize(round, header.hash()), ..signed };
        Proposal { vote, header, justification }
    })
}

fn any_final_batch() -> impl Strategy<Value = FinalBatch> {
    (any_header(), any_bytes(), option::of((any_round(), any_hash(), 0..Place::COUNT))).prop_map(
        |(header, transactions, finalization)| FinalBatch {
            header,
            transactions,
            finalization: finalization
                .map(|(round, batch, signers)| unsigned_certificate(Vote::finalize(round, batch), signers)),
        },
    )
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn any_height() -> impl Strategy<Value = Height> {
    (0..=Height::MAX.0).prop_map(Height)
}

fn any_fetch() -> impl Strategy<Value = Fetch> {
    (any_round(), any_hash(), 0..3u8).prop_map(|(round, batch, kind)| match kind {
        0 => Fetch::Proposal { round, batch },
        1 => Fetch::Body(batch),
        _ => Fetch::Certificate(round),
    })
}

/// Two votes of a place in a round that say different things.
fn any_pair() -> impl Strategy<Value = VotePair> {
    (any_signed(), any_signed()).prop_filter_map("the same vote twice", |(one, other)| {
        let vote = Vote { round: one.vote.round, ..other.vote };
        VotePair::new(one, SignedVote { vote, signer: one.signer, ..other })
    })
}

fn any_attestation() -> impl Strategy<Value = SignedAttestation> {
    let said = (any_round(), 1..=u8::MAX, any::<u64>(), any_hash());
    (said, 0..128u8, vec(any::<u8>(), 256)).prop_map(|((round, kind, index, content), signer, bytes)| {
        let attestation = Attestation { attesting_epoch: round.epoch, kind, index, content };
        let signature = AttestationSignature(bytes.try_into().unwrap());
        SignedAttestation { attestation, signer: Place::new(signer).unwrap(), signature }
    })
}

fn any_message() -> impl Strategy<Value = Message> {
    let answer =
        (any_round(), option::of(any_certificate()), vec(any_signed(), 0..4)).prop_map(|(round, entered_by, votes)| {
            Message::RoundAnswer(Box::new(RoundAnswer { round, entered_by, votes }))
        });
    let status = (any_hash(), "[a-z0-9. -]{0,40}", any_height(), any_hash())
        .prop_map(|(network, version, height, batch)| Message::Status(Status { network, version, height, batch }));
    prop_oneof![
        any_signed().prop_map(Message::Vote),
        any_certificate().prop_map(Message::Certificate),
        any_proposal().prop_map(|proposal| Message::Proposal(Box::new(proposal))),
        (any_hash(), any_bytes()).prop_map(|(batch, transactions)| Message::Body(BodyMessage { batch, transactions })),
        any_fetch().prop_map(Message::Fetch),
        any::<[u8; 32]>().prop_map(Message::RoundQuery),
        answer,
        vec(any_bytes(), 0..20).prop_map(Message::Transactions),
        any_final_batch().prop_map(|batch| Message::FinalBatch(Box::new(batch))),
        (any_height(), any::<u32>()).prop_map(|(from, count)| Message::CatchUpRequest(CatchUpRequest { from, count })),
        vec(any_final_batch(), 0..4).prop_map(|batches| Message::CatchUpAnswer(CatchUpAnswer { batches })),
        any_pair().prop_map(|pair| Message::Evidence(Box::new(pair))),
        any_attestation().prop_map(|signed| Message::Attestation(Box::new(signed))),
        status,
    ]
}

/// Bytes that begin like a message of some kind.
fn almost_a_message() -> impl Strategy<Value = Vec<u8>> {
    (1..=16u8, vec(any::<u8>(), 0..127)).prop_map(|(tag, content)| {
        let length = u8::try_from(content.len()).unwrap();
        let key = if tag < 16 { vec![tag << 3 | 2] } else { vec![0x82, 0x01] };
        [key, vec![length], content].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn message_comes_back_as_it_went(message in any_message()) {
        let bytes = message.encode();
        prop_assert!(bytes.len() <= Message::BYTES_MAX);
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
    }

    #[test]
    fn bytes_decode_to_themselves_or_not(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn bytes_that_begin_well_decode_to_themselves_or_not(bytes in almost_a_message()) {
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn message_with_some_bytes_changed_decodes_to_itself_or_not(
        message in any_message(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = message.encode();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(other) = Message::decode(&bytes) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }
}
