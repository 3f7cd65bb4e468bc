//! Planted: whatever L1 block a batch names, nobody compares it with L1.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{ConsensusKey, Message, Proposal, Vote, VoteKind};
use rota_replica::{Effect, Event};

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Votes by itself for a proposal that contradicts L1, in place of its replica, which would refuse it. The replica
/// hears of the batch once it is notarized, when it is no longer asked whether it is valid.
#[derive(Clone, Debug, Default)]
pub struct OriginNotChecked {
    held: BTreeMap<B256, (Option<ConsensusKey>, Box<Proposal>)>,
}

impl Conduct for OriginNotChecked {
    fn name(&self) -> &'static str {
        "origin_not_checked"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        let mut held = None;
        if let Effect::PersistCertificate(known) = &effect
            && known.vote.kind == VoteKind::Notarize
        {
            held = self.held.remove(&known.vote.batch);
        }
        let mut deeds = vec![Deed::effect(effect)];
        deeds.extend(held.map(|(from, held)| Deed::Feed(Event::Message { from, message: Message::Proposal(held) })));
        deeds
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let Event::Message { from, message: Message::Proposal(proposal) } = event else {
            return (Vec::new(), Some(event));
        };
        let leaders_vote = proposal.vote;
        let Vote { round, batch, .. } = leaders_vote.vote;
        if round != hands.replica.simplex().round() || !contradicts_l1(&proposal, hands) {
            return (Vec::new(), Some(Event::Message { from, message: Message::Proposal(proposal) }));
        }
        self.held.insert(batch, (from, proposal));
        let others = hands.others();
        let own = hands.sign(Vote::notarize(round, batch)).map(Message::Vote);
        let deeds = own.map(|own| Deed::Tell(others, own)).into_iter().collect();
        (deeds, Some(Event::Message { from, message: Message::Vote(leaders_vote) }))
    }
}

fn contradicts_l1(proposal: &Proposal, hands: &Hands<'_>) -> bool {
    let named = proposal.header.origin();
    hands.replica.registry().origin(named.number).is_some_and(|origin| origin.id() != named)
}
