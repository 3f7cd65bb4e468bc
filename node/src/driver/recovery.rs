//! Recovering signatures of transactions: off the driver's task, and no more than a share of the machine.

use std::{collections::BTreeSet, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use libp2p::PeerId;
use rota_mempool::{AccountState, CandidateForm, ChainRules, Mempool};
use rota_proto::{Transaction, UnrecoveredTransaction};
use rota_replica::{Arrival, Event, Source};
use tokio::sync::{Semaphore, mpsc};

use super::{
    Metrics, Parts,
    shares::{Shares, TransactionPlace},
};
use crate::{
    executor::account_state,
    network::{Misbehaviour, NetworkHandle, Verdict, Way},
    store::Store,
};

/// Strangers' messages recovered at a time: however many they send, the rest of the machine is not theirs.
const STRANGERS_AT_ONCE: usize = 1;

/// Where signatures are recovered before the pool sees them: senders' of what peers send, and those of authorizations.
pub(super) struct Recovery {
    rules: ChainRules,
    store: Arc<dyn Store>,
    events: mpsc::Sender<Event>,
    found: mpsc::Sender<Found>,
    network: NetworkHandle,
    metrics: Metrics,
    users: Arc<Semaphore>,
    validators: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    shares: Shares,
}

/// A message of transactions.
pub(super) struct Received {
    pub(super) from: PeerId,
    pub(super) source: Source,
    pub(super) list: Vec<Bytes>,
    pub(super) way: Way,
}

/// Transactions whose senders are known.
pub(super) struct Found {
    pub(super) from: Source,
    /// Whether their message travels on by gossip.
    pub(super) travels: bool,
    pub(super) list: Vec<Known>,
}

/// A transaction that passed rule M1 of the mempool, with its sender's account after the last committed batch.
pub(super) struct Known {
    pub(super) form: CandidateForm,
    pub(super) account: AccountState,
    /// What it takes of its peer's share until it is answered.
    pub(super) place: Option<TransactionPlace>,
}

impl Recovery {
    pub(super) fn new(parts: &Parts, found: mpsc::Sender<Found>) -> Self {
        let half = std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2);
        Self {
            rules: *parts.replica.pool().rules(),
            store: parts.store.clone(),
            events: parts.event_sender.clone(),
            found,
            network: parts.network.clone(),
            metrics: parts.metrics.clone(),
            users: Arc::new(Semaphore::new(half)),
            validators: Arc::new(Semaphore::new(half)),
            strangers: Arc::new(Semaphore::new(STRANGERS_AT_ONCE)),
            shares: Shares::new(),
        }
    }

    /// Recovers the senders of what the pool does not have, in its turn. What finds no place is lost, as a message may
    /// be.
    pub(super) fn recover(&mut self, received: Received, pool: &Mempool) {
        let bytes = received.list.iter().map(|bytes| bytes.len().max(1)).sum();
        let Some(place) = self.shares.message(received.from, bytes) else {
            self.metrics.refused("recovery-busy");
            return judge(&self.network, received.way, Verdict::Ignore);
        };
        let Received { from, source, list, way } = received;
        let mut hashes = BTreeSet::new();
        let mut is_fresh = |bytes: &Bytes| {
            let hash: B256 = keccak256(bytes);
            !pool.contains(&hash) && hashes.insert(hash)
        };
        let list: Vec<Bytes> = list.into_iter().filter(|bytes| is_fresh(bytes)).collect();
        let workers = Arc::clone(self.workers(source));
        let (rules, store, found) = (self.rules, self.store.clone(), self.found.clone());
        let (network, metrics) = (self.network.clone(), self.metrics.clone());
        tokio::spawn(async move {
            // Nobody closes it.
            let Ok(worker) = workers.acquire_owned().await else { return };
            tokio::task::spawn_blocking(move || {
                let _held = worker;
                let (known, honest) = recovered(&list, &store, &rules);
                let verdict = match (honest, known.iter().any(pays)) {
                    (false, _) => Verdict::Reject,
                    (true, true) => Verdict::Accept,
                    (true, false) => Verdict::Ignore,
                };
                let travels = way != Way::Direct && verdict == Verdict::Accept;
                judge(&network, way, verdict);
                if !honest {
                    metrics.refused("bad-transaction");
                    // A command that the network does not take is lost, as a message may be.
                    let _ = network.punish(from, Misbehaviour::InvalidContent);
                }
                let placed = known.into_iter().filter_map(|mut known| {
                    known.place = place.transaction(authorizations_of(&known.form));
                    if known.place.is_none() {
                        metrics.refused("recovery-busy");
                        return None;
                    }
                    Some(known)
                });
                tell(&found, Found { from: source, travels, list: placed.collect() });
            });
        });
    }

    /// Finds out whom the authorizations of a transaction bind, in its turn.
    pub(super) fn recover_signers(&self, arrival: Arrival) {
        let workers = Arc::clone(self.workers(arrival.from));
        let (rules, events) = (self.rules, self.events.clone());
        tokio::spawn(async move {
            // Nobody closes it.
            let Ok(worker) = workers.acquire_owned().await else { return };
            tokio::task::spawn_blocking(move || {
                let _held = worker;
                let recovered = arrival.recover(&rules);
                // The node may be stopping.
                let _ = events.blocking_send(Event::Recovered(Box::new(recovered)));
            });
        });
    }

    /// Transactions that were here before: their senders' accounts are read on a blocking thread.
    pub(super) fn readmit(&self, transactions: Vec<Arc<Transaction>>) {
        let (rules, store, found) = (self.rules, self.store.clone(), self.found.clone());
        tokio::task::spawn_blocking(move || {
            let known = transactions.into_iter().filter_map(|transaction| with_account(transaction, &store, &rules));
            tell(&found, Found { from: Source::Validator, travels: false, list: known.collect() });
        });
    }

    /// A peer is gone.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.shares.forget(peer);
    }

    const fn workers(&self, source: Source) -> &Arc<Semaphore> {
        match source {
            Source::User => &self.users,
            Source::Validator => &self.validators,
            Source::Stranger => &self.strangers,
        }
    }
}

fn judge(network: &NetworkHandle, way: Way, verdict: Verdict) {
    if let Way::Gossip(id) = way {
        // A command that the network does not take is lost, as a message may be.
        let _ = network.judge(id, verdict);
    }
}

/// Gives the driver what was found.
fn tell(driver: &mpsc::Sender<Found>, found: Found) {
    if !found.list.is_empty() {
        // The node may be stopping.
        let _ = driver.blocking_send(found);
    }
}

/// The transactions whose senders could be recovered and that pass rule M1 of the mempool, and whether all senders
/// could be.
fn recovered(list: &[Bytes], store: &Arc<dyn Store>, rules: &ChainRules) -> (Vec<Known>, bool) {
    let recover = |bytes: &Bytes| UnrecoveredTransaction::decode(bytes)?.recover();
    let recovered: Vec<Transaction> = list.iter().filter_map(|bytes| recover(bytes).ok()).collect();
    let honest = recovered.len() == list.len();
    let found = recovered.into_iter().filter_map(|transaction| with_account(Arc::new(transaction), store, rules));
    (found.collect(), honest)
}

/// A transaction with its sender's account, if it passes rule M1 of the mempool. If not, nobody is to blame.
fn with_account(transaction: Arc<Transaction>, store: &Arc<dyn Store>, rules: &ChainRules) -> Option<Known> {
    let form = CandidateForm::check(transaction, rules).ok()?;
    let account = store.account(&form.transaction().sender()).ok()?;
    let account = account_state(store, account).ok()?;
    Some(Known { form, account, place: None })
}

/// Whether the sender could pay for the transaction: one that nobody pays for is not told on, or strangers would have
/// the whole network recover it for nothing.
fn pays(known: &Known) -> bool {
    let (transaction, account) = (known.form.transaction(), &known.account);
    let envelope = transaction.envelope();
    let gas = U256::from(envelope.gas_limit()).saturating_mul(U256::from(envelope.max_fee_per_gas()));
    transaction.nonce() >= account.nonce && account.balance >= gas.saturating_add(envelope.value())
}

fn authorizations_of(form: &CandidateForm) -> usize {
    form.transaction().envelope().authorization_list().map_or(0, <[_]>::len)
}
