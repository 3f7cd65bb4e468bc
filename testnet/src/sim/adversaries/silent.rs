//! The silent one: hears everything and says nothing.

use rota_consensus::Output;

use crate::sim::{
    conduct::{Conduct, Deed, Hands},
    queue::Time,
};

/// Sends no message of its core from some time on.
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

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Output, hands: &mut Hands<'_>) -> Vec<Deed> {
        let says = matches!(effect, Output::Broadcast(_) | Output::BroadcastBody(_) | Output::Send { .. });
        if says && hands.outside.queue.now() >= self.from { Vec::new() } else { vec![Deed::effect(effect)] }
    }
}
