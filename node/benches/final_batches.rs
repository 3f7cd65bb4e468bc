//! What a final batch costs after execution, in the time of the clock, for 150 transfers among 100,000 accounts: to
//! make it durable, and to put it into the entry that goes to L1.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "../execution/benches/chain/mod.rs"]
mod chain;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use criterion::{Criterion, criterion_group, criterion_main};
use rota_execution::Built;
use rota_node::{
    poster::{InboxHead, pack},
    store::{FinalRecord, SledStore, Store as _},
};
use rota_proto::{Certificate, Epoch, Round, Signature, Signers, View, Vote};
use tempfile::TempDir;

use chain::{Chain, TRANSFERS, recover};

/// A chain whose final batches go into a store.
struct Stored {
    chain: Chain,
    store: SledStore,
    _folder: TempDir,
}

impl Stored {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let chain = Chain::new();
        let store = SledStore::open(folder.path()).unwrap();
        store.begin(&chain.genesis).unwrap();
        Self { chain, store, _folder: folder }
    }

    /// Builds the next batch and makes it durable; the time of the latter.
    fn commit(&mut self) -> Duration {
        let pool = recover(&self.chain.transfers(false));
        let built = self.chain.build(&pool);
        assert_eq!(built.executed.receipts().len() as u64, TRANSFERS);
        let round = Round::new(Epoch(0), View(built.executed.header().height().0));
        let record = final_record(&built, round);
        let begin = Instant::now();
        self.store.commit(&[record], round, None).unwrap();
        let time = begin.elapsed();
        self.chain.finalize(&built);
        time
    }
}

/// The store does not verify: four signatures of any bytes are as long as others.
fn final_record(built: &Built, round: Round) -> FinalRecord {
    let header = built.executed.header();
    let signatures = vec![Signature([1; 64]); 4];
    let finalization = Certificate { vote: Vote::finalize(round, header.hash()), signers: Signers(15), signatures };
    FinalRecord { executed: built.executed.clone(), body: built.body.encode(), finalization: Some(finalization) }
}

fn final_batches(criterion: &mut Criterion) {
    let mut stored = Stored::new();
    let mut group = criterion.benchmark_group("150 transfers");
    group.sample_size(30);
    group.bench_function("persist", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).map(|_| stored.commit()).sum());
    });
    while stored.chain.execution.head().height().0 < 32 {
        stored.commit();
    }
    let head = InboxHead { next_height: 1, link: B256::ZERO };
    let packed = pack(&stored.store, &head, 1).unwrap();
    println!("a batch of 150 transfers comes to {} bytes on L1", packed.stream.len());
    group.bench_function("post", |bencher| bencher.iter(|| pack(&stored.store, &black_box(head), 1).unwrap()));
    group.finish();
}

criterion_group!(benches, final_batches);
criterion_main!(benches);
