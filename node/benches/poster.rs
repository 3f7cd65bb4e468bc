//! What posting costs: an entry of transfers compressed, and opened again.

use std::hint::black_box;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B256, Bytes, keccak256};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rota_node::poster::{Content, Posting};
use rota_proto::{BatchBody, BatchHeader, ExtraData};
use rota_staking::bindings::IRotaInbox::Entry;

/// Batches of an entry, and transfers of a batch: together about what a payload holds.
const BATCHES: u64 = 8;
const TRANSFERS: u64 = 150;

/// Bytes of a transfer that compress: chain id, fees, gas, value.
const ALIKE: [u8; 27] = [0x02; 27];

/// A body as long and as random as one of transfers: recipients and signatures do not compress.
fn body(height: u64) -> BatchBody {
    let transfer = |index: u64| {
        let half = |part: u8| keccak256([&height.to_be_bytes(), &index.to_be_bytes(), [part; 8].as_slice()].concat());
        let random = [half(0).as_slice(), half(1).as_slice(), &half(2)[..20]].concat();
        Bytes::from([ALIKE.as_slice(), &index.to_be_bytes()[7..], &random].concat())
    };
    BatchBody((0..TRANSFERS).map(transfer).collect())
}

fn header(height: u64, parent: B256, body: &BatchBody) -> BatchHeader {
    let header = Header {
        parent_hash: parent,
        number: height,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root: keccak256(height.to_be_bytes()),
        transactions_root: body.root(),
        receipts_root: keccak256(parent),
        gas_limit: 50_000_000,
        gas_used: 21_000 * TRANSFERS,
        timestamp: 1_700_000_000 + height / 10,
        extra_data: ExtraData::default().encode(),
        base_fee_per_gas: Some(1_000_000),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    };
    BatchHeader::new(header).expect("the header is well formed")
}

fn batches() -> Vec<(BatchHeader, Bytes)> {
    let mut parent = B256::ZERO;
    let batch = |height| {
        let body = body(height);
        let header = header(height, parent, &body);
        parent = header.hash();
        (header, body.encode())
    };
    (1..=BATCHES).map(batch).collect()
}

fn stream(batches: &[(BatchHeader, Bytes)]) -> Bytes {
    let mut content = Content::default();
    batches.iter().for_each(|(header, body)| content.push(header, body));
    content.stream(batches.len(), None)
}

fn posting(criterion: &mut Criterion) {
    let batches = batches();
    let posted = stream(&batches);
    let last = batches.last().map(|(header, _)| header.hash()).unwrap_or_default();
    let entry = Entry { firstHeight: 1, lastHeight: BATCHES, parentLink: B256::ZERO, lastBatchHash: last };
    let transfers = BATCHES * TRANSFERS;
    println!("{transfers} transfers come to {} bytes", posted.len());
    let mut group = criterion.benchmark_group(format!("entry of {transfers} transfers"));
    group.throughput(Throughput::Elements(transfers));
    group.bench_function("compress", |bencher| bencher.iter(|| stream(black_box(&batches))));
    group.bench_function("open", |bencher| {
        bencher.iter(|| Posting::open(&entry, black_box(&posted), B256::ZERO).expect("it opens"));
    });
    group.finish();
}

criterion_group!(benches, posting);
criterion_main!(benches);
