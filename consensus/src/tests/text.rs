//! Outputs as short texts, so that a test reads as a table of steps: `sign notarize 1 A`, `timer view 2 750`.

use rota_proto::{
    Certificate, Fetch, Message, Place, Proposal, Round, RoundAnswer, SignedVote, Signers, Vote, VoteKind,
};

use super::network::Network;
use crate::{BuildRequest, Output, Record, Timer};

impl Network {
    /// What a step gave, one text an output.
    pub(super) fn texts(&self, outputs: &[Output]) -> Vec<String> {
        outputs.iter().map(|output| self.text(output)).collect()
    }

    fn text(&self, output: &Output) -> String {
        match output {
            Output::Persist(Record::Candidate(candidate)) => {
                format!("persist proposal {} {}", self.view(candidate.round), self.name(candidate.header.hash()))
            }
            Output::Persist(Record::Certificate(certificate)) => {
                format!("persist {}", self.certificate_text(certificate))
            }
            Output::Sign(vote) => format!("sign {}", self.vote_text(vote)),
            Output::Broadcast(message) => format!("broadcast {}", self.message_text(message)),
            Output::BroadcastBody(batch) => format!("broadcast body {}", self.name(*batch)),
            Output::Send { to, message } => {
                let to = self.set.place_of(to).map_or_else(|| "a stranger".to_owned(), |place| place.to_string());
                format!("send {to} {}", self.message_text(message))
            }
            Output::SetTimer { timer: Timer::View(round), after_ms } => {
                format!("timer view {} {after_ms}", self.view(*round))
            }
            Output::SetTimer { timer: Timer::Retry, after_ms } => format!("timer retry {after_ms}"),
            Output::SetTimer { timer: Timer::Pace, after_ms } => format!("timer pace {after_ms}"),
            Output::SetTimer { timer: Timer::Listen, after_ms } => format!("timer listen {after_ms}"),
            Output::CancelViewTimer => "cancel view timer".into(),
            Output::Build(request) => self.build_text(request),
            Output::Check { batch, proposer } => match proposer {
                Some(proposer) => format!("check {} of {proposer}", self.name(*batch)),
                None => format!("check {}", self.name(*batch)),
            },
            Output::Fetch(fetch) => self.fetch_text(fetch),
            Output::ShareWork => "share work".into(),
            Output::Notarized(batch) => format!("notarized {}", self.name(*batch)),
            Output::Finalized { certificate, batches } => {
                let names: Vec<String> = batches.iter().map(|batch| self.name(*batch)).collect();
                format!("final {} by {}", names.join(" "), self.certificate_text(certificate))
            }
            Output::EpochClosed { epoch, next } => format!("epoch {epoch} closed, {next} opens"),
            Output::HoldBack { floor, resume } => format!("nothing below {floor}, only nullify votes below {resume}"),
            Output::OldRecord(vote) => format!("old record lacks {}", self.vote_text(vote)),
            Output::Doppelganger(vote) => format!("doppelganger {}", self.vote_text(vote)),
            Output::Conflict { ours, theirs } => {
                format!("conflict {} against {}", self.certificate_text(ours), self.certificate_text(theirs))
            }
        }
    }

    /// The view alone; with its epoch, if that is another one.
    fn view(&self, round: Round) -> String {
        if round.epoch == self.epoch() { round.view.to_string() } else { round.to_string() }
    }

    fn vote_text(&self, vote: &Vote) -> String {
        match vote.kind {
            VoteKind::Nullify => format!("nullify {}", self.view(vote.round)),
            VoteKind::Notarize | VoteKind::Finalize => {
                format!("{} {} {}", vote.kind, self.view(vote.round), self.name(vote.batch))
            }
        }
    }

    fn signed_text(&self, signed: &SignedVote) -> String {
        format!("{} of {}", self.vote_text(&signed.vote), signed.signer)
    }

    fn certificate_text(&self, certificate: &Certificate) -> String {
        let view = self.view(certificate.vote.round);
        match certificate.vote.kind {
            VoteKind::Notarize => format!("notarization {view} {}", self.name(certificate.vote.batch)),
            VoteKind::Nullify => format!("nullification {view}"),
            VoteKind::Finalize => format!("finalization {view} {}", self.name(certificate.vote.batch)),
        }
    }

    fn message_text(&self, message: &Message) -> String {
        match message {
            Message::Vote(signed) => self.signed_text(signed),
            Message::Certificate(certificate) => self.certificate_text(certificate),
            Message::Proposal(proposal) => self.proposal_text(proposal),
            Message::Fetch(fetch) => self.fetch_text(fetch),
            Message::RoundQuery(_) => "round query".into(),
            Message::RoundAnswer(answer) => self.answer_text(answer),
            Message::Body(_)
            | Message::Transactions(_)
            | Message::FinalBatch(_)
            | Message::CatchUpRequest(_)
            | Message::CatchUpAnswer(_)
            | Message::Status(_)
            | Message::Evidence(_)
            | Message::Attestation(_) => unreachable!("the core sends no such message"),
        }
    }

    fn proposal_text(&self, proposal: &Proposal) -> String {
        let parent = proposal.justification.parent.iter().map(|parent| self.certificate_text(parent));
        let nullified =
            proposal.justification.nullifications.iter().map(|certificate| self.certificate_text(certificate));
        let why: Vec<String> = parent.chain(nullified).collect();
        let what = format!("proposal {} {}", self.view(proposal.vote.vote.round), self.name(proposal.header.hash()));
        if why.is_empty() { what } else { format!("{what} because {}", why.join(", ")) }
    }

    fn answer_text(&self, answer: &RoundAnswer) -> String {
        let by = answer.entered_by.as_ref().map_or_else(|| "nothing".into(), |by| self.certificate_text(by));
        let votes: Vec<String> = answer.votes.iter().map(|signed| self.signed_text(signed)).collect();
        format!("in {} by {by}, [{}]", self.view(answer.round), votes.join(", "))
    }

    fn build_text(&self, request: &BuildRequest) -> String {
        let BuildRequest { round, parent, parent_view, parent_signers } = *request;
        let by = numbers(parent_signers);
        format!("build {} on {}, notarized in {parent_view} by {by}", self.view(round), self.name(parent))
    }

    fn fetch_text(&self, fetch: &Fetch) -> String {
        match fetch {
            Fetch::Proposal { round, batch } => format!("fetch proposal {} {}", self.view(*round), self.name(*batch)),
            Fetch::Body(batch) => format!("fetch body {}", self.name(*batch)),
            Fetch::Certificate(round) => format!("fetch certificates {}", self.view(*round)),
        }
    }
}

fn numbers(signers: Signers) -> String {
    if signers.is_empty() {
        return "nobody".into();
    }
    signers.iter().map(|place: Place| place.to_string()).collect::<Vec<_>>().join("")
}
