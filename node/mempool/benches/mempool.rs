//! What a transaction costs in the pool: admission, eviction, the order of a batch, a final batch.

use std::{hint::black_box, sync::Arc};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, TxKind, U256};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rota_mempool::{AccountState, Candidate, ChainRules, Mempool, MempoolLimits, Origin};
use rota_proto::{Height, Transaction};

const RULES: ChainRules = ChainRules { chain_id: 7682, gas_limit: 30_000_000, base_fee_min: 7 };
const BASE_FEE: u64 = 1_000;

fn transfer(sender: u64, nonce: u64, tip: u128) -> Arc<Transaction> {
    let transaction = TxEip1559 {
        chain_id: RULES.chain_id,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 2_000 + tip,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    };
    let secret = B256::from(U256::from(sender + 1));
    let signature = sign_message(secret, transaction.signature_hash()).expect("a number is a key");
    let envelope = TxEnvelope::from(transaction.into_signed(signature));
    Arc::new(Transaction::decode(&envelope.encoded_2718()).expect("what was signed is decoded"))
}

/// Transfers of so many senders, `each` of one, in the order of nonces, with tips that vary.
fn transfers(senders: u64, each: u64) -> Vec<Arc<Transaction>> {
    let one = |nonce, sender| transfer(sender, nonce, u128::from(1 + (sender * 7_919 + nonce * 104_729) % 1_000));
    (0..each).flat_map(|nonce| (0..senders).map(move |sender| one(nonce, sender))).collect()
}

fn rich() -> AccountState {
    AccountState { balance: U256::from(10u128.pow(24)), ..AccountState::default() }
}

fn filled(transactions: &[Arc<Transaction>]) -> Mempool {
    let mut pool = Mempool::new(MempoolLimits::default(), RULES);
    pool.set_base_fee(BASE_FEE);
    for transaction in transactions {
        pool.add(Arc::clone(transaction), Origin::Remote, rich()).expect("a fresh transfer is taken");
    }
    pool
}

fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admit 10,000");
    group.throughput(Throughput::Elements(10_000)).sample_size(20);
    for (name, senders, each) in [("1,000 senders", 1_000, 10), ("10,000 senders", 10_000, 1)] {
        let transactions = transfers(senders, each);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(filled(&transactions))));
    }
    let crowd = transfers(100_000, 1);
    let transactions: Vec<_> = (0..10_000).map(|sender| transfer(200_000 + sender, 0, 500)).collect();
    group.bench_function("beside 100,000 others", |bencher| {
        bencher.iter_batched_ref(
            || filled(&crowd),
            |pool| {
                for transaction in &transactions {
                    let _ = black_box(pool.add(Arc::clone(transaction), Origin::Remote, rich()));
                }
            },
            BatchSize::PerIteration,
        );
    });
    let limits = MempoolLimits { slots: 100_000, ..MempoolLimits::default() };
    group.bench_function("into a pool full of 100,000", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut pool = Mempool::new(limits, RULES);
                for transaction in &crowd {
                    pool.add(Arc::clone(transaction), Origin::Remote, rich()).expect("there is room");
                }
                pool
            },
            |pool| {
                for transaction in &transactions {
                    let _ = black_box(pool.add(Arc::clone(transaction), Origin::Remote, rich()));
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn check(criterion: &mut Criterion) {
    let transaction = transfer(0, 0, 1);
    criterion.bench_function("check one (M1)", |bencher| {
        bencher.iter(|| Candidate::check(black_box(Arc::clone(&transaction)), &RULES));
    });
}

fn in_order(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("order");
    group.sample_size(20);
    for (name, senders, each) in [("10,000 of 1,000 senders", 1_000, 10), ("10,000 of 10,000 senders", 10_000, 1)] {
        let pool = filled(&transfers(senders, each));
        group.bench_function(format!("all {name}"), |bencher| {
            bencher.iter(|| {
                let mut order = pool.in_order(BASE_FEE, B256::ZERO, &[]);
                std::iter::from_fn(|| order.place()).count()
            });
        });
        group.bench_function(format!("a batch of 1,428 from {name}"), |bencher| {
            bencher.iter(|| {
                let mut order = pool.in_order(BASE_FEE, B256::ZERO, &[]);
                std::iter::from_fn(|| order.place()).take(1_428).count()
            });
        });
    }
    let pool = filled(&transfers(100_000, 1));
    group.bench_function("a batch of 1,428 from 100,000 senders", |bencher| {
        bencher.iter(|| {
            let mut order = pool.in_order(BASE_FEE, B256::ZERO, &[]);
            std::iter::from_fn(|| order.place()).take(1_428).count()
        });
    });
    group.bench_function("has work, 100,000 senders", |bencher| {
        bencher.iter(|| black_box(&pool).has_work(black_box(BASE_FEE)));
    });
    group.finish();
}

fn batches(criterion: &mut Criterion) {
    let transactions = transfers(1_000, 10);
    let batch = transactions.get(..1_000).unwrap_or_default();
    let accounts: Vec<_> = batch.iter().map(|one| (one.sender(), AccountState { nonce: 1, ..rich() })).collect();
    let mut group = criterion.benchmark_group("a batch of 1,000");
    group.throughput(Throughput::Elements(1_000)).sample_size(20);
    group.bench_function("hide and make final", |bencher| {
        bencher.iter_batched_ref(
            || filled(&transactions),
            |pool| {
                pool.hide(B256::ZERO, batch).expect("one is not too many");
                pool.finalized(B256::ZERO, Height(1), batch, accounts.iter().copied())
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, check, admit, in_order, batches);
criterion_main!(benches);
