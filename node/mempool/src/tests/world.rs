//! Both pools, told the same, and compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::{Address, B256, U256};
use rota_proto::{Height, Transaction};

use super::{
    Draft, Wallet,
    oracle::{Effect, Naive, head},
    wallet,
};
use crate::{AccountState, Changes, DropReason, Journal, JournalRecord, Mempool, MempoolLimits, Origin, Status};

/// How many wallets there are.
pub(super) const WALLETS: u8 = 6;
/// What each has: enough for a few transactions of any size.
pub(super) const BALANCE: u64 = 30_000_000;
/// In place of how far a nonce lies ahead of the account's: one below it.
pub(super) const STALE: u64 = u64::MAX;

/// One step of a life.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Add(Offer),
    /// One that is held already.
    Again(usize),
    /// A builder refuses one that is held.
    Discard(usize),
    BaseFee(u64),
    /// A batch of so many transactions on one of the tips, with or without one that the pool never saw.
    Notarize {
        tip: usize,
        size: usize,
        foreign: Option<u8>,
    },
    Abandon {
        tip: usize,
    },
    /// The first batch of one of the branches is final; some wallet's balance changes, another's nonce is used.
    Finalize {
        tip: usize,
        heights: u64,
        balance: (u8, u64),
        used: Option<u8>,
    },
}

/// A transaction to be added.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) wallet: u8,
    pub(super) ahead: u64,
    pub(super) fee: u128,
    pub(super) tip: u128,
    pub(super) value: u64,
    pub(super) slots: usize,
    pub(super) local: bool,
    pub(super) binds: Option<(u8, u64)>,
    /// Whether the caller read the account too early.
    pub(super) stale: bool,
}

/// A batch that is hidden.
#[derive(Clone, Debug)]
struct Batch {
    parent: B256,
    transactions: Vec<Arc<Transaction>>,
}

/// Both pools, and the world around them.
pub(super) struct World {
    pool: Mempool,
    naive: Naive,
    addresses: Vec<Address>,
    batches: BTreeMap<B256, Batch>,
    root: B256,
    height: u64,
    batches_made: u64,
    /// Whether a transaction that was ever taken is still to be accounted for.
    ledger: BTreeMap<B256, bool>,
    journal: Vec<u8>,
    /// How often what happened.
    pub(super) events: BTreeMap<String, usize>,
}

impl World {
    pub(super) fn new() -> Self {
        let addresses: Vec<Address> = (1..=WALLETS).map(|number| Wallet::new(number).address()).collect();
        let limits = MempoolLimits {
            slots: 12,
            bytes: 100_000,
            sender_slots: 4,
            sender_bytes: 45_000,
            local_slots: 5,
            hidden_batches: 6,
            offered_senders: 4,
        };
        let account = AccountState { balance: U256::from(BALANCE), ..AccountState::default() };
        let accounts = addresses.iter().map(|address| (*address, account)).collect();
        Self {
            pool: Mempool::new(limits, wallet::RULES),
            naive: Naive::new(limits, accounts),
            addresses,
            batches: BTreeMap::new(),
            root: B256::ZERO,
            height: 0,
            batches_made: 0,
            ledger: BTreeMap::new(),
            journal: Vec::new(),
            events: BTreeMap::new(),
        }
    }

    fn address(&self, wallet: u8) -> Address {
        self.addresses[usize::from(wallet) - 1]
    }

    fn count(&mut self, event: impl Into<String>) {
        *self.events.entry(event.into()).or_default() += 1;
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Add(offer) => self.offer(&offer),
            Step::Again(index) => {
                let held = self.pool.iter().nth(index).map(|pooled| Arc::clone(pooled.transaction));
                if let Some(transaction) = held {
                    let account = self.naive.account(transaction.sender());
                    self.add(&transaction, Origin::Local, account, Vec::new());
                }
            }
            Step::Discard(index) => {
                let held = self.pool.iter().nth(index).map(|pooled| pooled.transaction.hash());
                if let Some(hash) = held {
                    let changes = self.pool.discard(&hash);
                    assert_eq!(effect(&changes), self.naive.discard(hash));
                    self.record(&changes);
                }
            }
            Step::BaseFee(base_fee) => {
                self.pool.set_base_fee(base_fee);
                self.naive.base_fee = base_fee;
            }
            Step::Notarize { tip, size, foreign } => self.notarize(tip, size, foreign),
            Step::Abandon { tip } => {
                let tip = self.tip(tip);
                if tip != self.root {
                    self.abandon(tip);
                }
            }
            Step::Finalize { tip, heights, balance, used } => self.finalize(tip, heights, balance, used),
        }
    }

    fn offer(&mut self, offer: &Offer) {
        let account = self.naive.account(self.address(offer.wallet));
        let nonce = if offer.ahead == STALE { account.nonce.saturating_sub(1) } else { account.nonce + offer.ahead };
        let bytes = if offer.slots == 1 { 0 } else { 33_000 };
        let draft = Draft {
            nonce,
            gas: if bytes == 0 { 21_000 } else { 351_000 },
            fee: offer.fee,
            tip: offer.tip,
            value: U256::from(offer.value),
            input: vec![0; bytes].into(),
            ..Draft::default()
        };
        let read = match account.nonce.checked_sub(1) {
            Some(nonce) if offer.stale => AccountState { nonce, ..AccountState::default() },
            Some(_) | None => account,
        };
        let wallet = Wallet::new(offer.wallet);
        let origin = if offer.local { Origin::Local } else { Origin::Remote };
        match offer.binds {
            None => self.add(&wallet.sign(draft), origin, read, Vec::new()),
            Some((authority, ahead)) => {
                let bound = self.address(authority);
                let nonce = (self.naive.account(bound).nonce + ahead).saturating_sub(1);
                let signed = Wallet::new(authority).authorize(0, nonce);
                self.add(&wallet.sign_7702(draft, vec![signed]), origin, read, vec![(bound, nonce)]);
            }
        }
    }

    fn add(&mut self, transaction: &Arc<Transaction>, origin: Origin, read: AccountState, binds: Vec<(Address, u64)>) {
        let verdict = self.pool.add(Arc::clone(transaction), origin, read);
        let expected = self.naive.add(transaction, origin, binds);
        match verdict {
            Err(refused) => {
                let text = head(&refused.to_string());
                assert_eq!(Err(text.clone()), expected);
                self.count(text);
            }
            Ok(added) => {
                let (status, origin) = (Some(added.status), Some(added.origin));
                let effect = Effect { status, origin, replaced: added.replaced, ..effect(&added.changes) };
                assert_eq!(Ok(effect), expected);
                let taken = self.ledger.insert(transaction.hash(), true);
                assert_ne!(taken, Some(true), "what is held is known");
                if let Some(old) = added.replaced {
                    self.leave(old);
                    self.count("replaced");
                }
                self.record(&added.changes);
                self.count(format!("taken {:?}", added.status));
            }
        }
    }

    /// The batch at the end of the branch of this number; the last final one if there is none.
    fn tip(&self, number: usize) -> B256 {
        let parents: BTreeSet<B256> = self.batches.values().map(|batch| batch.parent).collect();
        let leaves: Vec<B256> = self.batches.keys().filter(|hash| !parents.contains(*hash)).copied().collect();
        leaves.get(number).copied().unwrap_or(self.root)
    }

    fn branch(&self, tip: B256) -> Vec<B256> {
        std::iter::successors(Some(tip), |hash| self.batches.get(hash).map(|batch| batch.parent))
            .filter(|hash| *hash != self.root)
            .collect()
    }

    fn notarize(&mut self, tip: usize, size: usize, foreign: Option<u8>) {
        let parent = self.tip(tip);
        let branch = self.branch(parent);
        let mut order = self.pool.in_order(self.naive.base_fee, parent, &branch);
        let mut transactions: Vec<Arc<Transaction>> = std::iter::from_fn(|| order.place()).take(size).collect();
        if let Some(wallet) = foreign {
            let sender = self.address(wallet);
            let on_branch = branch.iter().filter_map(|batch| self.batches.get(batch));
            let used = on_branch.flat_map(|batch| &batch.transactions).chain(&transactions);
            let used = used.filter(|transaction| transaction.sender() == sender).map(|used| used.nonce() + 1);
            let nonce = used.max().unwrap_or(0).max(self.naive.account(sender).nonce);
            transactions.push(Wallet::new(wallet).sign(Draft { nonce, fee: 77, tip: 33, ..Draft::default() }));
        }
        self.batches_made += 1;
        let hash = B256::from(U256::from(self.batches_made));
        match self.pool.hide(hash, &transactions) {
            Err(_) => {
                assert_eq!(self.batches.len(), 6);
                self.count("too many hidden");
            }
            Ok(changes) => {
                assert_eq!(effect(&changes), self.naive.hide(hash, &transactions));
                self.batches.insert(hash, Batch { parent, transactions });
                self.count("notarized");
            }
        }
    }

    /// Releases a batch, with all that was built on it, and adds again what it gives back.
    fn abandon(&mut self, hash: B256) {
        let children: Vec<B256> =
            self.batches.iter().filter(|(_, batch)| batch.parent == hash).map(|(child, _)| *child).collect();
        for child in children {
            self.abandon(child);
        }
        self.batches.remove(&hash);
        let back = self.pool.release(hash);
        assert_eq!(back.iter().map(|transaction| transaction.hash()).collect::<Vec<_>>(), self.naive.release(hash));
        for transaction in back {
            self.count("given back");
            // What came with authorizations was the pool's own, and its bonds are not known here any more.
            if transaction.envelope().is_eip1559() {
                let account = self.naive.account(transaction.sender());
                self.add(&transaction, Origin::Remote, account, Vec::new());
            }
        }
        self.count("abandoned");
    }

    fn finalize(&mut self, tip: usize, heights: u64, (richer, balance): (u8, u64), used: Option<u8>) {
        let Some(first) = self.branch(self.tip(tip)).last().copied() else { return };
        let batch = self.batches.remove(&first).unwrap();
        self.height += heights;
        let mut accounts: BTreeMap<Address, AccountState> = BTreeMap::new();
        for transaction in &batch.transactions {
            let sender = transaction.sender();
            let account = accounts.entry(sender).or_insert(self.naive.account(sender));
            account.nonce = account.nonce.max(transaction.nonce() + 1);
        }
        let richer = self.address(richer);
        accounts.entry(richer).or_insert(self.naive.account(richer)).balance = U256::from(balance);
        if let Some(used) = used {
            let used = self.address(used);
            accounts.entry(used).or_insert(self.naive.account(used)).nonce += 1;
        }
        let accounts: Vec<(Address, AccountState)> = accounts.into_iter().collect();
        let held: Vec<B256> = batch.transactions.iter().map(|transaction| transaction.hash()).collect();
        let held: Vec<B256> = held.into_iter().filter(|hash| self.pool.contains(hash)).collect();
        let changes = self.pool.finalized(first, Height(self.height), &batch.transactions, accounts.iter().copied());
        let expected = self.naive.finalized(first, self.height, &batch.transactions, &accounts);
        assert_eq!(effect(&changes), expected);
        held.into_iter().for_each(|hash| self.leave(hash));
        self.record(&changes);
        let old_root = std::mem::replace(&mut self.root, first);
        let rivals: Vec<B256> =
            self.batches.iter().filter(|(_, batch)| batch.parent == old_root).map(|(hash, _)| *hash).collect();
        for rival in rivals {
            self.abandon(rival);
        }
        self.count("final");
    }

    fn leave(&mut self, hash: B256) {
        assert_eq!(self.ledger.insert(hash, false), Some(true), "M16: who leaves was there, and leaves once");
    }

    fn record(&mut self, changes: &Changes) {
        for dropped in &changes.dropped {
            self.leave(dropped.hash);
            self.count(format!("dropped {:?}", dropped.reason));
        }
        changes.promoted.iter().for_each(|_| self.count("promoted"));
        self.journal.extend(changes.journal.iter().flat_map(JournalRecord::encode));
    }

    /// Compares all that can be asked.
    pub(super) fn compare(&self) {
        self.pool.check_books();
        assert_eq!(*self.pool.totals(), self.naive.totals());
        let waiting = self.naive.waiting.iter();
        let expected: BTreeSet<(B256, Status, Origin)> =
            waiting.map(|waiting| (waiting.transaction.hash(), self.naive.status(waiting), waiting.origin)).collect();
        let held = self.pool.iter().map(|pooled| (pooled.transaction.hash(), pooled.status, pooled.origin));
        assert_eq!(held.collect::<BTreeSet<_>>(), expected);
        let accounted = self.ledger.iter().filter(|(_, held)| **held).map(|(hash, _)| *hash);
        let expected: BTreeSet<B256> = expected.into_iter().map(|(hash, _, _)| hash).collect();
        assert_eq!(accounted.collect::<BTreeSet<B256>>(), expected, "M16: nothing is lost");
        for address in &self.addresses {
            let nonce = self.naive.account(*address).nonce;
            assert_eq!(self.pool.pending_nonce(address, nonce), self.naive.next(*address));
        }
        for base_fee in [7, 20, 40, 61] {
            let work = self.pool.has_work(base_fee);
            assert_eq!((work.payable, work.below_base_fee), self.naive.has_work(base_fee));
            for tip in self.batches.keys().chain([&self.root]) {
                let branch = self.branch(*tip);
                let mut order = self.pool.in_order(base_fee, *tip, &branch);
                let order = std::iter::from_fn(|| order.place()).map(|transaction| transaction.hash());
                assert_eq!(order.collect::<Vec<_>>(), self.naive.in_order(base_fee, *tip, &branch));
            }
        }
        let journal = Journal::read(&self.journal).unwrap();
        let live = self.pool.journal().collect::<Vec<_>>();
        assert_eq!(journal.transactions.into_iter().map(JournalRecord::Added).collect::<Vec<_>>(), live);
    }
}

fn effect(changes: &Changes) -> Effect {
    let dropped: BTreeSet<(B256, DropReason)> =
        changes.dropped.iter().map(|dropped| (dropped.hash, dropped.reason)).collect();
    assert_eq!(dropped.len(), changes.dropped.len(), "M16: each departure is named once");
    Effect { promoted: changes.promoted.iter().copied().collect(), dropped, ..Effect::default() }
}
