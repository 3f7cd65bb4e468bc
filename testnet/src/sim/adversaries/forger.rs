//! The forger: a leader that forges the notarization by which its batch would stand where it may not.

use rota_proto::{Message, Proposal};
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Builds on the parent of its parent, as if that were what the last view notarized, and puts the signatures of the
/// true notarization under its claim. Withstood by verifying what the justification says of the parent (J1, J3).
#[derive(Clone, Copy, Debug)]
pub struct Forger;

impl Conduct for Forger {
    fn name(&self) -> &'static str {
        "forger"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, mut effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let simplex = hands.replica.simplex();
        if let Effect::Build(order) = &mut effect {
            let passed = simplex.header(order.environment.parent).map(|passed| passed.parent());
            if let Some(parent) = passed.filter(|parent| simplex.header(*parent).is_some()) {
                order.environment.parent = parent;
            }
        } else if let Effect::Broadcast(Message::Proposal(proposal)) = &mut effect {
            hands.outside.stats.deeds += u64::from(forge(proposal));
        }
        vec![Deed::effect(effect)]
    }
}

/// Makes the notarization one of the parent, if it is not; says whether it did.
fn forge(proposal: &mut Proposal) -> bool {
    let (parent, renews) = (proposal.header.parent(), proposal.justification.renews(&proposal.header));
    let notarization = proposal.justification.parent.as_mut().filter(|told| !renews && told.vote.batch != parent);
    notarization.map(|told| told.vote.batch = parent).is_some()
}
