//! The accomplice: tells everyone that it votes as they do, whatever it told the others.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use rota_consensus::Output;
use rota_proto::{Message, Round, SignedVote, Vote, VoteKind};

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    story::NodeId,
};

/// Answers remembered, so that each vote gets one.
const ANSWERS_MAX: usize = 1_024;

/// Answers each notarize vote, to its sender alone, with votes to notarize and to finalize the same batch. What its own
/// core would tell all of them stays unsaid.
#[derive(Clone, Debug, Default)]
pub struct Accomplice {
    answered: BTreeSet<(Round, B256, NodeId)>,
}

impl Conduct for Accomplice {
    fn name(&self) -> &'static str {
        "accomplice"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Output, _hands: &mut Hands<'_>) -> Vec<Deed> {
        let own = matches!(&effect, Output::Broadcast(Message::Vote(signed)) if signed.vote.kind != VoteKind::Nullify);
        if own { Vec::new() } else { vec![Deed::effect(effect)] }
    }

    fn hear(&mut self, message: Message, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Message>) {
        let deeds = if let Message::Vote(signed) = &message { self.agree(signed, hands) } else { Vec::new() };
        (deeds, Some(message))
    }
}

impl Accomplice {
    fn agree(&mut self, signed: &SignedVote, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Vote { round, batch, .. } = signed.vote;
        let friend = usize::from(signed.signer.number());
        let votes = signed.vote.kind == VoteKind::Notarize && round.epoch == hands.core.round().epoch;
        if !votes || friend == hands.node || !self.answered.insert((round, batch, friend)) {
            return Vec::new();
        }
        if self.answered.len() > ANSWERS_MAX {
            self.answered.pop_first();
        }
        let votes = [Vote::notarize(round, batch), Vote::finalize(round, batch)];
        let signed = votes.into_iter().filter_map(|vote| hands.sign(vote));
        signed.map(|signed| Deed::Tell(vec![friend], Message::Vote(signed))).collect()
    }
}
