//! A chain in memory: pool, execution, state; one leader, final at once or when it is told.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use futures::{FutureExt, future::BoxFuture};
use rota_execution::{
    Account, BatchEnvironment, Budget, ChainRules, ExecutedBatch, Execution, Genesis, L1Block, MemoryState, StateView,
    system_contracts,
};
use rota_mempool::{AccountCode, AccountState, CandidateForm, Mempool, MempoolLimits, Origin, Status};
use rota_proto::{BatchHeader, ExtraData, L1Origin, Signers, Transaction, View};
use rota_staking::{Duties, Leaf, Period};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use super::wallets::Key;
use crate::rpc::{Backend, BackendError, Block, Heads, PoolTotals, Snapshot, StateAt, SubmitError, Syncing, Waiting};
use crate::{evidence::Piece, outlook::Outlook};

pub(crate) const CHAIN_ID: u64 = 7682;
/// Leaves a log with topic 7 and the word 42, and returns the word.
pub(crate) const EMITTER: Address = Address::repeat_byte(0xaa);
/// Reverts with the reason "no".
pub(crate) const REVERTER: Address = Address::repeat_byte(0xbb);
/// Never ends.
pub(crate) const LOOPER: Address = Address::repeat_byte(0xcc);
/// How many final states are held.
const STATES_HELD: usize = 2;

/// The chain; clones share it.
#[derive(Clone)]
pub(crate) struct Chain {
    inner: Arc<Mutex<Inner>>,
    rules: ChainRules,
    heads: watch::Sender<Heads>,
    pending: broadcast::Sender<Arc<Transaction>>,
    held: Arc<AtomicBool>,
    evidence: Arc<Mutex<Vec<Piece>>>,
    outlook: Arc<Mutex<Arc<Outlook>>>,
}

struct Inner {
    execution: Execution,
    states: Vec<Arc<MemoryState>>,
    blocks: Vec<Block>,
    places: BTreeMap<B256, (u64, usize)>,
    pool: Mempool,
    /// Whether each submission is final before it is answered.
    instant: bool,
    beneficiary: Address,
}

pub(crate) fn genesis() -> Genesis {
    let emitter = "0x602a5f5260076020".to_owned() + "5fa160205ff3";
    let reverter = format!(
        "0x6308c379a060e01b5f5260206004526002602452{}6044526064{}",
        "7f6e6f".to_owned() + &"00".repeat(30),
        "5ffd"
    );
    let mut alloc = serde_json::Map::new();
    for key in 0..10 {
        alloc.insert(Key::of(key).address.to_string(), json!({ "balance": "0x21e19e0c9bab2400000" }));
    }
    for (address, code) in system_contracts() {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
    }
    for (address, code) in [(EMITTER, emitter.as_str()), (REVERTER, reverter.as_str()), (LOOPER, "0x5b5f56")] {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
    }
    let rota = json!({ "vault": Address::repeat_byte(0xee), "originNumber": 100, "originHash": l1().origin.hash });
    let genesis: Value = json!({
        "config": { "chainId": CHAIN_ID, "pragueTime": 0, "rota": rota },
        "nonce": "0x0", "timestamp": "0x3e8", "extraData": "0x", "gasLimit": "0x1c9c380", "difficulty": "0x0",
        "mixHash": l1().prevrandao, "coinbase": Address::ZERO, "baseFeePerGas": "0x3b9aca00", "alloc": alloc,
    });
    Genesis::parse(&genesis.to_string()).unwrap()
}

fn l1() -> L1Block {
    L1Block { origin: L1Origin { number: 100, hash: keccak256("l1") }, timestamp: 900, prevrandao: keccak256("randao") }
}

impl Chain {
    /// A chain where each submission is final before it is answered.
    pub(crate) fn instant() -> Self {
        Self::new(true)
    }

    /// A chain where nothing happens by itself.
    pub(crate) fn manual() -> Self {
        Self::new(false)
    }

    fn new(instant: bool) -> Self {
        let genesis = genesis();
        let rules = genesis.rules;
        let pool_rules = rota_mempool::ChainRules {
            chain_id: rules.chain_id,
            gas_limit: rules.gas_limit,
            base_fee_min: rules.minimum_base_fee_wei,
        };
        let inner = Inner {
            execution: Execution::new(rules, genesis.header.clone()),
            states: vec![Arc::new(MemoryState::genesis(&genesis))],
            blocks: vec![Block { header: genesis.header.clone(), transactions: Vec::new(), receipts: Vec::new() }],
            places: BTreeMap::new(),
            pool: Mempool::new(MempoolLimits { sender_slots: 4_096, ..MempoolLimits::default() }, pool_rules),
            instant,
            beneficiary: Address::repeat_byte(0xbe),
        };
        let heads = Heads { latest: genesis.header, pending: None, safe: 0, finalized: 0 };
        let (heads, _) = watch::channel(heads);
        let (pending, _) = broadcast::channel(64);
        let (evidence, outlook) = (Arc::default(), Arc::default());
        Self { inner: Arc::new(Mutex::new(inner)), rules, heads, pending, held: Arc::default(), evidence, outlook }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Makes a batch of what waits, notarized but not final.
    pub(crate) fn notarize(&self) -> B256 {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let parent = inner.blocks.last().unwrap().header.clone();
        let mut chains = BTreeMap::<_, Vec<_>>::new();
        for pooled in inner.pool.iter().filter(|pooled| pooled.status == Status::Pending) {
            chains.entry(pooled.transaction.sender()).or_default().push(Arc::clone(pooled.transaction));
        }
        let (origin, view) = (l1(), View(parent.height().0));
        let extra = ExtraData {
            epoch: parent.epoch(),
            origin_number: origin.origin.number,
            parent_view: view,
            parent_signers: Signers(0b111),
        };
        let timestamp = parent.header().timestamp + 1;
        let beneficiary = inner.beneficiary;
        let environment = BatchEnvironment { parent: parent.hash(), timestamp, origin, beneficiary, extra };
        let state = Arc::clone(inner.states.last().unwrap());
        let chains = chains.into_values().map(Vec::into_iter);
        let built = inner.execution.build(&*state, &environment, &Budget::default(), chains).unwrap();
        assert!(built.refused.is_empty(), "{:?}", built.refused);
        let hash = built.executed.header().hash();
        inner.pool.hide(hash, built.executed.batch().transactions()).unwrap();
        self.heads.send_modify(|heads| heads.pending = Some(built.executed));
        hash
    }

    /// Makes that batch final.
    pub(crate) fn finalize(&self, hash: B256) {
        self.commit(hash).into_iter().for_each(|latest| self.advance(latest));
    }

    /// Writes that batch and those below it as final; the heads have not moved yet.
    pub(crate) fn commit(&self, hash: B256) -> Vec<BatchHeader> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut headers = Vec::new();
        for batch in inner.execution.finalize(&hash).unwrap() {
            let mut state = inner.states.last().unwrap().as_ref().clone();
            state.apply(&batch);
            let accounts: Vec<_> =
                batch.changes().accounts.iter().map(|(address, account)| (*address, known(account))).collect();
            let (height, transactions) = (batch.header().height(), batch.batch().transactions());
            for (index, transaction) in transactions.iter().enumerate() {
                inner.places.insert(transaction.hash(), (height.0, index));
            }
            inner.pool.finalized(batch.header().hash(), height, transactions, accounts);
            inner.states.push(Arc::new(state));
            inner.blocks.push(Block::executed(&batch));
            headers.push(batch.header().clone());
        }
        headers
    }

    /// Moves the heads to what was written.
    pub(crate) fn advance(&self, latest: BatchHeader) {
        self.heads.send_modify(|heads| {
            heads.latest = latest;
            heads.pending = None;
        });
    }

    /// Who receives the tips from now on.
    pub(crate) fn led_by(&self, beneficiary: Address) {
        self.lock().beneficiary = beneficiary;
    }

    /// Whether batches are held back from who reads them.
    pub(crate) fn hold_reads(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// Makes a batch of what waits, and final.
    pub(crate) fn mine(&self) {
        self.finalize(self.notarize());
    }

    /// The state after the last final batch.
    pub(crate) fn state(&self) -> MemoryState {
        self.lock().states.last().unwrap().as_ref().clone()
    }

    /// The batch that is notarized and not final.
    pub(crate) fn pending_batch(&self) -> Arc<ExecutedBatch> {
        self.heads.borrow().pending.clone().unwrap()
    }

    /// Puts a transaction into the pool.
    pub(crate) fn offer(&self, raw: &str) {
        let bytes = alloy_primitives::hex::decode(raw).unwrap();
        self.take(&Arc::new(Transaction::decode(&bytes).unwrap())).unwrap();
    }

    /// Transactions as the pool takes them.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Transaction>> {
        self.pending.subscribe()
    }

    /// What L1 says.
    pub(crate) fn posted(&self, safe: u64, finalized: u64) {
        self.heads.send_modify(|heads| (heads.safe, heads.finalized) = (safe, finalized));
    }

    /// Evidence is kept.
    pub(crate) fn accuse(&self, piece: Piece) {
        self.evidence.lock().unwrap().push(piece);
    }

    /// What L1 says of stakers from now on.
    pub(crate) fn look_out(&self, outlook: Outlook) {
        *self.outlook.lock().unwrap() = Arc::new(outlook);
    }

    fn final_account(inner: &Inner, address: Address) -> Option<Account> {
        inner.states.last().unwrap().account(&address).unwrap()
    }

    fn take(&self, transaction: &Arc<Transaction>) -> Result<(), SubmitError> {
        let mut inner = self.lock();
        let account = known(&Self::final_account(&inner, transaction.sender()));
        let form = CandidateForm::check(Arc::clone(transaction), inner.pool.rules())?;
        let candidate = form.recover(inner.pool.rules());
        inner.pool.admit(candidate, Origin::Local, account)?;
        let _ = self.pending.send(Arc::clone(transaction));
        Ok(())
    }
}

fn known(account: &Option<Account>) -> AccountState {
    let Account { nonce, balance, code_hash } = account.unwrap_or_default();
    let code = if code_hash == KECCAK256_EMPTY { AccountCode::None } else { AccountCode::Contract };
    AccountState { nonce, balance: balance.min(U256::MAX), code }
}

impl Backend for Chain {
    fn rules(&self) -> &ChainRules {
        &self.rules
    }

    fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.subscribe()
    }

    fn header(&self, height: u64) -> Result<Option<BatchHeader>, BackendError> {
        Ok(self.lock().blocks.get(usize::try_from(height).unwrap()).map(|block| block.header.clone()))
    }

    fn height_of(&self, batch: B256) -> Result<Option<u64>, BackendError> {
        let found =
            self.lock().blocks.iter().find(|block| block.header.hash() == batch).map(|block| block.header.height());
        Ok(found.map(|height| height.0))
    }

    fn block(&self, height: u64) -> Result<Option<Block>, BackendError> {
        while self.held.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(self.lock().blocks.get(usize::try_from(height).unwrap()).cloned())
    }

    fn transaction_count(&self, height: u64) -> Result<Option<usize>, BackendError> {
        Ok(self.lock().blocks.get(usize::try_from(height).unwrap()).map(|block| block.transactions.len()))
    }

    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, BackendError> {
        Ok(self.lock().places.get(&hash).copied())
    }

    fn snapshot(&self, at: StateAt) -> Result<Snapshot, BackendError> {
        let inner = self.lock();
        let latest = inner.blocks.len() - 1;
        let pending = self.heads.borrow().pending.clone();
        let (height, layers) = match (at, pending) {
            (StateAt::Final(height), _) => (usize::try_from(height).unwrap(), Vec::new()),
            (StateAt::Pending, None) => (latest, Vec::new()),
            (StateAt::Pending, Some(batch)) => (latest, vec![batch]),
        };
        let oldest = inner.blocks.len().saturating_sub(STATES_HELD);
        if height < oldest {
            return Err(BackendError::HistoricalState { height: height as u64, oldest: oldest as u64 });
        }
        let header = layers.first().map_or_else(|| inner.blocks[height].header.clone(), |layer| layer.header().clone());
        let view = Arc::clone(&inner.states[height]);
        Ok(Snapshot { header, view, layers })
    }

    fn submit(&self, transactions: Vec<Arc<Transaction>>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        let results: Vec<_> = transactions.iter().map(|transaction| self.take(transaction)).collect();
        if self.lock().instant && results.iter().any(Result::is_ok) {
            self.mine();
        }
        async move { results }.boxed()
    }

    fn pooled(&self, hash: B256) -> BoxFuture<'_, Result<Option<Arc<Transaction>>, BackendError>> {
        let found = self.lock().pool.get(&hash).map(|pooled| Arc::clone(pooled.transaction));
        async move { Ok(found) }.boxed()
    }

    fn pending_nonce(&self, sender: Address) -> BoxFuture<'_, Result<u64, BackendError>> {
        let inner = self.lock();
        let last = Self::final_account(&inner, sender).unwrap_or_default().nonce;
        let nonce = inner.pool.pending_nonce(&sender, last);
        async move { Ok(nonce) }.boxed()
    }

    fn pool_totals(&self) -> BoxFuture<'_, Result<PoolTotals, BackendError>> {
        let totals = *self.lock().pool.totals();
        async move { Ok(PoolTotals { pending: totals.pending, queued: totals.queued }) }.boxed()
    }

    fn pool_content(&self, of: Option<Address>, most: usize) -> BoxFuture<'_, Result<Vec<Waiting>, BackendError>> {
        let inner = self.lock();
        let all = inner.pool.iter().filter(|pooled| of.is_none_or(|sender| sender == pooled.transaction.sender()));
        let show = |pooled: rota_mempool::Pooled<'_>| Waiting {
            transaction: Arc::clone(pooled.transaction),
            status: pooled.status,
        };
        let content: Vec<_> = all.map(show).take(most).collect();
        async move { Ok(content) }.boxed()
    }

    fn pending_transactions(&self) -> broadcast::Receiver<Arc<Transaction>> {
        self.pending.subscribe()
    }

    fn peers(&self) -> usize {
        3
    }

    fn evidence(&self) -> Vec<Piece> {
        self.evidence.lock().unwrap().clone()
    }

    fn period(&self, number: u64) -> Result<Option<Period>, BackendError> {
        let leaf = |validator| Leaf {
            period: 0,
            validator: Address::repeat_byte(validator),
            previous_plus_one: 0,
            points: 1 << 80,
            duties: Duties { done: 1, due: 2 },
        };
        Ok((number == 0).then(|| Period::from_leaves(0, vec![leaf(1), leaf(2)])))
    }

    fn outlook(&self) -> Arc<Outlook> {
        self.outlook.lock().unwrap().clone()
    }

    fn syncing(&self) -> Option<Syncing> {
        None
    }
}
