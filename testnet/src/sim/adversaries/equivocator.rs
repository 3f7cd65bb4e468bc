//! The equivocating leader: two batches in one view, one for each half of the network.

use rota_proto::{BodyMessage, Message, Proposal, Vote};
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Proposes its batch to one half, and another valid batch on the same parent to the other half. It votes for both,
/// to finalize too. Withstood by the quorum: honest nodes notarize one batch a view (N1, Q2).
#[derive(Clone, Debug, Default)]
pub struct Equivocator {
    /// Its own proposal and the other one, so that repeats go to the same halves.
    pair: Option<(Proposal, Proposal, BodyMessage)>,
}

impl Conduct for Equivocator {
    fn name(&self) -> &'static str {
        "equivocator"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Broadcast(Message::Proposal(proposal)) = effect else { return vec![Deed::effect(effect)] };
        let known = self.pair.as_ref().is_some_and(|(ours, ..)| ours.vote == proposal.vote);
        if !known {
            self.pair = self.other(&proposal, hands);
        }
        let Some((ours, theirs, body)) = self.pair.clone() else {
            return vec![Deed::effect(Effect::Broadcast(Message::Proposal(proposal)))];
        };
        hands.outside.stats.deeds += 1;
        let (first, second) = hands.halves();
        let finalize = [&ours, &theirs].map(|one| Vote::finalize(one.vote.vote.round, one.vote.vote.batch));
        let [to_first, to_second] = finalize.map(|vote| hands.sign(vote).map(Message::Vote));
        let mut deeds = vec![
            Deed::Tell(first.clone(), Message::Proposal(Box::new(ours))),
            Deed::Tell(second.clone(), Message::Body(body)),
            Deed::Tell(second.clone(), Message::Proposal(Box::new(theirs))),
        ];
        deeds.extend(to_first.map(|message| Deed::Tell(first, message)));
        deeds.extend(to_second.map(|message| Deed::Tell(second, message)));
        deeds
    }
}

impl Equivocator {
    fn other(&self, ours: &Proposal, hands: &mut Hands<'_>) -> Option<(Proposal, Proposal, BodyMessage)> {
        // A closing batch proposed again has no sibling that would pass.
        let (header, body) = hands.rival(&ours.header).filter(|_| !ours.justification.renews(&ours.header))?;
        let vote = hands.sign(Vote::notarize(ours.vote.vote.round, header.hash()))?;
        let body = BodyMessage { batch: header.hash(), transactions: body };
        Some((ours.clone(), Proposal { vote, header, justification: ours.justification.clone() }, body))
    }
}
