//! The pool: what it holds, and the two moves, in and out, that keep all of it in step.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::{Address, B256};
use rota_proto::{Height, Transaction};

use crate::{
    AccountState, ChainRules, JournalRecord, MempoolLimits, Origin, Totals,
    candidate::Authorization,
    chain::{Chain, Entry},
    hidden::Hidden,
    index::Indices,
    recent::RecentAccounts,
};

/// The transactions that wait. Every answer is determined by the calls before it.
#[derive(Debug)]
pub struct Mempool {
    pub(crate) limits: MempoolLimits,
    pub(crate) rules: ChainRules,
    pub(crate) base_fee: u64,
    pub(crate) height: Height,
    pub(crate) chains: BTreeMap<Address, Chain>,
    pub(crate) hidden: Hidden,
    pub(crate) indices: Indices,
    pub(crate) recent: RecentAccounts,
    pub(crate) places: BTreeMap<B256, (Address, u64)>,
    /// Local transactions by the number of their admission.
    pub(crate) locals: BTreeMap<u64, B256>,
    pub(crate) local_slots: usize,
    pub(crate) authorizations: BTreeSet<(Authorization, B256)>,
    sequence: u64,
}

/// Whether a transaction can be executed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// No nonce below its own is missing.
    Pending,
    /// It waits for a lower nonce.
    Queued,
}

/// A transaction in the pool.
#[derive(Clone, Copy, Debug)]
pub struct Pooled<'a> {
    /// The transaction.
    pub transaction: &'a Arc<Transaction>,
    /// Whether it can be executed now.
    pub status: Status,
    /// Where it came from.
    pub origin: Origin,
}

/// A transaction with what its chain must know to hold it, also again after the chain was emptied.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) entry: Entry,
    pub(crate) account: AccountState,
    pub(crate) active: Height,
}

/// What happened to the pool beside what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Queued transactions that became pending; peers are to hear of them now.
    pub promoted: Vec<B256>,
    /// Transactions that left without being final.
    pub dropped: Vec<Dropped>,
    /// What to append to the journal, in this order.
    pub journal: Vec<JournalRecord>,
}

/// A transaction that left the pool without being final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// Its hash.
    pub hash: B256,
    /// Why.
    pub reason: DropReason,
}

/// Why a transaction left the pool without being final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// M9: the pool was full, and another paid more.
    Evicted,
    /// M8: its sender's share of slots, bytes or balance went to a lower nonce.
    Preceded,
    /// M13: another transaction, or an authorization, used its nonce.
    Overtaken,
    /// M13: its sender's balance no longer covers it.
    Unaffordable,
    /// M13: its sender became a contract.
    SenderNotEoa,
    /// M14: the missing nonce never came.
    Expired,
    /// M18: a builder found that it cannot be executed where the pool offered it.
    NotExecutable,
}

impl DropReason {
    /// Its name, for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Preceded => "preceded",
            Self::Overtaken => "overtaken",
            Self::Unaffordable => "unaffordable",
            Self::SenderNotEoa => "sender_not_eoa",
            Self::Expired => "expired",
            Self::NotExecutable => "not_executable",
        }
    }
}

impl Mempool {
    /// An empty pool.
    #[must_use]
    pub fn new(limits: MempoolLimits, rules: ChainRules) -> Self {
        Self {
            limits,
            base_fee: rules.base_fee_min,
            rules,
            height: Height::default(),
            chains: BTreeMap::new(),
            hidden: Hidden::default(),
            indices: Indices::default(),
            recent: RecentAccounts::default(),
            places: BTreeMap::new(),
            locals: BTreeMap::new(),
            local_slots: 0,
            authorizations: BTreeSet::new(),
            sequence: 0,
        }
    }

    /// What every transaction is checked against.
    #[must_use]
    pub const fn rules(&self) -> &ChainRules {
        &self.rules
    }

    /// How many transactions wait, and how large they are.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        self.indices.totals()
    }

    /// How many local transactions wait: the live records of the journal.
    #[must_use]
    pub fn locals(&self) -> usize {
        self.locals.len()
    }

    /// How much each index holds, by name: each has a bound.
    #[must_use]
    pub fn sizes(&self) -> [(&'static str, usize); 10] {
        let totals = self.totals();
        [
            ("pool", totals.pending + totals.queued),
            ("pool bytes", totals.bytes),
            ("senders", self.chains.len()),
            ("places", self.places.len()),
            ("locals", self.locals.len()),
            ("indexed", self.indices.len()),
            ("authorizations", self.authorizations.len()),
            ("recent", self.recent.len()),
            ("hidden", self.hidden.len()),
            ("hidden senders", self.hidden.senders()),
        ]
    }

    /// Whether the pool holds a transaction.
    #[must_use]
    pub fn contains(&self, hash: &B256) -> bool {
        self.places.contains_key(hash)
    }

    /// The transaction with this hash.
    #[must_use]
    pub fn get(&self, hash: &B256) -> Option<Pooled<'_>> {
        let (sender, nonce) = self.places.get(hash)?;
        let chain = self.chains.get(sender)?;
        chain.entries().get(nonce).map(|entry| pooled(chain, entry))
    }

    /// The account of a sender that has transactions here, as the last final batch left it: who has it need not read
    /// it from the state again.
    #[must_use]
    pub fn account(&self, sender: &Address) -> Option<&AccountState> {
        self.chains.get(sender).map(Chain::account)
    }

    /// The nonce that the sender's next transaction is to have, after all that are notarized and all pending ones
    /// (`eth_getTransactionCount` of `pending`), given the nonce after the last final batch.
    #[must_use]
    pub fn pending_nonce(&self, sender: &Address, final_nonce: u64) -> u64 {
        match self.chains.get(sender) {
            Some(chain) => chain.next().max(final_nonce),
            None => self.hidden.until(sender).max(final_nonce),
        }
    }

    /// All transactions of a sender, lowest nonce first.
    pub fn of_sender(&self, sender: &Address) -> impl Iterator<Item = Pooled<'_>> {
        self.chains.get(sender).into_iter().flat_map(of_chain)
    }

    /// All transactions by sender and nonce (`txpool_content`).
    pub fn iter(&self) -> impl Iterator<Item = Pooled<'_>> {
        self.chains.values().flat_map(of_chain)
    }

    /// The records of a fresh journal: the local transactions in the order they came.
    pub fn journal(&self) -> impl Iterator<Item = JournalRecord> + '_ {
        let entries = self.locals.values().filter_map(|hash| self.get(hash));
        entries.map(|pooled| JournalRecord::Added(pooled.transaction.encode()))
    }

    /// The local transactions in the order they came.
    pub(crate) fn local_transactions(&self) -> impl Iterator<Item = Pooled<'_>> {
        self.locals.values().filter_map(|hash| self.get(hash))
    }

    pub(crate) const fn local_slots(&self) -> usize {
        self.local_slots
    }

    /// The next number of an admission.
    pub(crate) const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Whether a waiting transaction may delegate this account, whose nonce is `nonce`. One with a used nonce cannot,
    /// and must not bind anyone: old authorizations lie about in public.
    pub(crate) fn is_authority(&self, account: Address, nonce: u64) -> bool {
        let from = (Authorization { authority: account, nonce }, B256::ZERO);
        self.authorizations.range(from..).next().is_some_and(|(found, _)| found.authority == account)
    }

    /// Puts a transaction into its sender's chain and into every index, and returns the one whose nonce it has.
    pub(crate) fn insert(&mut self, place: Placed) -> Option<Entry> {
        let Placed { entry, account, active } = place;
        let sender = entry.candidate.transaction.sender();
        self.remember(&entry);
        if !self.chains.contains_key(&sender) {
            self.chains.insert(sender, Chain::new(account, self.hidden.until(&sender)));
        }
        let replaced = self.change(sender, |chain| {
            chain.touch(active);
            chain.insert(entry)
        });
        let replaced = replaced.flatten();
        if let Some(old) = &replaced {
            self.forget(old);
        }
        replaced
    }

    /// Takes a transaction out of its sender's chain and out of every index.
    pub(crate) fn remove(&mut self, sender: Address, nonce: u64) -> Option<Placed> {
        let (entry, account, active) =
            self.change(sender, |chain| (chain.remove(nonce), *chain.account(), chain.active()))?;
        let placed = Placed { entry: entry?, account, active };
        self.forget(&placed.entry);
        Some(placed)
    }

    /// Takes the transaction with the sender's highest nonce out.
    pub(crate) fn remove_tail(&mut self, sender: Address) -> Option<Placed> {
        let nonce = self.chains.get(&sender).and_then(Chain::tail).map(Entry::nonce)?;
        self.remove(sender, nonce)
    }

    /// Changes a chain and moves the indices along; an empty chain goes.
    pub(crate) fn change<R>(&mut self, sender: Address, act: impl FnOnce(&mut Chain) -> R) -> Option<R> {
        let chain = self.chains.get_mut(&sender)?;
        let old = chain.standing();
        let result = act(chain);
        let new = chain.standing();
        let empty = chain.entries().is_empty();
        self.indices.update(sender, &old, &new);
        if empty {
            self.chains.remove(&sender);
        }
        Some(result)
    }

    /// Writes a departure into the changes: every transaction that leaves is reported (rule M16).
    pub(crate) fn depart(entry: &Entry, reason: DropReason, changes: &mut Changes) {
        let hash = entry.hash();
        changes.dropped.push(Dropped { hash, reason });
        if entry.origin == Origin::Local {
            changes.journal.push(JournalRecord::Dropped(hash));
        }
    }

    fn remember(&mut self, entry: &Entry) {
        let hash = entry.hash();
        self.places.insert(hash, (entry.candidate.transaction.sender(), entry.nonce()));
        self.authorizations.extend(entry.candidate.authorizations.iter().map(|authorization| (*authorization, hash)));
        if entry.origin == Origin::Local {
            self.locals.insert(entry.sequence, hash);
            self.local_slots += entry.candidate.slots;
        }
    }

    /// Takes an entry that left its chain out of the other indices.
    pub(crate) fn forget(&mut self, entry: &Entry) {
        let hash = entry.hash();
        self.places.remove(&hash);
        for authorization in &entry.candidate.authorizations {
            self.authorizations.remove(&(*authorization, hash));
        }
        if entry.origin == Origin::Local {
            self.locals.remove(&entry.sequence);
            self.local_slots -= entry.candidate.slots;
        }
    }
}

fn pooled<'a>(chain: &Chain, entry: &'a Entry) -> Pooled<'a> {
    let status = if entry.nonce() < chain.next() { Status::Pending } else { Status::Queued };
    Pooled { transaction: &entry.candidate.transaction, status, origin: entry.origin }
}

fn of_chain(chain: &Chain) -> impl Iterator<Item = Pooled<'_>> {
    chain.entries().values().map(move |entry| pooled(chain, entry))
}
