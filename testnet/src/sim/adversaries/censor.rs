//! The censor: a leader that leaves out what some people send.

use std::sync::Arc;

use alloy_primitives::Address;
use rota_proto::Transaction;
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Puts no transaction of half of all accounts into its batches, and tells nobody of them. Withstood by leaders that
/// take turns: any honest one includes what the censor left out (L1).
#[derive(Clone, Copy, Debug)]
pub struct Censor;

impl Conduct for Censor {
    fn name(&self) -> &'static str {
        "censor"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let mut left_out = 0;
        let effect = match effect {
            Effect::Build(mut order) => {
                let banned = |first: &Arc<Transaction>| is_banned(first.sender());
                left_out = order.chains.extract_if(.., |chain| chain.first().is_some_and(banned)).count();
                Effect::Build(order)
            }
            Effect::ShareTransactions(mut list) => {
                left_out = list.extract_if(.., |transaction| is_banned(transaction.sender())).count();
                Effect::ShareTransactions(list)
            }
            other => other,
        };
        hands.outside.stats.deeds += left_out as u64;
        vec![Deed::effect(effect)]
    }
}

/// Half of all accounts, as their addresses fall.
fn is_banned(sender: Address) -> bool {
    sender.last().is_some_and(|byte| byte % 2 == 0)
}
