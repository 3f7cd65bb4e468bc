//! Doing what the core asks for.

use alloy_primitives::B256;
use rota_consensus::{Input, Output, Record};
use rota_proto::{BodyMessage, Certificate, Fetch, Message, Round, SignedVote, Verified, Vote};
use rota_staking::{Refusal, Verdict};

use super::{Check, Host, Task, kind};
use crate::sim::{
    batch::encode_transaction,
    conduct::Deed,
    disk::{Stored, Write},
    facts::{Fact, FinalFact},
    outside::{Outside, Wake},
    story::{Brief, NodeId, brief_vote, short},
};

/// Peers that are asked for a missing piece at a time.
const ASKED: usize = 2;

impl Host {
    /// Does one task.
    pub fn perform(&mut self, task: Task, out: &mut Outside) {
        match task {
            Task::Effect(effect) => self.effect_or_deeds(*effect, out),
            Task::Deed(Deed::Effect(effect)) => self.effect(*effect, out),
            Task::Deed(Deed::Tell(to, message)) => out.send(self.id, &to, message),
            Task::Deed(Deed::Feed(input)) => {
                self.step(input, out).ok();
            }
            Task::Flush => self.flush(out),
            Task::Signature(vote) => self.sign_now(vote, out),
            Task::Told(certificate, batches) => self.tell_final(&certificate, &batches, out),
        }
        self.look(out);
    }

    fn effect_or_deeds(&mut self, effect: Output, out: &mut Outside) {
        if self.conduct.is_none() {
            return self.effect(effect, out);
        }
        let deeds = self.with_conduct(out, |conduct, hands| conduct.instead(effect, hands)).unwrap_or_default();
        self.tasks_first(deeds.into_iter().map(Task::Deed).collect());
    }

    fn effect(&mut self, effect: Output, out: &mut Outside) {
        match effect {
            Output::Persist(record) => self.persist(record, out),
            Output::Sign(vote) => self.sign(vote, out),
            Output::Broadcast(message) => out.send_all(self.id, message),
            Output::BroadcastBody(batch) => {
                if let Some(message) = self.body_message(batch) {
                    out.send_all(self.id, message);
                }
            }
            Output::Send { to, message } => {
                let to: Vec<NodeId> = out.keys.node_of(&to.to_bytes()).into_iter().collect();
                out.send(self.id, &to, message);
            }
            Output::SetTimer { timer, after_ms } => {
                let number = self.timers.entry(kind(timer)).or_default();
                *number += 1;
                let wake = Wake::Timer(timer, *number);
                out.wake(self.id, after_ms * 1_000, wake);
            }
            Output::CancelViewTimer => *self.timers.entry(0).or_default() += 1,
            Output::Build(request) => self.build(request, out),
            Output::Check { batch, proposer } => self.checks.push(Check { batch, proposer }),
            Output::Fetch(fetch) => self.ask(fetch, out),
            Output::ShareWork => {
                let list: Vec<_> = self.pool.iter().take(64).map(encode_transaction).collect();
                out.send_all(self.id, Message::Transactions(list));
            }
            Output::Notarized(batch) => {
                if let Some(body) = self.bodies.get(&batch) {
                    self.pool.hide(&body.transactions);
                }
            }
            Output::Finalized { certificate, batches } => self.store_final(certificate, batches, out),
            Output::EpochClosed { next, .. } => self.epoch_due = Some(next),
            Output::HoldBack { floor, resume } => {
                out.story.tell(self.id, &[20, floor.view.0, resume.view.0], || {
                    format!("  signs nothing below {floor} and only nullify votes below {resume}")
                });
                self.guard.hold_back(floor, resume);
                self.disk.write(Write::Guard(self.guard_file.write(&self.guard)));
                self.tasks.push_front(Task::Flush);
                out.stats.held_back += 1;
            }
            Output::OldRecord(vote) => {
                out.story.tell(self.id, &[27, vote.round.view.0, short(vote.batch)], || {
                    format!("  learns that its record lacks {}", brief_vote(&vote))
                });
                out.stats.old_records += 1;
                out.facts.push((self.id, Fact::OldRecord(vote)));
            }
            Output::Conflict { .. } => out.facts.push((self.id, Fact::Conflict)),
        }
    }

    /// Puts tasks before all others, in their order.
    fn tasks_first(&mut self, tasks: Vec<Task>) {
        for task in tasks.into_iter().rev() {
            self.tasks.push_front(task);
        }
    }

    fn persist(&mut self, record: Record, out: &mut Outside) {
        let write = match record {
            Record::Certificate(certificate) => {
                let vote = certificate.vote;
                out.story.tell(self.id, &[21, short(vote.batch)], || format!("  keeps {}", brief_vote(&vote)));
                Write::Certificate(certificate)
            }
            Record::Candidate(candidate) => {
                let batch = candidate.header.hash();
                out.story.tell(self.id, &[22, short(batch)], || format!("  keeps candidate {}", Brief(batch)));
                let Some(body) = self.bodies.get(&batch).map(|body| body.bytes.clone()) else {
                    assert!(self.conduct.is_some(), "a body is here before the vote for its batch");
                    return;
                };
                Write::Candidate(Box::new((candidate, body)))
            }
        };
        self.disk.write(write);
        self.tasks.push_front(Task::Flush);
    }

    fn flush(&mut self, out: &mut Outside) {
        if out.settings.flush_us == 0 {
            return self.disk.flush();
        }
        self.flushing = true;
        let after = out.up_to(out.settings.flush_us);
        out.wake(self.id, after, Wake::Flushed);
    }

    /// The guard decides; its record is durable before the signature exists.
    fn sign(&mut self, vote: Vote, out: &mut Outside) {
        match self.guard.check(out.keys.domain(), &vote) {
            Verdict::Sign => {
                let next = self.guard.admit(out.keys.domain(), &vote).expect("the guard just said so");
                self.disk.write(Write::Guard(self.guard_file.write(&next)));
                self.guard = next;
                self.tasks_first(vec![Task::Flush, Task::Signature(vote)]);
            }
            Verdict::Repeat(_) => self.tasks.push_front(Task::Signature(vote)),
            Verdict::Refuse(refusal) => {
                out.story.tell(self.id, &[23, vote.round.view.0], || format!("  the guard refuses: {refusal}"));
                out.stats.refused += 1;
                if !matches!(refusal, Refusal::BelowFloor { .. }) {
                    out.facts.push((self.id, Fact::Refused(vote)));
                }
            }
        }
    }

    fn sign_now(&mut self, vote: Vote, out: &mut Outside) {
        let set = self.set(vote.round.epoch);
        let Some((set, signer)) = set.and_then(|set| Some((set.clone(), set.place_of(&out.keys.public(self.id))?)))
        else {
            return;
        };
        let signature = out.sign(self.id, &vote);
        let numbers = [24, vote.round.view.0, short(vote.batch)];
        out.story.tell(self.id, &numbers, || format!("  signs {}", brief_vote(&vote)));
        self.guard.signed(&vote, signature);
        let signed = SignedVote { vote, signer, signature };
        let signed = signed.verify(out.keys.domain(), &set, &out.keys).expect("our own signature stands");
        self.observe(signed, &set, out);
        out.wake(self.id, 1, Wake::Input(Box::new(Input::Signed(signed))));
    }

    pub(super) fn body_message(&self, batch: B256) -> Option<Message> {
        let here = self.bodies.get(&batch).map(|body| &body.bytes);
        let bytes = here.or_else(|| self.disk.body(batch)).or_else(|| Some(&self.disk.find(batch)?.body));
        bytes.map(|bytes| Message::Body(BodyMessage { batch, transactions: bytes.clone() }))
    }

    fn ask(&mut self, fetch: Fetch, out: &mut Outside) {
        let others: Vec<NodeId> = (0..out.nodes()).filter(|node| *node != self.id).collect();
        if others.is_empty() {
            return;
        }
        let first = out.random.index(others.len());
        let asked: Vec<NodeId> = others.iter().cycle().skip(first).take(ASKED.min(others.len())).copied().collect();
        out.send(self.id, &asked, Message::Fetch(fetch));
    }

    fn store_final(&mut self, certificate: Verified<Certificate>, batches: Vec<B256>, out: &mut Outside) {
        let stored = |batch: &B256| {
            let header = self.headers.get(batch).cloned().expect("the header of a final batch is here");
            let body = self.bodies.get(batch).map(|body| body.bytes.clone());
            let body = body.expect("the body of a final batch is here");
            let finalization = Some(certificate.clone()).filter(|certificate| certificate.vote.batch == *batch);
            Stored { header, body, finalization }
        };
        let group = batches.iter().map(stored).collect();
        self.disk.write(Write::Final(group));
        let numbers = [25, certificate.vote.round.view.0, batches.len() as u64];
        out.story.tell(self.id, &numbers, || format!("  stores {} final batches", batches.len()));
        self.tasks_first(vec![Task::Flush, Task::Told(certificate, batches)]);
    }

    /// The batches are durable with their finalization: users may hear of them.
    fn tell_final(&mut self, certificate: &Certificate, batches: &[B256], out: &mut Outside) {
        for batch in batches {
            let header = self.headers.get(batch).cloned().expect("the header of a final batch is here");
            let body = self.bodies.get(batch).cloned().unwrap_or_default();
            let signers = Some(certificate.signers).filter(|_| certificate.vote.batch == *batch);
            let fact = FinalFact {
                height: header.height().0,
                batch: *batch,
                parent: header.parent(),
                epoch: header.epoch().0,
                signers,
                stakes: out.l1.stakes(header.epoch()).to_vec(),
            };
            let numbers = [26, fact.height, short(*batch)];
            out.story.tell(self.id, &numbers, || format!("FINAL height {} {}", header.height(), Brief(*batch)));
            out.facts.push((self.id, Fact::Final(fact)));
            self.pool.remove(&body.transactions);
            if out.station(self.id).honest {
                out.clients.waiting.retain(|transaction, _| !body.transactions.contains(transaction));
            }
        }
        self.after_final(certificate.vote.round, out);
    }

    /// Forgets what only unfinal batches needed, and gives back what abandoned ones held.
    fn after_final(&mut self, round: Round, out: &mut Outside) {
        let height = self.disk.tip().header.height();
        self.headers.retain(|_, header| header.height() > height);
        let headers = &self.headers;
        self.bodies.retain(|batch, _| headers.contains_key(batch));
        self.guard.raise_floor(round);
        self.slasher.finalized(round);
        self.last_final = out.queue.now();
        out.wake(self.id, out.settings.heartbeat_ms * 1_000, Wake::Look);
        self.pool.show_all();
        let mut at = self.core.notarized_head().map(|header| header.hash());
        while let Some(header) = at.and_then(|batch| self.headers.get(&batch)) {
            if let Some(body) = self.bodies.get(&header.hash()) {
                self.pool.hide(&body.transactions);
            }
            at = Some(header.parent());
        }
    }
}
