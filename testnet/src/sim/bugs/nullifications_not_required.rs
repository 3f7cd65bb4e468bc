//! Planted: a proposal needs no nullifications for the views between its parent's and its own.

use rota_proto::{Fetch, Message, Signers, Vote};
use rota_replica::{Checked, Effect, Event};

use super::pretend;
use crate::sim::conduct::{Conduct, Deed, Hands};

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

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Fetch(Fetch::Certificate(round)) = effect else { return vec![Deed::effect(effect)] };
        // An honest replica never finalizes what it itself believes nullified, so only views of others are skipped.
        let somebody: Signers = hands.replica.simplex().place().into_iter().collect();
        let given = pretend(Vote::nullify(round), somebody, hands);
        given.map(|given| Deed::Feed(Event::Verified(Box::new(Checked::Certificate(given))))).into_iter().collect()
    }

    fn hear(&mut self, mut event: Event, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        // What stands for given is in the justifications of the others, too.
        if let Event::Message { message: Message::Proposal(proposal), .. } = &mut event {
            proposal.justification.nullifications.clear();
        }
        (Vec::new(), Some(event))
    }
}
