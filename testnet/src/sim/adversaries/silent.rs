//! The silent one: hears everything and says nothing.

use rota_replica::Effect;

use super::says;
use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    queue::Time,
};

/// Sends no message of its replica from some time on. Withstood by timers, and by passing over who was silent for long
/// (N3, L2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent {
    from: Time,
}

impl Silent {
    /// Silent after so many milliseconds, and like everybody else before.
    #[must_use]
    pub const fn after_ms(ms: u64) -> Self {
        Self { from: Time::from_ms(ms) }
    }
}

impl Conduct for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn words(&self) -> String {
        format!("Silent::after_ms({})", self.from.as_ms())
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        if !says(&effect) || hands.outside.queue.now() < self.from {
            return vec![Deed::effect(effect)];
        }
        hands.outside.stats.deeds += 1;
        Vec::new()
    }
}
