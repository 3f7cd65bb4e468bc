//! Answers to those who missed something (rules R2, R4).

use rota_proto::{ConsensusKey, Fetch, Message, Round, SignedVote, Verified};

use crate::{Output, Rejected, Simplex};

impl Simplex {
    /// Rule R2: a vote said again for a view we left is answered with the certificate that took it out, or, if that
    /// is no longer kept, with the last finalization.
    pub(crate) fn answer_left_view(&mut self, signed: &Verified<SignedVote>) -> Result<(), Rejected> {
        let view = signed.vote.round.view;
        let ending = self.views.get(&view).and_then(|state| state.certificates().next());
        let latest = self.finalization.as_ref().filter(|_| view <= self.finalized || self.closed.is_some());
        let Some(certificate) = latest.or(ending).map(|certificate| (**certificate).clone()) else {
            return Err(Rejected::Stale { view, finalized: self.finalized });
        };
        let sender = self.epoch.set.get(signed.signer).map(|validator| validator.consensus_key);
        self.send(sender, Message::Certificate(certificate));
        Ok(())
    }

    /// Rule E5: a late vote of an epoch that ended is answered with its closing finalization.
    pub(crate) fn answer_past_epoch(&mut self, signed: &Verified<SignedVote>) -> Result<(), Rejected> {
        let (message, ours) = (signed.vote.round.epoch, self.epoch.set.epoch());
        let past = self.past.get(&message).ok_or(Rejected::PastEpoch { message, ours })?;
        let sender = past.set.get(signed.signer).map(|validator| validator.consensus_key);
        let finalization = (*past.finalization).clone();
        self.send(sender, Message::Certificate(finalization));
        Ok(())
    }

    /// Rule R4: gives what we hold of a live view. Bodies and older things are the host's to give.
    pub(crate) fn answer_fetch(&mut self, from: ConsensusKey, fetch: Fetch) -> Result<(), Rejected> {
        let answers: Vec<Message> = match fetch {
            Fetch::Body(_) => Vec::new(),
            Fetch::Certificate(round) => self.certificates_of(round),
            Fetch::Proposal { round, batch } => {
                let live = self.views.get(&round.view).filter(|_| round.epoch == self.epoch.set.epoch());
                let offer = live.and_then(|state| state.offers.get(&batch));
                let proposal = offer.and_then(crate::view::Offer::proposal);
                proposal.map(|proposal| Message::Proposal(Box::new(proposal))).into_iter().collect()
            }
        };
        if answers.is_empty() {
            return Err(Rejected::NotHere);
        }
        for message in answers {
            self.send(Some(from), message);
        }
        Ok(())
    }

    fn certificates_of(&self, round: Round) -> Vec<Message> {
        let live = self.views.get(&round.view).filter(|_| round.epoch == self.epoch.set.epoch());
        live.into_iter()
            .flat_map(|state| state.certificates())
            .map(|certificate| Message::Certificate((**certificate).clone()))
            .collect()
    }

    pub(crate) fn send(&mut self, to: Option<ConsensusKey>, message: Message) {
        self.out.extend(to.map(|to| Output::Send { to, message }));
    }
}
