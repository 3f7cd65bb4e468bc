//! Questions to peers, and answers from the store.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use rota_proto::{
    BodyMessage, CatchUpAnswer, CatchUpRequest, Fetch, FinalBatch, Height, Message, limits::BATCHES_PER_ANSWER_MAX,
};
use rota_replica::Event;

use super::{Host, Wake};
use crate::sim::{
    disk::Stored,
    outside::Outside,
    story::{NodeId, short},
};

/// How many peers are asked for one thing before the next retry.
const PEERS_ASKED_MAX: usize = 3;
/// A peer that has not answered after so long is not waited for.
const ANSWER_MS: u64 = 400;

/// Something that one peer after the other is asked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    wanted: Wanted,
    /// Who was asked; the last one may still answer.
    asked: Vec<NodeId>,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A missing piece, which comes in as a message.
    Piece(Fetch),
    /// Final batches from a height on.
    Batches(Height),
}

impl Host {
    /// Small pieces of live views are asked of all validators, whose replicas answer; a body, or anything that somebody
    /// without a place wants, of one peer after the other.
    pub(super) fn fetch(&mut self, fetch: Fetch, out: &mut Outside) {
        if self.replica.simplex().place().is_some() && !matches!(fetch, Fetch::Body(_)) {
            let others = self.validators(out);
            return out.send(self.id, &others, Message::Fetch(fetch));
        }
        let known = self.questions.values().any(|question| question.wanted == Wanted::Piece(fetch));
        if !known {
            self.question(Wanted::Piece(fetch), out);
        }
    }

    /// Asks peers for final batches; the replica hears what came of it in any case.
    pub(super) fn catch_up(&mut self, from: Height, out: &mut Outside) {
        out.stats.catch_ups += 1;
        self.question(Wanted::Batches(from), out);
    }

    fn question(&mut self, wanted: Wanted, out: &mut Outside) {
        self.questions_asked += 1;
        let question = Question { wanted, asked: Vec::new() };
        self.questions.insert(self.questions_asked, question);
        self.ask_next(self.questions_asked, out);
    }

    /// The peer that was asked last does not answer.
    pub(super) fn give_up(&mut self, number: u64, out: &mut Outside) {
        if let Some(question) = self.questions.get(&number) {
            let has =
                if let Wanted::Piece(Fetch::Body(batch)) = question.wanted { self.has_body(batch) } else { false };
            if has {
                self.questions.remove(&number);
            } else {
                self.ask_next(number, out);
            }
        }
    }

    fn has_body(&self, batch: B256) -> bool {
        self.replica.body(batch).is_some() || self.disk.find(batch).is_some()
    }

    /// Asks one more peer, if there is one and not enough were asked.
    fn ask_next(&mut self, number: u64, out: &mut Outside) {
        let Some(question) = self.questions.get_mut(&number) else { return };
        let asked: BTreeSet<NodeId> = question.asked.iter().copied().collect();
        let is_left = |node: &NodeId| *node != self.id && out.station(*node).up && !asked.contains(node);
        let left: Vec<NodeId> = (0..out.nodes()).filter(is_left).collect();
        if left.is_empty() || asked.len() >= PEERS_ASKED_MAX {
            let wanted = question.wanted;
            self.questions.remove(&number);
            if let Wanted::Batches(_) = wanted {
                self.take(Event::CaughtUp(Vec::new()), out);
            }
            return;
        }
        let peer = *out.random.pick(&left);
        question.asked.push(peer);
        let count = u32::try_from(BATCHES_PER_ANSWER_MAX).unwrap_or(u32::MAX);
        let message = match question.wanted {
            Wanted::Piece(fetch) => Message::Fetch(fetch),
            Wanted::Batches(from) => Message::CatchUpRequest(CatchUpRequest { from, count }),
        };
        out.send(self.id, &[peer], message);
        out.wake_by_clock(self.id, ANSWER_MS, Wake::NoAnswer(number));
    }

    /// Final batches that a peer gives; they count if it was asked and they follow one another. None at all is the word
    /// of one that has nothing.
    pub(super) fn take_batches(&mut self, from: NodeId, answer: CatchUpAnswer, out: &mut Outside) {
        let asked = self.questions.iter().find_map(|(number, question)| {
            let Wanted::Batches(height) = question.wanted else { return None };
            (question.asked.last() == Some(&from)).then_some((*number, height))
        });
        let Some((number, height)) = asked else { return };
        if answer.batches.is_empty() || !follows(&answer.batches, height) {
            return self.ask_next(number, out);
        }
        self.questions.remove(&number);
        out.story.tell(self.id, &[50, height.0], || format!("  is given {} final batches", answer.batches.len()));
        self.step(Event::CaughtUp(answer.batches), out);
    }

    /// Final batches from a height on, up to the last that has a finalization.
    pub(super) fn give_batches(&self, to: NodeId, request: CatchUpRequest, out: &mut Outside) {
        let count = usize::try_from(request.count).unwrap_or(usize::MAX).min(BATCHES_PER_ANSWER_MAX);
        let heights = (request.from.0..).map_while(|height| self.disk.stored(Height(height)));
        let mut batches: Vec<FinalBatch> = heights.take(count).map(as_final).collect();
        let proven = batches.iter().rposition(|batch| batch.finalization.is_some()).map_or(0, |last| last + 1);
        batches.truncate(proven);
        let first = batches.first().map_or(0, |batch| short(batch.header.hash()));
        out.story.tell(self.id, &[51, first], || format!("  gives n{to} {} final batches", batches.len()));
        out.send(self.id, &[to], Message::CatchUpAnswer(CatchUpAnswer { batches }));
    }

    pub(super) fn live_body(&self, batch: B256) -> Option<Message> {
        let body = self.replica.body(batch)?;
        Some(Message::Body(BodyMessage { batch, transactions: body }))
    }

    /// What the store has of a missing piece.
    pub(super) fn stored(&self, fetch: Fetch) -> Option<Message> {
        let disk = &self.disk;
        match fetch {
            Fetch::Body(batch) => {
                let transactions = disk.find(batch)?.body.clone();
                Some(Message::Body(BodyMessage { batch, transactions }))
            }
            Fetch::Certificate(round) => {
                let kept = disk.certificates_from(round).next().filter(|kept| kept.vote.round == round)?;
                Some(Message::Certificate(kept.clone()))
            }
            Fetch::Proposal { round, batch } => {
                let (header, transactions) = match disk.candidate(round, batch) {
                    Some((candidate, body)) => (candidate.header.clone(), body.clone()),
                    None => disk.find(batch).map(|stored| (stored.header.clone(), stored.body.clone()))?,
                };
                Some(Message::FinalBatch(Box::new(FinalBatch { header, transactions, finalization: None })))
            }
        }
    }
}

/// Whether these follow one another from a height on, each with its body.
fn follows(batches: &[FinalBatch], from: Height) -> bool {
    let rising = batches.iter().zip(from.0..).all(|(batch, height)| batch.header.height().0 == height);
    rising && batches.iter().all(|batch| batch.header.commits_to(&batch.transactions))
}

fn as_final(stored: &Stored) -> FinalBatch {
    let Stored { header, body, finalization } = stored.clone();
    FinalBatch { header, transactions: body, finalization }
}
