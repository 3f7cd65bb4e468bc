//! Planted: the timer of a view is set once and never again.

use rota_consensus::Timer;
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Forgets every view timer but the first.
#[derive(Clone, Debug, Default)]
pub struct TimerNotRearmed {
    was_set: bool,
}

impl Conduct for TimerNotRearmed {
    fn name(&self) -> &'static str {
        "timer_not_rearmed"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        let sets = matches!(effect, Effect::SetTimer { timer: Timer::View(_), .. });
        let forgets = sets && self.was_set;
        self.was_set |= sets;
        if forgets { Vec::new() } else { vec![Deed::effect(effect)] }
    }
}
