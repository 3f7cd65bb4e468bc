//! Catching up by final batches, and helping others to.

use rota_consensus::Input;
use rota_proto::{
    CatchUpAnswer, CatchUpRequest, Fetch, FinalBatch, Height, Message, Round, Status, limits::BATCHES_PER_ANSWER_MAX,
};

use super::Host;
use crate::sim::{
    disk::Stored,
    outside::Outside,
    story::{NodeId, short},
};

/// Batches asked for at a time.
const BATCHES: u32 = 64;
/// A node asks, and tells each peer how far it is, no more often than this.
const PAUSE_MS: u64 = 200;

impl Host {
    /// A peer is ahead: asks it for what is final, but not again and again.
    pub(super) fn behind(&mut self, peer: NodeId, out: &mut Outside) {
        let now = out.queue.now();
        if self.asked.is_some_and(|asked| now.ms_since(asked) < PAUSE_MS) {
            return;
        }
        self.asked = Some(now);
        out.stats.catch_ups += 1;
        let from = self.disk.tip().header.height().next();
        out.send(self.id, &[peer], Message::CatchUpRequest(CatchUpRequest { from, count: BATCHES }));
    }

    /// A peer is behind: tells it how far we are.
    pub(super) fn tell_status(&mut self, peer: NodeId, out: &mut Outside) {
        let now = out.queue.now();
        if self.told.get(&peer).is_some_and(|told| now.ms_since(*told) < PAUSE_MS) {
            return;
        }
        self.told.insert(peer, now);
        let tip = &self.disk.tip().header;
        let status = Status {
            network: alloy_primitives::B256::ZERO,
            version: "simulated".into(),
            height: tip.height(),
            batch: tip.hash(),
        };
        out.send(self.id, &[peer], Message::Status(status));
    }

    pub(super) fn hear_status(&mut self, from: NodeId, status: &Status, out: &mut Outside) {
        if status.height > self.core.head().height() {
            self.behind(from, out);
        }
    }

    pub(super) fn hear_request(&mut self, from: NodeId, request: CatchUpRequest, out: &mut Outside) {
        let count = usize::try_from(request.count).unwrap_or(usize::MAX).min(BATCHES_PER_ANSWER_MAX);
        let heights = (request.from.0..).map_while(|height| self.disk.stored(Height(height)));
        let mut batches: Vec<FinalBatch> = heights.take(count).map(as_final).collect();
        // The last one proves the others.
        while batches.last().is_some_and(|batch| batch.finalization.is_none()) {
            batches.pop();
        }
        if request.from > Height(0) && !batches.is_empty() {
            out.send(self.id, &[from], Message::CatchUpAnswer(CatchUpAnswer { batches }));
        }
    }

    pub(super) fn hear_batches(&mut self, from: NodeId, answer: CatchUpAnswer, out: &mut Outside) {
        let full = answer.batches.len() >= BATCHES as usize;
        self.backlog = answer.batches.into();
        let before = self.core.head().height();
        self.use_backlog(out);
        if full && self.core.head().height() > before {
            self.asked = None;
            self.behind(from, out);
        }
    }

    /// Feeds final batches to the core, one finalization with its batches after the other, as far as the sets of
    /// their epochs are known.
    pub(super) fn use_backlog(&mut self, out: &mut Outside) {
        while self.epoch_due.is_none() && self.core.awaited_epoch().is_none() {
            let head = self.core.head().height();
            while self.backlog.front().is_some_and(|batch| batch.header.height() <= head) {
                self.backlog.pop_front();
            }
            let Some(last) = self.backlog.iter().position(|batch| batch.finalization.is_some()) else { return };
            let group: Vec<FinalBatch> = self.backlog.drain(..=last).collect();
            self.use_group(group, out);
            if self.core.head().height() <= head {
                self.backlog.clear();
                return;
            }
        }
    }

    /// Batches of which the last is finalized: the certificate first, then headers and bodies from the top.
    fn use_group(&mut self, group: Vec<FinalBatch>, out: &mut Outside) {
        let finalization = group.last().and_then(|batch| batch.finalization.clone());
        let Some((finalization, set)) =
            finalization.and_then(|one| Some((one.clone(), self.set(one.vote.round.epoch)?)))
        else {
            return;
        };
        if finalization.vote.round.epoch != self.core.round().epoch {
            return;
        }
        let numbers = [50, finalization.vote.round.view.0, short(finalization.vote.batch)];
        out.story.tell(self.id, &numbers, || format!("  catches up by {} batches", group.len()));
        match self.verify_certificate(finalization, &set, out) {
            Err(_) => out.stats.forged += 1,
            Ok(verified) => {
                self.step(Input::Certificate(verified), out).ok();
            }
        }
        for batch in group.into_iter().rev() {
            let hash = batch.header.hash();
            let header = batch.header;
            if self.step(Input::Header(Box::new(header.clone())), out).is_ok() || self.core.header(hash).is_some() {
                self.know(header, out);
                let body = rota_proto::BodyMessage { batch: hash, transactions: batch.transactions };
                self.hear_body(body, out);
            }
        }
    }

    /// Gives what the core no longer holds: batches from the store, and the last finalization to those whose view
    /// ended long ago.
    pub(super) fn give_older(&self, from: NodeId, fetch: Fetch, out: &mut Outside) {
        let message = match fetch {
            Fetch::Proposal { batch, .. } => self.batch_message(batch),
            Fetch::Certificate(round) => self.latest_finalization(round),
            Fetch::Body(batch) => self.body_message(batch),
        };
        if let Some(message) = message {
            out.send(self.id, &[from], message);
        }
    }

    fn batch_message(&self, batch: alloy_primitives::B256) -> Option<Message> {
        if let Some(stored) = self.disk.find(batch) {
            return Some(Message::FinalBatch(Box::new(as_final(stored))));
        }
        let (header, body) = (self.headers.get(&batch)?, self.bodies.get(&batch)?);
        let batch = FinalBatch { header: header.clone(), transactions: body.bytes.clone(), finalization: None };
        Some(Message::FinalBatch(Box::new(batch)))
    }

    fn latest_finalization(&self, round: Round) -> Option<Message> {
        let finalization = self.disk.tip().finalization.as_ref()?;
        let later = finalization.vote.round >= round;
        later.then(|| Message::Certificate((**finalization).clone()))
    }
}

fn as_final(stored: &Stored) -> FinalBatch {
    FinalBatch {
        header: stored.header.clone(),
        transactions: stored.body.clone(),
        finalization: stored.finalization.as_ref().map(|certificate| (**certificate).clone()),
    }
}
