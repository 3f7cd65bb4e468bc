//! Planted: a notarization is finalized even in a view that the node nullified.

use std::collections::BTreeSet;

use rota_proto::{Message, Round, Vote, VoteKind};
use rota_replica::Effect;

use crate::sim::conduct::{Conduct, Deed, Hands};

/// Casts the finalize vote that its replica does not ask for, past the guard.
#[derive(Clone, Debug, Default)]
pub struct FinalizeAfterNullify {
    nullified: BTreeSet<Round>,
}

impl Conduct for FinalizeAfterNullify {
    fn name(&self) -> &'static str {
        "finalize_after_nullify"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let mut extra = None;
        if let Effect::Sign { vote: Vote { kind: VoteKind::Nullify, round, .. }, .. } = &effect {
            self.nullified.insert(*round);
        }
        if let Effect::PersistCertificate(certificate) = &effect {
            let Vote { round, kind, batch } = certificate.vote;
            if kind == VoteKind::Notarize && self.nullified.contains(&round) {
                extra = hands.sign(Vote::finalize(round, batch));
            }
        }
        let others = hands.others();
        let mut deeds = vec![Deed::effect(effect)];
        deeds.extend(extra.map(|signed| Deed::Tell(others, Message::Vote(signed))));
        deeds
    }
}
