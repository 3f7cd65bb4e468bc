//! Planted: what is proven is proven again and again.

use rota_consensus::Timer;
use rota_replica::{Effect, Event};
use rota_staking::Evidence;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Brings the same evidence with every retry, as a slasher that forgot what it has proven.
#[derive(Clone, Debug, Default)]
pub struct EvidenceRepeated {
    proven: Option<Box<Evidence>>,
}

impl Conduct for EvidenceRepeated {
    fn name(&self) -> &'static str {
        "evidence_repeated"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        if let Effect::Evidence { evidence, .. } = &effect {
            self.proven = Some(evidence.clone());
        }
        vec![Deed::effect(effect)]
    }

    fn hear(&mut self, event: Event, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let again = self.proven.clone().filter(|_| matches!(event, Event::Timer(Timer::Retry)));
        let again = again.map(|evidence| Deed::effect(Effect::Evidence { evidence, heard: false }));
        (again.into_iter().collect(), Some(event))
    }
}
