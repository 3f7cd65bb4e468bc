//! Starting from what is durable, and crashing (rule D6).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rota_consensus::{Anchor, Durable, GuardRecord};
use rota_mempool::MempoolLimits;
use rota_proto::{Round, SignedVote, ValidatorSet, Verified, View};
use rota_replica::{Event, Replica, ReplicaConfig, Started};
use rota_staking::{GuardFile, Registry, RegistryError, SafetyRecord};

use super::{Host, effects::kept, l1_block};
use crate::sim::{
    conduct::Conduct,
    disk::{Disk, Head},
    executor::Executor,
    facts::Fact,
    outside::Outside,
    story::{Brief, NodeId, short},
};

/// What is left of a node that is down: its disk, and the way it behaves.
#[derive(Debug)]
pub struct Remains {
    /// The disk.
    pub disk: Disk,
    /// How it departs from the rules.
    pub conduct: Option<Box<dyn Conduct>>,
}

/// A node that did not start.
#[derive(Debug)]
pub struct Unstarted {
    /// What is left of it, as it was.
    pub remains: Box<Remains>,
    /// Why it stopped itself, as L1 contradicts what it said before; nothing if L1 has only not told it enough yet.
    pub error: Option<RegistryError>,
}

impl Host {
    /// A node that starts with this disk.
    ///
    /// # Errors
    /// [`Unstarted`], if L1 has not told the node enough of the epoch it is to start in, or what contradicts itself.
    pub fn start(id: NodeId, remains: Remains, out: &mut Outside) -> Result<Self, Unstarted> {
        let registry = match follow_to(id, &remains, out) {
            Ok(registry) => registry,
            Err(error) => return Err(Unstarted { remains: Box::new(remains), error }),
        };
        let Remains { disk, conduct } = remains;
        let (guard_file, guard) = GuardFile::open(disk.guard()).expect("a torn slot leaves the other");
        let Head { header, round, opening } = disk.head().clone();
        let executor = Executor::new(out.genesis.rules, header.clone(), disk.state().clone());
        let tip = (header.height().0, header.hash());
        out.story.tell(id, &[60, tip.0, short(tip.1)], || {
            format!("starts in epoch {} at height {} {}", round.epoch, tip.0, Brief(tip.1))
        });
        out.facts.push((id, Fact::Restarted { height: tip.0, batch: tip.1 }));
        out.facts.extend(disk.evidence().values().map(|accusation| (id, kept(accusation))));
        let anchor = Anchor { opening, head: header, view: round.view };
        let replica = Replica::new(config(out), Some(out.keys.public(id)), registry, anchor);
        let mut this = Self {
            id,
            replica: replica.expect("L1 told of the epoch"),
            executor,
            disk,
            guard,
            guard_file,
            conduct,
            bodies: BTreeMap::new(),
            tasks: VecDeque::new(),
            inbox: VecDeque::new(),
            flushing: false,
            unflushed: false,
            jobs: VecDeque::new(),
            working: false,
            invalid: None,
            timers: BTreeMap::new(),
            clock_at: out.queue.now(),
            others: Vec::new(),
            known: BTreeSet::new(),
            questions: BTreeMap::new(),
            questions_asked: 0,
            arrivals: 0,
            round,
            epochs: [0; 2],
            last_epoch: round.epoch,
            end: None,
        };
        this.begin(round, out);
        Ok(this)
    }

    /// The node is gone; what remains.
    #[must_use]
    pub fn crash(self) -> Remains {
        Remains { disk: self.disk, conduct: self.conduct }
    }

    fn begin(&mut self, round: Round, out: &mut Outside) {
        if let Some(set) = self.replica.simplex().set(round.epoch).cloned() {
            self.meet(&set, out);
            let started = self.started(round, &set, out);
            self.enter(Event::Clock(out.clock_ms(self.id)), None);
            self.enter(Event::Started(Box::new(started)), None);
        }
        self.submit_journalled();
        self.follow_l1(out);
    }

    /// What was durable of live views: everything of the epoch from the last final view on, and the certificates that
    /// the slasher knew. Also a node that begins asks: an empty disk may be all that is left of one that has voted.
    fn started(&self, round: Round, set: &ValidatorSet, out: &mut Outside) -> Started {
        let below = View(round.view.0.saturating_sub(rota_staking::limits::RETENTION));
        let kept = self.disk.certificates_from(Round::new(round.epoch, below));
        let kept = kept.filter(|certificate| certificate.vote.round.epoch == round.epoch).cloned();
        let domain = out.keys.domain();
        let witnessed: Vec<_> = kept.filter_map(|one| one.verify(domain, set, &out.keys).ok()).collect();
        let certificates = witnessed.iter().filter(|one| one.vote.round >= round).cloned().collect();
        let (proposals, bodies) = self.disk.candidates_from(round);
        let votes = self.own_votes(set, out);
        let (record, listen_ms) = (guard_record(&self.guard), out.station(self.id).listen_ms);
        let durable = Durable { certificates, proposals, votes, record, ask: true, listen_ms };
        let evidence = self.disk.evidence().iter();
        let accused = evidence.map(|(validator, one)| (*validator, one.pair.round().epoch)).collect();
        Started { durable, bodies, witnessed, accused }
    }

    /// Our votes of the epoch from the guard's record; one whose signature it does not know is signed again.
    fn own_votes(&self, set: &ValidatorSet, out: &mut Outside) -> Vec<Verified<SignedVote>> {
        let Some(signer) = self.replica.simplex().place() else { return Vec::new() };
        let mut votes = Vec::new();
        for (vote, signature) in self.guard.votes().filter(|(vote, _)| vote.round.epoch == set.epoch()) {
            let signature = signature.unwrap_or_else(|| out.sign(self.id, &vote));
            let signed = SignedVote { vote, signer, signature };
            votes.extend(signed.verify(out.keys.domain(), set, &out.keys));
        }
        votes
    }
}

fn guard_record(record: &SafetyRecord) -> GuardRecord {
    let votes = record.votes().map(|(vote, _)| vote).collect();
    GuardRecord { floor: record.floor(), resume: record.resume(), votes }
}

fn config(out: &Outside) -> ReplicaConfig {
    ReplicaConfig {
        domain: out.keys.domain().clone(),
        consensus: out.settings.config,
        rules: out.genesis.rules,
        pool: MempoolLimits::default(),
        times: out.settings.times,
        leaders: out.leaders.clone(),
    }
}

/// The registry from the disk, or from L1's beginning, followed until it knows the epoch of the head.
///
/// # Errors
/// That of the registry, with which the real node stops, or none, if L1 is not that far for the node.
fn follow_to(id: NodeId, remains: &Remains, out: &mut Outside) -> Result<Registry, Option<RegistryError>> {
    let conduct = remains.conduct.as_deref();
    let mut registry = match remains.disk.registry() {
        Some(snapshot) => out.l1.registry_kept(snapshot),
        None => {
            let deployment = l1_block(id, conduct, out.l1.first_block(), out);
            out.l1.registry(&deployment)
        }
    };
    let epoch = remains.disk.head().round.epoch;
    while registry.set(epoch).is_err() || registry.leader_seed(epoch).is_err() {
        let next = registry.newest().number + 1;
        if next > out.station(id).l1_seen {
            return Err(None);
        }
        let block = l1_block(id, conduct, next, out);
        registry.apply(&block).map_err(Some)?;
    }
    Ok(registry)
}
