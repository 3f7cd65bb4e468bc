//! What the words cost: a transaction decoded and its sender recovered, a vote and certificates verified, messages
//! decoded, a batch put in order.

use std::{collections::BTreeMap, hint::black_box, sync::Arc};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, TxKind, U256};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey};
use rota_proto::{
    BatchBody, Certificate, ConsensusKey, Epoch, InOrder, Message, Place, Round, Signature, SignedVote, Signers,
    SigningDomain, Strict, Transaction, UnrecoveredTransaction, Validator, ValidatorSet, View, Vote, VotingPower,
};

/// Transfers in a full batch of 30 M gas.
const FULL_BATCH: usize = 1_428;
const BASE_FEE: u64 = 7;

fn domain() -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(0x5a), 7_682)
}

fn places(count: u8) -> impl Iterator<Item = Place> {
    (0..count).filter_map(Place::new)
}

fn signing_key(place: Place) -> SigningKey {
    SigningKey::from_bytes(&[place.number() + 1; 32])
}

fn set(count: u8) -> ValidatorSet {
    let validators: BTreeMap<Place, Validator> = places(count)
        .map(|place| {
            let key =
                ConsensusKey::from_bytes(signing_key(place).verifying_key().as_bytes()).expect("a key is canonical");
            let (operator, power) = (Address::repeat_byte(place.number()), VotingPower(1));
            (place, Validator { operator, consensus_key: key, power, fee_recipient: operator })
        })
        .collect();
    ValidatorSet::new(Epoch(7), validators).expect("different keys with power are a set")
}

fn vote() -> Vote {
    Vote::notarize(Round::new(Epoch(7), View(3)), B256::repeat_byte(0xba))
}

fn signed(place: Place) -> SignedVote {
    let signature = Signature(signing_key(place).sign(domain().vote(&vote()).as_slice()).to_bytes());
    SignedVote { vote: vote(), signer: place, signature }
}

fn certificate(count: u8) -> Certificate {
    let signers: Signers = places(count).collect();
    Certificate { vote: vote(), signers, signatures: places(count).map(|place| signed(place).signature).collect() }
}

/// A transfer by the sender of this number.
fn transfer(sender: u64, nonce: u64) -> Vec<u8> {
    let transaction = TxEip1559 {
        chain_id: 7_682,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100,
        max_priority_fee_per_gas: u128::from(sender * 7 % 40),
        to: TxKind::Call(Address::repeat_byte(0xaa)),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    let secret = B256::from(U256::from(sender + 1));
    let signature = sign_message(secret, transaction.signature_hash()).expect("the number is a key");
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
}

fn transactions(bench: &mut Criterion) {
    let bytes = transfer(0, 0);
    let mut group = bench.benchmark_group("transaction");
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode", |run| run.iter(|| UnrecoveredTransaction::decode(black_box(&bytes))));
    group.bench_function("decode and recover", |run| run.iter(|| Transaction::decode(black_box(&bytes))));
    group.finish();
}

fn votes(bench: &mut Criterion) {
    let (domain, four, full) = (domain(), set(4), set(128));
    let one = signed(Place::new(2).expect("2 is a place"));
    let mut group = bench.benchmark_group("verify");
    group.bench_function("vote", |run| run.iter(|| black_box(one).verify(&domain, &four, &Strict)));
    for (set, signers) in [(&four, 3), (&full, 86)] {
        let certificate = certificate(signers);
        group.bench_with_input(BenchmarkId::new("certificate", signers), &certificate, |run, certificate| {
            run.iter_batched(|| certificate.clone(), |of| of.verify(&domain, set, &Strict), BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn wire(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("decode");
    let messages = [
        ("vote", Message::Vote(signed(Place::new(2).expect("2 is a place")))),
        ("certificate of 86", Message::Certificate(certificate(86))),
        ("1,024 transfers", Message::Transactions((0..1_024).map(|sender| transfer(sender, 0).into()).collect())),
    ];
    for (name, message) in messages {
        let bytes = message.encode();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |run| run.iter(|| Message::decode(black_box(&bytes))));
    }
    group.finish();
}

fn batches(bench: &mut Criterion) {
    let transactions: Vec<Arc<Transaction>> = (0..FULL_BATCH as u64)
        .map(|number| Arc::new(Transaction::decode(&transfer(number % 500, number / 500)).expect("it is well formed")))
        .collect();
    let chain = |sender: usize| transactions.iter().skip(sender).step_by(500).cloned();
    let body = BatchBody::of(&transactions);
    let mut group = bench.benchmark_group("full batch");
    group.throughput(Throughput::Elements(FULL_BATCH as u64));
    group.bench_function("order", |run| {
        run.iter(|| {
            let mut order = InOrder::new((0..500).map(chain), BASE_FEE, B256::repeat_byte(1));
            std::iter::from_fn(|| order.place()).count()
        });
    });
    group.bench_function("root", |run| run.iter(|| black_box(&body).root()));
    group.bench_function("encode and decode", |run| run.iter(|| BatchBody::decode(&black_box(&body).encode())));
    group.finish();
}

criterion_group!(benches, transactions, votes, wire, batches);
criterion_main!(benches);
