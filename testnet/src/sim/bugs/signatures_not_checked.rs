//! Planted: whatever is signed by anybody counts as signed by whom it names.

use rota_replica::{Checked, Effect, Event, check};

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    keys::Gullible,
};

/// Looks at quorums and shapes, and at no signature.
#[derive(Clone, Copy, Debug)]
pub struct SignaturesNotChecked;

impl Conduct for SignaturesNotChecked {
    fn name(&self) -> &'static str {
        "signatures_not_checked"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Verify { what, set } = effect else { return vec![Deed::effect(effect)] };
        let checked = check(what, hands.outside.keys.domain(), &set, &Gullible);
        let verified = |checked: Checked| Deed::Feed(Event::Verified(Box::new(checked)));
        checked.map(verified).into_iter().collect()
    }
}
