//! The whisperer: it contradicts itself to one node alone.

use rota_proto::Message;
use rota_replica::Effect;

use super::double_voter::conflicting;
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Beside every vote it casts one that makes a slashable pair with it, as the double voter does, and tells a single
/// node: the others hear of it as evidence or never (rule E1 of replica).
#[derive(Clone, Copy, Debug)]
pub struct Whisperer;

impl Conduct for Whisperer {
    fn name(&self) -> &'static str {
        "whisperer"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let Effect::Sign { vote, .. } = &effect else { return vec![Deed::effect(effect)] };
        let second = conflicting(vote, hands);
        let confidant: Vec<_> = hands.others().into_iter().take(1).collect();
        let signed: Vec<_> = second.into_iter().filter_map(|vote| hands.sign(vote)).collect();
        hands.outside.stats.deeds += signed.len() as u64;
        let told = signed.into_iter().map(|signed| Deed::Tell(confidant.clone(), Message::Vote(signed)));
        [Deed::effect(effect)].into_iter().chain(told).collect()
    }
}
