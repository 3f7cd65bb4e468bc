//! Planted: a transaction runs whatever its nonce, so that it may run twice.

use std::sync::Arc;

use rota_proto::Transaction;
use rota_replica::{Effect, Event};

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    executor::Flaw,
};

/// Executes without looking at nonces, and builds some batches of a transaction that was final before.
#[derive(Clone, Debug, Default)]
pub struct NonceNotChecked {
    spent: Option<Arc<Transaction>>,
}

impl Conduct for NonceNotChecked {
    fn name(&self) -> &'static str {
        "nonce_not_checked"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, mut effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        hands.executor.spoil(Flaw::AnyNonce);
        if let Effect::Build(order) = &mut effect
            && let Some(spent) = self.spent.take()
        {
            order.chains = vec![vec![spent]];
        }
        vec![Deed::effect(effect)]
    }

    fn hear(&mut self, event: Event, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        if let Event::Committed(batches) = &event {
            self.spent = batches.iter().find_map(|batch| batch.transactions.first().cloned());
        }
        (Vec::new(), Some(event))
    }
}
