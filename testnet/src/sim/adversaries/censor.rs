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

    fn instead(&mut self, mut effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let banned = |transaction: &Arc<Transaction>| is_banned(transaction.sender());
        let left_out = if let Effect::Build(order) = &mut effect {
            order.chains.extract_if(.., |chain| chain.first().is_some_and(banned)).count()
        } else if let Effect::ShareTransactions(list) = &mut effect {
            list.extract_if(.., |transaction| banned(transaction)).count()
        } else {
            0
        };
        hands.outside.stats.deeds += left_out as u64;
        vec![Deed::effect(effect)]
    }
}

/// Half of all accounts, as their addresses fall.
fn is_banned(sender: Address) -> bool {
    sender.last().is_some_and(|byte| byte % 2 == 0)
}
