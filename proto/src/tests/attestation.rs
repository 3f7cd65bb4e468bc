//! Attestation keys, their signatures and digests against the vectors that the contracts are tested with.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use blst::min_pk;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{domain as by_hand, samples::consensus_key};
use crate::{
    ATTESTATION_TAG, Attestation, AttestationKey, AttestationKeyError, AttestationSignature, ConsensusKey, Epoch,
    POSSESSION_TAG, Round, Signature, SigningDomain, Strict, Verifier, View, Vote, VoteKind,
};

const POINTS: &str = include_str!("../../../staking/contracts/vectors/bls12381.json");
const DIGESTS: &str = include_str!("../../../staking/contracts/vectors/digests.json");

#[derive(Deserialize)]
struct Points {
    signatures: Vec<SignatureVector>,
    keys: Vec<KeyVector>,
}

#[derive(Deserialize)]
struct SignatureVector {
    name: String,
    key: Bytes,
    digest: B256,
    signature: Bytes,
    attestation: bool,
    possession: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyVector {
    key: Bytes,
    compressed_key: Bytes,
    digest: B256,
    signature: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Digests {
    domains: Vec<DomainVector>,
    types: Types,
    tags: Tags,
    votes: Vec<VoteVector>,
    key_registrations: Vec<RegistrationVector>,
    attestations: Vec<AttestationVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DomainVector {
    #[serde(deserialize_with = "number")]
    chain_id: u64,
    verifying_contract: Address,
    separator: B256,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Types {
    vote: String,
    key_registration: String,
    attestation: String,
}

#[derive(Deserialize)]
struct Tags {
    attestation: String,
    possession: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VoteVector {
    #[serde(deserialize_with = "number")]
    rollup_chain_id: u64,
    #[serde(deserialize_with = "number")]
    epoch: u64,
    #[serde(deserialize_with = "number")]
    view: u64,
    kind: u8,
    batch: B256,
    digest: B256,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationVector {
    #[serde(deserialize_with = "number")]
    rollup_chain_id: u64,
    operator: Address,
    consensus_key: ConsensusKey,
    attestation_key: AttestationKey,
    #[serde(deserialize_with = "number")]
    nonce: U256,
    digest: B256,
    consensus_signature: Bytes,
    attestation_signature: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationVector {
    #[serde(deserialize_with = "number")]
    rollup_chain_id: u64,
    #[serde(deserialize_with = "number")]
    attesting_epoch: u64,
    kind: u8,
    #[serde(deserialize_with = "number")]
    index: u64,
    content: B256,
    digest: B256,
    attestation_key: AttestationKey,
    signature: Bytes,
}

/// Numbers of 64 bits and more are decimal strings.
fn number<'de, D: Deserializer<'de>, N: std::str::FromStr>(deserializer: D) -> Result<N, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("no number: {text}")))
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the vectors are well formed")
}

fn key(bytes: &Bytes) -> Result<AttestationKey, AttestationKeyError> {
    AttestationKey::from_bytes(bytes.as_ref().try_into().expect("128 bytes"))
}

fn signature(bytes: &Bytes) -> AttestationSignature {
    AttestationSignature(bytes.as_ref().try_into().expect("256 bytes"))
}

/// The domain of every digest in the vectors.
fn domain(digests: &Digests, rollup_chain_id: u64) -> SigningDomain {
    let domain = digests.domains.first().expect("a domain");
    SigningDomain::new(domain.chain_id, domain.verifying_contract, rollup_chain_id)
}

/// Rule K3: each part of it has its name.
#[test]
fn keys_are_refused_by_name() {
    let points: Points = read(POINTS);
    let named = [
        ("infinite key", AttestationKeyError::Infinity),
        ("infinity written as p", AttestationKeyError::NotReduced),
        ("key outside the subgroup", AttestationKeyError::NotInSubgroup),
        ("key with torsion added", AttestationKeyError::NotInSubgroup),
        ("key of torsion alone", AttestationKeyError::NotInSubgroup),
        ("key of order 3: (0, 2)", AttestationKeyError::NotInSubgroup),
        ("key off the curve, y + 1", AttestationKeyError::NotOnCurve),
        ("key off the curve, x + 1", AttestationKeyError::NotOnCurve),
        ("key (0, 0) but for one bit", AttestationKeyError::NotOnCurve),
        ("key with x + p", AttestationKeyError::NotReduced),
        ("key with y + p", AttestationKeyError::NotReduced),
        ("key with a byte before x", AttestationKeyError::NotReduced),
        ("key with a bit before y", AttestationKeyError::NotReduced),
        ("key with x and y swapped", AttestationKeyError::NotOnCurve),
    ];
    for (name, error) in named {
        let found = points.signatures.iter().find(|vector| vector.name == name);
        let vector = found.unwrap_or_else(|| panic!("no vector {name:?}"));
        assert_eq!(key(&vector.key), Err(error), "{name}");
        let text = serde_json::to_string(&vector.key).unwrap();
        assert!(serde_json::from_str::<AttestationKey>(&text).is_err(), "{name}");
    }
}

/// Rule K5: the sum of signatures of one digest stands for the sum of their keys; a sum with a point outside the
/// subgroup is none.
#[test]
fn signatures_add_up() {
    let secrets = [1, 2, 3].map(|seed| min_pk::SecretKey::key_gen(&[seed; 32], &[]).unwrap());
    let digest = B256::repeat_byte(9);
    let signed = |secret: &min_pk::SecretKey| {
        AttestationSignature::from_uncompressed(&secret.sign(digest.as_slice(), ATTESTATION_TAG, &[]).serialize())
    };
    let keys = secrets.each_ref().map(min_pk::SecretKey::sk_to_pk);
    let together = min_pk::AggregatePublicKey::aggregate(&keys.each_ref(), true).unwrap().to_public_key();
    let together = AttestationKey::from_compressed(&together.compress()).unwrap();
    let mut signatures = secrets.each_ref().map(signed).to_vec();
    let sum = AttestationSignature::sum(&signatures).unwrap();
    assert!(together.attests(&digest, &sum));
    assert!(!together.attests(&digest, &AttestationSignature::sum(&signatures[1..]).unwrap()));
    assert_eq!(AttestationSignature::sum(&[]), None);
    let points: Points = read(POINTS);
    let outside = points.signatures.iter().find(|vector| vector.name == "signature outside the subgroup").unwrap();
    signatures.push(signature(&outside.signature));
    assert_eq!(AttestationSignature::sum(&signatures), None);
}

/// Rule K3: flags that other encodings set in the first byte are no part of a number, and make no infinity.
#[test]
fn flags_of_other_encodings_are_refused() {
    for flag in [0x20, 0x40, 0x80, 0xc0] {
        let mut bytes = [0; 128];
        bytes[16] = flag;
        assert_eq!(AttestationKey::from_bytes(&bytes), Err(AttestationKeyError::NotReduced), "{flag:#x}");
        let mut bytes = [0; 48];
        bytes[0] = flag;
        assert!(AttestationKey::from_compressed(&bytes).is_err(), "{flag:#x}");
    }
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    assert_eq!(AttestationKey::from_compressed(&infinity), Err(AttestationKeyError::Infinity));
}

/// Rule K3.
#[test]
fn keys_have_one_encoding_of_each_form() {
    let points: Points = read(POINTS);
    assert!(!points.keys.is_empty(), "no vectors");
    for vector in points.keys {
        let key = key(&vector.key).expect("a key");
        assert_eq!(key.to_bytes(), vector.key.as_ref());
        assert_eq!(key.to_compressed(), vector.compressed_key.as_ref());
        assert_eq!(key.to_string(), vector.compressed_key.to_string());
        assert_eq!(AttestationKey::from_compressed(&key.to_compressed()), Ok(key));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, format!("\"{}\"", vector.key));
        assert_eq!(serde_json::from_str::<AttestationKey>(&json).unwrap(), key);
        assert!(key.attests(&vector.digest, &signature(&vector.signature)));
    }
}

/// Rule K4: every verdict is the contract's, which the tests of `BlsVerifier` prove over the same vectors.
#[test]
fn verdicts_on_signatures_are_those_of_the_contract() {
    let points: Points = read(POINTS);
    let (mut attested, mut possessed) = (0, 0);
    for vector in &points.signatures {
        let lengths = (vector.key.len(), vector.signature.len());
        let key = if lengths == (128, 256) { key(&vector.key).ok() } else { None };
        let verdict = |stands: fn(&AttestationKey, &B256, &AttestationSignature) -> bool| {
            key.is_some_and(|key| stands(&key, &vector.digest, &signature(&vector.signature)))
        };
        assert_eq!(verdict(AttestationKey::attests), vector.attestation, "{}", vector.name);
        assert_eq!(verdict(AttestationKey::is_possessed), vector.possession, "{}", vector.name);
        attested += u32::from(vector.attestation);
        possessed += u32::from(vector.possession);
    }
    assert!(attested > 2 && possessed > 0 && points.signatures.len() > 40, "the vectors say both");
}

/// Rule K4.
#[test]
fn signatures_of_libraries_have_the_parts_of_their_numbers_swapped() {
    let mut library = [0; 192];
    for (number, byte) in library.chunks_exact_mut(48).zip([2, 1, 4, 3]) {
        number.fill(byte);
    }
    let signature = AttestationSignature::from_uncompressed(&library);
    for (word, byte) in signature.0.chunks_exact(64).zip([1, 2, 3, 4]) {
        assert_eq!(word, [[0; 16].as_slice(), &[byte; 48]].concat());
    }
}

/// Rules D1, D3, D4: one domain separator and one set of types for Rust and Solidity.
#[test]
fn domains_types_and_tags_are_those_of_the_contracts() {
    let digests: Digests = read(DIGESTS);
    assert!(digests.domains.len() > 2, "no vectors");
    for domain in &digests.domains {
        assert_eq!(by_hand::separator(domain.chain_id, domain.verifying_contract), domain.separator);
    }
    assert_eq!(digests.types.vote, by_hand::VOTE_TYPE);
    assert_eq!(
        digests.types.key_registration,
        "KeyRegistration(uint64 rollupChainId,address operator,bytes32 consensusKey,bytes attestationKey,uint256 nonce)"
    );
    assert_eq!(
        digests.types.attestation,
        "Attestation(uint64 rollupChainId,uint64 attestingEpoch,uint8 kind,uint64 index,bytes32 content)"
    );
    assert_eq!(digests.tags.attestation.as_bytes(), ATTESTATION_TAG);
    assert_eq!(digests.tags.possession.as_bytes(), POSSESSION_TAG);
}

/// Rule D1: the votes that L1 knows are ours.
#[test]
fn digests_of_votes_are_those_of_the_contracts() {
    let digests: Digests = read(DIGESTS);
    let mut read = 0;
    for vector in &digests.votes {
        let Some(kind) = VoteKind::from_code(vector.kind) else { continue };
        let round = Round::new(Epoch(vector.epoch), View(vector.view));
        let vote = Vote { round, kind, batch: vector.batch };
        assert_eq!(domain(&digests, vector.rollup_chain_id).vote(&vote), vector.digest, "{vote}");
        read += 1;
    }
    assert!(read >= 3, "a vote of each kind");
}

/// Rules D3, K4: what the registry verifies is what our keys sign.
#[test]
fn registrations_are_proven_by_both_keys_as_on_l1() {
    let digests: Digests = read(DIGESTS);
    assert!(!digests.key_registrations.is_empty(), "no vectors");
    for vector in &digests.key_registrations {
        let domain = domain(&digests, vector.rollup_chain_id);
        let (consensus_key, attestation_key) = (&vector.consensus_key, &vector.attestation_key);
        let digest = domain.key_registration(vector.operator, consensus_key, attestation_key, vector.nonce);
        assert_eq!(digest, vector.digest, "operator {}, nonce {}", vector.operator, vector.nonce);
        let consensus = Signature(vector.consensus_signature.as_ref().try_into().unwrap());
        assert!(Strict.verifies(consensus_key, &digest, &consensus));
        let possession = signature(&vector.attestation_signature);
        assert!(attestation_key.is_possessed(&digest, &possession));
        assert!(!attestation_key.attests(&digest, &possession), "a possession is no attestation");
    }
}

/// Rules D4, K4.
#[test]
fn attestations_are_signed_as_on_l1() {
    let digests: Digests = read(DIGESTS);
    assert!(!digests.attestations.is_empty(), "no vectors");
    for vector in &digests.attestations {
        let attestation = Attestation {
            attesting_epoch: Epoch(vector.attesting_epoch),
            kind: vector.kind,
            index: vector.index,
            content: vector.content,
        };
        let digest = domain(&digests, vector.rollup_chain_id).attestation(&attestation);
        assert_eq!(digest, vector.digest, "{attestation:?}");
        let signature = signature(&vector.signature);
        assert!(vector.attestation_key.attests(&digest, &signature));
        assert!(!vector.attestation_key.is_possessed(&digest, &signature), "an attestation is no possession");
    }
}

/// Rule D3: whatever differs, the digest differs; and no registration is an attestation.
#[test]
fn no_two_registrations_share_a_digest() {
    let digests: Digests = read(DIGESTS);
    let keys: Vec<AttestationKey> = digests.key_registrations.iter().map(|vector| vector.attestation_key).collect();
    let domain = domain(&digests, 7_682);
    let (operator, nonce) = (Address::repeat_byte(1), U256::from(7));
    let mut all = vec![
        domain.key_registration(operator, &consensus_key(0), &keys[0], nonce),
        domain.key_registration(Address::repeat_byte(2), &consensus_key(0), &keys[0], nonce),
        domain.key_registration(operator, &consensus_key(1), &keys[0], nonce),
        domain.key_registration(operator, &consensus_key(0), &keys[1], nonce),
        domain.key_registration(operator, &consensus_key(0), &keys[0], nonce + U256::from(1)),
        domain.attestation(&Attestation { attesting_epoch: Epoch(7), kind: 1, index: 1, content: keccak256("a") }),
        domain.attestation(&Attestation { attesting_epoch: Epoch(7), kind: 1, index: 2, content: keccak256("a") }),
    ];
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}
