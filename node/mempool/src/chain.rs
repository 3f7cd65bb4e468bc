//! The waiting transactions of one sender (rule M7).

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, U256};
use rota_proto::{Height, Transaction};

use crate::{AccountCode, AccountState, Candidate, DropReason, Origin, candidate::Price, limits::QUEUED_HEIGHTS_MAX};

/// A transaction in the pool.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) candidate: Candidate,
    pub(crate) origin: Origin,
    /// The number of its admission: of two that pay the same, the later one goes first when room is needed.
    pub(crate) sequence: u64,
}

impl Entry {
    pub(crate) fn nonce(&self) -> u64 {
        self.candidate.transaction.nonce()
    }

    pub(crate) fn hash(&self) -> B256 {
        self.candidate.transaction.hash()
    }

    /// The gas that it may use.
    pub(crate) fn gas(&self) -> u64 {
        self.candidate.transaction.envelope().gas_limit()
    }

    pub(crate) fn key(&self) -> Key {
        Key { price: self.candidate.price, sequence: self.sequence }
    }
}

/// By what an entry is found in the indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) price: Price,
    pub(crate) sequence: u64,
}

/// Who goes first when room is needed (rule M9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    RemoteQueued,
    LocalQueued,
    RemotePending,
    LocalPending,
}

impl Class {
    pub(crate) const fn of(origin: Origin, pending: bool) -> Self {
        match (origin, pending) {
            (Origin::Remote, false) => Self::RemoteQueued,
            (Origin::Local, false) => Self::LocalQueued,
            (Origin::Remote, true) => Self::RemotePending,
            (Origin::Local, true) => Self::LocalPending,
        }
    }

    pub(crate) const fn is_pending(self) -> bool {
        matches!(self, Self::RemotePending | Self::LocalPending)
    }
}

/// What the pool's indices and sums hold of a chain: compared before and after each change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The transaction with the highest nonce, the only one that may be evicted, unless it is hidden; its price is that
    /// of the cheapest up to it (rule M9).
    pub(crate) tail: Option<(Class, Key)>,
    /// The next one to be offered, with the gas that it may use.
    pub(crate) head: Option<(Key, u64)>,
    /// When its queued transactions go.
    pub(crate) expires: Option<Height>,
    pub(crate) pending: usize,
    pub(crate) queued: usize,
    pub(crate) slots: usize,
    pub(crate) bytes: usize,
}

/// The waiting transactions of one sender by nonce. Those below `start` are hidden, those from `start` up to `next`
/// follow each other without a gap and are offered, those above `next` are queued.
#[derive(Debug)]
pub(crate) struct Chain {
    account: AccountState,
    start: u64,
    next: u64,
    /// Boxed, for a map has room for eleven where most senders have one.
    entries: BTreeMap<u64, Box<Entry>>,
    pending: usize,
    slots: usize,
    bytes: usize,
    cost: U256,
    active: Height,
}

impl Chain {
    /// The empty chain of an account whose nonces below `hidden_until` stand in notarized batches.
    pub(crate) fn new(account: AccountState, hidden_until: u64) -> Self {
        let start = hidden_until.max(account.nonce);
        let (entries, cost, active) = (BTreeMap::new(), U256::ZERO, Height::default());
        Self { account, start, next: start, entries, pending: 0, slots: 0, bytes: 0, cost, active }
    }

    pub(crate) const fn account(&self) -> &AccountState {
        &self.account
    }

    /// The first nonce that no notarized batch and no final one has used.
    pub(crate) const fn start(&self) -> u64 {
        self.start
    }

    /// The first nonce that is missing.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    pub(crate) const fn entries(&self) -> &BTreeMap<u64, Box<Entry>> {
        &self.entries
    }

    pub(crate) fn entry(&self, nonce: u64) -> Option<&Entry> {
        self.entries.get(&nonce).map(|entry| &**entry)
    }

    pub(crate) const fn pending(&self) -> usize {
        self.pending
    }

    pub(crate) const fn slots(&self) -> usize {
        self.slots
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What all its transactions may cost at most; never more than the balance (rule M4).
    pub(crate) const fn cost(&self) -> U256 {
        self.cost
    }

    pub(crate) fn tail(&self) -> Option<&Entry> {
        self.entries.last_key_value().map(|(_, entry)| &**entry)
    }

    /// The queued transactions, highest nonce first.
    pub(crate) fn queued(&self) -> impl Iterator<Item = &Entry> {
        self.entries.range(self.next..).rev().map(|(_, entry)| &**entry)
    }

    /// M9: what the transaction at this nonce brings with all before it that no batch holds: none of them is placed
    /// later than it. A sender's share bounds how many there are.
    pub(crate) fn floor(&self, nonce: u64) -> Option<Price> {
        let up_to_it = self.entries.range(self.start.min(nonce)..=nonce);
        up_to_it.map(|(_, entry)| entry.candidate.price).reduce(Price::lower)
    }

    /// What would be offered from this nonce on: as many as follow each other and fit into so much gas.
    pub(crate) fn from(&self, nonce: u64, gas: u64) -> ChainFrom<'_> {
        ChainFrom { entries: self.entries.range(nonce..), next: nonce, gas_left: gas }
    }

    pub(crate) fn standing(&self) -> Standing {
        let evictable = self.tail().filter(|tail| tail.nonce() >= self.start);
        let tail = evictable.and_then(|tail| {
            let key = Key { price: self.floor(tail.nonce())?, sequence: tail.sequence };
            Some((Class::of(tail.origin, tail.nonce() < self.next), key))
        });
        let queued = self.entries.len() - self.pending;
        Standing {
            tail,
            head: self.entries.get(&self.start).map(|head| (head.key(), head.gas())),
            expires: (queued > 0).then(|| self.active.plus(QUEUED_HEIGHTS_MAX)),
            pending: self.pending,
            queued,
            slots: self.slots,
            bytes: self.bytes,
        }
    }

    /// When its sender gave the last sign of life.
    pub(crate) const fn active(&self) -> Height {
        self.active
    }

    /// The sender gave a sign of life.
    pub(crate) const fn touch(&mut self, height: Height) {
        self.active = height;
    }

    /// Puts a transaction at its nonce and returns the one that stood there.
    pub(crate) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        let nonce = entry.nonce();
        let (slots, bytes, cost) = (entry.candidate.slots, entry.candidate.bytes, entry.candidate.cost);
        let replaced = self.entries.insert(nonce, Box::new(entry)).map(|old| *old);
        if let Some(old) = &replaced {
            self.subtract(old);
        }
        self.slots += slots;
        self.bytes += bytes;
        // No overflow: rule M4 let it in because the sum is no more than the balance.
        self.cost += cost;
        match &replaced {
            Some(_) => {}
            None if nonce < self.next => self.pending += 1,
            None => self.extend(),
        }
        replaced
    }

    /// Takes the transaction at this nonce out; those above it are queued then.
    pub(crate) fn remove(&mut self, nonce: u64) -> Option<Entry> {
        let entry = *self.entries.remove(&nonce)?;
        self.subtract(&entry);
        if nonce < self.start {
            self.pending -= 1;
        } else if nonce < self.next {
            self.pending -= 1 + self.entries.range(nonce..self.next).count();
            self.next = nonce;
        }
        Some(entry)
    }

    /// Notarized batches now use the nonces below `hidden_until`. Returns what became executable by it.
    pub(crate) fn settle(&mut self, hidden_until: u64) -> Vec<B256> {
        let before = self.next;
        self.start = hidden_until.max(self.account.nonce);
        self.next = self.start;
        self.pending = self.entries.range(..self.start).count();
        self.extend();
        let gained = before..self.next.max(before);
        self.entries.range(gained).filter(|(nonce, _)| **nonce >= self.start).map(|(_, entry)| entry.hash()).collect()
    }

    /// Takes over the account as a final batch left it, and returns what has no place any more, with the reason.
    /// What lies below the nonce is called overtaken; whether it is itself final only the batch can tell.
    pub(crate) fn rebase(&mut self, account: AccountState, height: Height) -> Vec<(Entry, DropReason)> {
        if self.account.nonce != account.nonce {
            self.touch(height);
        }
        self.account = account;
        let kept = self.entries.split_off(&account.nonce);
        let used = std::mem::replace(&mut self.entries, kept);
        let mut gone: Vec<(Entry, DropReason)> = Vec::with_capacity(used.len());
        for entry in used.into_values() {
            self.subtract(&entry);
            gone.push((*entry, DropReason::Overtaken));
        }
        let contract = account.code == AccountCode::Contract;
        let reason = if contract { DropReason::SenderNotEoa } else { DropReason::Unaffordable };
        while contract || self.cost > account.balance {
            let Some((_, entry)) = self.entries.pop_last() else { break };
            self.subtract(&entry);
            gone.push((*entry, reason));
        }
        gone
    }

    fn extend(&mut self) {
        for nonce in self.entries.range(self.next..).map(|(nonce, _)| *nonce) {
            if nonce != self.next {
                break;
            }
            self.next += 1;
            self.pending += 1;
        }
    }

    fn subtract(&mut self, entry: &Entry) {
        self.slots -= entry.candidate.slots;
        self.bytes -= entry.candidate.bytes;
        self.cost -= entry.candidate.cost;
    }
}

/// A sender's transactions from a nonce on, as long as none is missing and a batch has the gas that they may use.
#[derive(Clone, Debug)]
pub struct ChainFrom<'a> {
    entries: std::collections::btree_map::Range<'a, u64, Box<Entry>>,
    next: u64,
    gas_left: u64,
}

impl Iterator for ChainFrom<'_> {
    type Item = Arc<Transaction>;

    fn next(&mut self) -> Option<Self::Item> {
        let (nonce, entry) = self.entries.next()?;
        if *nonce != self.next {
            return None;
        }
        self.next += 1;
        self.gas_left = self.gas_left.checked_sub(entry.gas())?;
        Some(Arc::clone(&entry.candidate.transaction))
    }
}
