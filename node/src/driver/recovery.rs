//! Recovering the senders of peers' transactions: off the driver's task, and no more than a share of the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use libp2p::PeerId;
use rota_mempool::{AccountState, Mempool};
use rota_proto::{Transaction, UnrecoveredTransaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Metrics;
use crate::{
    executor::account_state,
    network::{Misbehaviour, NetworkHandle, Verdict, Way},
    store::Store,
};

/// Bytes of one peer that wait: four of the longest messages, or a second's work.
const PEER_BYTES_MAX: usize = 4 << 20;

/// Bytes of all peers that wait.
const BYTES_MAX: usize = 64 << 20;

/// Strangers' messages recovered at a time: however many they send, the rest of the machine is not theirs.
const STRANGERS_AT_ONCE: usize = 1;

/// Messages whose transactions are recovered and that the driver has not taken; the next one keeps its worker.
const RECOVERED_MAX: usize = 64;

/// Where transactions of peers go before the replica sees them.
pub(super) struct Recovery {
    store: Arc<dyn Store>,
    recovered: (mpsc::Sender<Recovered>, mpsc::Receiver<Recovered>),
    network: NetworkHandle,
    metrics: Metrics,
    validators: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    peers: BTreeMap<PeerId, Arc<Semaphore>>,
}

/// A message of transactions.
pub(super) struct Received {
    pub(super) from: PeerId,
    pub(super) is_validator: bool,
    pub(super) list: Vec<Bytes>,
    pub(super) way: Way,
}

/// What was new in such a message.
pub(super) struct Recovered {
    /// Transactions, with their senders' accounts after the last committed batch.
    pub(super) found: Vec<(Arc<Transaction>, AccountState)>,
    /// Whether the message travels on by gossip.
    pub(super) travels: bool,
}

impl Recovery {
    pub(super) fn new(store: Arc<dyn Store>, network: NetworkHandle, metrics: Metrics) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            store,
            recovered: mpsc::channel(RECOVERED_MAX),
            network,
            metrics,
            validators: Arc::new(Semaphore::new(cores.div_ceil(2))),
            strangers: Arc::new(Semaphore::new(STRANGERS_AT_ONCE)),
            waiting: Arc::new(Semaphore::new(BYTES_MAX)),
            peers: BTreeMap::new(),
        }
    }

    /// Recovers what the pool does not have, in its turn. What finds no place is lost, as a message may be.
    pub(super) fn recover(&mut self, received: Received, pool: &Mempool) {
        let Some(places) = self.places(&received) else {
            self.metrics.refused("recovery-busy");
            return judge(&self.network, received.way, Verdict::Ignore);
        };
        let mut hashes = BTreeSet::new();
        let mut is_fresh = |bytes: &Bytes| {
            let hash: B256 = keccak256(bytes);
            !pool.contains(&hash) && hashes.insert(hash)
        };
        let list: Vec<Bytes> = received.list.into_iter().filter(|bytes| is_fresh(bytes)).collect();
        let workers = if received.is_validator { &self.validators } else { &self.strangers };
        let workers = Arc::clone(workers);
        let (store, sender) = (self.store.clone(), self.recovered.0.clone());
        let (network, metrics) = (self.network.clone(), self.metrics.clone());
        tokio::spawn(async move {
            // Nobody closes it.
            let Ok(worker) = workers.acquire_owned().await else { return };
            tokio::task::spawn_blocking(move || {
                let _held = (worker, places);
                let (found, honest) = recovered(&list, &store);
                let verdict = match (honest, found.iter().any(|(transaction, account)| pays(transaction, account))) {
                    (false, _) => Verdict::Reject,
                    (true, true) => Verdict::Accept,
                    (true, false) => Verdict::Ignore,
                };
                let travels = received.way != Way::Direct && verdict == Verdict::Accept;
                judge(&network, received.way, verdict);
                if !honest {
                    metrics.refused("bad-transaction");
                    // A command that the network does not take is lost, as a message may be.
                    let _ = network.punish(received.from, Misbehaviour::InvalidContent);
                }
                if !found.is_empty() {
                    // The node may be stopping.
                    let _ = sender.blocking_send(Recovered { found, travels });
                }
            });
        });
    }

    /// Waits for the next message whose transactions are recovered.
    pub(super) async fn next(&mut self) -> Option<Recovered> {
        self.recovered.1.recv().await
    }

    /// A peer is gone.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
    }

    fn places(&mut self, received: &Received) -> Option<[OwnedSemaphorePermit; 2]> {
        let bytes = received.list.iter().map(|bytes| bytes.len().max(1)).sum::<usize>().try_into().ok()?;
        let peer = self.peers.entry(received.from).or_insert_with(|| Arc::new(Semaphore::new(PEER_BYTES_MAX)));
        let of_peer = Arc::clone(peer).try_acquire_many_owned(bytes).ok()?;
        let of_all = Arc::clone(&self.waiting).try_acquire_many_owned(bytes).ok()?;
        Some([of_peer, of_all])
    }
}

fn judge(network: &NetworkHandle, way: Way, verdict: Verdict) {
    if let Way::Gossip(id) = way {
        // A command that the network does not take is lost, as a message may be.
        let _ = network.judge(id, verdict);
    }
}

/// The transactions whose senders could be recovered, with their accounts, and whether that was all of them.
fn recovered(list: &[Bytes], store: &Arc<dyn Store>) -> (Vec<(Arc<Transaction>, AccountState)>, bool) {
    let recover = |bytes: &Bytes| UnrecoveredTransaction::decode(bytes)?.recover();
    let recovered: Vec<Transaction> = list.iter().filter_map(|bytes| recover(bytes).ok()).collect();
    let honest = recovered.len() == list.len();
    let found = recovered.into_iter().filter_map(|transaction| with_account(store, Arc::new(transaction)));
    (found.collect(), honest)
}

/// A transaction with its sender's account after the last committed batch.
pub(super) fn with_account(
    store: &Arc<dyn Store>,
    transaction: Arc<Transaction>,
) -> Option<(Arc<Transaction>, AccountState)> {
    let account = store.account(&transaction.sender()).ok()?;
    let account = account_state(store, account).ok()?;
    Some((transaction, account))
}

/// Whether the sender could pay for the transaction: one that nobody pays for is not told on, or strangers would have
/// the whole network recover it for nothing.
fn pays(transaction: &Transaction, account: &AccountState) -> bool {
    let envelope = transaction.envelope();
    let gas = U256::from(envelope.gas_limit()).saturating_mul(U256::from(envelope.max_fee_per_gas()));
    transaction.nonce() >= account.nonce && account.balance >= gas.saturating_add(envelope.value())
}
