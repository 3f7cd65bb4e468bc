//! What comes from peers and users.

use std::{sync::Arc, time::Instant};

use alloy_primitives::{Address, B256};
use rota_execution::StateView as _;
use rota_mempool::{AccountState, Added, Pooled, Status};
use rota_proto::Transaction;
use rota_replica::Event;
use tokio::sync::oneshot;

use super::{Driver, DriverError};
use crate::{executor::account_state, network::NetworkEvent, rpc::SubmitError, signer::Hand, status::Health};

/// What users ask of the driver, and where the answer goes.
#[derive(Debug)]
pub enum Submission {
    /// Take these transactions, in this order.
    Transactions(Vec<Submitted>),
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

/// A transaction of a user, its sender recovered, and where the answer goes.
#[derive(Debug)]
pub struct Submitted {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// What the pool said of it. It comes when whom it authorizes is known, not at once.
    pub answer: oneshot::Sender<Result<Added, SubmitError>>,
}

/// Work without a finalization for so long is a sign that less than a quorum is up.
const NO_FINALITY_MS: u64 = 10_000;

impl Driver {
    pub(super) fn hear(&mut self, event: NetworkEvent) -> Result<(), DriverError> {
        match event {
            NetworkEvent::Message { from, validator, message, way } => self.hear_message(from, validator, message, way),
            NetworkEvent::Request { request, responder, .. } => {
                self.answer(request, responder);
                Ok(())
            }
            NetworkEvent::PeerConnected { peer, validator, status } => {
                tracing::info!(%peer, validator = validator.is_some(), height = %status.height, "peer connected");
                self.peers += 1;
                self.newcomers.came(peer, validator.is_some(), Instant::now());
                self.accusations.came(peer, Instant::now());
                self.highest = self.highest.max(status.height.0);
                self.take(Event::PeerHeight(status.height))
            }
            NetworkEvent::PeerGone { peer } => {
                tracing::info!(%peer, "peer gone");
                self.recovery.forget(&peer);
                self.newcomers.gone(&peer);
                self.accusations.gone(&peer);
                self.peers = self.peers.saturating_sub(1);
                Ok(())
            }
            NetworkEvent::Listening { address } => {
                tracing::info!(%address, "listening");
                Ok(())
            }
            NetworkEvent::ValidatorChanged { peer, validator } => {
                tracing::debug!(%peer, validator = validator.is_some(), "peer speaks for another validator");
                if validator.is_some() {
                    self.newcomers.came(peer, true, Instant::now());
                }
                Ok(())
            }
            NetworkEvent::PeerRefused { reason, .. } => {
                tracing::debug!(?reason, "peer refused");
                Ok(())
            }
        }
    }

    /// Answers a user. One that does not wait any more is no error.
    pub(super) fn submit(&mut self, submission: Submission) -> Result<(), DriverError> {
        match submission {
            Submission::Transactions(submitted) => self.submit_all(submitted)?,
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

    pub(super) fn account(&self, address: &Address) -> Result<AccountState, DriverError> {
        let store = &self.parts.store;
        let account = store.account(address).map_err(rota_execution::ExecutionError::from);
        let state = account.and_then(|account| account_state(store, account));
        state.map_err(|error| DriverError::Executor(Box::new(error.into())))
    }

    pub(super) fn health(&self) -> Health {
        let replica = &self.parts.replica;
        if replica.is_lagging() {
            Health::Lagging
        } else if self.parts.l1.disagreement().is_some() {
            Health::L1Disagreement
        } else if replica.simplex().awaited_epoch().is_some() {
            Health::AwaitsEpoch
        } else if replica.is_catching_up() {
            Health::CatchingUp
        } else if replica.waits_for_finality_ms() > NO_FINALITY_MS {
            Health::NoFinality
        } else if self.parts.signer.as_ref().is_some_and(Hand::is_away) {
            Health::SignerAway
        } else if replica.simplex().is_listening() {
            Health::Listening
        } else {
            Health::Well
        }
    }
}
