//! What peers say: what is worth verifying, and where it goes once verified (rules I).

use alloy_primitives::Bytes;
use rota_consensus::{Input, Rejected};
use rota_proto::{
    BatchHeader, BodyMessage, Certificate, ConsensusKey, Fetch, FinalBatch, JustificationError, Message, Proposal,
    RoundAnswer, SignedVote, SigningDomain, ValidatorSet, Verified, Verifier, VerifyError,
};
use rota_staking::{Evidence, EvidenceError};

use crate::{
    Effect, Replica,
    catch_up::asks_for,
    words::{Checked, Unverified},
};

impl Replica {
    /// Rule I1: whatever cannot change anything is refused before a signature is looked at.
    pub(crate) fn receive(&mut self, from: Option<ConsensusKey>, message: Message, refusals: &mut Vec<Rejected>) {
        match message {
            Message::Vote(vote) => self.receive_vote(from, vote, refusals),
            Message::Certificate(certificate) => self.receive_certificate(certificate, refusals),
            Message::Proposal(proposal) => self.receive_proposal(proposal, refusals),
            Message::Body(body) => self.receive_body(from, body, refusals),
            Message::FinalBatch(batch) => self.receive_final(*batch, refusals),
            Message::Fetch(fetch) => self.receive_fetch(from, fetch, refusals),
            Message::RoundQuery(_) => {
                if let Some(from) = from {
                    self.consensus(Input::RoundQuery(from), refusals);
                }
            }
            Message::RoundAnswer(answer) => self.receive_round_answer(from, *answer, refusals),
            Message::Status(status) => self.hear_of_height(status.height),
            Message::Evidence(pair) => self.receive_evidence(pair),
            // Transactions are recovered by the host first, attestations are its own, final batches are asked for and
            // given by it. An answer that nobody asked for would end a question that somebody else answers.
            Message::Transactions(_)
            | Message::CatchUpRequest(_)
            | Message::CatchUpAnswer(_)
            | Message::Attestation(_) => {}
        }
    }

    fn receive_vote(&mut self, from: Option<ConsensusKey>, vote: SignedVote, refusals: &mut Vec<Rejected>) {
        match self.consensus.admit_vote(&vote) {
            Err(refusal) if !self.slasher.wants(&vote) => self.take_refusal(refusal, refusals),
            Ok(()) if self.is_replayed(from, &vote) => {
                let finalized = self.consensus.finalized_view();
                refusals.push(Rejected::Stale { view: vote.vote.round.view, finalized });
            }
            _ => self.verify(vote.vote.round.epoch, Unverified::Vote(vote)),
        }
    }

    /// Rule I4: a vote for a round that we left is answered to its signer alone, so only the signer may ask. Others
    /// could have us verify it and write to the signer as often as they repeat it.
    fn is_replayed(&self, from: Option<ConsensusKey>, vote: &SignedVote) -> bool {
        let round = vote.vote.round;
        let signer = self.consensus.set(round.epoch).and_then(|set| set.get(vote.signer));
        round < self.consensus.round()
            && !self.slasher.wants(vote)
            && signer.is_none_or(|signer| Some(signer.consensus_key) != from)
    }

    fn receive_certificate(&mut self, certificate: Certificate, refusals: &mut Vec<Rejected>) {
        match self.consensus.admit_certificate(&certificate) {
            Err(refusal) => self.take_refusal(refusal, refusals),
            Ok(()) => self.verify(certificate.vote.round.epoch, Unverified::Certificate(certificate)),
        }
    }

    fn receive_proposal(&mut self, proposal: Box<Proposal>, refusals: &mut Vec<Rejected>) {
        match self.consensus.admit_proposal(&proposal) {
            Err(refusal) if !self.slasher.wants(&proposal.vote) => self.take_refusal(refusal, refusals),
            Err(_) => self.verify(proposal.vote.vote.round.epoch, Unverified::Vote(proposal.vote)),
            Ok(()) => self.verify(proposal.vote.vote.round.epoch, Unverified::Proposal(proposal)),
        }
    }

    /// Rule B8: a body counts once its header is known and commits to it; a validator's that comes first waits.
    fn receive_body(&mut self, from: Option<ConsensusKey>, message: BodyMessage, refusals: &mut Vec<Rejected>) {
        let BodyMessage { batch, transactions } = message;
        if self.live.has_body(batch) {
            return refusals.push(Rejected::Known);
        }
        match self.consensus.header(batch).cloned() {
            None => match from {
                Some(from) => self.live.keep_early(from, batch, transactions),
                None => refusals.push(Rejected::NotWanted(batch)),
            },
            Some(header) => self.join(&header, transactions, refusals),
        }
    }

    /// Rule B8: a body joins its header, or is refused by name: whoever sent it made it up.
    pub(crate) fn join(&mut self, header: &BatchHeader, body: Bytes, refusals: &mut Vec<Rejected>) {
        let batch = header.hash();
        if self.live.join(header, body) {
            self.consensus(Input::Body(batch), refusals);
        } else {
            refusals.push(Rejected::WrongBody(batch));
        }
    }

    /// A header has become known: a body that waited for it joins it.
    pub(crate) fn join_early_body(&mut self, batch: BatchHeader, refusals: &mut Vec<Rejected>) {
        for body in self.live.take_early(batch.hash()) {
            if self.live.join(&batch, body) {
                self.consensus(Input::Body(batch.hash()), refusals);
                self.effects.retain(|effect| !asks_for(effect, batch.hash()));
                return;
            }
        }
    }

    /// A final batch from gossip or in answer to a fetch: header and body by their hashes, the certificate by itself.
    /// With a certificate that is known already they join at once; with another they wait for its verification.
    fn receive_final(&mut self, batch: FinalBatch, refusals: &mut Vec<Rejected>) {
        let FinalBatch { header, transactions, finalization } = batch;
        let hash = header.hash();
        if header.height() <= self.committed.height() {
            return refusals.push(Rejected::Known);
        }
        let fresh = finalization.filter(|certificate| {
            certificate.vote.batch == hash && self.consensus.admit_certificate(certificate) != Err(Rejected::Known)
        });
        match fresh {
            None => self.supply(header, transactions, refusals),
            Some(_) if !self.live.is_body(&header, &transactions) => refusals.push(Rejected::WrongBody(hash)),
            Some(finalization) => {
                self.receive_certificate(finalization, refusals);
                self.catch_up.offer(header, transactions);
            }
        }
    }

    /// Rule I3: consensus gives what it holds of live views, the store gives the rest.
    fn receive_fetch(&mut self, from: Option<ConsensusKey>, fetch: Fetch, refusals: &mut Vec<Rejected>) {
        let Some(from) = from else { return };
        if let Fetch::Body(batch) = fetch
            && let Some(live) = self.live.get(batch)
        {
            let message = Message::Body(BodyMessage { batch, transactions: live.body.clone() });
            return self.effects.push(Effect::Send { to: from, message });
        }
        match self.consensus.step(Input::Fetch { from, fetch }) {
            Ok(outputs) => outputs.into_iter().for_each(|output| self.act(output)),
            Err(Rejected::NotHere) => self.effects.push(Effect::Serve { to: from, fetch }),
            Err(refusal) => refusals.push(refusal),
        }
    }

    /// The body of a live batch, for whoever asks.
    #[must_use]
    pub fn body(&self, batch: alloy_primitives::B256) -> Option<Bytes> {
        self.live.get(batch).map(|live| live.body.clone())
    }

    /// Rule S2 of consensus: an answer from a later epoch is none, but a reason to catch up.
    fn receive_round_answer(&mut self, from: Option<ConsensusKey>, answer: RoundAnswer, refusals: &mut Vec<Rejected>) {
        if let Err(refusal) = self.consensus.admit_round_answer(answer.round) {
            return self.take_refusal(refusal, refusals);
        }
        let epoch = self.consensus.round().epoch;
        let place = from.and_then(|from| self.consensus.set(epoch)?.place_of(&from));
        if let Some(from) = place {
            let RoundAnswer { entered_by, votes, .. } = answer;
            // Only votes of ours tell anything; others would be verified for nothing.
            let ours =
                |vote: &SignedVote| Some(vote.signer) == self.consensus.place() && vote.vote.round.epoch == epoch;
            let votes = votes.into_iter().filter(ours).collect();
            let entered_by = entered_by.filter(|certificate| certificate.vote.round.epoch == epoch);
            self.verify(epoch, Unverified::RoundAnswer { from, entered_by, votes });
        }
    }

    /// Asks for the signatures to be checked against the set of their epoch, if it is known.
    pub(crate) fn verify(&mut self, epoch: rota_proto::Epoch, what: Unverified) {
        if let Some(set) = self.consensus.set(epoch).cloned() {
            self.effects.push(Effect::Verify { what, set });
        }
    }

    /// Rule I2: the slasher sees every verified vote before consensus does.
    pub(crate) fn take_checked(&mut self, checked: Checked, refusals: &mut Vec<Rejected>) {
        match checked {
            Checked::Vote(vote) => {
                self.watch(vote);
                self.consensus(Input::Vote(vote), refusals);
            }
            Checked::Certificate(certificate) => {
                certificate.verified_votes().for_each(|vote| self.watch(vote));
                let batch = certificate.vote.batch;
                self.consensus(Input::Certificate(certificate), refusals);
                self.complete_offered(batch, refusals);
            }
            Checked::Proposal(proposal) => {
                self.watch(proposal.vote());
                let certificates: Vec<_> = proposal.certificates().collect();
                certificates.iter().flat_map(|c| c.verified_votes()).for_each(|vote| self.watch(vote));
                let header = proposal.header.clone();
                self.consensus(Input::Proposal(Box::new(proposal)), refusals);
                self.join_early_body(header, refusals);
            }
            Checked::RoundAnswer { from, entered_by, votes } => {
                let certified = entered_by.iter().flat_map(|certificate| certificate.verified_votes());
                certified.chain(votes.iter().copied()).for_each(|vote| self.watch(vote));
                self.consensus(Input::RoundAnswer { from, entered_by, votes }, refusals);
            }
            Checked::CatchUp(certificate) => {
                certificate.verified_votes().for_each(|vote| self.watch(vote));
                self.follow(certificate, refusals);
            }
            Checked::Evidence(evidence) => self.accuse(evidence, true),
        }
    }

    pub(crate) fn watch(&mut self, vote: Verified<SignedVote>) {
        if let Some(set) = self.consensus.set(vote.vote.round.epoch).cloned()
            && let Some(evidence) = self.slasher.observe(vote, &set)
        {
            self.accuse(Box::new(evidence), false);
        }
    }
}

/// Why what a peer signed, or passed on, does not stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A signature, or what a proposal is justified by.
    #[error(transparent)]
    Message(#[from] JustificationError),
    /// Evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

impl From<VerifyError> for CheckError {
    fn from(error: VerifyError) -> Self {
        Self::Message(error.into())
    }
}

/// Verifies what the replica asked about: the same for every host (rule K2 of proto).
///
/// # Errors
/// [`CheckError`].
pub fn check(
    what: Unverified,
    domain: &SigningDomain,
    set: &ValidatorSet,
    verifier: &impl Verifier,
) -> Result<Checked, CheckError> {
    Ok(match what {
        Unverified::Vote(vote) => Checked::Vote(vote.verify(domain, set, verifier)?),
        Unverified::Evidence(pair) => Checked::Evidence(Box::new(Evidence::of_pair(&pair, domain, set, verifier)?)),
        Unverified::Certificate(certificate) => Checked::Certificate(certificate.verify(domain, set, verifier)?),
        Unverified::CatchUp(certificate) => Checked::CatchUp(certificate.verify(domain, set, verifier)?),
        Unverified::Proposal(proposal) => Checked::Proposal(proposal.verify(domain, set, verifier)?),
        Unverified::RoundAnswer { from, entered_by, votes } => Checked::RoundAnswer {
            from,
            entered_by: entered_by.map(|certificate| certificate.verify(domain, set, verifier)).transpose()?,
            votes: votes
                .into_iter()
                .map(|vote| vote.verify(domain, set, verifier))
                .collect::<Result<_, VerifyError>>()?,
        },
    })
}
