//! Transactions on their way into the pool.

use std::sync::Arc;

use alloy_primitives::{Bytes, keccak256};
use rota_mempool::{CandidateForm, JournalRecord};
use rota_proto::Transaction;
use rota_replica::{Arrival, Event, Source};

use super::{Host, Wake};
use crate::sim::{disk::Write, outside::Outside, wallets};

impl Host {
    /// A client brings a transaction.
    pub fn submit(&mut self, transaction: Arc<Transaction>, out: &mut Outside) {
        let arrival = self.arrival(transaction, Source::User);
        self.take(Event::Transactions(arrival.into_iter().collect()), out);
    }

    /// Transactions of peers: what the pool does not have goes to the replica.
    pub(super) fn take_in(&mut self, list: &[Bytes], source: Source, out: &mut Outside) {
        let pool = self.replica.pool();
        let fresh = |bytes: &Bytes| Some(keccak256(bytes)).filter(|hash| !pool.contains(hash));
        let fresh: Vec<_> = list.iter().filter_map(|bytes| wallets::decode(bytes, &fresh(bytes)?)).collect();
        let arrivals: Vec<Arrival> =
            fresh.into_iter().filter_map(|transaction| self.arrival(transaction, source)).collect();
        if !arrivals.is_empty() {
            self.step(Event::Transactions(arrivals), out);
        }
    }

    /// Transactions that were here before come in as a peer's would.
    pub(super) fn readmit(&mut self, list: &[Arc<Transaction>], out: &mut Outside) {
        let arrivals = list.iter().filter_map(|one| self.arrival(Arc::clone(one), Source::Validator)).collect();
        self.answer_later(Event::Transactions(arrivals), out);
    }

    /// What the last life's users sent, and no batch has yet.
    pub(super) fn submit_journalled(&mut self) {
        let journalled = self.disk.journalled();
        let known: Vec<_> = journalled.iter().filter_map(|bytes| wallets::decode(bytes, &keccak256(bytes))).collect();
        let arrivals: Vec<Arrival> = known.into_iter().filter_map(|one| self.arrival(one, Source::User)).collect();
        if !arrivals.is_empty() {
            self.enter(Event::Transactions(arrivals), None);
        }
    }

    /// A record that cannot be written costs a restart its local transactions, nothing more.
    pub(super) fn journal(&mut self, record: JournalRecord, out: &mut Outside) {
        let result = self.disk.write(Write::Journal(record));
        if matches!(result, Err(crate::sim::disk::DiskError::Crash(_))) {
            self.survives(result, out);
        }
    }

    /// What is done on another thread is answered a little later.
    pub(super) fn answer_later(&self, event: Event, out: &mut Outside) {
        let after = out.up_to(out.settings.execution_us);
        out.wake(self.id, after, Wake::Event(Box::new(event)));
    }

    /// A transaction with its sender's account; none if rule M1 of the mempool refuses it.
    fn arrival(&mut self, transaction: Arc<Transaction>, from: Source) -> Option<Arrival> {
        let form = CandidateForm::check(transaction, self.replica.pool().rules()).ok()?;
        let account = self.executor.account(&form.transaction().sender());
        self.arrivals += 1;
        Some(Arrival { id: self.arrivals, from, form, account })
    }
}
