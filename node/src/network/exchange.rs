//! The books of requests: whom we asked what, and how much each peer may ask of us.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use libp2p::{PeerId, request_response::OutboundRequestId};
use rota_proto::{Fetch, Message};
use tokio::sync::oneshot;

pub(crate) use super::codec::Parcel;
use super::{
    limits::{FAILED_LATELY, NetworkLimits, SCORES_MAX},
    misbehaviour::Misbehaviour,
    trust::Trust,
};

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This peer.
    Peer(PeerId),
    /// The connected peer that we trust most and that owes us the fewest answers (rule N35), but none of these, who
    /// were asked before.
    AnyBut(BTreeSet<PeerId>),
}

/// An answer that fits its question. Its signatures are yet to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who gave it.
    pub from: PeerId,
    /// What it says.
    pub message: Message,
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The message is no question.
    #[error("a message of this kind asks nothing")]
    NoRequest,
    /// The peer is not connected, or nobody is.
    #[error("nobody to ask is connected")]
    NoPeer,
    /// As many requests as may be are without an answer; ask again later.
    #[error("{waiting} requests wait for answers, as many as may")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The peer has not what was asked for.
    #[error("{0} has none")]
    None(PeerId),
    /// No answer in time.
    #[error("{0} did not answer in time")]
    Timeout(PeerId),
    /// The connection broke first, or the peer refused.
    #[error("{peer} gave no answer: {reason}")]
    Failed {
        /// The peer.
        peer: PeerId,
        /// What happened.
        reason: String,
    },
    /// The answer is not to this question, or no message at all. The peer was punished.
    #[error("{peer} gave a wrong answer: {fault:?}")]
    Wrong {
        /// The peer.
        peer: PeerId,
        /// What it did.
        fault: Misbehaviour,
    },
    /// The network has stopped.
    #[error("the network has stopped")]
    Stopped,
}

impl RequestError {
    /// The peer that failed us, to be left out of the next try.
    #[must_use]
    pub const fn peer(&self) -> Option<PeerId> {
        match self {
            Self::None(peer) | Self::Timeout(peer) | Self::Failed { peer, .. } | Self::Wrong { peer, .. } => {
                Some(*peer)
            }
            Self::NoRequest | Self::NoPeer | Self::Busy { .. } | Self::Stopped => None,
        }
    }
}

/// Where an answer goes.
pub(crate) type AnswerSender = oneshot::Sender<Result<Answer, RequestError>>;

/// A question that waits.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) peer: PeerId,
    pub(crate) trust: Trust,
    pub(crate) request: Message,
    pub(crate) answer: AnswerSender,
}

/// Whom we asked what.
#[derive(Debug)]
pub(crate) struct Exchange {
    asked: BTreeMap<OutboundRequestId, Asked>,
    /// When peers last gave no answer, or a wrong one.
    failed: BTreeMap<PeerId, Instant>,
    total_max: usize,
    others_max: usize,
    per_peer_max: usize,
    turn: usize,
}

/// A peer that may be asked.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    peer: PeerId,
    owes: usize,
    /// Whom to ask first: the lowest.
    order: (u8, usize),
}

impl Exchange {
    pub(crate) fn new(limits: &NetworkLimits) -> Self {
        Self {
            asked: BTreeMap::new(),
            failed: BTreeMap::new(),
            total_max: limits.requests_out_max,
            others_max: limits.requests_out_max.saturating_sub(limits.requests_out_for_validators),
            per_peer_max: limits.requests_out_per_peer_max,
            turn: 0,
        }
    }

    /// The peer to ask, if the target and the limits allow one (rules N30, N33, N35).
    pub(crate) fn choose(
        &mut self,
        target: &Target,
        connected: &[(PeerId, Trust)],
        now: Instant,
    ) -> Result<PeerId, RequestError> {
        let waiting = self.asked.len();
        let wanted = |peer: &PeerId| match target {
            Target::Peer(wanted) => peer == wanted,
            Target::AnyBut(tried) => !tried.contains(peer),
        };
        let mut wanted = connected.iter().filter(|(peer, _)| wanted(peer)).peekable();
        if wanted.peek().is_none() && waiting < self.total_max {
            return Err(RequestError::NoPeer);
        }
        // N33: strangers that do not answer cannot hold the places of questions to validators.
        let others = self.asked.values().filter(|asked| asked.trust != Trust::Validator).count();
        let free = |trust| waiting < self.total_max && (trust == Trust::Validator || others < self.others_max);
        let candidates: Vec<Candidate> = wanted
            .filter(|(_, trust)| free(*trust))
            .map(|(peer, trust)| self.candidate(*peer, *trust, now))
            .filter(|candidate| candidate.owes < self.per_peer_max)
            .collect();
        let first = candidates.iter().map(|candidate| candidate.order).min();
        let first = first.ok_or(RequestError::Busy { waiting })?;
        // Those that stand alike take turns.
        let alike: Vec<PeerId> =
            candidates.iter().filter(|candidate| candidate.order == first).map(|candidate| candidate.peer).collect();
        self.turn = self.turn.wrapping_add(1);
        alike.get(self.turn % alike.len()).copied().ok_or(RequestError::NoPeer)
    }

    /// N35: validators first, then configured peers, then strangers; who failed lately stands two steps lower, so
    /// that a validator which fails is asked with the strangers. Among alikes, who owes the fewest answers.
    fn candidate(&self, peer: PeerId, trust: Trust, now: Instant) -> Candidate {
        let owes = self.asked.values().filter(|asked| asked.peer == peer).count();
        let failed = self.failed.get(&peer).is_some_and(|at| now.saturating_duration_since(*at) < FAILED_LATELY);
        let step = match trust {
            Trust::Validator => 0,
            Trust::Configured => 1,
            Trust::Stranger => 2,
        };
        Candidate { peer, owes, order: (step + if failed { 2 } else { 0 }, owes) }
    }

    /// The peer gave no answer in time, or none at all, or a wrong one. That it has none is no failure.
    pub(crate) fn failed(&mut self, peer: PeerId, now: Instant) {
        self.failed.retain(|_, at| now.saturating_duration_since(*at) < FAILED_LATELY);
        if self.failed.len() >= SCORES_MAX {
            self.failed.pop_first();
        }
        self.failed.insert(peer, now);
    }

    pub(crate) fn asked(&mut self, id: OutboundRequestId, asked: Asked) {
        self.asked.insert(id, asked);
    }

    pub(crate) fn answered(&mut self, id: &OutboundRequestId) -> Option<Asked> {
        self.asked.remove(id)
    }
}

/// Whether `answer` is to `request` (rule N32): what can be told without keys.
pub(crate) fn fits(request: &Message, answer: &Message) -> bool {
    match (request, answer) {
        (Message::Fetch(Fetch::Proposal { round, batch }), Message::Proposal(proposal)) => {
            proposal.vote.vote.round == *round && proposal.vote.vote.batch == *batch
        }
        // Who keeps no justification any more gives the header and the body.
        (Message::Fetch(Fetch::Proposal { batch, .. }), Message::FinalBatch(found)) => found.header.hash() == *batch,
        (Message::Fetch(Fetch::Body(batch)), Message::Body(body)) => body.batch == *batch,
        (Message::Fetch(Fetch::Certificate(round)), Message::Certificate(certificate)) => {
            // What ends a view is a certificate of it or of a later one.
            certificate.vote.round >= *round
        }
        (Message::RoundQuery(_), Message::RoundAnswer(_)) => true,
        (Message::CatchUpRequest(request), Message::CatchUpAnswer(answer)) => {
            let heights = (request.from.0..).zip(&answer.batches);
            !answer.batches.is_empty()
                && answer.batches.len() <= request.count as usize
                && heights.into_iter().all(|(height, batch)| batch.header.height().0 == height)
        }
        _ => false,
    }
}
