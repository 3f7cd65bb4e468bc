//! Hearing what others say: admission, verification, then the core.

use rota_consensus::{Input, Rejected};
use rota_proto::{
    BodyMessage, Certificate, Fetch, FinalBatch, Message, Proposal, RoundAnswer, SignedVote, VerifyError,
};

use super::Host;
use crate::sim::{
    batch::{body_hash, decode_transaction},
    outside::Outside,
    story::{NodeId, fingerprint, summary},
};

/// Bodies kept though their header is not known yet.
const UNMATCHED_MAX: usize = 64;

impl Host {
    /// Hears a message.
    pub fn hear(&mut self, from: NodeId, message: Message, out: &mut Outside) {
        out.story
            .tell(self.id, &[40, from as u64, fingerprint(&message)], || format!("<- n{from}: {}", summary(&message)));
        let bent = self.with_conduct(out, |conduct, hands| conduct.hear(message.clone(), hands));
        let (deeds, message) = bent.unwrap_or_else(|| (Vec::new(), Some(message)));
        self.tasks.extend(deeds.into_iter().map(super::Task::Deed));
        match message {
            None => {}
            Some(Message::Vote(signed)) => self.hear_vote(from, signed, out),
            Some(Message::Certificate(certificate)) => self.hear_certificate(from, certificate, out),
            Some(Message::Proposal(proposal)) => self.hear_proposal(from, *proposal, out),
            Some(Message::Body(body)) => self.hear_body(body, out),
            Some(Message::Fetch(fetch)) => self.hear_fetch(from, fetch, out),
            Some(Message::RoundQuery(_)) => {
                // Who asks is known from the link.
                self.step(Input::RoundQuery(out.keys.public(from)), out).ok();
            }
            Some(Message::RoundAnswer(answer)) => self.hear_answer(from, *answer, out),
            Some(Message::Transactions(list)) => {
                for transaction in list.iter().filter_map(decode_transaction) {
                    if !self.disk.is_spent(transaction) {
                        self.pool.add(transaction);
                    }
                }
            }
            Some(Message::FinalBatch(batch)) => self.hear_batch(from, *batch, out),
            Some(Message::CatchUpRequest(request)) => self.hear_request(from, request, out),
            Some(Message::CatchUpAnswer(answer)) => self.hear_batches(from, answer, out),
            Some(Message::Status(status)) => self.hear_status(from, &status, out),
        }
        self.look(out);
    }

    fn hear_vote(&mut self, from: NodeId, signed: SignedVote, out: &mut Outside) {
        let admitted = self.core.admit_vote(&signed);
        if let Err(rejected) = admitted {
            self.refused(from, rejected, out);
            if !self.slasher.wants(&signed) {
                return;
            }
        }
        let Some(set) = self.set(signed.vote.round.epoch) else { return };
        match self.verify_vote(signed, &set, out) {
            Err(error) => self.forged(from, error, out),
            Ok(verified) => {
                self.observe(verified, &set, out);
                if admitted.is_ok() {
                    self.step(Input::Vote(verified), out).ok();
                }
            }
        }
    }

    pub(super) fn hear_certificate(&mut self, from: NodeId, certificate: Certificate, out: &mut Outside) {
        if let Err(rejected) = self.core.admit_certificate(&certificate) {
            return self.refused(from, rejected, out);
        }
        let Some(set) = self.set(certificate.vote.round.epoch) else { return };
        match self.verify_certificate(certificate, &set, out) {
            Err(error) => self.forged(from, error, out),
            Ok(verified) => {
                for signed in verified.verified_votes() {
                    self.observe(signed, &set, out);
                }
                self.step(Input::Certificate(verified), out).ok();
            }
        }
    }

    fn hear_proposal(&mut self, from: NodeId, proposal: Proposal, out: &mut Outside) {
        let vote = proposal.vote;
        let Some(set) = self.set(vote.vote.round.epoch) else {
            if let Err(rejected) = self.core.admit_proposal(&proposal) {
                self.refused(from, rejected, out);
            }
            return;
        };
        if let Err(rejected) = self.core.admit_proposal(&proposal) {
            self.refused(from, rejected, out);
            if self.slasher.wants(&vote)
                && let Ok(verified) = self.verify_vote(vote, &set, out)
            {
                self.observe(verified, &set, out);
            }
            return;
        }
        let header = proposal.header.clone();
        match self.verify_proposal(proposal, &set, out) {
            Err(error) => {
                out.stats.forged += 1;
                out.story.tell(self.id, &[41, from as u64], || format!("  drops the proposal of n{from}: {error}"));
            }
            Ok(verified) => {
                self.observe(verified.vote(), &set, out);
                if self.step(Input::Proposal(Box::new(verified)), out).is_ok() {
                    self.know(header, out);
                }
            }
        }
    }

    /// A header is known: its body may have come before it.
    pub(super) fn know(&mut self, header: rota_proto::BatchHeader, out: &mut Outside) {
        let (batch, hash) = (header.hash(), body_hash(&header));
        if header.height() <= self.disk.tip().header.height() {
            return;
        }
        self.headers.insert(batch, header);
        if self.bodies.contains_key(&batch) {
            self.step(Input::Body(batch), out).ok();
            return;
        }
        let fits = |body: &BodyMessage| body.batch == batch && alloy_primitives::keccak256(&body.transactions) == hash;
        if let Some(body) = self.unmatched.iter().find(|body| fits(body)).cloned() {
            self.unmatched.retain(|other| other.batch != batch);
            self.keep_body(batch, body.transactions, out);
        }
    }

    pub(super) fn hear_body(&mut self, body: BodyMessage, out: &mut Outside) {
        match self.headers.get(&body.batch) {
            Some(header) if alloy_primitives::keccak256(&body.transactions) == body_hash(header) => {
                self.keep_body(body.batch, body.transactions, out);
            }
            Some(_) => out.stats.forged += 1,
            None => {
                self.unmatched.push_back(body);
                if self.unmatched.len() > UNMATCHED_MAX {
                    self.unmatched.pop_front();
                }
            }
        }
    }

    fn hear_fetch(&mut self, from: NodeId, fetch: Fetch, out: &mut Outside) {
        if let Fetch::Body(batch) = fetch {
            if let Some(message) = self.body_message(batch) {
                out.send(self.id, &[from], message);
            }
            return;
        }
        let asker = out.keys.public(from);
        if self.step(Input::Fetch { from: asker, fetch }, out) == Err(Rejected::NotHere) {
            self.give_older(from, fetch, out);
        }
    }

    fn hear_answer(&mut self, from: NodeId, answer: RoundAnswer, out: &mut Outside) {
        if let Err(rejected) = self.core.admit_round_answer(answer.round) {
            return self.refused(from, rejected, out);
        }
        let ours = self.core.round().epoch;
        let Some(set) = self.set(ours) else { return };
        let Some(place) = set.place_of(&out.keys.public(from)) else { return };
        let entered_by = answer.entered_by.filter(|certificate| certificate.vote.round.epoch == ours);
        let entered_by = entered_by.and_then(|one| self.verify_certificate(one, &set, out).ok());
        let ours = answer.votes.into_iter().filter(|signed| signed.vote.round.epoch == ours);
        let votes: Vec<_> = ours.filter_map(|one| self.verify_vote(one, &set, out).ok()).collect();
        self.step(Input::RoundAnswer { from: place, entered_by, votes }, out).ok();
    }

    fn hear_batch(&mut self, from: NodeId, batch: FinalBatch, out: &mut Outside) {
        let header = batch.header.clone();
        let hash = header.hash();
        if let Some(finalization) = batch.finalization {
            self.hear_certificate(from, finalization, out);
        }
        if self.step(Input::Header(Box::new(header.clone())), out).is_ok() {
            self.know(header, out);
            self.hear_body(BodyMessage { batch: hash, transactions: batch.transactions }, out);
        }
    }

    /// What follows from a refusal: whoever speaks of what we do not know yet is ahead; whoever speaks of what is
    /// over is behind.
    fn refused(&mut self, from: NodeId, rejected: Rejected, out: &mut Outside) {
        out.stats.rejected += 1;
        out.story.tell(self.id, &[43, from as u64], || format!("  refuses: {rejected}"));
        if matches!(rejected, Rejected::FutureEpoch { .. } | Rejected::FarFuture { .. }) {
            self.behind(from, out);
        } else if matches!(rejected, Rejected::PastEpoch { .. } | Rejected::Stale { .. }) {
            self.tell_status(from, out);
        }
    }

    fn forged(&self, from: NodeId, error: VerifyError, out: &mut Outside) {
        out.stats.forged += 1;
        out.story.tell(self.id, &[44, from as u64], || format!("  does not believe n{from}: {error}"));
    }
}
