//! The live batches: a tree of diffs above the last final state (rules X14, X15 and X17).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_consensus::Header;
use alloy_primitives::B256;
use rota_proto::BatchHeader;

use crate::{
    Batch, ChainRules, Changes, Invalid, State, StateError, StateView, TransactionReceipt,
    evm::Machine,
    limits::{TRIE_NODES_MAX, TRIE_WINDOW_MAX, UNFINAL_BATCHES_MAX, UNFINAL_DEPTH_MAX},
    receipt::commitments,
    trie::{self, Child, Updated},
    working::{CodeCache, Working},
};

/// A batch with all that its execution gave: it follows the rules.
#[derive(Debug)]
pub struct ExecutedBatch {
    batch: Batch,
    receipts: Vec<TransactionReceipt>,
    changes: Changes,
    root: Child,
}

impl ExecutedBatch {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &BatchHeader {
        self.batch.header()
    }

    /// The header and the transactions.
    #[must_use]
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The receipts, one a transaction.
    #[must_use]
    pub fn receipts(&self) -> &[TransactionReceipt] {
        &self.receipts
    }

    /// What it changes in the state of its parent: what a store writes when the batch is final.
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }
}

/// Why a batch can be neither executed nor judged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    /// The batch, or the parent it is to be built on, is neither the last final one nor live above it.
    #[error("batch {0} is neither the last final one nor known above it")]
    Unknown(B256),
    /// Too many heights wait for finality.
    #[error("height {height} is more than {UNFINAL_DEPTH_MAX} above the last final height {last_final}")]
    TooDeep {
        /// The height to be executed.
        height: u64,
        /// The last final height.
        last_final: u64,
    },
    /// Too many batches wait for finality.
    #[error("{UNFINAL_BATCHES_MAX} batches wait for finality already")]
    TooMany,
}

/// Why a batch was not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecutionError {
    /// Not now.
    #[error(transparent)]
    Unready(#[from] Unready),
    /// Never: the batch breaks a rule. Where we built it ourselves, what it was to be built from does.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Executes batches on any live parent, and keeps what they did until they are final or lost.
#[derive(Debug)]
pub struct Execution {
    rules: ChainRules,
    head: BatchHeader,
    root: Child,
    unfinal: BTreeMap<B256, Arc<ExecutedBatch>>,
    created: BTreeMap<u64, usize>,
    codes: CodeCache,
}

/// What executing a batch gave, before it is compared with a header or put into one.
pub(crate) struct Executed {
    pub(crate) receipts: Vec<TransactionReceipt>,
    changes: Changes,
    root: Child,
    created: usize,
    gas_used: u64,
}

impl Execution {
    /// Starts above the last final batch, whose state a [`StateView`] shows.
    #[must_use]
    pub fn new(rules: ChainRules, head: BatchHeader) -> Self {
        let root = Child::root(head.header().state_root);
        Self { rules, head, root, unfinal: BTreeMap::new(), created: BTreeMap::new(), codes: CodeCache::new() }
    }

    /// The numbers of the chain.
    #[must_use]
    pub const fn rules(&self) -> &ChainRules {
        &self.rules
    }

    /// The header of the last final batch.
    #[must_use]
    pub const fn head(&self) -> &BatchHeader {
        &self.head
    }

    /// An unfinal batch, if it was executed here.
    #[must_use]
    pub fn unfinal(&self, hash: &B256) -> Option<&Arc<ExecutedBatch>> {
        self.unfinal.get(hash)
    }

    /// The header of a live batch: the last final one, or one above it.
    ///
    /// # Errors
    /// [`Unready::Unknown`].
    pub fn header(&self, hash: &B256) -> Result<&BatchHeader, Unready> {
        if *hash == self.head.hash() {
            return Ok(&self.head);
        }
        self.unfinal.get(hash).map(|batch| batch.header()).ok_or(Unready::Unknown(*hash))
    }

    /// The base fee of a batch on this parent, in wei per gas.
    ///
    /// # Errors
    /// [`Unready::Unknown`].
    pub fn next_base_fee(&self, parent: &B256) -> Result<u64, Unready> {
        Ok(self.rules.next_base_fee(self.header(parent)?.header()))
    }

    /// The unfinal batches from `hash` down to a child of the last final one.
    ///
    /// # Errors
    /// [`Unready::Unknown`].
    pub fn layers(&self, hash: &B256) -> Result<Vec<Arc<ExecutedBatch>>, Unready> {
        let mut layers = Vec::new();
        let mut at = *hash;
        while at != self.head.hash() {
            let layer = self.unfinal.get(&at).ok_or(Unready::Unknown(at))?;
            at = layer.header().parent();
            layers.push(Arc::clone(layer));
        }
        Ok(layers)
    }

    /// The state after a live batch.
    ///
    /// # Errors
    /// [`Unready::Unknown`].
    pub fn state<'v, V: StateView + ?Sized>(&self, view: &'v V, hash: &B256) -> Result<State<'v, V>, Unready> {
        Ok(State::unfinal(view, self.layers(hash)?))
    }

    /// The state root that these accounts and slots give on top of a live batch, from its trie: what an execution of
    /// one's own must come to if it changed just this.
    ///
    /// # Errors
    /// [`ExecutionError::Unready`] or [`ExecutionError::State`].
    pub fn state_root<V: StateView + ?Sized>(
        &self,
        view: &V,
        parent: &B256,
        changes: &Changes,
    ) -> Result<B256, ExecutionError> {
        let mut working = Working::new(self.state(view, parent)?, CodeCache::new());
        for (address, account) in &changes.accounts {
            working.set_account(*address, account.unwrap_or_default())?;
        }
        for ((address, slot), value) in &changes.slots {
            working.account(*address)?;
            working.set_slot(*address, *slot, *value)?;
        }
        let (_, edits, _) = working.finish();
        let height = self.header(parent)?.height().0 + 1;
        let root = self.unfinal.get(parent).map_or(&self.root, |parent| &parent.root);
        Ok(trie::update(view, root, (height, self.keep_from()), &edits)?.root.root_hash())
    }

    /// Makes a batch final, with its ancestors (rule X14): gives them from the oldest on, for the store to write in
    /// this order before the next call here, and forgets every branch that does not lead over it.
    ///
    /// # Errors
    /// [`Unready::Unknown`] if the batch was not executed here.
    pub fn finalize(&mut self, hash: &B256) -> Result<Vec<Arc<ExecutedBatch>>, Unready> {
        let mut path = self.layers(hash)?;
        path.reverse();
        let Some(last) = path.last() else { return Ok(path) };
        self.head = last.header().clone();
        self.root = last.root.clone();
        let mut by_height: Vec<_> = self.unfinal.values().map(|batch| (batch.header().height(), batch)).collect();
        by_height.sort_by_key(|(height, _)| *height);
        let mut live = BTreeSet::from([*hash]);
        for (_, batch) in by_height {
            if live.contains(&batch.header().parent()) {
                live.insert(batch.header().hash());
            }
        }
        live.remove(hash);
        self.unfinal.retain(|hash, _| live.contains(hash));
        Ok(path)
    }

    /// Forgets a batch that is not final, unless another stands on it (rule X14). It may be executed again.
    pub fn forget(&mut self, hash: &B256) {
        if self.unfinal.values().all(|batch| batch.header().parent() != *hash) {
            self.unfinal.remove(hash);
        }
    }

    /// Begins a batch on a live parent: everything that keeps us from it is said here.
    pub(crate) fn begin<'v, V: StateView + ?Sized>(
        &mut self,
        view: &'v V,
        header: &Header,
    ) -> Result<Machine<'v, V>, ExecutionError> {
        let state = self.state(view, &header.parent_hash)?;
        let last_final = self.head.height().0;
        if header.number > last_final + UNFINAL_DEPTH_MAX {
            return Err(Unready::TooDeep { height: header.number, last_final }.into());
        }
        if self.unfinal.len() >= UNFINAL_BATCHES_MAX {
            return Err(Unready::TooMany.into());
        }
        // X15: on another state everything that follows would be wrong.
        let found = view.block_hash(last_final)?;
        if found != Some(self.head.hash()) {
            return Err(StateError::OtherHead { height: last_final, expected: self.head.hash(), found }.into());
        }
        let mut machine = Machine::new(&self.rules, header, state, std::mem::take(&mut self.codes));
        machine.system_calls(header)?;
        Ok(machine)
    }

    /// Ends a batch: the base fee, the changes, the trie.
    pub(crate) fn end<V: StateView + ?Sized>(
        &mut self,
        view: &V,
        header: &Header,
        machine: Machine<'_, V>,
    ) -> Result<Executed, StateError> {
        let (working, receipts, gas_used) = machine.finish(self.rules.vault)?;
        let (mut changes, edits, codes) = working.finish();
        self.codes = codes;
        let parent = self.unfinal.get(&header.parent_hash).map_or(&self.root, |parent| &parent.root);
        let Updated { root, nodes, created } = trie::update(view, parent, (header.number, self.keep_from()), &edits)?;
        changes.nodes = nodes;
        Ok(Executed { receipts, changes, root, created, gas_used })
    }

    /// Takes an executed batch in among the live ones.
    pub(crate) fn keep(&mut self, batch: Batch, executed: Executed) -> Arc<ExecutedBatch> {
        let Executed { receipts, changes, root, created, .. } = executed;
        *self.created.entry(batch.header().height().0).or_default() += created;
        if self.created.len() > TRIE_WINDOW_MAX {
            self.created.pop_first();
        }
        let hash = batch.header().hash();
        let batch = Arc::new(ExecutedBatch { batch, receipts, changes, root });
        self.unfinal.insert(hash, Arc::clone(&batch));
        batch
    }

    /// Rule X17: decoded trie nodes made before this height are let go. Those are final, so that the store has them,
    /// and what is younger stays within half of [`TRIE_NODES_MAX`].
    fn keep_from(&self) -> u64 {
        let mut total = 0;
        for (height, created) in self.created.iter().rev() {
            total += created;
            if total > TRIE_NODES_MAX / 2 {
                return (height + 1).min(self.head.height().0 + 1);
            }
        }
        let known = self.created.first_key_value().map_or(0, |(height, _)| *height);
        known.min(self.head.height().0 + 1)
    }
}

impl Executed {
    /// Fills in what execution determines in a header.
    pub(crate) fn complete(&self, header: &mut Header) {
        let (receipts_root, logs_bloom) = commitments(&self.receipts);
        header.gas_used = self.gas_used;
        header.receipts_root = receipts_root;
        header.logs_bloom = logs_bloom;
        header.state_root = self.root.root_hash();
    }

    /// Rule X12: compares what execution determines with a header.
    pub(crate) fn compare(&self, header: &Header) -> Result<(), Invalid> {
        let mut executed = header.clone();
        self.complete(&mut executed);
        if header.gas_used != executed.gas_used {
            return Err(Invalid::GasUsed { header: header.gas_used, executed: executed.gas_used });
        }
        if header.receipts_root != executed.receipts_root {
            return Err(Invalid::ReceiptsRoot { header: header.receipts_root, executed: executed.receipts_root });
        }
        if header.logs_bloom != executed.logs_bloom {
            return Err(Invalid::LogsBloom);
        }
        if header.state_root != executed.state_root {
            return Err(Invalid::StateRoot { header: header.state_root, executed: executed.state_root });
        }
        Ok(())
    }
}
