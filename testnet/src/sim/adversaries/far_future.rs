//! The far-future spammer: floods the others with rounds that nobody has reached.

use rota_consensus::Timer;
use rota_proto::{BatchHeader, Epoch, ExtraData, Justification, Message, Proposal, Round, Signers, View, Vote};
use rota_replica::Event;

use super::forged;
use crate::sim::conduct::{Conduct, Deed, Hands};

/// Views ahead of its own in which it speaks: within, at and past what is taken, and the last there is.
const AHEAD: [u64; 6] = [1, 2, 31, 32, 33, 1_000_000];

/// With every retry it signs votes of far views and of epochs to come, forges certificates there, and proposes in views
/// that it will lead. Withstood by taking votes and proposals of so many views ahead alone, the rest as a reason to ask
/// at most (V3; C1 of replica), and by bounds on all that is kept.
#[derive(Clone, Copy, Debug)]
pub struct FarFuture;

impl Conduct for FarFuture {
    fn name(&self) -> &'static str {
        "far_future"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let deeds = if matches!(event, Event::Timer(Timer::Retry)) { spam(hands) } else { Vec::new() };
        (deeds, Some(event))
    }
}

fn spam(hands: &mut Hands<'_>) -> Vec<Deed> {
    let (now, head) = (hands.replica.simplex().round(), hands.replica.simplex().head().clone());
    let views = AHEAD.into_iter().map(|ahead| Round::new(now.epoch, now.view.plus(ahead)));
    let last = [Round::new(now.epoch, View::MAX), Round::new(Epoch::MAX, View(1))];
    let next = [1, 2, 40].map(|ahead| Round::new(now.epoch.next(), View(ahead)));
    let mut said = Vec::new();
    for round in views.chain(next).chain(last) {
        let votes = [Vote::notarize(round, head.hash()), Vote::nullify(round)];
        said.extend(votes.into_iter().filter_map(|vote| hands.sign(vote)).map(Message::Vote));
        said.extend(forged(Vote::nullify(round), hands).map(Message::Certificate));
        said.extend(forged(Vote::finalize(round, head.hash()), hands).map(Message::Certificate));
        said.extend(proposal(round, &head, hands).map(|proposal| Message::Proposal(Box::new(proposal))));
    }
    hands.outside.stats.deeds += said.len() as u64;
    let others = hands.others();
    said.into_iter().map(|message| Deed::Tell(others.clone(), message)).collect()
}

/// A proposal well formed by itself, which claims to open its epoch.
fn proposal(round: Round, head: &BatchHeader, hands: &mut Hands<'_>) -> Option<Proposal> {
    let extra = ExtraData { parent_view: View::ZERO, parent_signers: Signers::NONE, ..*head.extra() };
    let mut header = head.header().clone();
    header.number += 1;
    header.parent_hash = head.hash();
    header.extra_data = extra.encode();
    let header = BatchHeader::new(header).ok()?;
    let vote = hands.sign(Vote::notarize(round, header.hash()))?;
    Some(Proposal { vote, header, justification: Justification::default() })
}
