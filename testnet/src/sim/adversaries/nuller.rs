//! The nuller: ends every view as soon as it begins.

use rota_consensus::Timer;
use rota_proto::{Message, Round, Vote, VoteKind};
use rota_replica::{Effect, Event};

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Nullifies each view that it enters and says so again and again; notarizes, finalizes and proposes nothing. Withstood
/// by the quorum, which is there without it, and by timers in the views that it leads (Q1, N3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Nuller {
    round: Round,
}

impl Conduct for Nuller {
    fn name(&self) -> &'static str {
        "nuller"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let mut deeds = self.nullify(false, hands);
        let agrees = matches!(&effect, Effect::Sign { vote, .. } if vote.kind != VoteKind::Nullify);
        if !agrees && !matches!(effect, Effect::Build(_)) {
            deeds.push(Deed::effect(effect));
        }
        deeds
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let again = matches!(event, Event::Timer(Timer::Retry));
        (self.nullify(again, hands), Some(event))
    }
}

impl Nuller {
    fn nullify(&mut self, again: bool, hands: &mut Hands<'_>) -> Vec<Deed> {
        let round = hands.replica.simplex().round();
        if round == self.round && !again {
            return Vec::new();
        }
        self.round = round;
        hands.outside.stats.deeds += 1;
        let others = hands.others();
        let signed = hands.sign(Vote::nullify(round)).map(Message::Vote);
        signed.map(|vote| Deed::Tell(others, vote)).into_iter().collect()
    }
}
