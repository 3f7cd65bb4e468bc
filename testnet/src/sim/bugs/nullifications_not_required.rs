//! Planted: a proposal needs no nullifications for the views between its parent's and its own.

use rota_consensus::{Input, Output};
use rota_proto::{Fetch, Message, Signers, Vote};

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    l1::place_of,
};

/// Where a nullification is missing, takes it for given.
#[derive(Clone, Copy, Debug)]
pub struct NullificationsNotRequired;

impl Conduct for NullificationsNotRequired {
    fn name(&self) -> &'static str {
        "nullifications_not_required"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Output, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Output::Fetch(Fetch::Certificate(round)) = effect else { return vec![Deed::effect(effect)] };
        // An honest core never finalizes what it itself believes nullified, so only views of others are skipped.
        let somebody: Signers = [place_of(hands.node)].into_iter().collect();
        let given = hands.pretend(Vote::nullify(round), somebody);
        given.map(|given| Deed::Feed(Input::Certificate(given))).into_iter().collect()
    }

    fn hear(&mut self, mut message: Message, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Message>) {
        // What stands for given is in the justifications of the others, too.
        if let Message::Proposal(proposal) = &mut message {
            proposal.justification.nullifications.clear();
        }
        (Vec::new(), Some(message))
    }
}
