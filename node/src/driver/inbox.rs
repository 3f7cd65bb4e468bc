//! What comes from peers and users.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use rota_execution::StateView as _;
use rota_mempool::{Added, Refused};
use rota_proto::{ConsensusKey, Message, Transaction, UnrecoveredTransaction};
use rota_replica::Event;
use tokio::sync::oneshot;

use super::{Driver, DriverError};
use crate::{
    executor::account_state,
    network::{NetworkEvent, Verdict, Way},
    status::Health,
};

/// A user's transaction, its sender recovered, and where the pool's answer goes.
#[derive(Debug)]
pub struct Submission {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// The answer.
    pub answer: oneshot::Sender<Result<Added, Refused>>,
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
                self.take(Event::PeerHeight(status.height))
            }
            NetworkEvent::PeerGone { peer } => {
                tracing::info!(%peer, "peer gone");
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
        match message {
            Message::Transactions(list) => {
                self.recover(list);
                Ok(())
            }
            message => self.take(Event::Message { from: validator, message }),
        }
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
                let account = store.account(&transaction.sender()).ok()?;
                let account = account_state(&store, account).ok()?;
                Some((Arc::new(transaction), account))
            });
            // The node may be stopping.
            let _ = events.blocking_send(Event::Transactions(recovered.collect()));
        });
    }

    pub(super) fn submit(&mut self, submission: Submission) -> Result<(), DriverError> {
        let Submission { transaction, answer } = submission;
        let account = self.parts.store.account(&transaction.sender()).ok().flatten();
        let Ok(account) = account_state(&self.parts.store, account) else { return Ok(()) };
        let id = self.next_submission;
        self.next_submission += 1;
        self.waiting.insert(id, answer);
        self.take(Event::Submit { id, transaction, account })
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

fn hash(bytes: &Bytes) -> B256 {
    alloy_primitives::keccak256(bytes)
}
