//! Execution without an EVM: transactions use nonces, and each batch adds a link to a chain of hashes. What a header
//! owes to its parent, to L1 and to its transactions is judged as the production execution does (rules X4 to X9, X14 of
//! execution).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_consensus::{Header, Transaction as _, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, U256, keccak256};
use rota_execution::{
    Batch, BatchEnvironment, ChainRules, ExecutionError, Facts, Genesis, Invalid, L1Block, NotExecutable, Unready,
    limits::{UNFINAL_BATCHES_MAX, UNFINAL_DEPTH_MAX},
};
use rota_mempool::{AccountCode, AccountState};
use rota_proto::{BatchBody, BatchHeader, InOrder, Transaction};
use rota_replica::ExecuteOrder;

use super::{Assembled, Chains, Done, Flaw};
use crate::sim::wallets;

/// Gas that every transaction takes: it is a transfer.
const TRANSACTION_GAS: u64 = 21_000;
/// Transactions in a batch.
const TRANSACTIONS_MAX: usize = 64;
/// What every account has.
const BALANCE_WEI: u128 = 1_000_000_000_000_000_000_000_000;

/// The nonces of all accounts, and what stands for the root of a state trie.
#[derive(Clone, Debug)]
pub struct Accounts {
    root: B256,
    nonces: BTreeMap<Address, u64>,
}

/// A batch that was executed.
#[derive(Debug)]
pub struct Entry {
    pub(super) header: BatchHeader,
    pub(super) transactions: Vec<Arc<Transaction>>,
    pub(super) after: Accounts,
}

/// What a header says of a batch's transactions.
#[derive(Clone, Copy, Debug)]
struct Content {
    transactions: usize,
    root: B256,
    state_root: B256,
}

/// The live batches above the last final one.
#[derive(Debug)]
pub struct Ledger {
    rules: ChainRules,
    head: BatchHeader,
    accounts: Accounts,
    live: BTreeMap<B256, Arc<Entry>>,
    flaw: Option<Flaw>,
}

impl Accounts {
    /// Those that a chain begins with.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        Self { root: genesis.header.header().state_root, nonces: BTreeMap::new() }
    }

    /// What stands in headers as the state root.
    #[must_use]
    pub const fn root(&self) -> B256 {
        self.root
    }

    fn nonce(&self, address: &Address) -> u64 {
        self.nonces.get(address).copied().unwrap_or(0)
    }

    fn account(&self, address: &Address) -> AccountState {
        AccountState { nonce: self.nonce(address), balance: U256::from(BALANCE_WEI), code: AccountCode::None }
    }

    /// Rule X9 of execution, as far as it goes here: the nonce is next.
    fn run(&mut self, transaction: &Transaction, flaw: Option<Flaw>) -> bool {
        let nonce = self.nonces.entry(transaction.sender()).or_default();
        let next = *nonce == transaction.nonce() || flaw == Some(Flaw::AnyNonce);
        *nonce += u64::from(next);
        next
    }

    /// Ends a batch of these transactions.
    fn end(&mut self, transactions_root: B256, origin: B256) {
        self.root = keccak256([self.root.0, transactions_root.0, origin.0].concat());
    }
}

impl Entry {
    pub(super) fn changed(&self) -> Vec<(Address, AccountState)> {
        let senders: BTreeSet<Address> = self.transactions.iter().map(|transaction| transaction.sender()).collect();
        senders.into_iter().map(|sender| (sender, self.after.account(&sender))).collect()
    }
}

impl Ledger {
    /// Begins above the last final batch.
    #[must_use]
    pub const fn new(rules: ChainRules, head: BatchHeader, accounts: Accounts) -> Self {
        Self { rules, head, accounts, live: BTreeMap::new(), flaw: None }
    }

    pub(super) const fn spoil(&mut self, flaw: Flaw) {
        self.flaw = Some(flaw);
    }

    pub(super) fn assemble(
        &mut self,
        environment: &BatchEnvironment,
        chains: Chains,
    ) -> Result<Assembled, ExecutionError> {
        let (parent, mut after) = self.begin(&environment.parent)?;
        let parent = parent.clone();
        check_order_of_time(&parent, environment)?;
        let chains = chains.into_iter().map(Vec::into_iter);
        let mut order = InOrder::new(chains, self.rules.next_base_fee(parent.header()), environment.parent);
        let (mut transactions, mut refused) = (Vec::new(), Vec::new());
        while let Some(next) = order.peek().filter(|_| transactions.len() < TRANSACTIONS_MAX) {
            if next.envelope().gas_limit() == TRANSACTION_GAS && after.run(next, self.flaw) {
                transactions.extend(order.place());
            } else {
                refused.extend(order.pass().map(|transaction| transaction.hash()));
            }
        }
        let body = BatchBody::of(&transactions);
        after.end(body.root(), environment.origin.origin.hash);
        let content = Content { transactions: transactions.len(), root: body.root(), state_root: after.root };
        let header = self.seal(&parent, environment, content);
        let entry = Arc::new(Entry { header, transactions, after });
        self.live.insert(entry.header.hash(), Arc::clone(&entry));
        Ok(Assembled { done: Done::Ledger(entry), body: body.encode(), refused })
    }

    pub(super) fn check(&mut self, order: ExecuteOrder) -> Result<Arc<Entry>, ExecutionError> {
        let ExecuteOrder { header, body, facts, known } = order;
        let known = |hash: &B256| known.get(hash).cloned().or_else(|| wallets::known(hash));
        let batch = Batch::open(&self.rules, header, &body, known)?;
        let header = batch.header();
        let environment = environment_of(header, &facts);
        check_origin(header, &facts)?;
        if let Some(entry) = self.live.get(&header.hash()) {
            check_beneficiary(header, &facts)?;
            return Ok(Arc::clone(entry));
        }
        let (parent, mut after) = self.begin(&header.parent())?;
        let parent = parent.clone();
        check_order_of_time(&parent, &environment)?;
        check_beneficiary(header, &facts)?;
        self.check_order(&parent, batch.transactions())?;
        for (index, transaction) in batch.transactions().iter().enumerate() {
            let expected = after.nonce(&transaction.sender());
            if !after.run(transaction, self.flaw) {
                let reason = out_of_turn(transaction.nonce(), expected);
                return Err(Invalid::NotExecutable { index, transaction: transaction.hash(), reason }.into());
            }
        }
        let root = header.header().transactions_root;
        after.end(root, environment.origin.origin.hash);
        let content = Content { transactions: batch.transactions().len(), root, state_root: after.root };
        let rebuilt = self.seal(&parent, &environment, content);
        if let Some(Flaw::OwnState(number)) = self.flaw {
            after.root = keccak256([after.root.0.as_slice(), &number.to_be_bytes()].concat());
        } else if rebuilt != *header {
            return Err(difference(header.header(), rebuilt.header()).into());
        }
        let (header, transactions) = (header.clone(), batch.transactions().to_vec());
        let entry = Arc::new(Entry { header, transactions, after });
        self.live.insert(entry.header.hash(), Arc::clone(&entry));
        Ok(entry)
    }

    pub(super) fn finalize(&mut self, batch: &B256) -> Result<Vec<Arc<Entry>>, Unready> {
        let mut path = Vec::new();
        let mut at = *batch;
        while at != self.head.hash() {
            let entry = self.live.get(&at).ok_or(Unready::Unknown(at))?;
            at = entry.header.parent();
            path.push(Arc::clone(entry));
        }
        path.reverse();
        if let Some(last) = path.last() {
            (self.head, self.accounts) = (last.header.clone(), last.after.clone());
        }
        let head = self.head.hash();
        let mut rising: Vec<_> = self.live.values().map(|entry| (entry.header.height(), Arc::clone(entry))).collect();
        rising.sort_by_key(|(height, _)| *height);
        let mut kept = BTreeSet::from([head]);
        for (_, entry) in rising {
            if kept.contains(&entry.header.parent()) {
                kept.insert(entry.header.hash());
            }
        }
        self.live.retain(|hash, _| *hash != head && kept.contains(hash));
        Ok(path)
    }

    pub(super) fn forget(&mut self, batch: &B256) {
        if self.live.values().all(|entry| entry.header.parent() != *batch) {
            self.live.remove(batch);
        }
    }

    pub(super) fn is_live(&self, batch: &B256) -> bool {
        self.live.contains_key(batch)
    }

    pub(super) fn account(&self, address: &Address) -> AccountState {
        self.accounts.account(address)
    }

    pub(super) fn next_nonce(&self, batch: &B256, address: &Address) -> Option<u64> {
        self.stand_on(batch).ok().map(|(_, accounts)| accounts.nonce(address))
    }

    /// A live batch, or the last final one, with the accounts after it.
    fn stand_on(&self, batch: &B256) -> Result<(&BatchHeader, &Accounts), Unready> {
        if *batch == self.head.hash() {
            return Ok((&self.head, &self.accounts));
        }
        self.live.get(batch).map(|entry| (&entry.header, &entry.after)).ok_or(Unready::Unknown(*batch))
    }

    /// Begins a batch on a live parent.
    fn begin(&self, parent: &B256) -> Result<(&BatchHeader, Accounts), Unready> {
        let (parent, accounts) = self.stand_on(parent)?;
        let (height, last_final) = (parent.height().0 + 1, self.head.height().0);
        if height > last_final + UNFINAL_DEPTH_MAX {
            return Err(Unready::TooDeep { height, last_final });
        }
        if self.live.len() >= UNFINAL_BATCHES_MAX {
            return Err(Unready::TooMany);
        }
        Ok((parent, accounts.clone()))
    }

    /// Rule X6 of execution.
    fn check_order(&self, parent: &BatchHeader, transactions: &[Arc<Transaction>]) -> Result<(), Invalid> {
        let chains = super::chains_of(transactions.to_vec()).into_iter().map(Vec::into_iter);
        let mut order = InOrder::new(chains, self.rules.next_base_fee(parent.header()), parent.hash());
        for (index, transaction) in transactions.iter().enumerate() {
            let expected = order.place().map(|transaction| transaction.hash());
            if expected != Some(transaction.hash()) {
                return Err(Invalid::Order { index, found: transaction.hash(), expected });
            }
        }
        Ok(())
    }

    /// The one header of this content in this place.
    fn seal(&self, parent: &BatchHeader, environment: &BatchEnvironment, content: Content) -> BatchHeader {
        let BatchEnvironment { timestamp, origin, beneficiary, extra, .. } = *environment;
        let Content { transactions, root: transactions_root, state_root } = content;
        let header = Header {
            parent_hash: parent.hash(),
            number: parent.height().next().0,
            state_root,
            transactions_root,
            beneficiary,
            gas_limit: self.rules.gas_limit,
            gas_used: transactions as u64 * TRANSACTION_GAS,
            timestamp,
            extra_data: extra.encode(),
            mix_hash: origin.prevrandao,
            base_fee_per_gas: Some(self.rules.next_base_fee(parent.header())),
            withdrawals_root: Some(EMPTY_WITHDRAWALS),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(origin.origin.hash),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        };
        BatchHeader::new(header).expect("every fixed field is set")
    }
}

/// What a batch was built from, by its header; what L1 and the set say goes before it.
fn environment_of(header: &BatchHeader, facts: &Facts) -> BatchEnvironment {
    let fields = header.header();
    let named = L1Block { origin: header.origin(), timestamp: 0, prevrandao: fields.mix_hash };
    BatchEnvironment {
        parent: header.parent(),
        timestamp: fields.timestamp,
        origin: facts.origin.unwrap_or(named),
        beneficiary: fields.beneficiary,
        extra: *header.extra(),
    }
}

/// Rule X7 of execution: neither time nor L1 runs backwards.
fn check_order_of_time(parent: &BatchHeader, environment: &BatchEnvironment) -> Result<(), Invalid> {
    let (header, above, origin) = (environment.timestamp, parent.header().timestamp, environment.origin);
    if header < above {
        return Err(Invalid::TimestampBeforeParent { header, parent: above });
    }
    if header < origin.timestamp {
        return Err(Invalid::TimestampBeforeOrigin { header, origin: origin.timestamp });
    }
    let (header, parent_origin) = (origin.origin, parent.origin());
    if header != parent_origin && header.number <= parent_origin.number {
        return Err(Invalid::OriginBehindParent { header, parent: parent_origin });
    }
    if header == parent_origin && origin.prevrandao != parent.header().mix_hash {
        return Err(Invalid::PrevRandao { header: origin.prevrandao, origin: parent.header().mix_hash });
    }
    Ok(())
}

/// Rule X7 of execution: the origin is L1's.
fn check_origin(header: &BatchHeader, facts: &Facts) -> Result<(), Invalid> {
    let Some(given) = facts.origin else { return Ok(()) };
    if header.origin() != given.origin {
        return Err(Invalid::Origin { header: header.origin(), given: given.origin });
    }
    if header.header().mix_hash != given.prevrandao {
        return Err(Invalid::PrevRandao { header: header.header().mix_hash, origin: given.prevrandao });
    }
    Ok(())
}

/// Rule X7 of execution: the fees go to the proposer.
fn check_beneficiary(header: &BatchHeader, facts: &Facts) -> Result<(), Invalid> {
    match facts.beneficiary {
        Some(expected) if expected != header.header().beneficiary => {
            Err(Invalid::Beneficiary { header: header.header().beneficiary, expected })
        }
        Some(_) | None => Ok(()),
    }
}

const fn out_of_turn(transaction: u64, state: u64) -> NotExecutable {
    if transaction < state {
        NotExecutable::NonceTooLow { transaction, state }
    } else {
        NotExecutable::NonceTooHigh { transaction, state }
    }
}

/// What a header has that the rebuilt one has not.
fn difference(header: &Header, rebuilt: &Header) -> Invalid {
    let base_fees = [header, rebuilt].map(|header| header.base_fee_per_gas.unwrap_or_default());
    match (header, rebuilt) {
        (a, b) if a.number != b.number => Invalid::Height { header: a.number, parent: b.number.saturating_sub(1) },
        (a, b) if a.gas_limit != b.gas_limit => Invalid::GasLimit { header: a.gas_limit, expected: b.gas_limit },
        _ if base_fees[0] != base_fees[1] => Invalid::BaseFee { header: base_fees[0], expected: base_fees[1] },
        (a, b) if a.gas_used != b.gas_used => Invalid::GasUsed { header: a.gas_used, executed: b.gas_used },
        (a, b) if a.receipts_root != b.receipts_root => {
            Invalid::ReceiptsRoot { header: a.receipts_root, executed: b.receipts_root }
        }
        (a, b) if a.logs_bloom != b.logs_bloom => Invalid::LogsBloom,
        (a, b) => Invalid::StateRoot { header: a.state_root, executed: b.state_root },
    }
}
