//! Planted: evidence that others bring is not looked at.

use rota_proto::Message;
use rota_replica::Event;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Hears no evidence, so that it knows of what it found itself alone.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceIgnored;

impl Conduct for EvidenceIgnored {
    fn name(&self) -> &'static str {
        "evidence_ignored"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn hear(&mut self, event: Event, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let is_evidence = matches!(event, Event::Message { message: Message::Evidence(_), .. });
        (Vec::new(), Some(event).filter(|_| !is_evidence))
    }
}
