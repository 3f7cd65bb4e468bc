//! The executor's jobs: one after the other, each a little later than it was ordered; votes never wait behind them.

use alloy_primitives::B256;
use rota_proto::{Certificate, FinalBatch, Height, Message, Round, Verified, View};
use rota_replica::{BuildOrder, Event, ExecuteOrder, Verdict};

use super::{End, Host, Task, Wake};
use crate::sim::{
    disk::{Commit, Part, Stored, Write},
    executor::Done,
    facts::{Fact, FinalFact},
    outside::Outside,
    story::{Brief, short},
    wallets,
};

/// Live records are pruned once in so many batches.
const PRUNED_EVERY: u64 = 64;

/// What the executor is to do.
#[derive(Debug)]
pub enum Job {
    /// Build a batch.
    Build(Box<BuildOrder>),
    /// Execute a batch and compare.
    Execute(Box<ExecuteOrder>),
    /// Forget a batch, if no other stands on it.
    Forget(B256),
    /// Make a batch final and durable, with its ancestors.
    Commit(Verified<Certificate>),
}

impl Host {
    /// Orders a job; the executor begins with it when it is free.
    pub(super) fn order(&mut self, job: Job, out: &mut Outside) {
        self.jobs.push_back(job);
        if !self.working {
            self.begin_work(out);
        }
    }

    fn begin_work(&mut self, out: &mut Outside) {
        self.working = !self.jobs.is_empty();
        if self.working {
            let after = out.up_to(out.settings.execution_us);
            out.wake(self.id, after, Wake::Job);
        }
    }

    /// Does a job and answers.
    pub(super) fn work(&mut self, job: Job, out: &mut Outside) {
        match job {
            Job::Build(order) => self.build(*order, out),
            Job::Execute(order) => self.execute(*order, out),
            Job::Forget(batch) => {
                self.executor.forget(&batch);
                self.drop_bodies();
            }
            // The executor is free again once everything is durable.
            Job::Commit(certificate) => return self.commit(certificate, out),
        }
        self.begin_work(out);
    }

    fn build(&mut self, order: BuildOrder, out: &mut Outside) {
        let round = order.round;
        let event = match self.executor.build(order) {
            Ok((ready, refused)) => {
                let (hash, transactions) = (ready.header.hash(), ready.transactions.len());
                out.story.tell(self.id, &[30, short(hash), transactions as u64], || {
                    let (height, origin) = (ready.header.height(), ready.header.origin().number);
                    format!(
                        "  builds {} height {height} with {transactions} transactions on L1 block {origin}",
                        Brief(hash)
                    )
                });
                self.bodies.insert(hash, ready.body.clone());
                Event::Built { round, batch: Box::new(ready), refused }
            }
            Err(why) => {
                out.story.tell(self.id, &[32], || format!("  builds nothing: {why}"));
                Event::NotBuilt(round)
            }
        };
        self.take(event, out);
    }

    fn execute(&mut self, order: ExecuteOrder, out: &mut Outside) {
        let (batch, body) = (order.header.hash(), order.body.encode());
        let verdict = self.executor.execute(order);
        let (number, word) = match &verdict {
            Verdict::Valid(_) => (1, "valid".to_owned()),
            Verdict::Invalid(why) => (0, format!("INVALID: {why}")),
            Verdict::NotNow(why) => (2, format!("not to be judged: {why}")),
        };
        out.story.tell(self.id, &[31, short(batch), number], || format!("  finds {} {word}", Brief(batch)));
        match &verdict {
            Verdict::Valid(_) => {
                self.bodies.insert(batch, body);
            }
            Verdict::Invalid(why) => self.invalid = Some((batch, why.clone())),
            Verdict::NotNow(_) => {}
        }
        self.take(Event::Executed { batch, verdict }, out);
    }

    fn commit(&mut self, certificate: Verified<Certificate>, out: &mut Outside) {
        let path = match self.executor.finalize(&certificate.vote.batch) {
            Ok(path) => path,
            Err(reason) => {
                let invalid = self.invalid.take().map(|(batch, why)| format!("; {batch} is invalid: {why}"));
                let why = format!("final batch {}: {reason}{}", certificate.vote.batch, invalid.unwrap_or_default());
                self.end = Some(End::Stopped("final_invalid", why));
                return;
            }
        };
        let round = certificate.vote.round;
        let numbers = [25, round.view.0, path.len() as u64];
        out.story.tell(self.id, &numbers, || format!("  stores {} final batches", path.len()));
        let batches = path.iter().map(|done| (self.record(done, &certificate), done.clone())).collect();
        let opens = path.last().and_then(|last| {
            let header = last.header();
            Some(out.l1.epoch_of(header.origin().number)).filter(|epoch| *epoch > header.epoch())
        });
        if self.write(Write::Final(Box::new(Commit { batches, round, opens })), out) {
            self.tasks_first(vec![Task::Flush(Part::Store), Task::Told(Box::new((certificate, path)))]);
        }
    }

    fn record(&mut self, done: &Done, certificate: &Certificate) -> Stored {
        let header = done.header().clone();
        let hash = header.hash();
        let body = self.bodies.remove(&hash).expect("what was executed has a body here");
        Stored { header, body, finalization: (hash == certificate.vote.batch).then(|| certificate.clone()) }
    }

    /// The batches are durable with their finalization: users may hear of them.
    pub(super) fn tell_final(&mut self, certificate: &Certificate, path: &[Done], out: &mut Outside) {
        for done in path {
            let fact = final_fact(done, certificate, out);
            let numbers = [26, fact.height, short(fact.batch)];
            out.story.tell(self.id, &numbers, || format!("FINAL height {} {}", fact.height, Brief(fact.batch)));
            let height = fact.height;
            out.facts.push((self.id, Fact::Final(fact)));
            if out.station(self.id).honest {
                self.give_receipts(done, height, out);
            }
        }
        self.drop_bodies();
        if let Some(last) = path.last() {
            self.forget_live(last.header().height(), out.settings.times.evidence_epochs);
            self.publish(certificate, out);
        }
        self.take(Event::Committed(path.iter().map(Done::committed).collect()), out);
        self.begin_work(out);
    }

    /// Clients that asked this node for nothing else see their transactions final.
    fn give_receipts(&self, done: &Done, height: u64, out: &mut Outside) {
        for transaction in done.transactions() {
            let waited = wallets::number_of(transaction).and_then(|number| out.clients.waiting.remove(&number));
            if waited.is_some() {
                out.facts.push((self.id, Fact::Receipt { transaction: transaction.hash(), height }));
            }
        }
    }

    /// Whoever led the round tells those who do not vote.
    fn publish(&self, certificate: &Certificate, out: &mut Outside) {
        if self.replica.leader_of(certificate.vote.round) != Some(out.keys.public(self.id)) {
            return;
        }
        let Some(Stored { header, body, finalization }) = self.disk.find(certificate.vote.batch).cloned() else {
            return;
        };
        let batch = FinalBatch { header, transactions: body, finalization };
        out.send_all(self.id, Message::FinalBatch(Box::new(batch)));
    }

    /// Candidates below what is final and durable, and certificates below the evidence window, are of no more use.
    fn forget_live(&mut self, height: Height, evidence_epochs: u64) {
        if height.0.is_multiple_of(PRUNED_EVERY) {
            let round = self.disk.head().round;
            let epoch = rota_proto::Epoch(round.epoch.0.saturating_sub(evidence_epochs));
            self.disk.prune(round, Round::new(epoch, View::ZERO));
        }
    }

    /// What execution has forgotten is not kept here either.
    fn drop_bodies(&mut self) {
        let executor = &self.executor;
        self.bodies.retain(|batch, _| executor.is_live(batch));
    }
}

fn final_fact(done: &Done, certificate: &Certificate, out: &mut Outside) -> FinalFact {
    let header = done.header();
    let (batch, origin) = (header.hash(), header.origin());
    let newest = out.l1.first_block() + out.queue.now().as_ms() / out.l1.plan().interval_ms;
    let exists = (out.l1.first_block()..=newest).contains(&origin.number);
    let l1 = if exists { Some(out.l1.block(origin.number)).map(|block| (block.hash, block.timestamp)) } else { None };
    FinalFact {
        height: header.height().0,
        batch,
        parent: header.parent(),
        epoch: header.epoch().0,
        state_root: done.state_root(),
        header_state_root: header.header().state_root,
        transactions: done.transactions().iter().map(|transaction| transaction.hash()).collect(),
        origin: (origin.number, origin.hash),
        l1,
        timestamp: header.header().timestamp,
        signers: Some(certificate.signers).filter(|_| certificate.vote.batch == batch),
        view: certificate.vote.round.view.0,
        stakes: out.l1.stakes_by_place(header.epoch()),
    }
}
