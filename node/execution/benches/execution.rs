//! What a transaction costs in execution: batches of 150 transfers, and of 150 token transfers, among 100,000 accounts
//! of genesis. Each figure is for the whole batch, in processor time of the thread, so that it can be read on a busy
//! machine (on Linux; elsewhere it is the time of the clock).

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation)]

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use criterion::{Criterion, criterion_group, criterion_main};
use rota_execution::{
    Batch, BatchEnvironment, Budget, Built, Execution, Facts, Genesis, L1Block, MemoryState, system_contracts,
};
use rota_proto::{BatchBody, Epoch, ExtraData, L1Origin, Signers, Transaction, View};
use serde_json::json;

const ACCOUNTS: u64 = 100_000;
const SENDERS: u64 = 1_000;
const TRANSFERS: u64 = 150;
const TOKEN: Address = Address::repeat_byte(0xcc);

/// A chain with its leader, part-way through a run of random transfers.
struct Chain {
    genesis: Genesis,
    memory: MemoryState,
    execution: Execution,
    keys: Vec<(B256, Address)>,
    nonces: Vec<u64>,
    random: u64,
}

impl Chain {
    fn new() -> Self {
        let keys: Vec<_> = (0..SENDERS).map(key).collect();
        let mut alloc = serde_json::Map::new();
        let funded = json!({ "balance": format!("{:#x}", 1_000_000_000_000_000_000_000u128) });
        for (_, address) in &keys {
            alloc.insert(address.to_string(), funded.clone());
        }
        for number in SENDERS..ACCOUNTS {
            alloc.insert(account(number).to_string(), funded.clone());
        }
        for (address, code) in system_contracts() {
            alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
        }
        alloc.insert(TOKEN.to_string(), token(&keys));
        let json = json!({
            "config": {
                "chainId": 7682, "pragueTime": 0,
                "rota": { "vault": Address::repeat_byte(0xee), "originNumber": 1, "originHash": B256::ZERO },
            },
            "nonce": "0x0", "timestamp": "0x0", "extraData": "0x", "gasLimit": "0x1c9c380", "difficulty": "0x0",
            "mixHash": B256::ZERO, "coinbase": Address::ZERO, "alloc": alloc,
        });
        let genesis = Genesis::parse(&json.to_string()).unwrap();
        let memory = MemoryState::genesis(&genesis);
        let execution = Execution::new(genesis.rules, genesis.header.clone());
        Self { genesis, memory, execution, keys, nonces: vec![0; SENDERS as usize], random: 1 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    /// The bytes of the next transfers, from random senders to random accounts.
    fn transfers(&mut self, tokens: bool) -> Vec<Bytes> {
        (0..TRANSFERS)
            .map(|_| {
                let sender = self.below(SENDERS) as usize;
                let to = account(SENDERS + self.below(10_000));
                let nonce = self.nonces[sender];
                self.nonces[sender] += 1;
                signed(self.keys[sender].0, nonce, to, tokens)
            })
            .collect()
    }

    fn environment(&self) -> BatchEnvironment {
        let head = self.execution.head();
        let origin = L1Origin { number: 1, hash: B256::ZERO };
        BatchEnvironment {
            parent: head.hash(),
            timestamp: head.header().timestamp + 1,
            origin: L1Block { origin, timestamp: 0, prevrandao: B256::ZERO },
            beneficiary: Address::repeat_byte(0xbe),
            extra: ExtraData { epoch: Epoch(0), origin_number: 1, parent_view: View(1), parent_signers: Signers(1) },
        }
    }

    fn build(&mut self, pool: &[Arc<Transaction>]) -> Built {
        let environment = self.environment();
        self.execution.build(&self.memory, &environment, &Budget::default(), chains(pool)).unwrap()
    }

    /// A second node that knows what is final, with nothing decoded.
    fn follower(&self) -> Execution {
        Execution::new(self.genesis.rules, self.execution.head().clone())
    }

    fn finalize(&mut self, built: &Built) {
        for batch in self.execution.finalize(&built.executed.header().hash()).unwrap() {
            self.memory.apply(&batch);
        }
    }
}

fn key(number: u64) -> (B256, Address) {
    let secret = keccak256(number.to_be_bytes());
    let address = sign_message(secret, B256::ZERO).unwrap().recover_address_from_prehash(&B256::ZERO).unwrap();
    (secret, address)
}

fn account(number: u64) -> Address {
    Address::from_word(keccak256([b'a', b'c'].into_iter().chain(number.to_be_bytes()).collect::<Vec<_>>()))
}

/// A token that moves the second word of its input from the caller to the first, and logs it; each sender has plenty.
fn token(keys: &[(B256, Address)]) -> serde_json::Value {
    let topic = keccak256("Transfer(address,address,uint256)");
    // amount, balance; if less, revert; sstore(caller, balance - amount); sstore(to, sload(to) + amount);
    // mstore(0, amount); log3(0, 32, Transfer, caller, to); stop
    let code = format!("0x6024353354818110604357819003335560043580548201815590_5f52337f{topic:x}60205fa3005b5f5ffd");
    let code = code.replace('_', "");
    let storage: BTreeMap<_, _> =
        keys.iter().map(|(_, owner)| (owner.into_word(), B256::from(U256::from(1u64 << 50)))).collect();
    json!({ "balance": "0x0", "nonce": "0x1", "code": code, "storage": storage })
}

fn signed(secret: B256, nonce: u64, to: Address, tokens: bool) -> Bytes {
    let input = [&[0xa9, 0x05, 0x9c, 0xbb][..], to.into_word().as_slice(), B256::with_last_byte(1).as_slice()].concat();
    let transaction = TxEip1559 {
        chain_id: 7682,
        nonce,
        gas_limit: if tokens { 60_000 } else { 21_000 },
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(if tokens { TOKEN } else { to }),
        value: U256::from(u8::from(!tokens)),
        access_list: Default::default(),
        input: if tokens { input.into() } else { Bytes::new() },
    };
    let signature = sign_message(secret, transaction.signature_hash()).unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into()
}

fn recover(bytes: &[Bytes]) -> Vec<Arc<Transaction>> {
    bytes.iter().map(|bytes| Arc::new(Transaction::decode(bytes).unwrap())).collect()
}

fn chains(pool: &[Arc<Transaction>]) -> Vec<std::vec::IntoIter<Arc<Transaction>>> {
    let mut chains = BTreeMap::<Address, Vec<_>>::new();
    for transaction in pool {
        chains.entry(transaction.sender()).or_default().push(Arc::clone(transaction));
    }
    chains.into_values().map(Vec::into_iter).collect()
}

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
    let mut follower = chain.follower();
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
    let (mut execution, chains) = (chain.follower(), chains(pool));
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
