//! The mutator: tampers with what justifies a proposal, which no signature of the leader covers.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{Certificate, Message, Proposal};
use rota_replica::{Effect, Event};

use super::{Answered, heard, said};
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Notarizations remembered, to put an older one in the place of a newer.
const REMEMBERED_MAX: usize = 64;

/// Sends its own proposals with false justifications alone, and to all others a false copy of every proposal when it
/// first hears it, before or after the true one comes. Withstood by taking a justification for a bag of certificates, each of
/// which counts by itself, and no false one for a fault of the leader (J3).
#[derive(Clone, Debug, Default)]
pub struct Mutator {
    turn: u64,
    /// The first notarization seen of each batch: a closing batch has several.
    older: BTreeMap<B256, Certificate>,
    answered: Answered,
}

impl Conduct for Mutator {
    fn name(&self) -> &'static str {
        "mutator"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, mut effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        if let Some(Message::Proposal(proposal)) = said(&mut effect) {
            self.tamper(proposal, hands);
        }
        vec![Deed::effect(effect)]
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let Some(Message::Proposal(proposal)) = heard(&event) else { return (Vec::new(), Some(event)) };
        let vote = proposal.vote.vote;
        if !self.answered.is_new(vote.round, vote.batch) {
            return (Vec::new(), Some(event));
        }
        let mut false_copy = proposal.clone();
        self.tamper(&mut false_copy, hands);
        (vec![Deed::Tell(hands.others(), Message::Proposal(false_copy))], Some(event))
    }
}

impl Mutator {
    fn tamper(&mut self, proposal: &mut Proposal, hands: &mut Hands<'_>) {
        hands.outside.stats.deeds += 1;
        self.turn += 1;
        let renews = proposal.justification.renews(&proposal.header);
        let justification = &mut proposal.justification;
        let older = justification.parent.as_ref().and_then(|parent| self.older.get(&parent.vote.batch)).cloned();
        self.remember(justification.parent.as_ref());
        match self.turn % 5 {
            0 => justification.nullifications.clear(),
            1 => justification.parent = None,
            // A false notarization: one signature is another.
            2 => {
                let first = justification.parent.as_mut().and_then(|parent| parent.signatures.first_mut());
                first.into_iter().for_each(|signature| signature.0.reverse());
            }
            // A proposal again of a closing batch, by an older notarization than its leader's.
            3 if renews => justification.parent = older,
            // Certificates of other views.
            _ => {
                let all = justification.parent.iter_mut().chain(&mut justification.nullifications);
                all.for_each(|certificate| certificate.vote.round = certificate.vote.round.next_view());
            }
        }
    }

    fn remember(&mut self, notarization: Option<&Certificate>) {
        if let Some(notarization) = notarization {
            self.older.entry(notarization.vote.batch).or_insert_with(|| notarization.clone());
        }
        if self.older.len() > REMEMBERED_MAX {
            self.older.pop_first();
        }
    }
}
