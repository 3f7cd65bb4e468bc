//! The store on disk shows what the store in memory shows, whatever was written, and wherever it was closed.

use std::{collections::BTreeSet, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, U256};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rota_consensus::Candidate;
use rota_execution::{ExecutedBatch, NodeKey};
use rota_proto::{BatchBody, Certificate, Epoch, Justification, Round, Signature, Signers, View, Vote};
use tempfile::TempDir;

use crate::{
    rpc::tests::{
        chain::{self, Chain},
        wallets::Key,
    },
    store::{FinalRecord, Head, MemoryStore, SledStore, Store, StoreError},
};

const KEYS: usize = 4;
const STEPS: usize = 300;
const VIEWS: u64 = 40;
const NAMES: [&str; 3] = ["registry", "evidence 1", "evidence 2"];

/// Everything that may be asked for.
#[derive(Default)]
struct Known {
    batches: BTreeSet<B256>,
    transactions: BTreeSet<B256>,
    accounts: BTreeSet<Address>,
    slots: BTreeSet<(Address, U256)>,
    codes: BTreeSet<B256>,
    nodes: BTreeSet<NodeKey>,
}

impl Known {
    fn learn(&mut self, executed: &ExecutedBatch) {
        let changes = executed.changes();
        self.batches.insert(executed.header().hash());
        self.transactions.extend(executed.receipts().iter().map(|receipt| receipt.transaction));
        self.accounts.extend(changes.accounts.iter().map(|(address, _)| *address));
        self.slots.extend(changes.slots.iter().map(|(key, _)| *key));
        self.nodes.extend(changes.nodes.iter().map(|(node, _)| *node));
    }
}

/// The same history in two stores, and the chain that makes it.
struct Pair {
    folder: TempDir,
    disk: Option<SledStore>,
    memory: MemoryStore,
    chain: Chain,
    random: StdRng,
    nonces: [u64; KEYS],
    known: Known,
    final_batches: u64,
    compared: usize,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let genesis = chain::genesis();
        let mut known = Known { batches: [genesis.header.hash(), B256::ZERO].into(), ..Known::default() };
        known.accounts.extend(genesis.changes.accounts.iter().map(|(address, _)| *address));
        known.codes.extend(genesis.changes.codes.iter().map(|(hash, _)| *hash));
        known.nodes.extend(genesis.changes.nodes.iter().map(|(node, _)| *node));
        let pair = Self {
            disk: Some(SledStore::open(folder.path()).unwrap()),
            folder,
            memory: MemoryStore::default(),
            chain: Chain::manual(),
            random: StdRng::seed_from_u64(seed),
            nonces: [0; KEYS],
            known,
            final_batches: 0,
            compared: 0,
        };
        pair.each(|store| store.begin(&genesis).unwrap());
        pair
    }

    fn disk(&self) -> &SledStore {
        self.disk.as_ref().unwrap()
    }

    fn each(&self, act: impl Fn(&dyn Store)) {
        act(self.disk());
        act(&self.memory);
    }

    fn step(&mut self) {
        let round = Round::new(Epoch(self.random.random_range(0..2)), View(self.random.random_range(1..VIEWS)));
        match self.random.random_range(0..10) {
            0..4 => self.commit(round),
            4..6 => {
                let (candidate, body) = self.candidate(round);
                self.each(|store| store.put_candidate(&candidate, &body).unwrap());
            }
            6..8 => {
                let certificate = self.certificate(round);
                self.each(|store| store.put_certificate(&certificate).unwrap());
            }
            8 => {
                let name = NAMES[self.random.random_range(0..NAMES.len())];
                let value: [u8; 8] = self.random.random();
                self.each(|store| store.put_meta(name, &value).unwrap());
            }
            _ => {
                let below = Round::new(round.epoch, View(round.view.0.div_ceil(2)));
                self.each(|store| store.prune_live(round, below).unwrap());
            }
        }
    }

    /// Up to three batches, all final at once.
    fn commit(&mut self, round: Round) {
        let count = self.random.random_range(1..4);
        let mut records = Vec::new();
        for _ in 0..count {
            let executed = self.batch();
            self.known.learn(&executed);
            let body = BatchBody::of(executed.batch().transactions()).encode();
            records.push(FinalRecord { executed, body, finalization: None });
        }
        let last = records.last_mut().unwrap();
        let vote = Vote::finalize(round, last.executed.header().hash());
        last.finalization = Some(signed(vote, 3));
        self.final_batches += count;
        let opens = self.random.random_bool(0.2).then(|| round.epoch.next());
        self.each(|store| store.commit(&records, round, opens).unwrap());
    }

    fn batch(&mut self) -> Arc<ExecutedBatch> {
        for _ in 0..self.random.random_range(0..5) {
            let key = self.random.random_range(0..KEYS);
            let to = Address::with_last_byte(self.random.random_range(1..20));
            self.chain.offer(&Key::of(key).sends(self.nonces[key], to, U256::ONE));
            self.nonces[key] += 1;
        }
        let hash = self.chain.notarize();
        let executed = self.chain.pending_batch();
        self.chain.finalize(hash);
        executed
    }

    fn candidate(&mut self, round: Round) -> (Candidate, Bytes) {
        let header = self.memory.head().unwrap().unwrap().header;
        let parent = self.random.random_bool(0.5).then(|| self.certificate(round));
        let nullifications = (0..self.random.random_range(0..3)).map(|_| self.certificate(round)).collect();
        let body = BatchBody::default().encode();
        (Candidate { round, header, justification: Justification { parent, nullifications } }, body)
    }

    fn certificate(&mut self, round: Round) -> Certificate {
        let batch = B256::repeat_byte(self.random.random_range(1..4));
        let vote = match self.random.random_range(0..3) {
            0 => Vote::notarize(round, batch),
            1 => Vote::nullify(round),
            _ => Vote::finalize(round, batch),
        };
        signed(vote, self.random.random_range(1..5))
    }

    /// Closes the store on disk and opens it again.
    fn reopen(&mut self) {
        self.disk().flush().unwrap();
        self.disk = None;
        self.disk = Some(SledStore::open(self.folder.path()).unwrap());
    }

    fn compare(&mut self) {
        let (disk, memory): (&dyn Store, &dyn Store) = (self.disk(), &self.memory);
        let mut compared = 0;
        let mut same = |ask: &dyn Fn(&dyn Store) -> Box<dyn std::fmt::Debug>| {
            assert_eq!(format!("{:?}", ask(disk)), format!("{:?}", ask(memory)));
            compared += 1;
        };
        same(&|store| Box::new(store.head().unwrap()));
        for height in 0..=self.final_batches + 1 {
            same(&|store| Box::new(store.batch_by_height(height).unwrap()));
            same(&|store| Box::new(store.header_by_height(height).unwrap()));
            same(&|store| Box::new(store.receipts(height).unwrap()));
            same(&|store| Box::new(store.block_hash(height).unwrap()));
        }
        for hash in &self.known.batches {
            same(&|store| Box::new((store.height_of(*hash).unwrap(), store.batch_by_hash(*hash).unwrap())));
        }
        for hash in &self.known.transactions {
            same(&|store| Box::new(store.transaction(*hash).unwrap()));
        }
        for address in &self.known.accounts {
            same(&|store| Box::new(store.account(address).unwrap()));
        }
        for (address, slot) in &self.known.slots {
            same(&|store| Box::new(store.slot(address, slot).unwrap()));
        }
        for hash in &self.known.codes {
            same(&|store| Box::new(store.code(hash).unwrap()));
        }
        for node in &self.known.nodes {
            same(&|store| Box::new(store.trie_node(node).unwrap()));
        }
        for round in (0..2).flat_map(|epoch| (0..VIEWS).map(move |view| Round::new(Epoch(epoch), View(view)))) {
            same(&|store| Box::new(store.certificates(round).unwrap()));
            same(&|store| Box::new(store.certificates_from(round).unwrap()));
            same(&|store| Box::new(store.candidates_from(round).unwrap()));
            let batches: Vec<B256> = self.known.batches.iter().copied().collect();
            for batch in batches.iter().rev().take(5) {
                same(&|store| Box::new(store.candidate(round, *batch).unwrap()));
            }
        }
        for name in NAMES {
            same(&|store| Box::new(store.meta(name).unwrap()));
        }
        self.compared += compared;
    }
}

fn signed(vote: Vote, signers: usize) -> Certificate {
    let places: Signers = (0..).map_while(rota_proto::Place::new).take(signers).collect();
    Certificate { vote, signers: places, signatures: vec![Signature([7; 64]); signers] }
}

#[test]
fn store_on_disk_equals_the_store_in_memory() {
    let seed = std::env::var("ROTA_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("seed {seed}");
    let mut pair = Pair::new(seed);
    let mut closed = 0;
    for step in 0..STEPS {
        pair.step();
        if pair.random.random_bool(0.03) {
            pair.reopen();
            closed += 1;
        }
        if step % 50 == 0 || step + 1 == STEPS {
            pair.compare();
        }
    }
    let (batches, compared) = (pair.final_batches, pair.compared);
    println!("seed {seed}: {batches} final batches, closed {closed} times, {compared} comparisons");
    assert!(batches > 0 && compared > 0, "seed {seed} tested nothing");
}

#[test]
fn another_genesis_is_refused_and_the_same_is_taken_again() {
    let folder = TempDir::new().unwrap();
    let genesis = chain::genesis();
    let mut header = genesis.header.header().clone();
    header.timestamp += 1;
    let other = rota_execution::Genesis { header: rota_proto::BatchHeader::new(header).unwrap(), ..genesis.clone() };
    let stores: [Box<dyn Store>; 2] =
        [Box::new(SledStore::open(folder.path()).unwrap()), Box::<MemoryStore>::default()];
    for store in stores {
        assert_eq!(store.head().unwrap(), None);
        store.begin(&genesis).unwrap();
        store.begin(&genesis).unwrap();
        let refused = store.begin(&other).unwrap_err();
        let (found, expected) = (genesis.header.hash(), other.header.hash());
        assert!(matches!(refused, StoreError::OtherGenesis { found: f, expected: e } if (f, e) == (found, expected)));
        assert_eq!(store.head().unwrap(), Some(Head::of_genesis(&genesis.header)));
    }
}
