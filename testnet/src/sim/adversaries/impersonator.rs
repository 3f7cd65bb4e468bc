//! The impersonator: speaks in the names of others.

use std::collections::BTreeMap;

use alloy_primitives::{B256, keccak256};
use rota_proto::{BatchHeader, Message, Place, Proposal, Signature, SignedVote, Vote};
use rota_replica::{Effect, Event};

use super::{Answered, heard};
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Says each of its votes for everybody else too, by its own signature and by the last one it heard of them, and
/// answers the first proposal of each round with another batch in the leader's name. Withstood by verifying each signature with the key of the
/// place over this very vote (K2 of proto): none stands, and nobody is accused.
#[derive(Clone, Debug, Default)]
pub struct Impersonator {
    heard: BTreeMap<Place, Signature>,
    answered: Answered,
}

impl Conduct for Impersonator {
    fn name(&self) -> &'static str {
        "impersonator"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn instead(&mut self, effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        let mut deeds = Vec::new();
        if let Effect::Broadcast(Message::Vote(own)) = &effect {
            deeds = tell_all(self.in_all_names(own, hands), hands);
        }
        deeds.push(Deed::effect(effect));
        deeds
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let mut deeds = Vec::new();
        if let Some(Message::Vote(signed)) = heard(&event) {
            self.heard.insert(signed.signer, signed.signature);
        } else if let Some(Message::Proposal(proposal)) = heard(&event)
            && self.answered.is_new(proposal.vote.vote.round, B256::ZERO)
        {
            deeds = tell_all(in_the_name_of_the_leader(proposal, hands), hands);
        }
        (deeds, Some(event))
    }
}

impl Impersonator {
    fn in_all_names(&self, own: &SignedVote, hands: &Hands<'_>) -> Vec<Message> {
        let set = hands.set();
        let places = set.iter().flat_map(|set| set.iter()).map(|(place, _)| place);
        let others = places.filter(|place| *place != own.signer);
        let signatures = |place| [Some(own.signature), self.heard.get(&place).copied()].into_iter().flatten();
        others
            .flat_map(|signer| signatures(signer).map(move |signature| SignedVote { signer, signature, ..*own }))
            .map(Message::Vote)
            .collect()
    }
}

/// Another batch by the signature that the leader gave to its own, and by ours.
fn in_the_name_of_the_leader(theirs: &Proposal, hands: &mut Hands<'_>) -> Vec<Message> {
    let mut header = theirs.header.header().clone();
    header.state_root = keccak256(header.state_root);
    let Ok(header) = BatchHeader::new(header) else { return Vec::new() };
    let vote = Vote::notarize(theirs.vote.vote.round, header.hash());
    let signatures = [Some(theirs.vote.signature), hands.sign(vote).map(|own| own.signature)];
    let forge = |signature| {
        let vote = SignedVote { vote, signer: theirs.vote.signer, signature };
        let proposal = Proposal { vote, header: header.clone(), justification: theirs.justification.clone() };
        Message::Proposal(Box::new(proposal))
    };
    signatures.into_iter().flatten().map(forge).collect()
}

fn tell_all(said: Vec<Message>, hands: &mut Hands<'_>) -> Vec<Deed> {
    hands.outside.stats.deeds += said.len() as u64;
    let others = hands.others();
    said.into_iter().map(|message| Deed::Tell(others.clone(), message)).collect()
}
