//! What a transaction costs in the pool: admission, eviction, the order of a batch, a final batch.

use std::{hint::black_box, sync::Arc, time::Duration};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, TxKind, U256};
use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use rota_mempool::{AccountState, Candidate, CandidateForm, ChainRules, Mempool, MempoolLimits, Origin};
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

/// A transfer, checked, with nobody's signature left to recover.
fn checked(transaction: Arc<Transaction>) -> Candidate {
    CandidateForm::check(transaction, &RULES).expect("a good transfer").recover(&RULES)
}

fn filled(transactions: &[Arc<Transaction>], limits: MempoolLimits) -> Mempool {
    let mut pool = Mempool::new(limits, RULES);
    pool.set_base_fee(BASE_FEE);
    for transaction in transactions {
        pool.admit(checked(Arc::clone(transaction)), Origin::Remote, rich()).expect("a fresh transfer is taken");
    }
    pool
}

/// The processor time of this thread: what else runs on the machine does not count.
fn now() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let spent = spent.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(spent.expect("Linux tells a thread its processor time"))
}

/// Measures `work` on what `set_up` makes afresh each time.
fn bench<T, R>(bencher: &mut Bencher<'_>, set_up: impl Fn() -> T, work: impl Fn(&mut T) -> R) {
    bencher.iter_custom(|rounds| {
        let round = |_| {
            let mut subject = set_up();
            let start = now();
            let result = black_box(work(&mut subject));
            let spent = now().saturating_sub(start);
            drop(result);
            spent
        };
        (0..rounds).map(round).sum()
    });
}

fn add_all(pool: &mut Mempool, transactions: &[Arc<Transaction>]) {
    for transaction in transactions {
        let _ = black_box(pool.admit(checked(Arc::clone(transaction)), Origin::Remote, rich()));
    }
}

fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admit 10,000");
    group.throughput(Throughput::Elements(10_000)).sample_size(10);
    for (name, senders, each) in [("of 1,000 senders", 1_000, 10), ("of 10,000 senders", 10_000, 1)] {
        let transactions = transfers(senders, each);
        let empty = || filled(&[], MempoolLimits::default());
        group.bench_function(name, |bencher| bench(bencher, empty, |pool| add_all(pool, &transactions)));
    }
    let crowd = transfers(100_000, 1);
    let transactions: Vec<_> = (0..10_000).map(|sender| transfer(200_000 + sender, 0, 500)).collect();
    let full = MempoolLimits { slots: 100_000, ..MempoolLimits::default() };
    for (name, limits) in [("beside 100,000", MempoolLimits::default()), ("into a pool full of 100,000", full)] {
        group.bench_function(name, |bencher| {
            bench(bencher, || filled(&crowd, limits), |pool| add_all(pool, &transactions));
        });
    }
    group.finish();
}

fn check(criterion: &mut Criterion) {
    let transaction = transfer(0, 0, 1);
    criterion.bench_function("check one (M1)", |bencher| {
        bencher.iter(|| CandidateForm::check(black_box(Arc::clone(&transaction)), &RULES).is_ok());
    });
}

fn in_order(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("order");
    group.sample_size(10);
    for (name, senders, each) in [("1,000", 1_000, 10), ("10,000", 10_000, 1), ("100,000", 100_000, 1)] {
        let transactions = transfers(senders, each);
        let pool = filled(&transactions, MempoolLimits::default());
        for taken in [1_428, 10_000] {
            group.bench_function(format!("{taken} of {name} senders"), |bencher| {
                let take = |pool: &mut &Mempool| {
                    let mut order = pool.in_order(BASE_FEE, B256::ZERO, &[]);
                    std::iter::from_fn(|| order.place()).take(taken).count()
                };
                bench(bencher, || &pool, take);
            });
        }
        group.bench_function(format!("has work, {name} senders"), |bencher| {
            bencher.iter(|| black_box(&pool).has_work(black_box(BASE_FEE)));
        });
    }
    group.finish();
}

fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a batch of 1,000");
    group.throughput(Throughput::Elements(1_000)).sample_size(10);
    for (name, senders, each) in [("1,000", 1_000, 10), ("10,000", 10_000, 1)] {
        let transactions = transfers(senders, each);
        let batch = transactions.get(..1_000).unwrap_or_default();
        let accounts: Vec<_> = batch.iter().map(|one| (one.sender(), AccountState { nonce: 1, ..rich() })).collect();
        group.bench_function(format!("hide and make final, {name} senders"), |bencher| {
            let make_final = |pool: &mut Mempool| {
                pool.hide(B256::ZERO, batch).expect("one is not too many");
                pool.finalized(B256::ZERO, Height(1), batch, accounts.iter().copied())
            };
            bench(bencher, || filled(&transactions, MempoolLimits::default()), make_final);
        });
    }
    group.finish();
}

criterion_group!(benches, check, admit, in_order, batches);
criterion_main!(benches);
