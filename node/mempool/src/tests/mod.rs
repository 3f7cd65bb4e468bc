//! Tests of the pool, one file a file, with wallets that sign real transactions and a naive pool as the oracle.

mod admit;
mod books;
mod delegation;
mod fuzz;
mod gas;
mod head;
mod journal;
mod offer;
mod oracle;
mod properties;
mod recent;
mod refused;
mod waiting;
mod wallet;
mod world;

use std::sync::Arc;

use alloy_primitives::{B256, U256};
use rota_proto::{Height, Transaction};

use crate::{
    AccountState, Added, CandidateForm, ChainRules, Changes, Dropped, Mempool, MempoolLimits, Origin, Refused,
};
use wallet::{Draft, Wallet};

/// A pool of the default size on the chain that the wallets sign for.
fn pool() -> Mempool {
    Mempool::new(MempoolLimits::default(), wallet::RULES)
}

/// A pool of so many slots.
fn pool_of(slots: usize) -> Mempool {
    Mempool::new(MempoolLimits { slots, local_slots: 2 * slots, ..MempoolLimits::default() }, wallet::RULES)
}

/// An account with this nonce and more ether than any test spends.
fn rich(nonce: u64) -> AccountState {
    AccountState { nonce, balance: U256::from(10u128.pow(24)), ..AccountState::default() }
}

/// An account with nonce 0 and this balance.
fn with_balance(wei: u64) -> AccountState {
    AccountState { balance: U256::from(wei), ..AccountState::default() }
}

/// Adds a remote transaction of a rich account with nonce 0.
fn add(pool: &mut Mempool, transaction: &Arc<Transaction>) -> Result<Added, Refused> {
    let added = pool.add(Arc::clone(transaction), Origin::Remote, rich(0));
    pool.check_books();
    added
}

/// Adds a local transaction of a rich account with nonce 0.
fn add_local(pool: &mut Mempool, transaction: &Arc<Transaction>) -> Result<Added, Refused> {
    let added = pool.add(Arc::clone(transaction), Origin::Local, rich(0));
    pool.check_books();
    added
}

/// Makes a batch final in which each sender used the nonces up to those of these transactions.
fn finalize(pool: &mut Mempool, batch: B256, height: u64, transactions: &[Arc<Transaction>]) -> Changes {
    let accounts = transactions.iter().map(|transaction| (transaction.sender(), rich(transaction.nonce() + 1)));
    let accounts: std::collections::BTreeMap<_, _> = accounts.collect();
    let changes = pool.finalized(batch, Height(height), transactions, accounts);
    pool.check_books();
    changes
}

/// The hash of the batch of this number.
fn batch(number: u8) -> B256 {
    B256::repeat_byte(number)
}

/// What is offered at a base fee on a branch, as (wallet, nonce).
fn offered(pool: &Mempool, base_fee: u64, branch: &[B256]) -> Vec<(u8, u64)> {
    let mut order = pool.in_order(base_fee, B256::ZERO, branch);
    let placed = std::iter::from_fn(|| order.place());
    placed.map(|transaction| (Wallet::number_of(transaction.sender()), transaction.nonce())).collect()
}

fn hashes(transactions: &[&Arc<Transaction>]) -> Vec<B256> {
    transactions.iter().map(|transaction| transaction.hash()).collect()
}

fn dropped(changes: &Changes) -> Vec<(B256, crate::DropReason)> {
    changes.dropped.iter().map(|Dropped { hash, reason }| (*hash, *reason)).collect()
}

impl Mempool {
    /// What whoever owns a pool does with a transaction that comes in.
    fn add(&mut self, transaction: Arc<Transaction>, origin: Origin, account: AccountState) -> Result<Added, Refused> {
        let form = CandidateForm::check(transaction, &self.rules)?;
        if form.has_authorizations() {
            self.precheck(&form, origin, account)?;
        }
        self.admit(form.recover(&self.rules), origin, account)
    }

    /// Counts everything again and compares it with the books.
    #[track_caller]
    fn check_books(&self) {
        books::check_books(self);
    }
}

/// The rules that the wallets sign for, with another gas limit.
fn rules_with_gas_limit(gas_limit: u64) -> ChainRules {
    ChainRules { gas_limit, ..wallet::RULES }
}

/// An ordinary transfer of wallet `number`.
fn transfer(number: u8, nonce: u64, fee: u128, tip: u128) -> Arc<Transaction> {
    Wallet::new(number).sign(Draft { nonce, fee, tip, ..Draft::default() })
}
