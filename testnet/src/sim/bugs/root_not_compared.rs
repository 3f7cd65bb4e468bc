//! Planted: execution gives another state at every node, and nobody compares it with the header.

use rota_replica::Effect;

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    executor::Flaw,
};

/// Executes by its own number.
#[derive(Clone, Copy, Debug)]
pub struct RootNotCompared;

impl Conduct for RootNotCompared {
    fn name(&self) -> &'static str {
        "root_not_compared"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        hands.executor.spoil(Flaw::OwnState(hands.node as u64));
        vec![Deed::effect(effect)]
    }
}
