//! Those who break the rules on purpose, one named file each.

mod accomplice;
mod censor;
mod double_voter;
mod equivocator;
mod false_accuser;
mod far_future;
mod forger;
mod impersonator;
mod invalid_proposer;
mod late;
mod lying_server;
mod mutator;
mod nuller;
mod outdated;
mod replayer;
mod silent;
mod skipper;
mod torsion_signer;
mod whisperer;
mod withholder;

use std::collections::BTreeSet;

use alloy_primitives::B256;
use rota_proto::{Certificate, Epoch, Message, Place, Round, Signers, Vote};
use rota_replica::{Effect, Event};

pub use accomplice::Accomplice;
pub use censor::Censor;
pub use double_voter::DoubleVoter;
pub use equivocator::Equivocator;
pub use false_accuser::FalseAccuser;
pub use far_future::FarFuture;
pub use forger::Forger;
pub use impersonator::Impersonator;
pub use invalid_proposer::{InvalidProposer, Wrong};
pub use late::Late;
pub use lying_server::LyingServer;
pub use mutator::Mutator;
pub use nuller::Nuller;
pub use outdated::Outdated;
pub use replayer::Replayer;
pub use silent::Silent;
pub use skipper::Skipper;
pub use torsion_signer::{TorsionSigner, stands_cofactored, torsion_signature};
pub use whisperer::Whisperer;
pub use withholder::Withholder;

use super::{
    conduct::{Conduct, Hands},
    random::Random,
    story::NodeId,
};

/// Answers remembered.
const ANSWERED_MAX: usize = 1_024;

/// One of them, as chaos draws them: all, those who split the network more often.
#[must_use]
pub fn drawn(random: &mut Random) -> Box<dyn Conduct> {
    match random.below(27) {
        0..=3 => Box::new(Equivocator::default()),
        4 | 5 => Box::new(DoubleVoter),
        6 => Box::new(Accomplice::default()),
        7 => Box::new(Skipper),
        8 => Box::new(Silent::after_ms(random.below(3_000))),
        9 => Box::new(Nuller::default()),
        10 => Box::new(Late::by_ms(random.within(350..=950))),
        11 => Box::new(Withholder::from_all()),
        12 => Box::new(Withholder::from_half()),
        13 | 14 => Box::new(InvalidProposer::with(*random.pick(&Wrong::ALL))),
        15 | 16 => Box::new(Mutator::default()),
        17 => Box::new(TorsionSigner),
        18 => Box::new(FarFuture),
        19 => Box::new(Replayer::default()),
        20 => Box::new(Impersonator::default()),
        21 => Box::new(Outdated::since(Epoch(random.within(1..=4)))),
        22 => Box::new(Censor),
        23 => Box::new(Forger),
        24 => Box::new(FalseAccuser),
        25 => Box::new(Whisperer),
        _ => Box::new(LyingServer::default()),
    }
}

/// What an adversary has answered, as far back as is remembered: two of them that answered each other's answers would
/// never end.
#[derive(Clone, Debug, Default)]
struct Answered(BTreeSet<(Round, B256)>);

impl Answered {
    fn is_new(&mut self, round: Round, batch: B256) -> bool {
        let is_new = self.0.insert((round, batch));
        if self.0.len() > ANSWERED_MAX {
            self.0.pop_first();
        }
        is_new
    }
}

/// The nodes that run with the key in a place of the current epoch.
fn nodes_in(place: Place, hands: &Hands<'_>) -> Vec<NodeId> {
    let set = hands.set();
    let validator = set.as_ref().and_then(|set| set.get(place));
    validator.map_or_else(Vec::new, |validator| hands.outside.keys.nodes_of(&validator.consensus_key))
}

/// A certificate in the names of all validators, with one signature by this node in place of all of theirs.
fn forged(vote: Vote, hands: &mut Hands<'_>) -> Option<Certificate> {
    let signers: Signers = hands.set()?.iter().map(|(place, _)| place).collect();
    let own = hands.sign(vote)?.signature;
    Some(Certificate { vote, signers, signatures: vec![own; signers.len()] })
}

/// The message in an event, if it is one.
const fn heard(event: &Event) -> Option<&Message> {
    if let Event::Message { message, .. } = event { Some(message) } else { None }
}

/// The message that an effect sends, if it does.
const fn said(effect: &mut Effect) -> Option<&mut Message> {
    if let Effect::Broadcast(message) | Effect::Send { message, .. } = effect { Some(message) } else { None }
}

/// Whether an effect tells others something.
const fn says(effect: &Effect) -> bool {
    matches!(effect, Effect::Broadcast(_) | Effect::Send { .. } | Effect::Serve { .. } | Effect::ShareTransactions(_))
}
