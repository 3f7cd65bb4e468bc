//! Who comes in, and who has to leave for it (rules M2 to M10).

use std::cmp::Reverse;

use alloy_primitives::{B256, U256};
use rota_proto::Height;

use crate::{
    AccountCode, AccountState, Candidate, CandidateForm, Changes, DropReason, JournalRecord, Mempool, Origin, Refused,
    Status,
    chain::{Chain, Class, Entry},
    limits::{NONCE_GAP_MAX, REPLACEMENT_BUMP_PERCENT},
    pool::Placed,
};

/// What became of a transaction that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Whether it can be executed now.
    pub status: Status,
    /// How it is held: a local one beyond the local share is held as if it were remote (rule M10).
    pub origin: Origin,
    /// The transaction whose place it took.
    pub replaced: Option<B256>,
    /// What else happened.
    pub changes: Changes,
}

/// What a transaction needs of its sender, found out before anything is changed.
#[derive(Clone, Copy, Debug)]
struct Plan {
    account: AccountState,
    /// How many queued transactions of its sender, highest nonces first, go to make room for it.
    preceded: usize,
}

/// An admission that can still be undone.
#[derive(Debug)]
struct Placement {
    entry: Entry,
    account: AccountState,
    replaced: Option<Entry>,
    gone: Vec<(Placed, DropReason)>,
    /// The first nonce that was missing before, if the sender had something here.
    next_before: Option<u64>,
    active_before: Height,
}

impl Mempool {
    /// Every refusal that does not depend on who signed its authorizations (rule M1): whom the pool refuses anyhow must
    /// not make us recover the signers. The pool may change until [`admit`](Self::admit), which decides.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn precheck(&mut self, form: &CandidateForm, origin: Origin, account: AccountState) -> Result<(), Refused> {
        let plan = self.check_sender(form.candidate(), account)?;
        let placement = self.place(form.candidate().clone(), origin, plan)?;
        self.undo(placement);
        Ok(())
    }

    /// Takes a transaction that has been checked against this pool's [`rules`](Self::rules); `account` is its sender's
    /// after the last final batch (rule M2).
    ///
    /// # Errors
    /// [`Refused`]; then nothing has changed.
    pub fn admit(&mut self, candidate: Candidate, origin: Origin, account: AccountState) -> Result<Added, Refused> {
        let plan = self.check_sender(&candidate, account)?;
        self.check_authorities(&candidate)?;
        let Placement { entry, replaced, gone, next_before, .. } = self.place(candidate, origin, plan)?;
        let (sender, nonce, origin) = (entry.candidate.transaction.sender(), entry.nonce(), entry.origin);
        let mut changes = Changes { promoted: self.promoted(&entry, next_before), ..Changes::default() };
        if let Some(old) = replaced.as_ref().filter(|old| old.origin == Origin::Local) {
            changes.journal.push(JournalRecord::Dropped(old.hash()));
        }
        for (placed, reason) in &gone {
            Self::depart(&placed.entry, *reason, &mut changes);
        }
        if origin == Origin::Local {
            changes.journal.push(JournalRecord::Added(entry.candidate.transaction.encode()));
        }
        let pending = self.chains.get(&sender).is_some_and(|chain| nonce < chain.next());
        let status = if pending { Status::Pending } else { Status::Queued };
        Ok(Added { status, origin, replaced: replaced.map(|old| old.hash()), changes })
    }

    /// Puts a transaction in its place and makes room for it; nothing has changed if there is none.
    fn place(&mut self, candidate: Candidate, origin: Origin, plan: Plan) -> Result<Placement, Refused> {
        let sender = candidate.transaction.sender();
        let origin = self.protection(origin, candidate.slots);
        let entry = Entry { candidate, origin, sequence: self.next_sequence() };
        let before = self.chains.get(&sender).map(|chain| (chain.next(), chain.active()));
        let mut gone: Vec<(Placed, DropReason)> = Vec::new();
        for _ in 0..plan.preceded {
            gone.extend(self.remove_tail(sender).map(|placed| (placed, DropReason::Preceded)));
        }
        let replaced = self.insert(Placed { entry: entry.clone(), account: plan.account, active: self.height });
        let room = self.make_room(&entry, &mut gone);
        let (next_before, active_before) = (before.map(|(next, _)| next), before.map_or(self.height, |(_, at)| at));
        let placement = Placement { entry, account: plan.account, replaced, gone, next_before, active_before };
        match room {
            Ok(()) => Ok(placement),
            Err(refused) => {
                self.undo(placement);
                Err(refused)
            }
        }
    }

    /// The rules that look at the sender's account and chain, in geth's order.
    fn check_sender(&self, candidate: &Candidate, account: AccountState) -> Result<Plan, Refused> {
        let (account, next) = self.check_account(candidate, account)?;
        self.check_delegation(candidate, &account, next)?;
        let chain = self.chains.get(&candidate.transaction.sender());
        let old = chain.and_then(|chain| chain.entry(candidate.transaction.nonce()));
        if let Some(old) = old {
            check_bump(candidate, &old.candidate)?;
        }
        let preceded = self.check_share(candidate, &account, old)?;
        Ok(Plan { account, preceded })
    }

    /// Those that need nothing but the account: who sends, with which nonce, with what funds; the account as it is
    /// known here, and the sender's next nonce.
    fn check_account(&self, candidate: &Candidate, account: AccountState) -> Result<(AccountState, u64), Refused> {
        let transaction = &candidate.transaction;
        let (sender, nonce) = (transaction.sender(), transaction.nonce());
        if self.contains(&transaction.hash()) {
            return Err(Refused::AlreadyKnown); // M3
        }
        let chain = self.chains.get(&sender);
        // M2: what the final batches told the pool goes before what the caller read.
        let account = chain.map_or_else(|| self.recent.newer(&sender, account), |chain| *chain.account());
        if account.code == AccountCode::Contract {
            return Err(Refused::SenderNotEoa { sender });
        }
        if nonce < account.nonce {
            return Err(Refused::NonceTooLow { next: account.nonce, nonce });
        }
        let next = self.pending_nonce(&sender, account.nonce);
        if nonce > next.saturating_add(NONCE_GAP_MAX) {
            return Err(Refused::NonceTooHigh { nonce, next });
        }
        if candidate.cost > account.balance {
            return Err(Refused::InsufficientFunds { balance: account.balance, cost: candidate.cost }); // M4
        }
        Ok((account, next))
    }

    /// M6: an account whose balance others may spend has one transaction waiting.
    fn check_delegation(&self, candidate: &Candidate, account: &AccountState, next: u64) -> Result<(), Refused> {
        let (sender, nonce) = (candidate.transaction.sender(), candidate.transaction.nonce());
        let delegated = account.code == AccountCode::Delegation || self.is_authority(sender, account.nonce);
        if delegated {
            let chain = self.chains.get(&sender);
            let pending = chain.map_or(0, Chain::pending);
            let replaces = chain.is_some_and(|chain| chain.entries().contains_key(&nonce));
            if pending == 0 && nonce != next {
                return Err(Refused::GappedFromDelegated { nonce, next });
            }
            if pending > 0 && !replaces {
                return Err(Refused::InFlightLimit);
            }
        }
        Ok(())
    }

    /// M6: who delegates an account finds at most one transaction of it waiting.
    fn check_authorities(&self, candidate: &Candidate) -> Result<(), Refused> {
        for authorization in &candidate.authorizations {
            let authority = authorization.authority;
            let Some(chain) = self.chains.get(&authority) else { continue };
            let waiting = chain.entries().len();
            if waiting > 1 && authorization.nonce >= chain.account().nonce {
                return Err(Refused::AuthorityReserved { authority, waiting });
            }
        }
        Ok(())
    }

    /// M4, M8: whether balance and share of the sender suffice, and how many of its queued transactions with higher
    /// nonces go for it. A lower nonce comes first: without it those cannot be executed at all.
    fn check_share(
        &self,
        candidate: &Candidate,
        account: &AccountState,
        old: Option<&Entry>,
    ) -> Result<usize, Refused> {
        let balance = account.balance;
        let chain = self.chains.get(&candidate.transaction.sender());
        let old = old.map(|old| &old.candidate);
        let mut queued = chain.map_or(U256::ZERO, Chain::cost) - old.map_or(U256::ZERO, |old| old.cost);
        let mut slots = chain.map_or(0, Chain::slots) - old.map_or(0, |old| old.slots);
        let mut bytes = chain.map_or(0, Chain::bytes) - old.map_or(0, |old| old.bytes);
        let behind = chain.into_iter().flat_map(Chain::queued);
        let mut behind = behind.take_while(|entry| entry.nonce() > candidate.transaction.nonce());
        let mut preceded = 0;
        loop {
            let refused = if candidate.cost > balance - queued {
                Refused::Overdraft { balance, queued, cost: candidate.cost }
            } else if slots + candidate.slots > self.limits.sender_slots {
                Refused::SenderSlots { pooled: slots, limit: self.limits.sender_slots }
            } else if bytes + candidate.bytes > self.limits.sender_bytes {
                Refused::SenderBytes { pooled: bytes, limit: self.limits.sender_bytes }
            } else {
                return Ok(preceded);
            };
            let Some(entry) = behind.next() else { return Err(refused) };
            queued -= entry.candidate.cost;
            slots -= entry.candidate.slots;
            bytes -= entry.candidate.bytes;
            preceded += 1;
        }
    }

    /// M10: beyond the local share, a local transaction is held as if it were remote.
    const fn protection(&self, origin: Origin, slots: usize) -> Origin {
        match origin {
            Origin::Local if self.local_slots() + slots <= self.limits.local_slots => Origin::Local,
            Origin::Local | Origin::Remote => Origin::Remote,
        }
    }

    /// M9: as long as the pool is too full, the worst tail goes, if it ranks below the newcomer.
    fn make_room(&mut self, newcomer: &Entry, gone: &mut Vec<(Placed, DropReason)>) -> Result<(), Refused> {
        let sender = newcomer.candidate.transaction.sender();
        while self.totals().slots > self.limits.slots || self.totals().bytes > self.limits.bytes {
            let chain = self.chains.get(&sender).filter(|chain| newcomer.nonce() >= chain.start());
            // What a notarized batch has overtaken already displaces nobody.
            let Some(chain) = chain else { return Err(Refused::Full) };
            let class = Class::of(newcomer.origin, newcomer.nonce() < chain.next());
            let price = chain.floor(newcomer.nonce()).unwrap_or(newcomer.candidate.price);
            let worth = (price.at(self.base_fee), Reverse(newcomer.sequence));
            let victims = victims(class).iter().find_map(|victims| {
                self.indices.tails(*victims).worst(self.base_fee).map(|(worst, sender)| (*victims, worst, sender))
            });
            let victim = match victims {
                Some((victims, worst, victim)) if victims != class || worst < worth => victim,
                // By price, unless the newcomer was found itself, with no other of its class.
                Some((_, worst, _)) if worst != worth || self.indices.tails(class).len() > 1 => {
                    return Err(Refused::Underpriced { price: worth.0 });
                }
                Some(_) | None if class.is_pending() => return Err(Refused::Full),
                Some(_) | None => return Err(Refused::FutureReplacesPending),
            };
            let evicted = self.remove_tail(victim);
            assert!(evicted.is_some(), "an indexed tail is in its chain");
            gone.extend(evicted.map(|placed| (placed, DropReason::Evicted)));
        }
        Ok(())
    }

    /// Undoes an admission: what went comes back, the last first.
    fn undo(&mut self, placement: Placement) {
        let Placement { entry, account, replaced, gone, active_before: active, .. } = placement;
        let sender = entry.candidate.transaction.sender();
        self.remove(sender, entry.nonce());
        let replaced = replaced.map(|entry| Placed { entry, account, active });
        for placed in replaced.into_iter().chain(gone.into_iter().rev().map(|(placed, _)| placed)) {
            self.insert(placed);
        }
        self.change(sender, |chain| chain.touch(active));
    }

    /// The queued transactions that the newcomer made executable and that are still here.
    fn promoted(&self, newcomer: &Entry, next_before: Option<u64>) -> Vec<B256> {
        let Some(chain) = self.chains.get(&newcomer.candidate.transaction.sender()) else { return Vec::new() };
        if next_before.is_none_or(|next| next != newcomer.nonce()) {
            return Vec::new();
        }
        let behind = newcomer.nonce().saturating_add(1)..chain.next().max(newcomer.nonce().saturating_add(1));
        chain.entries().range(behind).map(|(_, entry)| entry.hash()).collect()
    }
}

/// M9: whom a newcomer may displace, in this order; those of its own class only if they pay less. Queued ones go
/// before pending ones, and remote ones never displace local ones.
const fn victims(newcomer: Class) -> &'static [Class] {
    match newcomer {
        Class::RemoteQueued => &[Class::RemoteQueued],
        Class::LocalQueued => &[Class::RemoteQueued, Class::LocalQueued],
        Class::RemotePending => &[Class::RemoteQueued, Class::RemotePending],
        Class::LocalPending => &[Class::RemoteQueued, Class::LocalQueued, Class::RemotePending, Class::LocalPending],
    }
}

/// M5: a replacement raises fee cap and tip by at least a tenth each, and by 1 wei.
fn check_bump(candidate: &Candidate, old: &Candidate) -> Result<(), Refused> {
    let bumped = |wei: u128| wei.saturating_add((wei.div_ceil(100 / REPLACEMENT_BUMP_PERCENT)).max(1));
    let (fee, tip) = (candidate.price.fee, candidate.price.tip);
    let (fee_needed, tip_needed) = (bumped(old.price.fee), bumped(old.price.tip));
    if fee < fee_needed || tip < tip_needed {
        return Err(Refused::ReplacementUnderpriced { fee, tip, fee_needed, tip_needed });
    }
    Ok(())
}
