//! Messages of peers: what they say goes to the replica, what they are worth goes back to the network (rule N22).

use std::time::Instant;

use libp2p::PeerId;
use rota_proto::{ConsensusKey, FinalBatch, Message, Strict};
use rota_replica::{Event, Source};

use super::{Driver, DriverError, recovery::Received};
use crate::{
    network::{Misbehaviour, Verdict, Way},
    rewards::Told,
};

/// What looking at a message showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// All its signatures stand.
    Stands,
    /// The vote in it stands; nothing else was looked at.
    VoteStands,
    /// Whoever sent it made this fault.
    Fault(Misbehaviour),
}

impl Driver {
    pub(super) fn hear_message(
        &mut self,
        from: PeerId,
        validator: Option<ConsensusKey>,
        message: Message,
        way: Way,
    ) -> Result<(), DriverError> {
        if let Message::Transactions(list) = message {
            let source = if validator.is_some() { Source::Validator } else { Source::Stranger };
            let received = Received { from, source, list, way };
            self.recovery.recover(received, self.parts.replica.pool());
            return Ok(());
        }
        if let Message::Attestation(signed) = message {
            // A full line means that the clerk is slow: it is told again.
            let _ = self.parts.attestations.try_send(Told { from, validator, way, signed: *signed });
            return Ok(());
        }
        let finding =
            if matches!(message, Message::Evidence(_)) && !self.accusations.may_bring(validator, Instant::now()) {
                self.parts.docket.metrics.refused("rate");
                None
            } else {
                self.weigh(validator, message, &way)?
            };
        if let Some(Finding::Fault(fault)) = finding {
            self.complain(self.parts.network.punish(from, fault));
        }
        if let Way::Gossip(id) = way {
            let verdict = match finding {
                Some(Finding::Stands) => Verdict::Accept,
                Some(Finding::Fault(_)) => Verdict::Reject,
                Some(Finding::VoteStands) | None => Verdict::Ignore,
            };
            self.complain(self.parts.network.judge(id, verdict));
        }
        Ok(())
    }

    /// Gives a message to the replica, and says what that showed, if anything.
    fn weigh(
        &mut self,
        from: Option<ConsensusKey>,
        message: Message,
        way: &Way,
    ) -> Result<Option<Finding>, DriverError> {
        let gives_batch = matches!(message, Message::Body(_) | Message::FinalBatch(_));
        if gives_batch && from.is_none() && *way == Way::Direct {
            // Strangers give batches by gossip, or when they are asked.
            self.parts.metrics.refused("not-asked");
            return Ok(None);
        }
        let is_proposal = matches!(message, Message::Proposal(_));
        let signed =
            matches!(message, Message::Vote(_) | Message::Certificate(_) | Message::Proposal(_) | Message::Evidence(_));
        let content = signed.then(|| message.encode());
        let final_batch = if let Message::FinalBatch(batch) = &message { Some(batch.clone()) } else { None };
        self.finding = None;
        self.take(Event::Message { from, message })?;
        Ok(match (self.finding.take(), content, final_batch) {
            (Some(Finding::Fault(fault)), ..) => Some(Finding::Fault(fault)),
            // What only the slasher wanted of a proposal is no reason to tell the rest of it on.
            (Some(Finding::VoteStands), ..) if is_proposal => Some(Finding::VoteStands),
            (Some(_), content, _) => {
                if let Some(content) = content {
                    self.vouched.note(&content);
                }
                Some(Finding::Stands)
            }
            // What came before on another way is not verified again, but others may still want it.
            (None, Some(content), _) => self.vouched.contains(&content).then_some(Finding::Stands),
            (None, None, Some(batch)) => self.weigh_final(&batch)?,
            (None, None, None) => None,
        })
    }

    /// A final batch that we have, held against what we have.
    fn weigh_final(&self, batch: &FinalBatch) -> Result<Option<Finding>, DriverError> {
        let hash = batch.header.hash();
        let (Some(stored), Some(finalization)) = (self.parts.store.batch_by_hash(hash)?, &batch.finalization) else {
            return Ok(None);
        };
        if stored.body != batch.transactions || finalization.vote.batch != hash {
            return Ok(Some(Finding::Fault(Misbehaviour::InvalidContent)));
        }
        if stored.finalization.as_ref() == Some(finalization) {
            return Ok(Some(Finding::Stands));
        }
        let Some(set) = self.parts.replica.simplex().set(finalization.vote.round.epoch) else { return Ok(None) };
        let stands = finalization.clone().verify(&self.parts.domain, set, &Strict).is_ok();
        Ok(Some(if stands { Finding::Stands } else { Finding::Fault(Misbehaviour::BadSignature) }))
    }
}
