//! What a transaction costs in execution: batches of 150 transfers, and of 150 token transfers, among 100,000 accounts
//! of genesis. Each figure is for the whole batch, in processor time of the thread, so that it can be read on a busy
//! machine (on Linux; elsewhere it is the time of the clock).

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation)]

mod chain;

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use rota_execution::{Batch, Budget, Execution, Facts};
use rota_proto::{BatchBody, Transaction};

use chain::{Chain, TRANSFERS, chains, recover};

fn bench(criterion: &mut Criterion, name: &str, tokens: bool) {
    let mut chain = Chain::new();
    let mut group = criterion.benchmark_group(name);
    group.sample_size(30);
    let bytes = chain.transfers(tokens);
    let first = recover(&bytes);
    let built = chain.build(&first);
    assert_eq!(built.executed.receipts().len() as u64, TRANSFERS);
    assert!(built.executed.receipts().iter().all(rota_execution::TransactionReceipt::is_success));
    chain.finalize(&built);
    for _ in 0..40 {
        let pool = recover(&chain.transfers(tokens));
        let built = chain.build(&pool);
        chain.finalize(&built);
    }
    let sum = |rounds, mut round: Box<dyn FnMut() -> Duration + '_>| (0..rounds).map(|_| round()).sum();
    group.bench_function("decode and recover", |bencher| {
        bencher.iter_custom(|rounds| sum(rounds, Box::new(|| timed(|| recover(black_box(&bytes))).0)));
    });
    group.bench_function("build", |bencher| {
        bencher.iter_custom(|rounds| sum(rounds, Box::new(|| round_of_building(&mut chain, tokens))));
    });
    let mut follower = follower(&chain);
    group.bench_function("check", |bencher| {
        bencher.iter_custom(|rounds| sum(rounds, Box::new(|| round_of_checking(&mut chain, &mut follower, tokens))));
    });
    group.bench_function("state root alone", |bencher| {
        bencher.iter_custom(|rounds| sum(rounds, Box::new(|| round_of_hashing(&mut chain, tokens))));
    });
    let pool = recover(&chain.transfers(tokens));
    group.bench_function("build after a restart, nothing decoded", |bencher| {
        bencher.iter_custom(|rounds| sum(rounds, Box::new(|| round_after_restart(&chain, &pool))));
    });
    group.finish();
}

/// A second node that knows what is final, with nothing decoded.
fn follower(chain: &Chain) -> Execution {
    Execution::new(chain.genesis.rules, chain.execution.head().clone())
}

fn round_of_building(chain: &mut Chain, tokens: bool) -> Duration {
    let pool = recover(&chain.transfers(tokens));
    let (environment, chains) = (chain.environment(), chains(&pool));
    let (time, built) =
        timed(|| chain.execution.build(&chain.memory, &environment, &Budget::default(), chains).unwrap());
    chain.finalize(&built);
    time
}

/// What a follower does from the bytes of the body to the changes of the final batch, its pool knowing the senders.
fn round_of_checking(chain: &mut Chain, follower: &mut Execution, tokens: bool) -> Duration {
    let pool = recover(&chain.transfers(tokens));
    let built = chain.build(&pool);
    let header = built.executed.header().clone();
    let known: BTreeMap<_, _> = pool.iter().map(|transaction| (transaction.hash(), transaction.clone())).collect();
    let bytes = built.body.encode();
    let (time, _) = timed(|| {
        let body = BatchBody::decode(&bytes).unwrap();
        let batch = Batch::open(follower.rules(), header.clone(), &body, |hash| known.get(hash).cloned()).unwrap();
        follower.check(&chain.memory, batch, &Facts::default()).unwrap();
        follower.finalize(&header.hash()).unwrap()
    });
    chain.finalize(&built);
    time
}

fn round_of_hashing(chain: &mut Chain, tokens: bool) -> Duration {
    let pool = recover(&chain.transfers(tokens));
    let built = chain.build(&pool);
    let (parent, changes) = (built.executed.header().parent(), built.executed.changes());
    let (time, root) = timed(|| chain.execution.state_root(&chain.memory, &parent, changes).unwrap());
    assert_eq!(root, built.executed.header().header().state_root);
    chain.finalize(&built);
    time
}

fn round_after_restart(chain: &Chain, pool: &[Arc<Transaction>]) -> Duration {
    let (mut execution, chains) = (follower(chain), chains(pool));
    let environment = chain.environment();
    timed(|| execution.build(&chain.memory, &environment, &Budget::default(), chains).unwrap()).0
}

/// The processor time of this thread.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = spent.and_then(|line| line.split(' ').next()?.parse().ok());
    spent.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// The time that `work` takes, without what is dropped with its result.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = now();
    let result = work();
    (now() - start, result)
}

fn transfers(criterion: &mut Criterion) {
    bench(criterion, "150 transfers", false);
}

fn token_transfers(criterion: &mut Criterion) {
    bench(criterion, "150 token transfers", true);
}

fn genesis(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("genesis of 100,000 accounts");
    group.sample_size(10);
    group.bench_function("parse, trie and root", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| timed(Chain::new).0).sum());
    });
    group.finish();
}

criterion_group!(benches, transfers, token_transfers, genesis);
criterion_main!(benches);
