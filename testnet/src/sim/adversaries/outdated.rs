//! The outdated one: hears no more of L1 and goes on in an epoch that is over for all others.

use std::collections::VecDeque;

use rota_consensus::Timer;
use rota_proto::{Epoch, Message, Status};
use rota_replica::{Effect, Event};

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Own messages remembered, to be said again for ever.
const SAID_MAX: usize = 16;

/// Takes no L1 block of an epoch after a certain one, so that it cannot begin the epoch after the next. With every
/// retry it says again what it said there, and how far it was. Withstood by answering a vote of an epoch that ended
/// with its closing finalization, and nothing more (E5).
#[derive(Clone, Debug)]
pub struct Outdated {
    last: Epoch,
    said: VecDeque<Message>,
}

impl Outdated {
    /// The last epoch whose L1 blocks it takes.
    #[must_use]
    pub const fn since(last: Epoch) -> Self {
        Self { last, said: VecDeque::new() }
    }
}

impl Conduct for Outdated {
    fn name(&self) -> &'static str {
        "outdated"
    }

    fn words(&self) -> String {
        format!("Outdated::since(Epoch({}))", self.last)
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::since(self.last))
    }

    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        if let Effect::Broadcast(message @ (Message::Vote(_) | Message::Proposal(_))) = &effect {
            self.said.push_back(message.clone());
        }
        if self.said.len() > SAID_MAX {
            self.said.pop_front();
        }
        vec![Deed::effect(effect)]
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let schedule = hands.replica.registry().genesis().schedule;
        if let Event::L1(block) = &event
            && schedule.epoch_of(block.number).is_ok_and(|epoch| epoch > self.last)
        {
            hands.outside.stats.deeds += 1;
            return (Vec::new(), None);
        }
        let deeds = if matches!(event, Event::Timer(Timer::Retry)) { self.again(hands) } else { Vec::new() };
        (deeds, Some(event))
    }
}

impl Outdated {
    fn again(&self, hands: &mut Hands<'_>) -> Vec<Deed> {
        let committed = hands.replica.committed();
        let status = Status {
            network: alloy_primitives::B256::ZERO,
            version: "of old".to_owned(),
            height: committed.height(),
            batch: committed.hash(),
        };
        let others = hands.others();
        let said = self.said.iter().cloned().chain([Message::Status(status)]);
        said.map(|message| Deed::Tell(others.clone(), message)).collect()
    }
}
