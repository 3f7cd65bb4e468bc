//! What executes a node's batches, chosen for each run: a cheap stand-in, or the production execution (rule D5).

mod evm;
mod ledger;

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, keccak256};
use rota_execution::{BatchEnvironment, ChainRules, ExecutedBatch, ExecutionError, Genesis, L1Block, MemoryState};
use rota_mempool::AccountState;
use rota_proto::{BatchBody, BatchHeader, Transaction};
use rota_replica::{BuildOrder, CommittedBatch, ExecuteOrder, ReadyBatch, Verdict};

use super::wallets;

pub use evm::Evm;
pub use ledger::{Accounts, Entry, Ledger};

/// What executes batches in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionKind {
    /// Nonces alone; the state root is a chain of hashes. Everything else a header says is judged as in production.
    Ledger,
    /// The production execution over a state in memory.
    Evm,
}

/// The state after the last final batch: what a disk keeps of it, and what an executor reads.
#[derive(Clone, Debug)]
pub enum State {
    /// See [`ExecutionKind::Ledger`].
    Ledger(Accounts),
    /// See [`ExecutionKind::Evm`].
    Evm(Box<MemoryState>),
}

/// A batch that was executed, with what it changes.
#[derive(Clone, Debug)]
pub enum Done {
    /// See [`ExecutionKind::Ledger`].
    Ledger(Arc<Entry>),
    /// See [`ExecutionKind::Evm`].
    Evm(Arc<ExecutedBatch>),
}

/// A batch that was built.
#[derive(Debug)]
pub struct Assembled {
    /// What it did.
    pub done: Done,
    /// RLP of its body.
    pub body: Bytes,
    /// Transactions that could not run.
    pub refused: Vec<B256>,
}

/// What is wrong with an execution; planted by negative controls only, in [`ExecutionKind::Ledger`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A transaction runs whatever its nonce.
    AnyNonce,
    /// The state differs from node to node, by this number, and no header is compared with it.
    OwnState(u64),
}

/// Executes batches, and keeps what they did until they are final or lost.
#[derive(Debug)]
pub enum Executor {
    /// See [`ExecutionKind::Ledger`].
    Ledger(Box<Ledger>),
    /// See [`ExecutionKind::Evm`].
    Evm(Box<Evm>),
}

/// Transactions of several senders, one chain each, in rising order of nonce.
pub type Chains = Vec<Vec<Arc<Transaction>>>;

impl State {
    /// The state that a chain begins with.
    #[must_use]
    pub fn genesis(kind: ExecutionKind, genesis: &Genesis) -> Self {
        match kind {
            ExecutionKind::Ledger => Self::Ledger(Accounts::genesis(genesis)),
            ExecutionKind::Evm => Self::Evm(Box::new(MemoryState::genesis(genesis))),
        }
    }

    /// The state after one more final batch.
    ///
    /// # Panics
    /// If another kind of execution made it.
    pub fn apply(&mut self, done: &Done) {
        match (self, done) {
            (Self::Ledger(state), Done::Ledger(entry)) => *state = entry.after.clone(),
            (Self::Evm(state), Done::Evm(executed)) => state.apply(executed),
            (Self::Ledger(_), Done::Evm(_)) | (Self::Evm(_), Done::Ledger(_)) => unreachable!("a run executes one way"),
        }
    }
}

impl Done {
    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        match self {
            Self::Ledger(entry) => &entry.header,
            Self::Evm(executed) => executed.header(),
        }
    }

    /// The transactions in order.
    #[must_use]
    pub fn transactions(&self) -> &[Arc<Transaction>] {
        match self {
            Self::Ledger(entry) => &entry.transactions,
            Self::Evm(executed) => executed.batch().transactions(),
        }
    }

    /// The root of the state after it, as it was computed here.
    #[must_use]
    pub fn state_root(&self) -> B256 {
        match self {
            Self::Ledger(entry) => entry.after.root(),
            Self::Evm(executed) => evm::state_root(executed),
        }
    }

    /// The batch as the pool needs it.
    #[must_use]
    pub fn committed(&self) -> CommittedBatch {
        let accounts: Vec<(Address, AccountState)> = match self {
            Self::Ledger(entry) => entry.changed(),
            Self::Evm(executed) => evm::changed(executed),
        };
        CommittedBatch {
            hash: self.header().hash(),
            height: self.header().height(),
            transactions: self.transactions().to_vec(),
            accounts,
        }
    }
}

impl Executor {
    /// An executor above the last final batch and its state.
    #[must_use]
    pub fn new(rules: ChainRules, head: BatchHeader, state: State) -> Self {
        match state {
            State::Ledger(accounts) => Self::Ledger(Box::new(Ledger::new(rules, head, accounts))),
            State::Evm(memory) => Self::Evm(Box::new(Evm::new(rules, head, *memory))),
        }
    }

    /// Builds a batch as its leader.
    ///
    /// # Errors
    /// Why there is none.
    pub fn build(&mut self, order: BuildOrder) -> Result<(ReadyBatch, Vec<B256>), ExecutionError> {
        let Assembled { done, body, refused } = self.assemble(&order.environment, order.chains)?;
        let ready = ReadyBatch { header: done.header().clone(), body, transactions: done.transactions().to_vec() };
        Ok((ready, refused))
    }

    /// Executes a batch and compares it with its header.
    pub fn execute(&mut self, order: ExecuteOrder) -> Verdict {
        let checked = match self {
            Self::Ledger(ledger) => ledger.check(order).map(Done::Ledger),
            Self::Evm(evm) => evm.check(order).map(Done::Evm),
        };
        match checked {
            Ok(done) => Verdict::Valid(done.transactions().to_vec()),
            Err(ExecutionError::Invalid(reason)) => Verdict::Invalid(reason.to_string()),
            Err(reason @ (ExecutionError::Unready(_) | ExecutionError::State(_))) => {
                Verdict::NotNow(reason.to_string())
            }
        }
    }

    /// Forgets a batch, if no other stands on it.
    pub fn forget(&mut self, batch: &B256) {
        match self {
            Self::Ledger(ledger) => ledger.forget(batch),
            Self::Evm(evm) => evm.forget(batch),
        }
    }

    /// Executes with a flaw from now on.
    pub const fn spoil(&mut self, flaw: Flaw) {
        if let Self::Ledger(ledger) = self {
            ledger.spoil(flaw);
        }
    }

    /// Makes a batch final with its ancestors, and gives them from the oldest on.
    ///
    /// # Errors
    /// If it was not executed here.
    pub fn finalize(&mut self, batch: &B256) -> Result<Vec<Done>, ExecutionError> {
        match self {
            Self::Ledger(ledger) => Ok(ledger.finalize(batch)?.into_iter().map(Done::Ledger).collect()),
            Self::Evm(evm) => Ok(evm.finalize(batch)?.into_iter().map(Done::Evm).collect()),
        }
    }

    /// Whether a batch is executed and not final.
    #[must_use]
    pub fn is_live(&self, batch: &B256) -> bool {
        match self {
            Self::Ledger(ledger) => ledger.is_live(batch),
            Self::Evm(evm) => evm.is_live(batch),
        }
    }

    /// An account after the last final batch.
    #[must_use]
    pub fn account(&self, address: &Address) -> AccountState {
        match self {
            Self::Ledger(ledger) => ledger.account(address),
            Self::Evm(evm) => evm.account(address),
        }
    }

    /// Another valid batch in the place of this one, with its body: it holds one transaction more or one less.
    pub fn rival(&mut self, header: &BatchHeader, body: &Bytes) -> Option<(BatchHeader, Bytes)> {
        let listed = BatchBody::decode(body).ok()?.0;
        let mut transactions: Vec<Arc<Transaction>> =
            listed.iter().filter_map(|bytes| wallets::decode(bytes, &keccak256(bytes))).collect();
        if transactions.pop().is_none() {
            let nonce = self.next_nonce(&header.parent(), &wallets::address(wallets::RIVAL_WALLET))?;
            transactions.push(wallets::transaction(wallets::RIVAL_WALLET, nonce));
        }
        let fields = header.header();
        let environment = BatchEnvironment {
            parent: header.parent(),
            timestamp: fields.timestamp,
            origin: L1Block { origin: header.origin(), timestamp: fields.timestamp, prevrandao: fields.mix_hash },
            beneficiary: fields.beneficiary,
            extra: *header.extra(),
        };
        let Assembled { done, body, .. } = self.assemble(&environment, chains_of(transactions)).ok()?;
        (done.header().hash() != header.hash()).then(|| (done.header().clone(), body))
    }

    /// Builds a batch of what can run.
    ///
    /// # Errors
    /// Why there is none.
    pub fn assemble(&mut self, environment: &BatchEnvironment, chains: Chains) -> Result<Assembled, ExecutionError> {
        match self {
            Self::Ledger(ledger) => ledger.assemble(environment, chains),
            Self::Evm(evm) => evm.assemble(environment, chains),
        }
    }

    /// The nonce that an account uses next in a batch on this one.
    fn next_nonce(&self, batch: &B256, address: &Address) -> Option<u64> {
        match self {
            Self::Ledger(ledger) => ledger.next_nonce(batch, address),
            Self::Evm(evm) => evm.next_nonce(batch, address),
        }
    }
}

fn chains_of(transactions: Vec<Arc<Transaction>>) -> Chains {
    let mut chains = BTreeMap::<Address, Vec<Arc<Transaction>>>::new();
    for transaction in transactions {
        chains.entry(transaction.sender()).or_default().push(transaction);
    }
    chains.into_values().collect()
}
