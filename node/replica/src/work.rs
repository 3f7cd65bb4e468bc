//! Whether there is something to do, and the pool (rules B5, B9, B13).

use std::{collections::VecDeque, sync::Arc};

use alloy_primitives::B256;
use rota_consensus::{Input, Rejected};
use rota_mempool::{Changes, Origin};
use rota_proto::{
    Transaction,
    limits::{TRANSACTIONS_BYTES_MAX, TRANSACTIONS_PER_MESSAGE_MAX},
};

use crate::{Arrival, Effect, Recovered, Replica, Source};

/// Transactions shared before a view is nullified for their sake: enough to prove that there is work.
const SHARED_WORK_MAX: usize = 64;

impl Replica {
    /// Rule B5: tells consensus when work appears or ends.
    pub(crate) fn tell_work(&mut self, refusals: &mut Vec<Rejected>) {
        let work = self.has_work();
        let waits = work || self.consensus.notarized_head().is_some();
        if waits && !self.waits {
            self.waits_since_ms = self.now_ms;
        }
        self.waits = waits;
        if work != self.told_work {
            self.told_work = work;
            self.consensus(Input::Work(work), refusals);
        }
    }

    /// Rule B5: a transaction waits that the next batch can take; or one that only a lower base fee lets in, at most
    /// one batch a `cheap_interval_ms`; or a settled origin closes the epoch; or the heartbeat is due, soon after a
    /// batch with transactions and rarely after an empty one.
    fn has_work(&self) -> bool {
        let idle_ms = self.now_ms.saturating_sub(self.committed_at_ms);
        let waiting = self.pool.has_work(self.config.rules.next_base_fee(self.consensus.head().header()));
        let cheap = waiting.below_base_fee && idle_ms >= self.config.times.cheap_interval_ms;
        let heartbeat_ms =
            if self.committed_empty { self.config.times.heartbeat_ms } else { self.config.times.trailer_ms };
        waiting.payable || cheap || self.origin_closes_epoch() || idle_ms >= heartbeat_ms
    }

    /// Rule B13: what comes behind a transaction of the same sender that is not in yet waits for it.
    pub(crate) fn take_transactions(&mut self, list: Vec<Arrival>) {
        for arrival in list {
            let key = (arrival.from, arrival.form.transaction().sender());
            if let Some(line) = self.lines.get_mut(&key) {
                line.push_back(arrival);
            } else if self.awaits_recovery(arrival) {
                self.lines.insert(key, VecDeque::new());
            }
        }
    }

    /// Rule B13: the transaction comes in, then those behind it, up to the next whose signers are not known.
    pub(crate) fn take_recovered(&mut self, recovered: Recovered) {
        let key = (recovered.from, recovered.candidate.transaction().sender());
        self.admit(recovered);
        let mut line = self.lines.remove(&key).unwrap_or_default();
        while let Some(arrival) = line.pop_front() {
            if self.awaits_recovery(arrival) {
                self.lines.insert(key, line);
                return;
            }
        }
    }

    /// Rule B13: takes or refuses a transaction, or orders the recovery of its signers, and says whether it did that.
    fn awaits_recovery(&mut self, arrival: Arrival) -> bool {
        if !arrival.form.has_authorizations() {
            let recovered = arrival.recover(self.pool.rules());
            self.admit(recovered);
            return false;
        }
        match self.pool.precheck(&arrival.form, arrival.from.origin(), arrival.account) {
            Ok(()) => {
                self.effects.push(Effect::Recover(Box::new(arrival)));
                true
            }
            Err(refused) => {
                self.effects.push(Effect::Submitted { id: arrival.id, result: Err(refused) });
                false
            }
        }
    }

    fn admit(&mut self, recovered: Recovered) {
        let Recovered { id, from, candidate, account } = recovered;
        let transaction = Arc::clone(candidate.transaction());
        let result = self.pool.admit(candidate, from.origin(), account);
        if let Ok(added) = &result {
            self.note_pool_changes(added.changes.clone());
            if from == Source::User {
                self.effects.push(Effect::ShareTransactions(vec![transaction]));
            }
        }
        self.effects.push(Effect::Submitted { id, result });
    }

    /// Rule I4 of consensus.
    pub(crate) fn share_work(&mut self) {
        let base_fee = self.config.rules.next_base_fee(self.consensus.head().header());
        let sample = self.pool.sample(base_fee, SHARED_WORK_MAX, TRANSACTIONS_BYTES_MAX / 2);
        if !sample.is_empty() {
            self.effects.push(Effect::ShareTransactions(sample));
        }
    }

    /// A message of local transactions to tell who was away (rule M17 of the mempool), of those after this number; and
    /// the number to go on after, if there are more. The first are after 0.
    #[must_use]
    pub fn locals_after(&self, after: u64) -> (Vec<Arc<Transaction>>, Option<u64>) {
        let base_fee = self.config.rules.next_base_fee(self.consensus.head().header());
        self.pool.locals_after(after, base_fee, TRANSACTIONS_PER_MESSAGE_MAX, TRANSACTIONS_BYTES_MAX / 2)
    }

    pub(crate) fn note_pool_changes(&mut self, changes: Changes) {
        let promoted: Vec<_> = changes
            .promoted
            .iter()
            .filter_map(|hash| self.pool.get(hash))
            .filter(|pooled| pooled.origin == Origin::Local)
            .map(|pooled| Arc::clone(pooled.transaction))
            .collect();
        if !promoted.is_empty() {
            self.effects.push(Effect::ShareTransactions(promoted));
        }
        if !changes.journal.is_empty() {
            self.effects.push(Effect::Journal(changes.journal));
        }
        if !changes.dropped.is_empty() {
            self.effects.push(Effect::Dropped(changes.dropped));
        }
    }

    /// Rule B9: an abandoned batch gives its transactions back. Those that the pool does not hold come in as a peer's
    /// would, once the host has looked up their senders.
    pub(crate) fn give_back(&mut self, batch: B256) {
        let homeless = self.pool.release(batch);
        if !homeless.is_empty() {
            self.effects.push(Effect::Readmit(homeless));
        }
    }

    /// Transactions that could not run where the pool thought they could.
    pub(crate) fn pool_drop(&mut self, refused: &[B256]) {
        for hash in refused {
            let changes = self.pool.discard(hash);
            self.note_pool_changes(changes);
        }
    }
}
