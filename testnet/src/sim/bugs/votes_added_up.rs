//! Planted: finalize votes of one view and of the next are counted together.

use std::collections::BTreeMap;

use rota_proto::{Round, SignedVote, Signers, Vote, VoteKind};
use rota_replica::{Checked, Event};

use super::pretend;
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Takes the batch of the later view for final as soon as a quorum voted to finalize in either of the two.
#[derive(Clone, Debug, Default)]
pub struct VotesAddedUp {
    finalize: BTreeMap<Round, Signers>,
}

impl Conduct for VotesAddedUp {
    fn name(&self) -> &'static str {
        "votes_added_up"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(Self::default())
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let finalizes = vote_in(&event).filter(|signed| signed.vote.kind == VoteKind::Finalize);
        let deeds = finalizes.and_then(|signed| self.add_up(signed, hands)).into_iter().collect();
        (deeds, Some(event))
    }
}

fn vote_in(event: &Event) -> Option<SignedVote> {
    if let Event::Signed(signed) = event {
        return Some(**signed);
    }
    let Event::Verified(checked) = event else { return None };
    if let Checked::Vote(signed) = &**checked { Some(**signed) } else { None }
}

impl VotesAddedUp {
    fn add_up(&mut self, signed: SignedVote, hands: &Hands<'_>) -> Option<Deed> {
        let Vote { round, batch, .. } = signed.vote;
        self.finalize.entry(round).or_default().insert(signed.signer);
        let before = Round::new(round.epoch, round.view.previous());
        let both = [before, round].into_iter().filter_map(|round| self.finalize.get(&round));
        let signers = Signers(both.fold(0, |sum, signers| sum | signers.0));
        let set = hands.set()?;
        let given =
            pretend(Vote::finalize(round, batch), signers, hands).filter(|_| set.is_quorum(set.power_of(signers)));
        given.map(|given| Deed::Feed(Event::Verified(Box::new(Checked::Certificate(given)))))
    }
}
