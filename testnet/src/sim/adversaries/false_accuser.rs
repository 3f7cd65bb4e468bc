//! The false accuser: floods the others with evidence against everybody.

use alloy_primitives::B256;
use rota_consensus::Timer;
use rota_proto::{Epoch, Message, Place, Round, SignedVote, View, Vote, VotePair};
use rota_replica::Event;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Epochs after its own from which it makes up offences: the next one, and one that nobody knows the set of.
const AHEAD: [u64; 2] = [1, 40];

/// With every retry it accuses everybody of each slashable pair, in this round and in other epochs, by its own
/// signature in place of theirs; of votes that do not conflict, truly signed; and places that nobody holds. Withstood
/// by refusing what cannot be evidence, and verifying the rest by the set of its epoch (E2, E3 of replica).
#[derive(Clone, Copy, Debug)]
pub struct FalseAccuser;

impl Conduct for FalseAccuser {
    fn name(&self) -> &'static str {
        "false_accuser"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let deeds = if matches!(event, Event::Timer(Timer::Retry)) { accuse(hands) } else { Vec::new() };
        (deeds, Some(event))
    }
}

fn accuse(hands: &mut Hands<'_>) -> Vec<Deed> {
    let now = hands.replica.simplex().round();
    let others = Place::COUNT - 1;
    let everybody: Vec<Place> =
        hands.set().iter().flat_map(|set| set.iter().map(|(place, _)| place).collect::<Vec<_>>()).collect();
    let nobody = Place::new(others).into_iter();
    let ours = hands.replica.simplex().place();
    let rounds = AHEAD.map(|ahead| Round::new(now.epoch.plus(ahead), View(1)));
    let past = Round::new(Epoch(now.epoch.0.saturating_sub(3)), View(1));
    let mut said = Vec::new();
    for round in [now, past].into_iter().chain(rounds) {
        for pair in pairs(round) {
            let [one, other] = pair.map(|vote| hands.sign(vote));
            let (Some(one), Some(other)) = (one, other) else { continue };
            let accused = everybody.iter().copied().chain(nobody.clone()).filter(|place| Some(*place) != ours);
            said.extend(
                accused
                    .filter_map(|signer| VotePair::new(SignedVote { signer, ..one }, SignedVote { signer, ..other })),
            );
        }
        // It may have cast both, and they are no offence.
        let legal = [Vote::notarize(round, B256::repeat_byte(0xaa)), Vote::nullify(round)].map(|vote| hands.sign(vote));
        if let [Some(one), Some(other)] = legal {
            said.extend(VotePair::new(one, other));
        }
    }
    hands.outside.stats.deeds += said.len() as u64;
    let others = hands.others();
    said.into_iter().map(|pair| Deed::Tell(others.clone(), Message::Evidence(Box::new(pair)))).collect()
}

/// Each slashable pair in a round.
fn pairs(round: Round) -> [[Vote; 2]; 3] {
    let [a, b] = [0xaa, 0xbb].map(B256::repeat_byte);
    [
        [Vote::notarize(round, a), Vote::notarize(round, b)],
        [Vote::finalize(round, a), Vote::finalize(round, b)],
        [Vote::nullify(round), Vote::finalize(round, a)],
    ]
}
