//! The production execution over a state in memory.

use std::sync::Arc;

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, keccak256};
use rota_execution::{
    Account, Batch, BatchEnvironment, Budget, ChainRules, ExecutedBatch, Execution, ExecutionError, MemoryState,
    StateView as _, Unready,
};
use rota_mempool::{AccountCode, AccountState};
use rota_proto::BatchHeader;
use rota_replica::ExecuteOrder;

use super::{Assembled, Chains, Done};
use crate::sim::wallets;

/// The tree of live batches, and the state below it.
#[derive(Debug)]
pub struct Evm {
    execution: Execution,
    state: MemoryState,
}

impl Evm {
    /// Begins above the last final batch.
    #[must_use]
    pub fn new(rules: ChainRules, head: BatchHeader, state: MemoryState) -> Self {
        Self { execution: Execution::new(rules, head), state }
    }

    pub(super) fn assemble(
        &mut self,
        environment: &BatchEnvironment,
        chains: Chains,
    ) -> Result<Assembled, ExecutionError> {
        let chains = chains.into_iter().map(Vec::into_iter);
        let built = self.execution.build(&self.state, environment, &Budget::default(), chains)?;
        let refused = built.refused.iter().map(|(transaction, _)| transaction.hash()).collect();
        Ok(Assembled { done: Done::Evm(built.executed), body: built.body.encode(), refused })
    }

    pub(super) fn check(&mut self, order: ExecuteOrder) -> Result<Arc<ExecutedBatch>, ExecutionError> {
        let ExecuteOrder { header, body, facts, known } = order;
        let known = |hash: &B256| known.get(hash).cloned().or_else(|| wallets::known(hash));
        let batch = Batch::open(self.execution.rules(), header, &body, known)?;
        self.execution.check(&self.state, batch, &facts)
    }

    pub(super) fn finalize(&mut self, batch: &B256) -> Result<Vec<Arc<ExecutedBatch>>, Unready> {
        let path = self.execution.finalize(batch)?;
        path.iter().for_each(|executed| self.state.apply(executed));
        Ok(path)
    }

    pub(super) fn forget(&mut self, batch: &B256) {
        self.execution.forget(batch);
    }

    pub(super) fn is_live(&self, batch: &B256) -> bool {
        self.execution.unfinal(batch).is_some()
    }

    pub(super) fn account(&self, address: &Address) -> AccountState {
        account_state(self.state.account(address).expect("memory does not fail"))
    }

    pub(super) fn next_nonce(&self, batch: &B256, address: &Address) -> Option<u64> {
        let state = self.execution.state(&self.state, batch).ok()?;
        Some(state.account(address).ok()?.unwrap_or_default().nonce)
    }
}

/// Every account that a batch changed.
pub(super) fn changed(executed: &ExecutedBatch) -> Vec<(Address, AccountState)> {
    executed.changes().accounts.iter().map(|(address, account)| (*address, account_state(*account))).collect()
}

/// The root as the trie records of a batch have it: the hash of the record at its top, which every batch writes.
pub(super) fn state_root(executed: &ExecutedBatch) -> B256 {
    let top = executed.changes().nodes.iter().find(|(key, _)| key.storage_of.is_none() && key.path.is_empty());
    top.and_then(|(_, record)| record.as_ref()).map_or(B256::ZERO, keccak256)
}

fn account_state(account: Option<Account>) -> AccountState {
    let account = account.unwrap_or_default();
    let code = if account.code_hash == KECCAK256_EMPTY { AccountCode::None } else { AccountCode::Contract };
    AccountState { nonce: account.nonce, balance: account.balance, code }
}
