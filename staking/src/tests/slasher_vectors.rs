//! Votes and evidence against the vectors that the slasher's own tests read (`contracts/vectors/evidence.json`).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use rota_proto::{
    ConsensusKey, Epoch, Place, Round, Signature, SignedVote, SigningDomain, Strict, Validator, ValidatorSet, View,
    Vote, VoteKind, VotePair, VotingPower,
};
use serde::Deserialize;

use crate::{Evidence, EvidenceError, Offence};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    chain_id: u64,
    stakes: Address,
    rollup_chain_id: u64,
    keys: Vec<KeyVector>,
    votes: BTreeMap<String, VoteVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyVector {
    consensus_key: B256,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VoteVector {
    epoch: u64,
    view_number: u64,
    kind: u8,
    batch: B256,
    digest: B256,
    r: B256,
    s: B256,
}

impl Vectors {
    fn read() -> Self {
        serde_json::from_str(include_str!("../../contracts/vectors/evidence.json")).expect("the vectors")
    }

    fn domain(&self) -> SigningDomain {
        SigningDomain::new(self.chain_id, self.stakes, self.rollup_chain_id)
    }

    /// A vote by its name, as if it was cast by whoever holds place 0.
    fn vote(&self, name: &str) -> SignedVote {
        let vector = self.votes.get(name).unwrap_or_else(|| panic!("no vote {name}"));
        let signature = Signature([vector.r.0, vector.s.0].concat().try_into().expect("64 bytes"));
        SignedVote { vote: vector.vote().expect("a vote"), signer: place(), signature }
    }

    /// What two votes are, if the first key held place 0.
    fn judge(&self, first: &str, second: &str) -> Result<Evidence, EvidenceError> {
        let pair = VotePair::new(self.vote(first), self.vote(second)).expect("a pair");
        let set = self.set(pair.round().epoch);
        Evidence::of_pair(&pair, &self.domain(), &set, &Strict)
    }

    fn set(&self, epoch: Epoch) -> ValidatorSet {
        let consensus_key = ConsensusKey::from_bytes(&self.keys[0].consensus_key.0).expect("a key");
        let operator = Address::repeat_byte(1);
        let first = Validator { operator, consensus_key, power: VotingPower(1), fee_recipient: operator };
        ValidatorSet::new(epoch, [(place(), first)].into()).expect("a set")
    }
}

impl VoteVector {
    fn vote(&self) -> Option<Vote> {
        let kind = match self.kind {
            1 => VoteKind::Notarize,
            2 => VoteKind::Nullify,
            3 => VoteKind::Finalize,
            _ => return None,
        };
        Some(Vote { kind, round: Round::new(Epoch(self.epoch), View(self.view_number)), batch: self.batch })
    }
}

fn place() -> Place {
    Place::new(0).expect("below 128")
}

/// The contract writes what validators sign, byte by byte.
#[test]
fn s8_digests_are_those_of_the_slasher() {
    let vectors = Vectors::read();
    let other = |name: &str| name.contains("Other") && !name.contains("Byte");
    let mut compared = 0;
    for (name, vector) in vectors.votes.iter().filter(|(name, _)| !other(name)) {
        if let Some(vote) = vector.vote() {
            assert_eq!(vectors.domain().vote(&vote), vector.digest, "{name}");
            compared += 1;
        }
    }
    assert!(compared > 90, "only {compared} votes");
}

#[test]
fn s8_what_the_slasher_takes_stands_and_what_it_refuses_does_not() {
    let vectors = Vectors::read();
    for (first, second, offence) in [
        ("notarizeA", "notarizeB", Offence::DoubleNotarize),
        ("notarizeC", "notarizeA", Offence::DoubleNotarize),
        ("finalizeA", "finalizeB", Offence::DoubleFinalize),
        ("nullify", "finalizeA", Offence::NullifyFinalize),
        ("notarizeAOfEpoch40", "notarizeBOfEpoch40", Offence::DoubleNotarize),
    ] {
        let evidence = vectors.judge(first, second).unwrap_or_else(|error| panic!("{first}, {second}: {error}"));
        assert_eq!(evidence.offence(), offence, "{first}, {second}");
    }
    for (first, second) in [
        ("notarizeA", "nullify"),
        ("notarizeA", "finalizeB"),
        ("notarizeA", "notarizeBWithTorsion"),
        ("notarizeA", "notarizeBWithLargeS"),
        ("notarizeAByKey2", "notarizeBByKey2"),
        ("notarizeAOnOtherChain", "notarizeBOnOtherChain"),
        ("finalizeAOfOtherRollup", "finalizeBOfOtherRollup"),
        ("nullifyOfOtherDeployment", "finalizeAOfOtherDeployment"),
        ("notarizeA", "notarizeNothing"),
        ("finalizeA", "finalizeNothing"),
        ("nullifyNamingA", "finalizeA"),
        ("notarizeAOfView0", "notarizeBOfView0"),
    ] {
        assert!(vectors.judge(first, second).is_err(), "{first}, {second}");
    }
}
