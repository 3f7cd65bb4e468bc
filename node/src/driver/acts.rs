//! What the replica wants done, each effect in one place. Their order is the replica's.

use std::sync::Arc;

use rota_consensus::Timer;
use rota_proto::{
    Certificate, ConsensusKey, JustificationError, Message, Round, Strict, ValidatorSet, Verified, Vote, VoteKind,
};
use rota_replica::{CheckError, Effect, Event, Halt, Ticket, Unverified, check};

use super::{Driver, DriverError, heard::Finding};
use crate::{
    executor::Job,
    network::{Misbehaviour, Recipient},
    signer::{Answered, Hand},
};

impl Driver {
    pub(super) fn act(&mut self, effect: Effect) -> Result<(), DriverError> {
        match effect {
            Effect::Verify { what, set } => self.verify(what, &set),
            Effect::PersistCandidate { candidate, body } => {
                self.parts.store.put_candidate(&candidate, &body)?;
                self.unflushed = false;
            }
            Effect::PersistCertificate(certificate) => {
                self.tell_skipped(&certificate);
                self.parts.store.put_certificate(&certificate)?;
                self.unflushed = true;
            }
            Effect::PersistRegistry(snapshot) => self.parts.store.put_meta("registry", &snapshot)?,
            Effect::Sign { vote, signer, set } => self.sign(vote, signer, &set)?,
            Effect::RaiseFloor(round) => {
                if let Some(signer) = &mut self.parts.signer {
                    signer.raise_floor(round);
                }
            }
            Effect::HoldBack { floor, resume } => self.hold_back(floor, resume)?,
            Effect::OldRecord(vote) => tracing::error!(
                %vote,
                "others know this vote of ours and the guard's record does not: the record is an old copy, or the key \
                 signs elsewhere too. Nothing is signed until others with more than 2/3 of the stake have answered"
            ),
            Effect::Broadcast(message) => self.broadcast(&message),
            Effect::Send { to, message } => self.send(to, &message),
            Effect::Fetch(fetch) => self.fetch(fetch),
            Effect::Serve { to, fetch } => self.serve(to, fetch),
            Effect::CatchUp(from) => self.catch_up(from),
            Effect::SetTimer { timer, after_ms } => {
                if timer == Timer::Listen {
                    tracing::info!(after_ms, "listening whether our key signs elsewhere; nothing is signed meanwhile");
                }
                self.timers.set(timer, after_ms);
            }
            Effect::CancelViewTimer => self.timers.cancel_view(),
            Effect::Build(order) => self.order(Job::Build(order))?,
            Effect::Execute(order) => self.order(Job::Execute(order))?,
            Effect::Forget(batch) => self.order(Job::Forget(batch))?,
            Effect::Commit { certificate, batches } => self.commit(certificate, batches)?,
            Effect::ShareTransactions(transactions) => {
                let bytes = transactions.iter().map(|transaction| transaction.encode()).collect();
                self.complain(self.parts.network.publish_transactions(bytes));
            }
            Effect::Recover(arrival) => self.recovery.recover_signers(*arrival),
            Effect::Readmit(transactions) => self.recovery.readmit(transactions),
            Effect::Journal(records) => {
                if let Some(journal) = &mut self.parts.journal {
                    journal.append(&records, self.parts.replica.pool());
                }
            }
            Effect::Dropped(dropped) => {
                dropped.iter().for_each(|dropped| self.parts.metrics.dropped(dropped.reason.name()));
            }
            Effect::Submitted { id, result } => self.answer_arrival(id, result),
            Effect::Evidence { evidence, heard } => self.keep_evidence(&evidence, heard)?,
            Effect::EvidenceRefused(refusal) => self.refuse_evidence(&refusal),
            Effect::EpochBegan(set) => {
                tracing::info!(epoch = %set.epoch(), validators = set.len(), "epoch began");
                self.meet(&set);
                self.repeat_evidence();
            }
            Effect::Halt(why) => self.halt(why),
        }
        Ok(())
    }

    /// A view that a quorum gave up is a gap; who led it is told.
    fn tell_skipped(&self, certificate: &Certificate) {
        let Vote { kind: VoteKind::Nullify, round, .. } = certificate.vote else { return };
        let leader = self.parts.replica.leader_of(round).map(|key| key.to_string()).unwrap_or_default();
        tracing::info!(%round, leader, "view skipped");
        self.parts.metrics.view_skipped();
    }

    /// Signatures are checked here and now: a quorum of four takes less than the channel to another thread would.
    fn verify(&mut self, what: Unverified, set: &ValidatorSet) {
        let ticket = if matches!(what, Unverified::CatchUp(_)) { Ticket::CatchUp } else { Ticket::Other };
        let is_vote = matches!(what, Unverified::Vote(_));
        let (event, finding) = match check(what, &self.parts.domain, set, &Strict) {
            Ok(checked) => {
                let finding = if is_vote { Finding::VoteStands } else { Finding::Stands };
                (Event::Verified(Box::new(checked)), finding)
            }
            Err(error) => {
                // What the leader did not sign is its sender's own.
                let (fault, name) = match error {
                    CheckError::Message(JustificationError::Unverified(_)) => {
                        (Misbehaviour::BadSignature, "bad-signature")
                    }
                    CheckError::Message(JustificationError::NotTheParent | JustificationError::NotBetween(_)) => {
                        (Misbehaviour::InvalidContent, "false-justification")
                    }
                    CheckError::Evidence(_) => {
                        self.parts.docket.metrics.refused("bad-signature");
                        (Misbehaviour::BadSignature, "bad-signature")
                    }
                };
                tracing::debug!(%error, "refused");
                self.parts.metrics.refused(name);
                (Event::Unverified(ticket), Finding::Fault(fault))
            }
        };
        self.queue.push_back(event);
        match (ticket, finding) {
            (Ticket::Other, finding) => self.finding = Some(finding),
            (Ticket::CatchUp, Finding::Fault(fault)) => self.blame_for_batches(fault),
            (Ticket::CatchUp, _) => {}
        }
    }

    fn sign(&mut self, vote: Vote, place: rota_proto::Place, set: &Arc<ValidatorSet>) -> Result<(), DriverError> {
        let Some(signer) = &mut self.parts.signer else { return Ok(()) };
        // Who signs finalize may never nullify: were its notarization lost, the view might never end (rule N2).
        if std::mem::take(&mut self.unflushed) {
            self.parts.store.flush()?;
        }
        signer.sign(vote, place, set).map_or(Ok(()), |answered| self.heed(answered))
    }

    /// Rule Y11 of the signer: what another process signs comes when it comes, and nothing waited for it.
    pub(super) fn take_answered(&mut self, answered: Answered) -> Result<(), DriverError> {
        self.pass_time();
        self.heed(answered)?;
        self.work()
    }

    fn heed(&mut self, answered: Answered) -> Result<(), DriverError> {
        match answered {
            Answered::Signed(signed) => self.queue.push_back(Event::Signed(signed)),
            Answered::Refused(vote, refusal) => tracing::error!(%vote, %refusal, "the guard refuses"),
            Answered::Failed(error) => return Err(DriverError::Signer(error)),
        }
        Ok(())
    }

    fn hold_back(&mut self, floor: Round, resume: Round) -> Result<(), DriverError> {
        tracing::warn!(%floor, %resume, "away for some views: only nullify votes until the network is past them");
        let Some(signer) = &mut self.parts.signer else { return Ok(()) };
        signer.hold_back(floor, resume).map_err(|error| DriverError::Signer(Box::new(error.into())))
    }

    pub(super) fn broadcast(&self, message: &Message) {
        self.complain(self.parts.network.broadcast(message, self.others.clone()));
    }

    pub(super) fn send(&self, to: ConsensusKey, message: &Message) {
        self.complain(self.parts.network.send_to(Recipient::Validator(to), message));
    }

    fn order(&self, job: Job) -> Result<(), DriverError> {
        self.parts.jobs.orders.send(job).map_err(|_| DriverError::ExecutorGone)
    }

    fn commit(
        &self,
        certificate: Verified<Certificate>,
        batches: Vec<alloy_primitives::B256>,
    ) -> Result<(), DriverError> {
        self.order(Job::Commit { certificate, batches })
    }

    fn halt(&mut self, why: Halt) {
        tracing::error!(%why, "halting");
        self.halted = Some(DriverError::Halted(Box::new(why)));
    }
}

/// What became of a vote that was given to another process; never, without one.
pub(super) async fn answered(signer: &mut Option<Hand>) -> Answered {
    match signer {
        Some(hand) => hand.answered().await,
        None => std::future::pending().await,
    }
}
