//! Those who break the rules on purpose, one named file each.

mod accomplice;
mod double_voter;
mod equivocator;
mod silent;
mod skipper;

use rota_proto::Place;
use rota_replica::Effect;

pub use accomplice::Accomplice;
pub use double_voter::DoubleVoter;
pub use equivocator::Equivocator;
pub use silent::Silent;
pub use skipper::Skipper;

use super::{
    conduct::{Conduct, Hands},
    random::Random,
    story::NodeId,
};

/// One of them, as chaos draws them.
#[must_use]
pub fn drawn(random: &mut Random) -> Box<dyn Conduct> {
    match random.below(8) {
        0..=2 => Box::new(Equivocator::default()),
        3 | 4 => Box::new(DoubleVoter),
        5 => Box::new(Accomplice::default()),
        6 => Box::new(Skipper),
        _ => Box::new(Silent::default()),
    }
}

/// The nodes that run with the key in a place of the current epoch.
fn nodes_in(place: Place, hands: &Hands<'_>) -> Vec<NodeId> {
    let set = hands.set();
    let validator = set.as_ref().and_then(|set| set.get(place));
    validator.map_or_else(Vec::new, |validator| hands.outside.keys.nodes_of(&validator.consensus_key))
}

/// Whether an effect sends a message to validators.
const fn says(effect: &Effect) -> bool {
    matches!(effect, Effect::Broadcast(_) | Effect::Send { .. } | Effect::Serve { .. } | Effect::Fetch(_))
}
