//! The lying server: answers every question, and falsely.

use std::collections::VecDeque;

use alloy_primitives::{B256, Bytes, keccak256};
use rota_consensus::Timer;
use rota_proto::{
    BatchHeader, BodyMessage, CatchUpAnswer, ConsensusKey, Fetch, FinalBatch, Height, Justification, Message, Proposal,
    Round, RoundAnswer, SignedVote, Status, View, Vote,
};
use rota_replica::{Effect, Event};

use super::forged;
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Batches remembered, to make answers of.
const KNOWN_MAX: usize = 128;
/// How far ahead it claims to be.
const AHEAD: u64 = 1_000;

/// Answers requests for final batches, for missing pieces and for its round with lies of all sorts, and claims heights
/// that nobody has. Withstood by believing hashes and signatures alone (C1 to C3, B8 of replica; S2 of consensus), and
/// by asking somebody else.
#[derive(Clone, Debug, Default)]
pub struct LyingServer {
    turn: u64,
    known: VecDeque<FinalBatch>,
}

impl Conduct for LyingServer {
    fn name(&self) -> &'static str {
        "lying_server"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        if let Effect::PersistCandidate { candidate, body } = &effect {
            self.learn(&candidate.header, body);
        } else if let Effect::Commit { certificate, .. } = &effect {
            let batch = |known: &&mut FinalBatch| known.header.hash() == certificate.vote.batch;
            let known = self.known.iter_mut().filter(batch);
            known.for_each(|known| known.finalization = Some((**certificate).clone()));
        }
        let is_true_answer = matches!(
            effect,
            Effect::Serve { .. } | Effect::Send { message: Message::Body(_) | Message::Proposal(_), .. }
        );
        if is_true_answer { Vec::new() } else { vec![Deed::effect(effect)] }
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        if matches!(event, Event::Timer(Timer::Retry)) {
            hands.outside.stats.deeds += 1;
            return (vec![Deed::Tell(hands.others(), claim(hands))], Some(event));
        }
        let Event::Message { from, message } = &event else { return (Vec::new(), Some(event)) };
        let lies = self.lie(*from, message, hands);
        hands.outside.stats.deeds += lies.len() as u64;
        // What is answered falsely is not answered truly as well.
        let unanswered = Some(event).filter(|_| lies.is_empty());
        (lies, unanswered)
    }
}

impl LyingServer {
    fn learn(&mut self, header: &BatchHeader, body: &Bytes) {
        let batch = FinalBatch { header: header.clone(), transactions: body.clone(), finalization: None };
        self.known.push_back(batch);
        if self.known.len() > KNOWN_MAX {
            self.known.pop_front();
        }
    }

    fn lie(&mut self, from: Option<ConsensusKey>, message: &Message, hands: &mut Hands<'_>) -> Vec<Deed> {
        self.turn += 1;
        let lie = match message {
            Message::CatchUpRequest(request) => Some(self.catch_up(request.from, hands)),
            Message::Fetch(Fetch::Body(batch)) => self.body(*batch),
            Message::Fetch(Fetch::Proposal { round, .. }) => self.proposal(*round, hands),
            Message::Fetch(Fetch::Certificate(at)) => forged(Vote::nullify(*at), hands).map(Message::Certificate),
            Message::RoundQuery(_) => self.round(from, hands),
            Message::Vote(_)
            | Message::Certificate(_)
            | Message::Proposal(_)
            | Message::Body(_)
            | Message::RoundAnswer(_)
            | Message::Transactions(_)
            | Message::FinalBatch(_)
            | Message::CatchUpAnswer(_)
            | Message::Status(_)
            | Message::Evidence(_)
            | Message::Attestation(_) => None,
        };
        let askers = from.map_or_else(Vec::new, |from| hands.outside.keys.nodes_of(&from));
        lie.map(|lie| Deed::Tell(askers, lie)).into_iter().collect()
    }

    /// Final batches: none, without finalizations, with each other's, with each other's bodies, of its own making, or
    /// not those that were asked for.
    fn catch_up(&self, from: Height, hands: &mut Hands<'_>) -> Message {
        let mut batches: Vec<FinalBatch> =
            self.known.iter().filter(|known| known.header.height() >= from).take(16).cloned().collect();
        match self.turn % 6 {
            0 => batches.clear(),
            1 => batches.iter_mut().for_each(|batch| batch.finalization = None),
            2 => {
                let mut finalizations: Vec<_> = batches.iter().map(|batch| batch.finalization.clone()).collect();
                finalizations.rotate_left(usize::from(!batches.is_empty()));
                batches.iter_mut().zip(finalizations).for_each(|(batch, other)| batch.finalization = other);
            }
            3 => {
                let mut bodies: Vec<Bytes> = batches.iter().map(|batch| batch.transactions.clone()).collect();
                bodies.rotate_left(usize::from(!batches.is_empty()));
                batches.iter_mut().zip(bodies).for_each(|(batch, other)| batch.transactions = other);
            }
            4 => batches.iter_mut().for_each(|batch| make_up(batch, hands)),
            _ => batches.truncate(batches.len() / 2),
        }
        Message::CatchUpAnswer(CatchUpAnswer { batches })
    }

    /// The body of another batch, or half of one.
    fn body(&self, batch: B256) -> Option<Message> {
        let other = self.known.iter().find(|known| known.header.hash() != batch)?.transactions.clone();
        let half = other.len() / 2;
        let transactions = if self.turn.is_multiple_of(2) { other } else { other.slice(..half) };
        Some(Message::Body(BodyMessage { batch, transactions }))
    }

    /// A batch of long ago as a proposal of the round that was asked about.
    fn proposal(&self, round: Round, hands: &mut Hands<'_>) -> Option<Message> {
        let header = self.known.front()?.header.clone();
        let vote = hands.sign(Vote::notarize(round, header.hash()))?;
        let justification = Justification::default();
        Some(Message::Proposal(Box::new(Proposal { vote, header, justification })))
    }

    /// That it is far ahead, by a forged certificate, and saw votes that the asker never cast; or where it was at
    /// first, and saw none.
    fn round(&self, from: Option<ConsensusKey>, hands: &mut Hands<'_>) -> Option<Message> {
        let round = hands.replica.simplex().round();
        let asker = hands.set()?.place_of(&from?)?;
        let far = Round::new(round.epoch, round.view.plus(20));
        let own = hands.sign(Vote::finalize(far, B256::repeat_byte(0x11)))?;
        let answer = if self.turn.is_multiple_of(2) {
            let entered_by = forged(Vote::nullify(far), hands);
            RoundAnswer { round: far.next_view(), entered_by, votes: vec![SignedVote { signer: asker, ..own }] }
        } else {
            let first = Round::new(round.epoch, View(1));
            RoundAnswer { round: first, entered_by: None, votes: Vec::new() }
        };
        Some(Message::RoundAnswer(Box::new(answer)))
    }
}

/// Another state in the batch, and a finalization in everybody's name.
fn make_up(batch: &mut FinalBatch, hands: &mut Hands<'_>) {
    let mut header = batch.header.header().clone();
    header.state_root = keccak256(header.state_root);
    let Ok(header) = BatchHeader::new(header) else { return };
    let round = batch.finalization.as_ref().map_or(batch.header.parent_round().next_view(), |one| one.vote.round);
    batch.finalization = forged(Vote::finalize(round, header.hash()), hands);
    batch.header = header;
}

/// That it is far ahead.
fn claim(hands: &Hands<'_>) -> Message {
    let committed = hands.replica.committed();
    let height = committed.height().plus(AHEAD);
    Message::Status(Status { network: B256::ZERO, version: "lying".to_owned(), height, batch: committed.hash() })
}
