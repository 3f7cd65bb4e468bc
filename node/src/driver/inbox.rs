//! What comes from peers and users.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use rota_execution::StateView as _;
use rota_mempool::{AccountState, Added, Pooled, Refused, Status};
use rota_proto::{ConsensusKey, Message, Transaction, UnrecoveredTransaction};
use rota_replica::Event;
use tokio::sync::oneshot;

use super::{Driver, DriverError};
use crate::{
    executor::account_state,
    network::{NetworkEvent, Verdict, Way},
    status::Health,
    store::SledStore,
};

/// What users ask of the driver, and where the answer goes.
#[derive(Debug)]
pub enum Submission {
    /// Take these transactions, their senders recovered, in this order.
    Transactions {
        /// The transactions.
        transactions: Vec<Arc<Transaction>>,
        /// What the pool said of each.
        answer: oneshot::Sender<Vec<Result<Added, Refused>>>,
    },
    /// Is this transaction in the pool?
    Pooled {
        /// Its hash.
        hash: B256,
        /// The transaction.
        answer: oneshot::Sender<Option<Arc<Transaction>>>,
    },
    /// What is the nonce after all that are pending?
    PendingNonce {
        /// Whose.
        sender: Address,
        /// The nonce.
        answer: oneshot::Sender<u64>,
    },
    /// What waits?
    Content {
        /// Of this sender, or of all.
        of: Option<Address>,
        /// At most so many.
        most: usize,
        /// Transactions, by sender and nonce.
        answer: oneshot::Sender<Vec<(Arc<Transaction>, Status)>>,
    },
}

/// Work without a finalization for so long is a sign that less than a quorum is up.
const NO_FINALITY_MS: u64 = 10_000;

impl Driver {
    pub(super) fn hear(&mut self, event: NetworkEvent) -> Result<(), DriverError> {
        match event {
            NetworkEvent::Message { validator, message, way, .. } => {
                // Consensus messages are judged by their signatures later; what is well formed may travel on.
                if let Way::Gossip(id) = way {
                    self.complain(self.parts.network.judge(id, Verdict::Accept));
                }
                self.receive(validator, message)
            }
            NetworkEvent::Request { request, responder, .. } => self.answer(request, responder),
            NetworkEvent::PeerConnected { peer, validator, status } => {
                tracing::info!(%peer, validator = validator.is_some(), height = %status.height, "peer connected");
                self.peers += 1;
                self.highest = self.highest.max(status.height.0);
                self.take(Event::PeerHeight(status.height))
            }
            NetworkEvent::PeerGone { peer } => {
                tracing::info!(%peer, "peer gone");
                self.peers = self.peers.saturating_sub(1);
                Ok(())
            }
            NetworkEvent::Listening { address } => {
                tracing::info!(%address, "listening");
                Ok(())
            }
            NetworkEvent::ValidatorChanged { .. } => Ok(()),
            NetworkEvent::PeerRefused { reason, .. } => {
                tracing::debug!(?reason, "peer refused");
                Ok(())
            }
        }
    }

    fn receive(&mut self, validator: Option<ConsensusKey>, message: Message) -> Result<(), DriverError> {
        if let Message::Transactions(list) = message {
            self.recover(list);
            return Ok(());
        }
        self.take(Event::Message { from: validator, message })
    }

    /// Recovers senders on a blocking thread: 40 us each is too much for this task.
    fn recover(&self, list: Vec<Bytes>) {
        let pool = self.parts.replica.pool();
        let fresh: Vec<Bytes> = list.into_iter().filter(|bytes| !pool.contains(&hash(bytes))).collect();
        if fresh.is_empty() {
            return;
        }
        let (store, events) = (self.parts.store.clone(), self.parts.event_sender.clone());
        tokio::task::spawn_blocking(move || {
            let recovered = fresh.iter().filter_map(|bytes| {
                let transaction = UnrecoveredTransaction::decode(bytes).and_then(|unknown| unknown.recover()).ok()?;
                with_account(&store, Arc::new(transaction))
            });
            // The node may be stopping.
            let _ = events.blocking_send(Event::Transactions(recovered.collect()));
        });
    }

    /// Reads the senders' accounts on a blocking thread.
    pub(super) fn readmit(&self, transactions: Vec<Arc<Transaction>>) {
        let (store, events) = (self.parts.store.clone(), self.parts.event_sender.clone());
        tokio::task::spawn_blocking(move || {
            let found = transactions.into_iter().filter_map(|transaction| with_account(&store, transaction));
            // The node may be stopping.
            let _ = events.blocking_send(Event::Transactions(found.collect()));
        });
    }

    /// Answers a user. One that does not wait any more is no error.
    pub(super) fn submit(&mut self, submission: Submission) -> Result<(), DriverError> {
        match submission {
            Submission::Transactions { transactions, answer } => {
                let results = transactions.into_iter().map(|transaction| self.submit_one(transaction));
                let results = results.collect::<Result<Vec<_>, DriverError>>()?;
                let _ = answer.send(results);
            }
            Submission::Pooled { hash, answer } => {
                let pooled = self.parts.replica.pool().get(&hash);
                let _ = answer.send(pooled.map(|pooled| Arc::clone(pooled.transaction)));
            }
            Submission::PendingNonce { sender, answer } => {
                let account = self.account(&sender)?;
                let _ = answer.send(self.parts.replica.pool().pending_nonce(&sender, account.nonce));
            }
            Submission::Content { of, most, answer } => {
                let pool = self.parts.replica.pool();
                let content = |pooled: Pooled<'_>| (Arc::clone(pooled.transaction), pooled.status);
                let _ = answer.send(match of {
                    Some(sender) => pool.of_sender(&sender).take(most).map(content).collect(),
                    None => pool.iter().take(most).map(content).collect(),
                });
            }
        }
        Ok(())
    }

    fn submit_one(&mut self, transaction: Arc<Transaction>) -> Result<Result<Added, Refused>, DriverError> {
        let account = self.account(&transaction.sender())?;
        let id = self.next_submission;
        self.next_submission += 1;
        self.take(Event::Submit { id, transaction, account })?;
        let answer = self.answers.remove(&id);
        assert!(answer.is_some(), "the replica answers every submission in the same step");
        answer.map_or_else(|| unreachable!("asserted above"), Ok)
    }

    fn account(&self, address: &Address) -> Result<AccountState, DriverError> {
        let store = &self.parts.store;
        let account = store.account(address).map_err(rota_execution::ExecutionError::from);
        let state = account.and_then(|account| account_state(store, account));
        state.map_err(|error| DriverError::Executor(Box::new(error.into())))
    }

    pub(super) fn health(&self) -> Health {
        let replica = &self.parts.replica;
        if replica.is_lagging() {
            Health::Lagging
        } else if replica.simplex().awaited_epoch().is_some() {
            Health::AwaitsEpoch
        } else if replica.is_catching_up() {
            Health::CatchingUp
        } else if replica.waits_for_finality_ms() > NO_FINALITY_MS {
            Health::NoFinality
        } else {
            Health::Well
        }
    }
}

/// A transaction with its sender's account after the last committed batch.
fn with_account(store: &SledStore, transaction: Arc<Transaction>) -> Option<(Arc<Transaction>, AccountState)> {
    let account = store.account(&transaction.sender()).ok()?;
    let account = account_state(store, account).ok()?;
    Some((transaction, account))
}

fn hash(bytes: &Bytes) -> B256 {
    alloy_primitives::keccak256(bytes)
}
