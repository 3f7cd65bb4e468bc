//! The replayer: sends again what it heard long ago, also from epochs that are over.

use std::collections::VecDeque;

use rota_consensus::Timer;
use rota_proto::Message;
use rota_replica::Event;

use super::heard;
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Of how many messages heard one is kept, so that those kept go far back.
const ONE_OF: u64 = 8;
/// Messages kept.
const KEPT_MAX: usize = 512;
/// Messages sent again at a time.
const AGAIN: usize = 24;

/// With every retry it tells everybody some of the oldest messages that it has: votes, certificates, proposals, bodies,
/// answers. Withstood by refusing what is known or over before any signature is looked at (I1, I4 of replica).
#[derive(Clone, Debug, Default)]
pub struct Replayer {
    heard: u64,
    kept: VecDeque<Message>,
    turn: usize,
}

impl Conduct for Replayer {
    fn name(&self) -> &'static str {
        "replayer"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        heard(&event).into_iter().for_each(|message| self.keep(message));
        let deeds = if matches!(event, Event::Timer(Timer::Retry)) { self.again(hands) } else { Vec::new() };
        (deeds, Some(event))
    }
}

impl Replayer {
    fn keep(&mut self, message: &Message) {
        self.heard += 1;
        if self.heard.is_multiple_of(ONE_OF) {
            self.kept.push_back(message.clone());
        }
        if self.kept.len() > KEPT_MAX {
            self.kept.pop_front();
        }
    }

    fn again(&mut self, hands: &mut Hands<'_>) -> Vec<Deed> {
        let first = self.turn % (KEPT_MAX / 2);
        self.turn += AGAIN;
        let others = hands.others();
        let old = self.kept.iter().skip(first).take(AGAIN);
        let deeds: Vec<Deed> = old.map(|message| Deed::Tell(others.clone(), message.clone())).collect();
        hands.outside.stats.deeds += deeds.len() as u64;
        deeds
    }
}
