//! The pool again, as slowly and plainly as the rules read: one list, every answer searched for from scratch.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::{Address, B256, U256, keccak256};
use rota_proto::Transaction;

use crate::{
    AccountState, CandidateForm, DropReason, MempoolLimits, Origin, Status, Totals,
    limits::{NONCE_GAP_MAX, QUEUED_HEIGHTS_MAX},
};

use super::{waiting::Waiting, wallet::RULES};

/// The naive pool. The accounts are the true ones after the last final batch.
#[derive(Clone, Debug)]
pub(super) struct Naive {
    pub(super) limits: MempoolLimits,
    pub(super) base_fee: u64,
    pub(super) height: u64,
    pub(super) accounts: BTreeMap<Address, AccountState>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) hidden: BTreeMap<B256, Vec<Arc<Transaction>>>,
    active: BTreeMap<Address, u64>,
    sequence: u64,
}

/// What a call to the naive pool did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) status: Option<Status>,
    pub(super) origin: Option<Origin>,
    pub(super) replaced: Option<B256>,
    pub(super) promoted: BTreeSet<B256>,
    pub(super) dropped: BTreeSet<(B256, DropReason)>,
}

impl Naive {
    pub(super) fn new(limits: MempoolLimits, accounts: BTreeMap<Address, AccountState>) -> Self {
        let (base_fee, height, sequence) = (RULES.base_fee_min, 0, 0);
        let (waiting, hidden, active) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { limits, base_fee, height, accounts, waiting, hidden, active, sequence }
    }

    pub(super) fn account(&self, sender: Address) -> AccountState {
        self.accounts.get(&sender).copied().unwrap_or_default()
    }

    /// The first nonce that neither a final batch nor one of these hidden ones used.
    fn start_on(&self, sender: Address, counts: impl Fn(&B256) -> bool) -> u64 {
        let batches = self.hidden.iter().filter(|(batch, _)| counts(batch)).flat_map(|(_, transactions)| transactions);
        let used = batches.filter(|transaction| transaction.sender() == sender);
        used.map(|transaction| transaction.nonce() + 1).max().unwrap_or(0).max(self.account(sender).nonce)
    }

    fn start(&self, sender: Address) -> u64 {
        self.start_on(sender, |_| true)
    }

    pub(super) fn next(&self, sender: Address) -> u64 {
        (self.start(sender)..).find(|nonce| self.at(sender, *nonce).is_none()).unwrap()
    }

    fn at(&self, sender: Address, nonce: u64) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| waiting.sender() == sender && waiting.nonce() == nonce)
    }

    fn of(&self, sender: Address) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().filter(move |waiting| waiting.sender() == sender)
    }

    pub(super) fn status(&self, waiting: &Waiting) -> Status {
        if waiting.nonce() < self.next(waiting.sender()) { Status::Pending } else { Status::Queued }
    }

    pub(super) fn totals(&self) -> Totals {
        let pending = self.waiting.iter().filter(|waiting| self.status(waiting) == Status::Pending).count();
        Totals {
            pending,
            queued: self.waiting.len() - pending,
            slots: self.waiting.iter().map(Waiting::slots).sum(),
            bytes: self.waiting.iter().map(Waiting::bytes).sum(),
        }
    }

    fn remove(&mut self, hash: B256) {
        self.waiting.retain(|waiting| waiting.transaction.hash() != hash);
    }

    /// Rules M2 to M10. The refusal is the part of the text that stands before the numbers.
    pub(super) fn add(
        &mut self,
        transaction: &Arc<Transaction>,
        origin: Origin,
        binds: Vec<(Address, u64)>,
    ) -> Result<Effect, String> {
        if self.waiting.iter().any(|waiting| waiting.transaction.hash() == transaction.hash()) {
            return Err("already known".into());
        }
        // Rule M1 has a table of its own.
        CandidateForm::check(Arc::clone(transaction), &RULES).map_err(|refused| head(&refused.to_string()))?;
        let mut after = self.clone();
        after.sequence += 1;
        let mut new = Waiting { transaction: Arc::clone(transaction), origin, sequence: after.sequence, binds };
        let local_slots: usize =
            self.waiting.iter().filter(|waiting| waiting.origin == Origin::Local).map(Waiting::slots).sum();
        if local_slots + new.slots() > self.limits.local_slots {
            new.origin = Origin::Remote;
        }
        self.check(&new)?;
        let mut effect = Effect { origin: Some(new.origin), ..Effect::default() };
        after.make_share(&new, &mut effect)?;
        if let Some(old) = after.at(new.sender(), new.nonce()) {
            effect.replaced = Some(old.transaction.hash());
        }
        effect.replaced.iter().for_each(|old| after.remove(*old));
        after.waiting.push(new.clone());
        after.active.insert(new.sender(), self.height);
        after.make_room(&new, &mut effect)?;
        // M6, M1: signers of authorizations are asked for last.
        self.check_authorities(&new)?;
        effect.status = Some(after.status(&new));
        effect.promoted = after.promoted_since(self);
        effect.promoted.remove(&new.transaction.hash());
        *self = after;
        Ok(effect)
    }

    fn check(&self, new: &Waiting) -> Result<(), String> {
        let account = self.account(new.sender());
        let next = self.next(new.sender());
        if new.nonce() < account.nonce {
            return Err("nonce too low".into());
        }
        if new.nonce() > next + NONCE_GAP_MAX {
            return Err("nonce too high".into());
        }
        if new.cost() > account.balance {
            return Err("insufficient funds for gas * price + value".into());
        }
        let old = self.at(new.sender(), new.nonce());
        let bound = |waiting: &Waiting| {
            waiting.binds.iter().any(|(authority, nonce)| *authority == new.sender() && *nonce >= account.nonce)
        };
        if self.waiting.iter().any(bound) {
            let pending = self.of(new.sender()).filter(|waiting| self.status(waiting) == Status::Pending).count();
            if pending == 0 && new.nonce() != next {
                return Err("gapped-nonce tx from delegated accounts".into());
            }
            if pending > 0 && old.is_none() {
                return Err("in-flight transaction limit reached for delegated accounts".into());
            }
        }
        let raised = |new: u128, old: u128| new > old && new * 100 >= old * 110;
        if old.is_some_and(|old| !raised(new.fee(), old.fee()) || !raised(new.tip(), old.tip())) {
            return Err("replacement transaction underpriced".into());
        }
        Ok(())
    }

    fn check_authorities(&self, new: &Waiting) -> Result<(), String> {
        for (authority, nonce) in &new.binds {
            if self.of(*authority).count() > 1 && *nonce >= self.account(*authority).nonce {
                return Err("authority already reserved".into());
            }
        }
        Ok(())
    }

    /// Rules M4 and M8, before the newcomer is in.
    fn make_share(&mut self, new: &Waiting, effect: &mut Effect) -> Result<(), String> {
        loop {
            let others = || self.of(new.sender()).filter(|waiting| waiting.nonce() != new.nonce());
            let cost = others().fold(new.cost(), |sum, waiting| sum + waiting.cost());
            let slots = others().fold(new.slots(), |sum, waiting| sum + waiting.slots());
            let bytes = others().fold(new.bytes(), |sum, waiting| sum + waiting.bytes());
            let refusal = if cost > self.account(new.sender()).balance {
                "insufficient funds for gas * price + value"
            } else if slots > self.limits.sender_slots || bytes > self.limits.sender_bytes {
                "account limit exceeded"
            } else {
                return Ok(());
            };
            let behind = others().filter(|waiting| waiting.nonce() > new.nonce());
            let behind = behind.filter(|waiting| self.status(waiting) == Status::Queued);
            let Some(last) = behind.max_by_key(|waiting| waiting.nonce()) else { return Err(refusal.into()) };
            let hash = last.transaction.hash();
            effect.dropped.insert((hash, DropReason::Preceded));
            self.remove(hash);
        }
    }

    /// Rule M9, after the newcomer is in.
    fn make_room(&mut self, new: &Waiting, effect: &mut Effect) -> Result<(), String> {
        while self.totals().slots > self.limits.slots || self.totals().bytes > self.limits.bytes {
            if new.nonce() < self.start(new.sender()) {
                return Err("txpool is full".into());
            }
            let status = self.status(new);
            let tails = self.waiting.iter().filter(|waiting| {
                self.of(waiting.sender()).all(|other| other.nonce() <= waiting.nonce())
                    && waiting.nonce() >= self.start(waiting.sender())
            });
            let displaceable = |waiting: &&Waiting| {
                (waiting.origin == Origin::Remote || new.origin == Origin::Local)
                    && (self.status(waiting) == Status::Queued || status == Status::Pending)
            };
            let rank = |waiting: &Waiting| {
                let queued_first = Reverse(self.status(waiting));
                (queued_first, waiting.origin, self.floor(waiting), Reverse(waiting.sequence))
            };
            let tails: Vec<&Waiting> = tails.filter(displaceable).collect();
            if !tails.iter().any(|waiting| waiting.sequence != new.sequence) {
                let pending = status == Status::Pending;
                let text = if pending { "txpool is full" } else { "future transaction tries to replace pending" };
                return Err(text.into());
            }
            let worst = tails.into_iter().min_by_key(|waiting| rank(waiting)).unwrap();
            if rank(worst) >= rank(new) {
                return Err("transaction underpriced".into());
            }
            let hash = worst.transaction.hash();
            effect.dropped.insert((hash, DropReason::Evicted));
            self.remove(hash);
        }
        Ok(())
    }

    /// Rule M9: the lowest price of a transaction and those of its sender before it that no batch holds.
    fn floor(&self, last: &Waiting) -> Option<u128> {
        let start = self.start(last.sender());
        let up_to_it = self.of(last.sender()).filter(|one| (start..=last.nonce()).contains(&one.nonce()));
        up_to_it.map(|one| one.price(self.base_fee)).min()
    }

    /// Those that waited for a lower nonce before and do so no more, unless a hidden batch used their nonce.
    fn promoted_since(&self, before: &Self) -> BTreeSet<B256> {
        let queued = before.waiting.iter().filter(|waiting| before.status(waiting) == Status::Queued);
        let queued: BTreeSet<B256> = queued.map(|waiting| waiting.transaction.hash()).collect();
        let now = self.waiting.iter().filter(|waiting| self.status(waiting) == Status::Pending);
        let now = now.filter(|waiting| waiting.nonce() >= self.start(waiting.sender()));
        now.map(|waiting| waiting.transaction.hash()).filter(|hash| queued.contains(hash)).collect()
    }

    pub(super) fn hide(&mut self, batch: B256, transactions: &[Arc<Transaction>]) -> Effect {
        let before = self.clone();
        self.hidden.insert(batch, transactions.to_vec());
        Effect { promoted: self.promoted_since(&before), ..Effect::default() }
    }

    /// Returns what of the batch is not in the pool.
    pub(super) fn release(&mut self, batch: B256) -> Vec<B256> {
        let transactions = self.hidden.remove(&batch).unwrap_or_default();
        let held: BTreeSet<B256> = self.waiting.iter().map(|waiting| waiting.transaction.hash()).collect();
        transactions.iter().map(|transaction| transaction.hash()).filter(|hash| !held.contains(hash)).collect()
    }

    /// Rule M18.
    pub(super) fn discard(&mut self, hash: B256) -> Effect {
        let mut effect = Effect::default();
        let found = self.waiting.iter().find(|waiting| waiting.transaction.hash() == hash);
        if found.is_some_and(|waiting| waiting.nonce() >= self.start(waiting.sender())) {
            self.remove(hash);
            effect.dropped.insert((hash, DropReason::NotExecutable));
        }
        effect
    }

    /// Rules M13 and M14; the new accounts are in the list.
    pub(super) fn finalized(
        &mut self,
        batch: B256,
        height: u64,
        transactions: &[Arc<Transaction>],
        accounts: &[(Address, AccountState)],
    ) -> Effect {
        let before = self.clone();
        let mut effect = Effect::default();
        let included: BTreeSet<B256> = transactions.iter().map(|transaction| transaction.hash()).collect();
        self.height = height;
        self.hidden.remove(&batch);
        for (sender, account) in accounts {
            if self.account(*sender).nonce != account.nonce {
                self.active.insert(*sender, height);
            }
            self.accounts.insert(*sender, *account);
            let used: Vec<B256> = self
                .of(*sender)
                .filter(|waiting| waiting.nonce() < account.nonce)
                .map(|waiting| waiting.transaction.hash())
                .collect();
            for hash in used {
                self.remove(hash);
                if !included.contains(&hash) {
                    effect.dropped.insert((hash, DropReason::Overtaken));
                }
            }
            while self.of(*sender).fold(U256::ZERO, |sum, waiting| sum + waiting.cost()) > account.balance {
                let last = self.of(*sender).max_by_key(|waiting| waiting.nonce()).unwrap().transaction.hash();
                effect.dropped.insert((last, DropReason::Unaffordable));
                self.remove(last);
            }
        }
        let expired = |waiting: &&Waiting| {
            let active = self.active.get(&waiting.sender()).copied().unwrap_or(0);
            self.status(waiting) == Status::Queued && active + QUEUED_HEIGHTS_MAX <= height
        };
        let expired: Vec<B256> =
            self.waiting.iter().filter(expired).map(|waiting| waiting.transaction.hash()).collect();
        for hash in expired {
            effect.dropped.insert((hash, DropReason::Expired));
            self.remove(hash);
        }
        effect.promoted = self.promoted_since(&before);
        effect
    }

    /// Rule O1 by the letter, over the senders that rule M11 lets take part.
    pub(super) fn in_order(&self, base_fee: u64, parent: B256, branch: &[B256]) -> Vec<B256> {
        let mut nexts: BTreeMap<Address, u64> = BTreeMap::new();
        for waiting in &self.waiting {
            nexts.insert(waiting.sender(), self.start_on(waiting.sender(), |batch| branch.contains(batch)));
        }
        let paying = |sender: Address, nonce: u64| {
            self.at(sender, nonce).filter(|waiting| waiting.fee() >= u128::from(base_fee))
        };
        let mut heads: Vec<&Waiting> = nexts.iter().filter_map(|(sender, nonce)| paying(*sender, *nonce)).collect();
        heads.sort_by_key(|waiting| (Reverse(waiting.price(base_fee)), waiting.sequence));
        heads.truncate(self.limits.offered_senders);
        let taking_part: BTreeSet<Address> = heads.iter().map(|waiting| waiting.sender()).collect();
        nexts.retain(|sender, _| taking_part.contains(sender));
        let mut order = Vec::new();
        loop {
            let tie = |waiting: &Waiting| keccak256([parent.0, waiting.transaction.hash().0].concat());
            let candidates = nexts.iter().filter_map(|(sender, nonce)| paying(*sender, *nonce));
            let best = candidates
                .max_by_key(|waiting| (waiting.tip().min(waiting.fee() - u128::from(base_fee)), Reverse(tie(waiting))));
            let Some(best) = best else { return order };
            order.push(best.transaction.hash());
            nexts.insert(best.sender(), best.nonce() + 1);
        }
    }

    /// Rule M12: whether one pays, whether one waits.
    pub(super) fn has_work(&self, base_fee: u64) -> (bool, bool) {
        let heads = || self.waiting.iter().filter(|waiting| waiting.nonce() == self.start(waiting.sender()));
        let pays = |waiting: &Waiting| waiting.fee() >= u128::from(base_fee);
        (heads().any(pays), heads().any(|waiting| !pays(waiting)))
    }
}

/// The part of a refusal before its numbers.
pub(super) fn head(text: &str) -> String {
    text.split(": ").next().unwrap_or_default().to_owned()
}
