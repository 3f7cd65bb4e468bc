//! The withholder: proposes batches whose bodies it keeps to itself.

use rota_proto::{Fetch, Message};
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Never gives a body, or gives it to half of the others alone. Withstood by voting for nothing whose body is not here
/// (J5), and by asking all others for what a quorum has (R3).
#[derive(Clone, Copy, Debug)]
pub struct Withholder {
    gives_half: bool,
}

impl Withholder {
    /// Nobody gets a body.
    #[must_use]
    pub const fn from_all() -> Self {
        Self { gives_half: false }
    }

    /// The first half of the others gets bodies.
    #[must_use]
    pub const fn from_half() -> Self {
        Self { gives_half: true }
    }
}

impl Conduct for Withholder {
    fn name(&self) -> &'static str {
        "withholder"
    }

    fn words(&self) -> String {
        format!("Withholder::from_{}()", if self.gives_half { "half" } else { "all" })
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let gives_body = matches!(
            &effect,
            Effect::Broadcast(Message::Body(_))
                | Effect::Send { message: Message::Body(_), .. }
                | Effect::Serve { fetch: Fetch::Body(_), .. }
        );
        if !gives_body {
            return vec![Deed::effect(effect)];
        }
        hands.outside.stats.deeds += 1;
        let (half, _) = hands.halves();
        if let (Effect::Broadcast(message), true) = (effect, self.gives_half) {
            return vec![Deed::Tell(half, message)];
        }
        Vec::new()
    }
}
