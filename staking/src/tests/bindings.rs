//! The bindings against the vectors that the Solidity tests read too (`contracts/vectors/contracts.json`).

use alloy_primitives::{Address, Bytes, U256, b256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolInterface};
use rota_proto::{Epoch, Place, Round, Signature, SignedVote, View, Vote, VotePair};
use serde::Deserialize;

use super::*;
use rota_proto::limits;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vectors {
    max_payload_bytes: usize,
    max_batches: u64,
    first_height: u64,
    places: u8,
    lag_epochs: u64,
    least_epoch_length: u64,
    most_epoch_length: u64,
    links: Vec<LinkVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LinkVector {
    first_height: u64,
    last_height: u64,
    parent_link: B256,
    last_batch_hash: B256,
    payload: Bytes,
    link: B256,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../contracts/vectors/contracts.json")).expect("the vectors are well formed")
}

#[test]
fn a_call_with_an_unknown_selector_is_no_call_of_the_inbox() {
    assert!(RotaInbox::RotaInboxCalls::abi_decode(&[1, 2, 3, 4]).is_err());
    assert!(RotaInbox::appendCall::abi_decode(&[]).is_err());
}

#[test]
fn a_late_duplicate_is_told_from_every_other_refusal() {
    let taken = RotaInbox::AlreadyPosted { firstHeight: 7, nextHeight: 9 }.abi_encode();
    let decoded = RotaInbox::RotaInboxErrors::abi_decode(&taken).expect("a refusal of the inbox");
    assert!(matches!(decoded, RotaInbox::RotaInboxErrors::AlreadyPosted(refused) if refused.nextHeight == 9));

    let gap = RotaInbox::HeightGap { firstHeight: 9, nextHeight: 7 }.abi_encode();
    let decoded = RotaInbox::RotaInboxErrors::abi_decode(&gap).expect("a refusal of the inbox");
    assert!(matches!(decoded, RotaInbox::RotaInboxErrors::HeightGap(refused) if refused.nextHeight == 7));
}

#[test]
fn report_of_a_pair_holds_both_votes_in_their_order() {
    let round = Round::new(Epoch(3), View(9));
    let signed = |vote, byte| SignedVote { vote, signer: Place::new(2).expect("below 128"), signature: halves(byte) };
    let (nullify, batch) = (Vote::nullify(round), B256::repeat_byte(8));
    let pair = VotePair::new(signed(Vote::finalize(round, batch), 3), signed(nullify, 1)).expect("a pair");
    let report = vote_evidence(&pair);
    assert_eq!((report.epoch, report.view_, report.place), (3, 9, 2));
    let votes = [report.first, report.second].map(|vote| (vote.kind, vote.batch, vote.r, vote.s));
    let [r1, s1, r3, s3] = [1, 2, 3, 4].map(B256::repeat_byte);
    assert_eq!(votes, [(2, B256::ZERO, r1, s1), (3, batch, r3, s3)]);
}

/// A signature whose first half is this byte, and whose second half is the next one.
fn halves(byte: u8) -> Signature {
    let [r, s] = [byte, byte + 1].map(B256::repeat_byte);
    Signature([r.0, s.0].concat().try_into().expect("64 bytes"))
}

#[test]
fn refusals_of_the_slasher_are_told_apart() {
    let known = Slasher::AlreadySlashed { validator: Address::repeat_byte(1), offenceEpoch: 4 }.abi_encode();
    let decoded = Slasher::SlasherErrors::abi_decode(&known).expect("a refusal of the slasher");
    assert!(matches!(decoded, Slasher::SlasherErrors::AlreadySlashed(refused) if refused.offenceEpoch == 4));
    let late = Slasher::EvidenceExpired { epoch: 1, currentEpoch: 20, lastEpoch: 9 }.abi_encode();
    let decoded = Slasher::SlasherErrors::abi_decode(&late).expect("a refusal of the slasher");
    assert!(matches!(decoded, Slasher::SlasherErrors::EvidenceExpired(refused) if refused.lastEpoch == 9));
}

#[test]
fn limits_are_those_of_the_contracts() {
    let vectors = vectors();
    assert_eq!(MAX_PAYLOAD_BYTES, vectors.max_payload_bytes);
    assert_eq!(MAX_ENTRY_BATCHES, vectors.max_batches);
    assert_eq!(FIRST_POSTED_HEIGHT, vectors.first_height);
    assert_eq!(Place::COUNT, vectors.places);
    assert_eq!(vectors.lag_epochs, 2, "rule R3 of the registry");
    assert_eq!(EPOCH_LENGTH_MIN, vectors.least_epoch_length);
    assert_eq!(EPOCH_LENGTH_MAX, vectors.most_epoch_length);
    // Nodes know what epochs their rules allow, of which the contracts take the longer ones.
    assert_eq!(limits::EPOCH_LENGTH_MAX, vectors.most_epoch_length);
    const { assert!(limits::EPOCH_LENGTH_MIN <= EPOCH_LENGTH_MIN) };
}

#[test]
fn links_are_those_of_the_inbox() {
    let vectors = vectors();
    assert!(!vectors.links.is_empty(), "no vectors");
    for vector in vectors.links {
        let entry = IRotaInbox::Entry {
            firstHeight: vector.first_height,
            lastHeight: vector.last_height,
            parentLink: vector.parent_link,
            lastBatchHash: vector.last_batch_hash,
        };
        assert_eq!(entry_link(&entry, &vector.payload), vector.link, "heights from {}", vector.first_height);
    }
}

/// What each contract of a deployment lets somebody change, by name. The test token is no part of a real one; governor
/// and timelock are OpenZeppelin's, and do nothing but the calls that the governor lets be proposed (C157).
const CHANGES: [(&str, &[&str]); 13] = [
    (
        include_str!("../../abi/Admission.json"),
        &["pause", "setAllowList", "setAllowed", "setGuardian", "spendCancellation", "unpause"],
    ),
    (include_str!("../../abi/AttestationVerifier.json"), &[]),
    (include_str!("../../abi/BlsVerifier.json"), &[]),
    (include_str!("../../abi/Ed25519Verifier.json"), &[]),
    (include_str!("../../abi/Expulsions.json"), &["expel"]),
    (
        include_str!("../../abi/Rewards.json"),
        &[
            "attest",
            "bring",
            "claim",
            "claimCommission",
            "keepStretch",
            "restake",
            "setCommission",
            "setFunder",
            "setRate",
        ],
    ),
    (include_str!("../../abi/RotaInbox.json"), &["append"]),
    (include_str!("../../abi/Slasher.json"), &["settle", "slashAttestations", "slashVotes"]),
    (
        include_str!("../../abi/StakeManager.json"),
        &[
            "cancel",
            "collect",
            "delegate",
            "delegateWithPermit",
            "exit",
            "expel",
            "fundRewards",
            "open",
            "payReward",
            "redelegate",
            "refresh",
            "register",
            "registerWithPermit",
            "release",
            "restakeReward",
            "resume",
            "settle",
            "slash",
            "suspend",
            "topUp",
            "topUpWithPermit",
            "unbond",
            "undelegate",
            "withdraw",
        ],
    ),
    (
        include_str!("../../abi/StakeVotes.json"),
        &["bonded", "delegate", "delegateBySig", "slashed", "sync", "unbonded"],
    ),
    (include_str!("../../abi/StakingParameters.json"), &["set"]),
    (
        include_str!("../../abi/ValidatorRegistry.json"),
        &[
            "acceptOperator",
            "create",
            "proposeOperator",
            "rotateKeys",
            "setFeeRecipient",
            "setMetadata",
            "setSubmitter",
        ],
    ),
    (
        include_str!("../../abi/ValidatorSets.json"),
        &[
            "advance",
            "enroll",
            "lower",
            "lowerShared",
            "raise",
            "raiseShared",
            "remove",
            "revoke",
            "seed",
            "setFeeRecipient",
            "setKeys",
        ],
    ),
];

/// No owner, no pause, no upgrade: nothing changes state but these calls, ether comes by none, and the code neither
/// runs other code in its place nor ends.
#[test]
fn contracts_have_no_owner_and_no_upgrade() {
    for (json, expected) in CHANGES {
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        let mut found = Vec::new();
        for entry in json["abi"].as_array().expect("a list") {
            assert!(entry["type"] != "fallback" && entry["type"] != "receive", "{entry}");
            assert!(entry["stateMutability"] != "payable", "{entry}");
            let is_view = ["view", "pure"].iter().any(|word| entry["stateMutability"] == *word);
            if entry["type"] == "function" && !is_view {
                found.push(entry["name"].as_str().expect("a name").to_owned());
            }
        }
        found.sort_unstable();
        assert_eq!(found, expected);
        const CALLCODE_DELEGATECALL_SELFDESTRUCT: [u8; 3] = [0xf2, 0xf4, 0xff];
        let code: Bytes = json["bytecode"].as_str().expect("bytecode").parse().expect("hex");
        // The compiler puts an INVALID after what runs at creation, and one between what runs later and data.
        const INVALID: u8 = 0xfe;
        let (mut at, mut operations, mut parts) = (0, 0, 0);
        while let Some(operation) = code.get(at).filter(|_| parts < 2) {
            parts += u8::from(*operation == INVALID);
            assert!(!CALLCODE_DELEGATECALL_SELFDESTRUCT.contains(operation), "{operation:#x} at {at} of {found:?}");
            // PUSH1 to PUSH32 carry so many bytes.
            at += if let 0x60..=0x7f = operation { usize::from(operation - 0x5e) } else { 1 };
            operations += 1;
        }
        assert!(operations > 100, "no code");
    }
}

#[test]
fn the_event_that_nodes_fold_has_its_signature_for_ever() {
    assert_eq!(
        ValidatorSets::ValidatorChanged::SIGNATURE,
        "ValidatorChanged(uint64,uint8,address,bytes32,uint64,address)"
    );
    assert_eq!(RotaInbox::Appended::SIGNATURE, "Appended(uint64,uint64,bytes32,bytes32,address)");
}

#[test]
fn an_appended_entry_is_read_back_from_its_calldata() {
    let entry = IRotaInbox::Entry {
        firstHeight: 11,
        lastHeight: 25,
        parentLink: b256!("0x1100000000000000000000000000000000000000000000000000000000000011"),
        lastBatchHash: keccak256("batch"),
    };
    let call = RotaInbox::appendCall { validator: Address::repeat_byte(3), entry, payload: vec![7; 100].into() };
    assert_eq!(RotaInbox::appendCall::abi_decode(&call.abi_encode()).expect("our own encoding"), call);
}

/// Every custom error of every contract is told by its name, with its values.
#[test]
fn refusals_are_named_with_their_values() {
    let nobody = Address::ZERO;
    let texts = [
        (
            StakeManager::NotMatured { id: 3, epoch: 7, dueEpoch: 12 }.abi_encode(),
            "NotMatured { id: 3, epoch: 7, dueEpoch: 12 }",
        ),
        (StakeManager::AlreadyOpen {}.abi_encode(), "AlreadyOpen"),
        (
            ValidatorRegistry::NotOperator { validator: nobody, caller: nobody }.abi_encode(),
            "NotOperator { validator: 0x0000000000000000000000000000000000000000, \
             caller: 0x0000000000000000000000000000000000000000 }",
        ),
        (
            TestToken::ERC20InsufficientBalance { sender: nobody, balance: U256::from(1), needed: U256::from(2) }
                .abi_encode(),
            "ERC20InsufficientBalance { sender: 0x0000000000000000000000000000000000000000, balance: 1, needed: 2 }",
        ),
        (
            RotaInbox::HeightGap { firstHeight: 9, nextHeight: 7 }.abi_encode(),
            "HeightGap { firstHeight: 9, nextHeight: 7 }",
        ),
    ];
    for (returned, text) in texts {
        assert_eq!(refusal(&returned).as_deref(), Some(text));
    }
    assert_eq!(refusal(&[]), None);
    assert_eq!(refusal(&[1, 2, 3, 4]), None);
}

/// The selectors of all errors in the ABIs are known to `refusal`.
#[test]
fn no_error_of_a_contract_is_without_a_name() {
    let mut count = 0;
    for (json, _) in CHANGES {
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        for error in json["abi"].as_array().expect("a list").iter().filter(|entry| entry["type"] == "error") {
            let (name, inputs) = (error["name"].as_str().expect("a name"), error["inputs"].as_array().expect("a list"));
            let types: Vec<_> = inputs.iter().map(|input| input["type"].as_str().expect("a type")).collect();
            let selector = &keccak256(format!("{name}({})", types.join(",")))[..4];
            // Each value is one word.
            let returned = [selector, &vec![0; 32 * inputs.len()]].concat();
            let told = refusal(&returned).unwrap_or_default();
            assert!(told.starts_with(name), "{name}({}): {told:?}", types.join(","));
            count += 1;
        }
    }
    assert!(count > 80, "only {count} errors");
}
