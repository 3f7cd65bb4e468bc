//! Planted: what is committed is not forgotten.

use rota_replica::Event;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Keeps from its replica that anything was ever committed.
#[derive(Clone, Copy, Debug)]
pub struct NeverForgets;

impl Conduct for NeverForgets {
    fn name(&self) -> &'static str {
        "never_forgets"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn hear(&mut self, event: Event, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        (Vec::new(), Some(event).filter(|event| !matches!(event, Event::Committed(_))))
    }
}
