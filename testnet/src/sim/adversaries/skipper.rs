//! The skipper: a leader that passes over the notarized batch it should build on.

use rota_replica::{BuildOrder, Effect};

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Builds on the parent of its parent, though no nullification lets it. Withstood by the nullifications that must lie
/// between (J2).
#[derive(Clone, Copy, Debug)]
pub struct Skipper;

impl Conduct for Skipper {
    fn name(&self) -> &'static str {
        "skipper"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Build(mut order) = effect else { return vec![Deed::effect(effect)] };
        skip(&mut order, hands);
        vec![Deed::effect(Effect::Build(order))]
    }
}

/// Lowers the order by one height; leaves it as it is where nothing is left to pass over.
fn skip(order: &mut BuildOrder, hands: &mut Hands<'_>) {
    let simplex = hands.replica.simplex();
    let Some(passed) = simplex.header(order.environment.parent) else { return };
    if simplex.header(passed.parent()).is_none() {
        return;
    }
    let passed_extra = *passed.extra();
    order.environment.parent = passed.parent();
    order.environment.extra.parent_view = passed_extra.parent_view;
    order.environment.extra.parent_signers = passed_extra.parent_signers;
    hands.outside.stats.deeds += 1;
}
