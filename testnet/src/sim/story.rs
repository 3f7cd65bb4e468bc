//! What happened: as a hash always, as lines to read when somebody wants to.

use std::fmt;

use alloy_primitives::B256;
use rota_proto::{Fetch, Message};

use super::{queue::Time, random::mix};

/// Index of a node in the scenario; its place in the validator sets has the same number, but for a twin.
pub type NodeId = usize;

/// Lines kept of a story: a run of the longest scenario has some hundred thousand.
const LINES_MAX: usize = 1_000_000;

/// The trace of a run. Its hash covers every event, effect and message; two runs of one scenario agree in it.
#[derive(Debug, Default)]
pub struct Story {
    hash: u64,
    now: Time,
    lines: Option<Vec<String>>,
}

impl Story {
    /// A story that keeps its lines if `told`.
    #[must_use]
    pub fn new(told: bool) -> Self {
        Self { hash: 0, now: Time::default(), lines: told.then(Vec::new) }
    }

    /// The time of what is told from here on.
    pub fn set_time(&mut self, now: Time) {
        self.now = now;
    }

    /// Adds an event: numbers for the hash, and a line that is written only if somebody listens.
    pub fn tell(&mut self, node: NodeId, numbers: &[u64], line: impl FnOnce() -> String) {
        let mut hash = mix(self.hash ^ self.now.0);
        for number in [node as u64].iter().chain(numbers) {
            hash = mix(hash ^ number);
        }
        self.hash = hash;
        if let Some(lines) = self.lines.as_mut().filter(|lines| lines.len() < LINES_MAX) {
            lines.push(format!("{}  n{node:<2} {}", self.now, line()));
        }
    }

    /// The hash of everything told.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines, if they were kept.
    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// The first eight bytes of a hash: enough to tell batches of a run apart.
#[must_use]
pub fn short(hash: B256) -> u64 {
    hash.0.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// A hash in a story: its first six digits.
#[derive(Clone, Copy, Debug)]
pub struct Brief(pub B256);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}", short(self.0) >> 40)
    }
}

/// A number that differs for different messages: what the trace hash takes of one.
#[must_use]
pub fn fingerprint(message: &Message) -> u64 {
    let round = |round: rota_proto::Round| mix(round.epoch.0 << 32 ^ round.view.0);
    let vote = |vote: &rota_proto::Vote| mix(round(vote.round) ^ short(vote.batch) ^ u64::from(vote.kind.code()));
    let fold = |signers: u128| signers.to_be_bytes().iter().fold(0, |sum, byte| mix(sum ^ u64::from(*byte)));
    match message {
        Message::Vote(signed) => mix(vote(&signed.vote) ^ u64::from(signed.signer.number())),
        Message::Certificate(certificate) => mix(vote(&certificate.vote) ^ fold(certificate.signers.0) ^ 1),
        Message::Proposal(proposal) => {
            let certificates = proposal.justification.certificates();
            certificates.fold(vote(&proposal.vote.vote), |sum, one| mix(sum ^ vote(&one.vote) ^ fold(one.signers.0)))
        }
        Message::Body(body) => mix(short(body.batch) ^ body.transactions.len() as u64),
        Message::Fetch(Fetch::Proposal { round: at, batch }) => mix(round(*at) ^ short(*batch) ^ 2),
        Message::Fetch(Fetch::Body(batch)) => mix(short(*batch) ^ 3),
        Message::Fetch(Fetch::Certificate(at)) => mix(round(*at) ^ 4),
        Message::RoundQuery(key) => mix(u64::from(key[0]) ^ 5),
        Message::RoundAnswer(answer) => mix(round(answer.round) ^ answer.votes.len() as u64 ^ 6),
        Message::Transactions(list) => mix(list.len() as u64 ^ 7),
        Message::FinalBatch(batch) => mix(short(batch.header.hash()) ^ 8),
        Message::CatchUpRequest(request) => mix(request.from.0 ^ u64::from(request.count) ^ 9),
        Message::CatchUpAnswer(answer) => mix(answer.batches.len() as u64 ^ 10),
        Message::Status(status) => mix(status.height.0 ^ short(status.batch) ^ 11),
        Message::Evidence(pair) => {
            let signer = u64::from(pair.signer().number());
            pair.votes().iter().fold(signer ^ 12, |sum, one| mix(sum ^ vote(&one.vote)))
        }
        Message::Attestation(signed) => mix(signed.attestation.index ^ short(signed.attestation.content) ^ 13),
    }
}

/// A message in a story.
#[must_use]
pub fn summary(message: &Message) -> String {
    match message {
        Message::Vote(signed) => format!("{} by {}", brief_vote(&signed.vote), signed.signer),
        Message::Certificate(certificate) => format!("certificate of {}", brief_vote(&certificate.vote)),
        Message::Proposal(proposal) => format!(
            "proposal {} height {} on {}{}",
            brief_vote(&proposal.vote.vote),
            proposal.header.height(),
            Brief(proposal.header.parent()),
            if proposal.justification.renews(&proposal.header) { ", again" } else { "" },
        ),
        Message::Body(body) => format!("body of {}", Brief(body.batch)),
        Message::Fetch(Fetch::Proposal { round, batch }) => format!("asks for proposal {round} {}", Brief(*batch)),
        Message::Fetch(Fetch::Body(batch)) => format!("asks for body of {}", Brief(*batch)),
        Message::Fetch(Fetch::Certificate(round)) => format!("asks for a certificate of {round}"),
        Message::RoundQuery(_) => "asks for our round".into(),
        Message::RoundAnswer(answer) => format!("is in round {}, saw {} votes", answer.round, answer.votes.len()),
        Message::Transactions(list) => format!("{} transactions", list.len()),
        Message::FinalBatch(batch) => format!("batch {} {}", batch.header.height(), Brief(batch.header.hash())),
        Message::CatchUpRequest(request) => format!("asks for {} batches from {}", request.count, request.from),
        Message::CatchUpAnswer(answer) => format!("{} final batches", answer.batches.len()),
        Message::Evidence(pair) => format!("accuses {} in {}", pair.signer(), pair.round()),
        Message::Attestation(signed) => format!("attests {} by {}", signed.attestation.index, signed.signer),
        Message::Status(status) => format!("is at height {} {}", status.height, Brief(status.batch)),
    }
}

/// A vote in a story.
#[must_use]
pub fn brief_vote(vote: &rota_proto::Vote) -> String {
    match vote.kind {
        rota_proto::VoteKind::Nullify => format!("nullify {}", vote.round),
        rota_proto::VoteKind::Notarize | rota_proto::VoteKind::Finalize => {
            format!("{} {} {}", vote.kind, vote.round, Brief(vote.batch))
        }
    }
}
