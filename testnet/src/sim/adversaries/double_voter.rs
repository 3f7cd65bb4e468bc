//! The double voter: beside every vote it casts one that makes a slashable pair with it.

use alloy_primitives::B256;
use rota_proto::{Message, Vote, VoteKind};
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Notarizes a batch that does not exist beside a real one, finalizes beside nullify, and nullifies and finalizes
/// another batch beside finalize. Withstood by counting the first vote of a kind alone (Q3); the slasher keeps the
/// second (I2 of replica).
#[derive(Clone, Copy, Debug)]
pub struct DoubleVoter;

impl Conduct for DoubleVoter {
    fn name(&self) -> &'static str {
        "double_voter"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Sign { vote, .. } = &effect else { return vec![Deed::effect(effect)] };
        let second = conflicting(vote, hands);
        let others = hands.others();
        let signed: Vec<_> = second.into_iter().filter_map(|vote| hands.sign(vote)).collect();
        hands.outside.stats.deeds += signed.len() as u64;
        let mut deeds = vec![Deed::effect(effect)];
        deeds.extend(signed.into_iter().map(|signed| Deed::Tell(others.clone(), Message::Vote(signed))));
        deeds
    }
}

pub(super) fn conflicting(vote: &Vote, hands: &Hands<'_>) -> Vec<Vote> {
    let round = vote.round;
    let nowhere = B256::repeat_byte(0xdd);
    match vote.kind {
        VoteKind::Notarize => vec![Vote::notarize(round, nowhere)],
        VoteKind::Nullify => {
            let head = hands.replica.simplex().notarized_head().map_or(nowhere, |header| header.hash());
            vec![Vote::finalize(round, head)]
        }
        VoteKind::Finalize => vec![Vote::nullify(round), Vote::finalize(round, nowhere)],
    }
}
