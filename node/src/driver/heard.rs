//! Messages of peers: what they say goes to the replica, what they are worth goes back to the network (rule N22).

use std::sync::Arc;

use alloy_primitives::{Bytes, keccak256};
use libp2p::PeerId;
use rota_execution::StateView as _;
use rota_mempool::AccountState;
use rota_proto::{ConsensusKey, FinalBatch, Message, Strict, Transaction, UnrecoveredTransaction};
use rota_replica::Event;

use super::{Driver, DriverError};
use crate::{
    executor::account_state,
    network::{Misbehaviour, Verdict, Way},
    store::SledStore,
};

impl Driver {
    pub(super) fn hear_message(
        &mut self,
        from: PeerId,
        validator: Option<ConsensusKey>,
        message: Message,
        way: Way,
    ) -> Result<(), DriverError> {
        if let Message::Transactions(list) = message {
            self.recover(from, list, way);
            return Ok(());
        }
        let signed = matches!(message, Message::Vote(_) | Message::Certificate(_) | Message::Proposal(_));
        let content = signed.then(|| message.encode());
        let final_batch = match (&message, &way) {
            (Message::FinalBatch(batch), Way::Gossip(_)) => Some(batch.clone()),
            _ => None,
        };
        self.stands = None;
        self.take(Event::Message { from: validator, message })?;
        let verdict = match (self.stands.take(), content, final_batch) {
            (Some(false), ..) => {
                self.complain(self.parts.network.punish(from, Misbehaviour::BadSignature));
                Verdict::Reject
            }
            (Some(true), content, _) => {
                if let Some(content) = content {
                    self.vouched.note(&content);
                }
                Verdict::Accept
            }
            // What came before on another way is not verified again, but others may still want it.
            (None, Some(content), _) if self.vouched.contains(&content) => Verdict::Accept,
            (None, _, Some(batch)) if self.is_final_here(&batch)? => Verdict::Accept,
            (None, ..) => Verdict::Ignore,
        };
        if let Way::Gossip(id) = way {
            self.complain(self.parts.network.judge(id, verdict));
        }
        Ok(())
    }

    /// Whether this is a final batch as our store has it, by a finalization that stands.
    fn is_final_here(&self, batch: &FinalBatch) -> Result<bool, DriverError> {
        let Some(stored) = self.parts.store.batch_by_hash(batch.header.hash())? else { return Ok(false) };
        if stored.body != batch.transactions {
            return Ok(false);
        }
        let Some(finalization) = &batch.finalization else { return Ok(false) };
        if stored.finalization.as_ref() == Some(finalization) {
            return Ok(true);
        }
        let set = self.parts.replica.simplex().set(finalization.vote.round.epoch);
        let stands = set.is_some_and(|set| finalization.clone().verify(&self.parts.domain, set, &Strict).is_ok());
        Ok(stands && finalization.vote.batch == batch.header.hash())
    }

    /// Recovers senders on a blocking thread: 40 us each is too much for this task.
    fn recover(&self, from: PeerId, list: Vec<Bytes>, way: Way) {
        let pool = self.parts.replica.pool();
        let fresh: Vec<Bytes> = list.into_iter().filter(|bytes| !pool.contains(&keccak256(bytes))).collect();
        let (store, events) = (self.parts.store.clone(), self.parts.event_sender.clone());
        let (network, metrics) = (self.parts.network.clone(), self.parts.metrics.clone());
        tokio::task::spawn_blocking(move || {
            let recover = |bytes: &Bytes| UnrecoveredTransaction::decode(bytes)?.recover();
            let recovered: Vec<Transaction> = fresh.iter().map_while(|bytes| recover(bytes).ok()).collect();
            let honest = recovered.len() == fresh.len();
            // A command that the network does not take is lost, as a message may be.
            if let Way::Gossip(id) = way {
                let _ = network.judge(id, if honest { Verdict::Accept } else { Verdict::Reject });
            }
            if !honest {
                metrics.refused("bad-transaction");
                let _ = network.punish(from, Misbehaviour::InvalidContent);
            }
            let found = recovered.into_iter().filter_map(|transaction| with_account(&store, Arc::new(transaction)));
            let transactions: Vec<_> = found.collect();
            if !transactions.is_empty() {
                // The node may be stopping.
                let _ = events.blocking_send(Event::Transactions(transactions));
            }
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
}

/// A transaction with its sender's account after the last committed batch.
fn with_account(store: &SledStore, transaction: Arc<Transaction>) -> Option<(Arc<Transaction>, AccountState)> {
    let account = store.account(&transaction.sender()).ok()?;
    let account = account_state(store, account).ok()?;
    Some((transaction, account))
}
