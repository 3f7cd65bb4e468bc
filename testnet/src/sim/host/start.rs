//! Starting from what is durable, and crashing (rule D6).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rota_consensus::{Anchor, Durable, GuardRecord, Input, Simplex};
use rota_proto::{BatchHeader, Epoch, Round, SignedVote, Verified, View};
use rota_staking::{GuardFile, Slasher, Window};

use super::{Body, Host};
use crate::sim::{
    batch::transactions_of,
    conduct::Conduct,
    disk::Disk,
    facts::Fact,
    keys::public_key,
    outside::Outside,
    pool::Pool,
    story::{Brief, NodeId, short},
};

/// Where a start begins: the batch the epoch opened on, the last final one, and its view.
struct Beginning {
    epoch: Epoch,
    anchor: Anchor,
    /// The epoch that the last final batch opens, if its set is not known yet.
    due: Option<Epoch>,
}

impl Host {
    /// A node that starts with this disk; `first` if the whole network begins.
    pub fn start(id: NodeId, disk: Disk, conduct: Option<Box<dyn Conduct>>, first: bool, out: &mut Outside) -> Self {
        let (guard_file, guard) = GuardFile::open(disk.guard()).expect("a torn slot leaves the other");
        let begin = beginning(id, &disk, out);
        let context = out.l1.context(begin.epoch);
        let context = conduct.as_ref().map_or_else(|| context.clone(), |one| one.context(id, context.clone()));
        let (config, schedule) = (out.settings.config, out.l1.schedule());
        let round = Round::new(begin.epoch, begin.anchor.view);
        let tip = (begin.anchor.head.height().0, begin.anchor.head.hash());
        out.story.tell(id, &[60, tip.0, short(tip.1)], || {
            format!("starts in epoch {} at height {} {}", begin.epoch, tip.0, Brief(tip.1))
        });
        out.facts.push((id, Fact::Restarted { height: tip.0, batch: tip.1 }));
        let mut this = Self {
            id,
            core: Simplex::new(config, schedule, Some(public_key(id)), context, begin.anchor),
            disk,
            guard,
            guard_file,
            slasher: Slasher::new(7_682, Window::with_views_ahead(config.limits.views_ahead), round),
            conduct,
            headers: BTreeMap::new(),
            bodies: BTreeMap::new(),
            unmatched: VecDeque::new(),
            checks: Vec::new(),
            epoch_due: begin.due,
            backlog: VecDeque::new(),
            tasks: VecDeque::new(),
            flushing: false,
            timers: BTreeMap::new(),
            pool: Pool::default(),
            work: false,
            last_final: out.queue.now(),
            round,
            asked: None,
            told: BTreeMap::new(),
            accused: BTreeSet::new(),
            epochs_begun: 0,
        };
        let durable = this.durable(begin.epoch, !first, out);
        this.step(Input::Started(Box::new(durable)), out).ok();
        this.look(out);
        this
    }

    /// The node is gone; what remains is its disk, and the way it behaves.
    pub fn crash(self) -> (Disk, Option<Box<dyn Conduct>>) {
        (self.disk, self.conduct)
    }

    /// What the core is told of the time before; headers and bodies go back to where they are looked for.
    fn durable(&mut self, epoch: Epoch, ask: bool, out: &mut Outside) -> Durable {
        let proposals = self.disk.candidates();
        for candidate in &proposals {
            let batch = candidate.header.hash();
            self.headers.insert(batch, candidate.header.clone());
            if let Some(bytes) = self.disk.body(batch).cloned() {
                let transactions = transactions_of(&bytes);
                self.bodies.insert(batch, Body { bytes, transactions });
            }
        }
        let of_epoch = |round: Round| round.epoch == epoch;
        let certificates = self.disk.certificates().iter().filter(|one| of_epoch(one.vote.round)).cloned().collect();
        let recorded = self.guard.votes().map(|(vote, _)| vote).collect();
        let record = GuardRecord { floor: self.guard.floor(), resume: self.guard.resume(), votes: recorded };
        Durable { certificates, proposals, votes: self.own_votes(epoch, out), record, ask }
    }

    /// Our votes of the epoch from the guard's record; one whose signature it does not know is signed again.
    fn own_votes(&self, epoch: Epoch, out: &mut Outside) -> Vec<Verified<SignedVote>> {
        let Some(set) = self.set(epoch) else { return Vec::new() };
        let Some(signer) = set.place_of(&public_key(self.id)) else { return Vec::new() };
        let recorded: Vec<_> = self.guard.votes().filter(|(vote, _)| vote.round.epoch == epoch).collect();
        let mut votes = Vec::new();
        for (vote, signature) in recorded {
            let signature = signature.unwrap_or_else(|| out.sign(self.id, &vote));
            let signed = SignedVote { vote, signer, signature };
            votes.extend(signed.verify(out.keys.domain(), &set, &out.keys));
        }
        votes
    }
}

/// If the last final batch closes its epoch, the next one is where votes are, and so where the node starts if it can:
/// a core that starts in the old epoch would not take up its votes of the new one.
fn beginning(id: NodeId, disk: &Disk, out: &Outside) -> Beginning {
    let tip = disk.tip();
    let head = tip.header.clone();
    let opening = opening_of(disk, &head);
    let next = out.l1.epoch_of(head.extra().origin_number);
    let closes = next > head.epoch() && opening.hash() != head.hash();
    if closes && out.station(id).l1_seen >= out.l1.block_before(next) {
        let anchor = Anchor { opening: head.clone(), head, view: View::ZERO };
        return Beginning { epoch: next, anchor, due: None };
    }
    let view = tip.finalization.as_ref().map_or(View::ZERO, |finalization| finalization.vote.round.view);
    let epoch = head.epoch();
    Beginning { epoch, anchor: Anchor { opening, head, view }, due: closes.then_some(next) }
}

/// The batch on which the epoch of `head` opened: the last final one of another epoch, or genesis.
fn opening_of(disk: &Disk, head: &BatchHeader) -> BatchHeader {
    let mut at = head.clone();
    while at.epoch() == head.epoch() && at.height().0 > 0 {
        let Some(parent) = disk.stored(at.height().previous()) else { break };
        at = parent.header.clone();
    }
    at
}
