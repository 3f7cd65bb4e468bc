//! The late one: says everything at the worst time, just before or just after the timers of the others run out.

use rota_proto::Round;
use rota_replica::Effect;

use super::says;
use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    queue::Time,
};

/// Says nothing in a view before a certain time has passed there, and then all of it. Withstood by counting votes
/// whenever they come (Q3), by finalize votes of those who did not nullify alone (F1), and by timers that grow (T2).
#[derive(Clone, Copy, Debug)]
pub struct Late {
    by_us: u64,
    entered: (Round, Time),
}

impl Late {
    /// Speaks so many milliseconds after it entered a view: a little less or more than a view's timer has.
    #[must_use]
    pub fn by_ms(ms: u64) -> Self {
        Self { by_us: ms * 1_000, entered: (Round::default(), Time::default()) }
    }
}

impl Conduct for Late {
    fn name(&self) -> &'static str {
        "late"
    }

    fn words(&self) -> String {
        format!("Late::by_ms({})", self.by_us / 1_000)
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self { entered: (Round::default(), Time::default()), ..*self })
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let (round, now) = (hands.replica.simplex().round(), hands.outside.queue.now());
        if round != self.entered.0 {
            self.entered = (round, now);
        }
        let left_us = self.entered.1.plus_us(self.by_us).0.saturating_sub(now.0);
        if !says(&effect) || left_us == 0 {
            return vec![Deed::effect(effect)];
        }
        hands.outside.stats.deeds += 1;
        vec![Deed::Later(left_us, Box::new(Deed::effect(effect)))]
    }
}
