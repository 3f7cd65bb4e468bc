//! Golden vectors: `vectors/*.json`, for whoever writes the format anew. They come from the seeds in `samples`, so that
//! `ROTA_REGENERATE=1 cargo test -p rota-proto vectors` writes the same bytes again; otherwise the files are compared.

use std::{fs, path::Path, sync::Arc};

use alloy_primitives::{B256, hex, keccak256};
use serde_json::{Value, json};

use super::{
    domain as by_hand,
    samples::{
        EPOCH, L1_CHAIN_ID, ROLLUP_CHAIN_ID, STAKES, STAKING, batch, certificate, consensus_key, domain, header,
        messages, place, round, set, sign, signing_key,
    },
    wallet::{Draft, Wallet},
};
use crate::{
    BatchBody, BatchHeader, Certificate, ConsensusKey, Epoch, ExtraData, InOrder, Message, ORIGIN_NUMBER_MAX, OrderKey,
    Round, Signature, SignedVote, Signers, Strict, Transaction, Verifier, View, Vote, VoteKind,
};
use ed25519_dalek::Signer;

/// The vectors of one file are those made from the seeds. Gives what the file says.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "whether to write the files is for who runs the test to say")]
fn current(name: &str, fresh: &Value) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let fresh = serde_json::to_string_pretty(fresh).unwrap() + "\n";
    if std::env::var_os("ROTA_REGENERATE").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let stands = fs::read_to_string(&path).unwrap();
    assert_eq!(stands, fresh, "run ROTA_REGENERATE=1 cargo test -p rota-proto vectors");
    serde_json::from_str(&stands).unwrap()
}

fn hex0x(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes_of(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn hash_of(value: &Value) -> B256 {
    B256::from_slice(&bytes_of(value))
}

fn number_of(value: &Value) -> u64 {
    value.as_str().map_or_else(|| value.as_u64().unwrap(), |text| text.parse().unwrap())
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty(), "a list of vectors is never empty");
    list
}

fn vote_value(vote: &Vote) -> Value {
    json!({
        "epoch": vote.round.epoch.0,
        "view": vote.round.view.0,
        "kind": vote.kind.code(),
        "batch": hex0x(vote.batch),
        "digest": hex0x(domain().vote(vote)),
    })
}

fn vote_of(value: &Value) -> Vote {
    Vote {
        round: Round::new(Epoch(number_of(&value["epoch"])), View(number_of(&value["view"]))),
        kind: VoteKind::from_code(u8::try_from(number_of(&value["kind"])).unwrap()).unwrap(),
        batch: hash_of(&value["batch"]),
    }
}

fn with(mut value: Value, fields: &[(&str, Value)]) -> Value {
    for (name, field) in fields {
        value[*name] = field.clone();
    }
    value
}

fn sign_bytes() -> Value {
    let hash = batch().hash();
    let last = Round::new(Epoch::MAX, View::MAX);
    let votes = [
        sign(Vote::notarize(round(3), hash), 0),
        sign(Vote::notarize(round(3), B256::repeat_byte(0xbb)), 0),
        sign(Vote::finalize(round(3), hash), 0),
        sign(Vote::nullify(round(3)), 0),
        sign(Vote::finalize(round(3), B256::repeat_byte(0xbb)), 1),
        sign(Vote::nullify(Round::new(Epoch(0), View::FIRST)), 2),
        sign(Vote::finalize(last, B256::repeat_byte(0xff)), 3),
    ];
    let signed = |vote: &SignedVote| {
        let number = vote.signer.number();
        with(
            vote_value(&vote.vote),
            &[
                ("place", json!(number)),
                ("secretSeed", json!(hex0x(signing_key(number).to_bytes()))),
                ("consensusKey", json!(consensus_key(number))),
                ("signature", json!(hex0x(vote.signature.0))),
            ],
        )
    };
    let record = |number: u8, sequence: u64| {
        let (key, node) = (consensus_key(number), B256::repeat_byte(0xd0 + number));
        let digest = domain().peer_record(key.to_bytes(), node.0, sequence);
        json!({
            "consensusKey": key,
            "nodeKey": hex0x(node),
            "sequence": sequence.to_string(),
            "digest": hex0x(digest),
            "signature": hex0x(signing_key(number).sign(digest.as_slice()).to_bytes()),
        })
    };
    json!({
        "domain": {
            "name": "Rota",
            "version": "1",
            "chainId": L1_CHAIN_ID,
            "verifyingContract": STAKING,
            "separator": hex0x(by_hand::separator(L1_CHAIN_ID, STAKING)),
        },
        "rollupChainId": ROLLUP_CHAIN_ID,
        "voteType": by_hand::VOTE_TYPE,
        "peerRecordType": by_hand::PEER_RECORD_TYPE,
        "votes": votes.iter().map(signed).collect::<Vec<_>>(),
        "peerRecords": [record(0, 0), record(1, u64::MAX)],
    })
}

fn headers() -> Value {
    let largest = ExtraData {
        epoch: Epoch::MAX,
        origin_number: ORIGIN_NUMBER_MAX,
        parent_view: View::MAX,
        parent_signers: Signers(u128::MAX),
    };
    let first = ExtraData { epoch: EPOCH, origin_number: 1, ..ExtraData::default() };
    let headers = [batch(), BatchHeader::new(header(first)).unwrap(), BatchHeader::new(header(largest)).unwrap()];
    let facts = |batch: &BatchHeader| {
        json!({
            "rlp": hex0x(batch.encode()),
            "hash": hex0x(batch.hash()),
            "parentHash": hex0x(batch.parent()),
            "height": batch.height().0,
            "extraData": hex0x(batch.extra().encode()),
            "epoch": batch.epoch().0,
            "originNumber": batch.origin().number,
            "originHash": hex0x(batch.origin().hash),
            "parentView": batch.extra().parent_view.0,
            "parentSigners": hex0x(batch.extra().parent_signers.0.to_be_bytes()),
        })
    };
    json!({ "headers": headers.iter().map(facts).collect::<Vec<_>>() })
}

fn certificates() -> Value {
    let hash = batch().hash();
    let certificates = [
        certificate(Vote::notarize(round(6), hash), &[0, 1]),
        certificate(Vote::nullify(round(7)), &[0, 2, 3]),
        certificate(Vote::finalize(round(6), hash), &[0, 1, 2, 3]),
        certificate(Vote::finalize(round(6), hash), &[1, 2, 3]),
    ];
    let set = set(&STAKES);
    let facts = |certificate: &Certificate| {
        let power = set.power_of(certificate.signers);
        with(
            vote_value(&certificate.vote),
            &[
                ("signers", json!(hex0x(certificate.signers.0.to_be_bytes()))),
                ("places", json!(certificate.signers.iter().collect::<Vec<_>>())),
                ("signatures", json!(certificate.signatures.iter().map(|s| hex0x(s.0)).collect::<Vec<_>>())),
                ("power", json!(u64::try_from(power).unwrap())),
                ("isQuorum", json!(set.is_quorum(power))),
                ("wire", json!(hex0x(Message::Certificate(certificate.clone()).encode()))),
            ],
        )
    };
    let member = |(place, member): (crate::Place, &crate::Validator)| {
        let (power, key) = (member.power, member.consensus_key);
        json!({ "place": place, "power": power, "consensusKey": key })
    };
    json!({
        "epoch": EPOCH,
        "totalPower": STAKES.iter().sum::<u64>(),
        "validators": set.iter().map(member).collect::<Vec<_>>(),
        "certificates": certificates.iter().map(facts).collect::<Vec<_>>(),
    })
}

fn wire() -> Value {
    let messages = messages();
    let facts = messages.iter().map(|(kind, message)| json!({ "kind": kind, "wire": hex0x(message.encode()) }));
    json!({ "messages": facts.collect::<Vec<_>>() })
}

/// Chains of four senders: dear behind cheap, equal tips, a gas price, one below the base fee.
fn chains() -> Vec<Vec<Arc<Transaction>>> {
    let draft = |nonce, fee, tip| Draft { nonce, fee, tip, ..Draft::default() };
    let legacy = |nonce, fee| Draft { legacy: true, ..draft(nonce, fee, 0) };
    let drafts = [
        vec![draft(0, 200, 1), draft(1, 300, 50), draft(2, 90, 9)],
        vec![draft(0, 200, 5), draft(1, 120, 40)],
        vec![draft(7, 200, 5), legacy(8, 105)],
        vec![draft(0, 99, 99), draft(1, 900, 99)],
    ];
    let signed = |(drafts, number): (&Vec<Draft>, u8)| drafts.iter().map(|d| Wallet::new(number).sign(d)).collect();
    drafts.iter().zip(1u8..).map(signed).collect()
}

fn order() -> Value {
    let (parent, base_fee) = (batch().hash(), 100);
    let facts = |transaction: &Arc<Transaction>| {
        let key = OrderKey::of(transaction, base_fee, parent);
        json!({
            "raw": hex0x(transaction.encode()),
            "hash": hex0x(transaction.hash()),
            "sender": transaction.sender(),
            "nonce": transaction.nonce(),
            "tipWei": key.map(|key| key.tip_wei.to_string()),
            "tieBreak": key.map(|key| hex0x(key.tie_break.0)),
        })
    };
    let chains = chains();
    let mut in_order = InOrder::new(chains.iter().map(|chain| chain.clone().into_iter()), base_fee, parent);
    let placed: Vec<_> = std::iter::from_fn(|| in_order.place()).collect();
    let body = BatchBody::of(&placed);
    json!({
        "parent": hex0x(parent),
        "baseFee": base_fee,
        "transactions": chains.iter().flatten().map(facts).collect::<Vec<_>>(),
        "order": placed.iter().map(|transaction| hex0x(transaction.hash())).collect::<Vec<_>>(),
        "body": hex0x(body.encode()),
        "transactionsRoot": hex0x(body.root()),
    })
}

/// Rules D1, D2, K2.
#[test]
fn sign_bytes_of_the_vectors_stand() {
    let vectors = current("sign-bytes.json", &sign_bytes());
    let verified = |entry: &Value, digest: B256| {
        let key: ConsensusKey = serde_json::from_value(entry["consensusKey"].clone()).unwrap();
        assert_eq!(hash_of(&entry["digest"]), digest);
        Strict.verifies(&key, &digest, &Signature(bytes_of(&entry["signature"]).try_into().unwrap()))
    };
    for entry in list(&vectors["votes"]) {
        assert!(verified(entry, by_hand::vote(&vote_of(entry))), "{entry}");
    }
    for entry in list(&vectors["peerRecords"]) {
        let key = |name: &str| bytes_of(&entry[name]).try_into().unwrap();
        let digest = by_hand::peer_record(key("consensusKey"), key("nodeKey"), number_of(&entry["sequence"]));
        assert!(verified(entry, digest), "{entry}");
    }
}

/// Rules H1, H2.
#[test]
fn headers_of_the_vectors_stand() {
    let vectors = current("headers.json", &headers());
    for entry in list(&vectors["headers"]) {
        let rlp = bytes_of(&entry["rlp"]);
        let header = BatchHeader::decode(&rlp).unwrap();
        assert_eq!(keccak256(&rlp), header.hash());
        assert_eq!(hash_of(&entry["hash"]), header.hash());
        assert_eq!(bytes_of(&entry["extraData"]), header.header().extra_data);
        assert_eq!(number_of(&entry["originNumber"]), header.origin().number);
        assert_eq!(number_of(&entry["parentView"]), header.extra().parent_view.0);
    }
}

/// Rules Q1, W3, K2.
#[test]
fn certificates_of_the_vectors_stand() {
    let vectors = current("certificates.json", &certificates());
    let set = set(&STAKES);
    for entry in list(&vectors["certificates"]) {
        let Ok(Message::Certificate(certificate)) = Message::decode(&bytes_of(&entry["wire"])) else {
            unreachable!("the wire bytes are a certificate")
        };
        assert_eq!(certificate.vote, vote_of(entry));
        assert_eq!(bytes_of(&entry["signers"]), certificate.signers.0.to_be_bytes());
        assert_eq!(certificate.signatures.len(), list(&entry["signatures"]).len());
        let verified = certificate.verify(&domain(), &set, &Strict);
        assert_eq!(verified.is_ok(), entry["isQuorum"].as_bool().unwrap(), "{entry}");
    }
    assert_eq!(set.place_of(&consensus_key(2)), Some(place(2)));
}

/// Rule W3.
#[test]
fn messages_of_the_vectors_stand() {
    let vectors = current("messages.json", &wire());
    for (entry, (kind, message)) in list(&vectors["messages"]).iter().zip(messages()) {
        assert_eq!(entry["kind"], kind);
        assert_eq!(Message::decode(&bytes_of(&entry["wire"])), Ok(message));
    }
}

/// Rules O1, T1, T2.
#[test]
fn order_of_the_vectors_stands() {
    let vectors = current("order.json", &order());
    let body = BatchBody::decode(&bytes_of(&vectors["body"])).unwrap();
    let order: Vec<B256> = list(&vectors["order"]).iter().map(hash_of).collect();
    assert_eq!(body.0.iter().map(keccak256).collect::<Vec<_>>(), order);
    assert_eq!(hash_of(&vectors["transactionsRoot"]), body.root());
    for entry in list(&vectors["transactions"]) {
        let transaction = Transaction::decode(&bytes_of(&entry["raw"])).unwrap();
        assert_eq!(hash_of(&entry["hash"]), transaction.hash());
        assert_eq!(entry["sender"], json!(transaction.sender()));
        let placed = order.contains(&transaction.hash());
        assert!(!placed || entry["tipWei"].is_string(), "what is placed pays the base fee");
    }
}
