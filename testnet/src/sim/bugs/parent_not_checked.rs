//! Planted: nobody looks at the signatures of a justification, so that any parent passes for notarized.

use rota_proto::{Proposal, ValidatorSet, Verified};
use rota_replica::{Checked, Effect, Event, Unverified};

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    keys::Gullible,
};

/// Verifies the leader's vote and takes the certificates beside it for true.
#[derive(Clone, Copy, Debug)]
pub struct ParentNotChecked;

impl Conduct for ParentNotChecked {
    fn name(&self) -> &'static str {
        "parent_not_checked"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Verify { what: Unverified::Proposal(proposal), set } = effect else {
            return vec![Deed::effect(effect)];
        };
        let verified = believe(*proposal, &set, hands).map(|proposal| Box::new(Checked::Proposal(proposal)));
        verified.map(|checked| Deed::Feed(Event::Verified(checked))).into_iter().collect()
    }
}

fn believe(proposal: Proposal, set: &ValidatorSet, hands: &Hands<'_>) -> Option<Verified<Proposal>> {
    let keys = &hands.outside.keys;
    proposal.vote.verify(keys.domain(), set, keys).ok()?;
    proposal.verify(keys.domain(), set, &Gullible).ok()
}
