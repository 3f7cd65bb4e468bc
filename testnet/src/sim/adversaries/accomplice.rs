//! The accomplice: tells everyone that it votes as they do, whatever it told the others.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use rota_proto::{Message, Place, Round, SignedVote, Vote, VoteKind};
use rota_replica::{Effect, Event};

use super::{heard, nodes_in};
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Answers remembered, so that each vote gets one.
const ANSWERS_MAX: usize = 1_024;

/// Answers each notarize vote, to its sender alone, with votes to notarize and to finalize the same batch. What its own
/// replica would tell all of them stays unsaid. Withstood by the quorum: whoever agrees with two batches of a round is
/// needed for both, and holds less than a third (Q2).
#[derive(Clone, Debug, Default)]
pub struct Accomplice {
    answered: BTreeSet<(Round, B256, Place)>,
}

impl Conduct for Accomplice {
    fn name(&self) -> &'static str {
        "accomplice"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        let own = matches!(&effect, Effect::Broadcast(Message::Vote(signed)) if signed.vote.kind != VoteKind::Nullify);
        if own { Vec::new() } else { vec![Deed::effect(effect)] }
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let deeds =
            if let Some(Message::Vote(signed)) = heard(&event) { self.agree(signed, hands) } else { Vec::new() };
        (deeds, Some(event))
    }
}

impl Accomplice {
    fn agree(&mut self, signed: &SignedVote, hands: &mut Hands<'_>) -> Vec<Deed> {
        let (Vote { round, batch, kind }, friend) = (signed.vote, signed.signer);
        let simplex = hands.replica.simplex();
        let counts = kind == VoteKind::Notarize && round.epoch == simplex.round().epoch;
        if !counts || Some(friend) == simplex.place() || !self.answered.insert((round, batch, friend)) {
            return Vec::new();
        }
        if self.answered.len() > ANSWERS_MAX {
            self.answered.pop_first();
        }
        hands.outside.stats.deeds += 1;
        let friends = nodes_in(friend, hands);
        let votes = [Vote::notarize(round, batch), Vote::finalize(round, batch)];
        let signed = votes.into_iter().filter_map(|vote| hands.sign(vote));
        signed.map(|signed| Deed::Tell(friends.clone(), Message::Vote(signed))).collect()
    }
}
