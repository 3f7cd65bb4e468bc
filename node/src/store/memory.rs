//! A store in memory: what [`Store`](super::Store) promises, in plain maps. It holds as long as the process.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::{Address, B256, Bytes, U256};
use rota_consensus::Candidate;
use rota_execution::{
    Account, ExecutedBatch, Genesis, MemoryState, NodeKey, StateError, StateView, TransactionReceipt,
};
use rota_proto::{BatchBody, BatchHeader, BodyError, Certificate, Epoch, Round, VoteKind};

use super::{FinalRecord, GENESIS, Head, Store, StoreError, StoredBatch, sort_candidates};

/// The store in memory. What is put into it is at once as durable as it gets.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    head: Option<Head>,
    state: MemoryState,
    batches: BTreeMap<u64, StoredBatch>,
    heights: BTreeMap<B256, u64>,
    receipts: BTreeMap<u64, Vec<TransactionReceipt>>,
    transactions: BTreeMap<B256, (u64, usize)>,
    candidates: BTreeMap<(Round, B256), (Candidate, Bytes)>,
    certificates: BTreeMap<(Round, VoteKind, B256), Certificate>,
    meta: BTreeMap<String, Vec<u8>>,
}

impl MemoryStore {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn write_batch(&mut self, batch: StoredBatch) {
        let height = batch.header.height().0;
        self.heights.insert(batch.header.hash(), height);
        self.batches.insert(height, batch);
    }

    fn write_executed(&mut self, executed: &ExecutedBatch) {
        let height = executed.header().height().0;
        for (index, receipt) in executed.receipts().iter().enumerate() {
            self.transactions.insert(receipt.transaction, (height, index));
        }
        self.receipts.insert(height, executed.receipts().to_vec());
        self.state.apply(executed);
    }
}

fn stored(header: &BatchHeader, body: &Bytes, finalization: Option<Certificate>) -> Result<StoredBatch, StoreError> {
    let damaged = |error: BodyError| StoreError::Damaged { tree: "bodies", reason: error.to_string() };
    let transactions = BatchBody::decode(body).map_err(damaged)?.0;
    Ok(StoredBatch { header: header.clone(), transactions, body: body.clone(), finalization })
}

impl Store for MemoryStore {
    fn begin(&self, genesis: &Genesis) -> Result<(), StoreError> {
        let mut records = self.records();
        let expected = genesis.header.hash();
        if let Some(first) = records.batches.get(&GENESIS.0) {
            let found = first.header.hash();
            return if found == expected { Ok(()) } else { Err(StoreError::OtherGenesis { found, expected }) };
        }
        records.write_batch(stored(&genesis.header, &BatchBody::default().encode(), None)?);
        records.state = MemoryState::genesis(genesis);
        records.head = Some(Head::of_genesis(&genesis.header));
        Ok(())
    }

    fn commit(&self, batches: &[FinalRecord], round: Round, opens: Option<Epoch>) -> Result<(), StoreError> {
        let mut records = self.records();
        let (Some(head), Some(last)) = (records.head.clone(), batches.last()) else { return Ok(()) };
        let form = |record: &FinalRecord| stored(record.executed.header(), &record.body, record.finalization.clone());
        let formed = batches.iter().map(form).collect::<Result<Vec<_>, _>>()?;
        for (batch, record) in formed.into_iter().zip(batches) {
            records.write_batch(batch);
            records.write_executed(&record.executed);
        }
        records.head = Some(head.after(last.executed.header(), round, opens));
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn head(&self) -> Result<Option<Head>, StoreError> {
        Ok(self.records().head.clone())
    }

    fn batch_by_height(&self, height: u64) -> Result<Option<StoredBatch>, StoreError> {
        Ok(self.records().batches.get(&height).cloned())
    }

    fn header_by_height(&self, height: u64) -> Result<Option<BatchHeader>, StoreError> {
        Ok(self.records().batches.get(&height).map(|batch| batch.header.clone()))
    }

    fn height_of(&self, batch: B256) -> Result<Option<u64>, StoreError> {
        Ok(self.records().heights.get(&batch).copied())
    }

    fn receipts(&self, height: u64) -> Result<Vec<TransactionReceipt>, StoreError> {
        Ok(self.records().receipts.get(&height).cloned().unwrap_or_default())
    }

    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, StoreError> {
        Ok(self.records().transactions.get(&hash).copied())
    }

    fn put_candidate(&self, candidate: &Candidate, body: &[u8]) -> Result<(), StoreError> {
        let key = (candidate.round, candidate.header.hash());
        self.records().candidates.insert(key, (candidate.clone(), Bytes::copy_from_slice(body)));
        Ok(())
    }

    fn candidate(&self, round: Round, batch: B256) -> Result<Option<(Candidate, Bytes)>, StoreError> {
        Ok(self.records().candidates.get(&(round, batch)).cloned())
    }

    fn candidates_from(&self, round: Round) -> Result<(Vec<Candidate>, BTreeMap<B256, Bytes>), StoreError> {
        let records = self.records();
        let found = records.candidates.range((round, B256::ZERO)..).map(|(_, kept)| kept.clone());
        let (mut candidates, mut bodies) = (Vec::new(), BTreeMap::new());
        for (candidate, body) in found {
            bodies.insert(candidate.header.hash(), body);
            candidates.push(candidate);
        }
        sort_candidates(&mut candidates);
        Ok((candidates, bodies))
    }

    fn put_certificate(&self, certificate: &Certificate) -> Result<(), StoreError> {
        let vote = certificate.vote;
        self.records().certificates.insert((vote.round, vote.kind, vote.batch), certificate.clone());
        Ok(())
    }

    fn certificates(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        let records = self.records();
        let found = records.certificates.range((round, VoteKind::Notarize, B256::ZERO)..);
        Ok(found.take_while(|((of, ..), _)| *of == round).map(|(_, certificate)| certificate.clone()).collect())
    }

    fn certificates_from(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        let records = self.records();
        let found = records.certificates.range((round, VoteKind::Notarize, B256::ZERO)..);
        Ok(found.map(|(_, certificate)| certificate.clone()).collect())
    }

    fn prune_live(&self, candidates: Round, certificates: Round) -> Result<(), StoreError> {
        let mut records = self.records();
        records.candidates.retain(|(round, _), _| *round >= candidates);
        records.certificates.retain(|(round, ..), _| *round >= certificates);
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.records().meta.get(name).cloned())
    }

    fn put_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.records().meta.insert(name.to_owned(), value.to_vec());
        Ok(())
    }
}

impl StateView for MemoryStore {
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        self.records().state.account(address)
    }

    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        self.records().state.slot(address, slot)
    }

    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError> {
        self.records().state.code(hash)
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        self.records().state.block_hash(height)
    }

    fn trie_node(&self, node: &NodeKey) -> Result<Option<Bytes>, StateError> {
        self.records().state.trie_node(node)
    }
}
