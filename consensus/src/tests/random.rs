//! Whatever verified inputs come, in whatever order, from however many faulty validators, with a crash between any
//! two: the core does not panic, signs nothing that could be slashed, makes nothing final twice, and stays small.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner},
};
use rota_proto::{BatchHeader, Justification, Place, View, Vote, VoteKind};

use super::{
    Certified,
    network::{Network, STAKES, key, place},
    node::Node,
};
use crate::{BuildRequest, Durable, Input, Limits, Output, Record, Rejected, Timer};

/// Runs, and inputs in each.
const RUNS: u32 = 1_500;
const INPUTS: usize = 150;
/// The run is always the same.
const SEED: [u8; 32] = [7; 32];

/// What one input is made of: what to do, and three choices.
type Dice = (u8, u8, u8, u8);

/// A core among peers that send anything they could have signed.
pub(super) struct World {
    node: Node,
    batches: Vec<BatchHeader>,
    checks: VecDeque<alloy_primitives::B256>,
    builds: VecDeque<BuildRequest>,
    /// Asked for and not yet signed.
    asked: VecDeque<Vote>,
    /// Asked for in this life, or durable from earlier ones.
    votes: Vec<Vote>,
    count: Count,
}

/// What a run brought about, so that a test of nothing is noticed.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    taken: u32,
    refused: u32,
    signed: u32,
    finals: u32,
    conflicts: u32,
    epochs: u32,
    starts: u32,
    floors: u32,
}

impl World {
    pub(super) fn new() -> Self {
        let network = Network::new(&STAKES);
        let node = Node::new(&network, 2);
        let batches = vec![network.opening.clone()];
        Self {
            node,
            batches,
            checks: VecDeque::new(),
            builds: VecDeque::new(),
            asked: VecDeque::new(),
            votes: Vec::new(),
            count: Count::default(),
        }
    }

    fn network(&self) -> Rc<Network> {
        Rc::clone(&self.node.network)
    }

    /// A view near ours.
    fn view(&self, die: u8) -> u64 {
        let ours = self.node.core.round().view.0;
        (ours + u64::from(die % 8)).saturating_sub(4).max(1)
    }

    fn batch(&self, die: u8) -> &BatchHeader {
        let recent = self.batches.len().min(8);
        &self.batches[self.batches.len() - 1 - usize::from(die) % recent]
    }

    fn vote(&self, (kind, view, batch): (u8, u8, u8)) -> Vote {
        let round = self.node.network.round(self.view(view));
        match kind % 3 {
            0 => Vote::notarize(round, self.batch(batch).hash()),
            1 => Vote::nullify(round),
            _ => Vote::finalize(round, self.batch(batch).hash()),
        }
    }

    fn certificate(&self, kind: u8, view: u8, batch: u8) -> Certified {
        self.node.network.certificate(self.vote((kind, view, batch)), &[0, 1, 3])
    }

    /// A new batch on one that exists, and its proposal with nullifications of some of the views between.
    fn proposal(&mut self, (parent, view, facts): (u8, u8, u8)) -> Input {
        let network = self.network();
        let parent = self.batch(parent).clone();
        let view = self.view(view);
        let parent_view = if parent == network.opening { 0 } else { view.saturating_sub(1 + u64::from(facts % 3)) };
        let signers: &[u8] = if parent_view == 0 { &[] } else { &[0, 1] };
        let name = format!("{}", self.batches.len());
        let change = |extra: &mut rota_proto::ExtraData, height: &mut u64| {
            *height += u64::from(facts == 77);
            extra.origin_number += if facts % 4 == 3 { 100 } else { 0 };
        };
        let batch = network.draft(&name, &parent, parent_view, signers, change);
        let notarization = (parent_view > 0).then(|| network.notarization(parent_view, &parent, signers));
        let nullified: Vec<u64> =
            (parent_view + 1..view).filter(|between| (between + u64::from(facts)) % 5 > 0).collect();
        let latest = &nullified[nullified.len().saturating_sub(16)..];
        self.batches.push(batch.clone());
        network.propose(view, &batch, network.because(notarization.as_ref(), latest))
    }

    /// An old batch again, justified by its own notarization.
    fn renewal(&mut self, (batch, view, base): (u8, u8, u8)) -> Option<Input> {
        let network = self.network();
        let (batch, view) = (self.batch(batch).clone(), self.view(view).max(2));
        let base = (view - 1).saturating_sub(u64::from(base % 3)).max(1);
        let fits = batch != network.opening && batch.epoch() == network.epoch();
        let notarization = network.notarization(base, &batch, &[0, 1]);
        let nullified: Vec<u64> = (base + 1..view).collect();
        fits.then(|| network.propose(view, &batch, network.because(Some(&notarization), &nullified)))
    }

    /// The batch that was asked for.
    fn built(&mut self) -> Option<Input> {
        let request = self.builds.pop_front()?;
        let parent = self.batches.iter().find(|batch| batch.hash() == request.parent)?.clone();
        let name = format!("built {}", self.batches.len());
        let signers: Vec<u8> = request.parent_signers.iter().map(Place::number).collect();
        let header = self.node.network.batch(&name, &parent, request.parent_view.0, &signers);
        self.batches.push(header.clone());
        Some(Input::Built { round: request.round, header: Box::new(header) })
    }

    /// A peer's answer with some of our votes.
    fn round_answer(&self, (from, view, votes): (u8, u8, u8)) -> Input {
        let entered_by = (from % 4 > 0).then(|| self.certificate(from, view, votes));
        let signed = self.node.disk.votes.iter().filter(|vote| vote.vote.round.epoch == self.node.network.epoch());
        let votes = signed.rev().take(usize::from(votes % 4)).copied().collect();
        Input::RoundAnswer { from: place([0, 1, 3][usize::from(from) % 3]), entered_by, votes }
    }

    fn input(&mut self, (what, a, b, c): Dice) -> Option<Input> {
        let network = self.network();
        if let Some(epoch) = self.node.core.awaited_epoch().filter(|_| a % 4 == 0) {
            return Some(Input::Epoch(network.next(epoch, &STAKES, self.node.core.head()).context()));
        }
        if self.node.core.startup.is_some() && a % 4 == 1 {
            return Some(self.round_answer((a, b, c)));
        }
        match what % 23 {
            0..=4 => {
                let vote = self.vote((a, b, c));
                Some(Input::Vote(network.verified(vote, [0, 1, 3][usize::from(what % 3)])))
            }
            5 | 6 => Some(Input::Certificate(self.certificate(a, b, c))),
            7..=9 => Some(self.proposal((a, b, c))),
            10 => self.renewal((a, b, c)),
            11 | 12 => Some(Input::Body(self.batch(a % 3).hash())),
            13 | 14 => self.checks.pop_front().map(|batch| Input::Checked { batch, valid: a % 5 > 0 }),
            15 => self.built(),
            16 | 17 => self.asked.pop_front().map(|vote| self.node.own(vote)),
            18 => Some(self.node.view_timer()),
            19 => Some(Input::Timer(if a % 2 == 0 { Timer::Retry } else { Timer::Pace })),
            20 => Some(Input::Work(a % 2 == 0)),
            21 => Some(Input::Header(Box::new(self.batch(a).clone()))),
            _ if a % 2 == 0 => Some(Input::RoundQuery(key(b % 5))),
            _ => Some(self.round_answer((a, b, c))),
        }
    }

    /// What it brought about, in numbers.
    pub(super) const fn counts(&self) -> [u32; 7] {
        let Count { taken: _, refused, signed, finals, conflicts, epochs, starts, floors } = self.count;
        [refused, signed, finals, conflicts, epochs, starts, floors]
    }

    pub(super) fn play(&mut self, dice: Dice) {
        if dice.0 >= 250 {
            return self.restart(dice.1.is_multiple_of(2));
        }
        let Some(input) = self.input(dice) else { return };
        let before = self.node.core.clone();
        let mut twin = before.clone();
        let outputs = self.node.outputs(input.clone());
        assert_eq!(twin.step(input.clone()), outputs, "the same input gives the same outputs");
        match outputs {
            Ok(outputs) => {
                self.count.taken += 1;
                self.enter_epoch(&input);
                self.check_outputs(&outputs, before.head());
            }
            Err(rejected) => {
                self.count.refused += 1;
                assert_ne!(rejected.to_string(), "");
            }
        }
        assert!(self.node.core.round() >= before.round(), "rounds never fall");
        assert!(self.node.core.head().height() >= before.head().height(), "what is final stays final");
        self.check_sizes();
    }

    /// The disk of a new epoch begins with the batch that opens it.
    fn enter_epoch(&mut self, input: &Input) {
        let Input::Epoch(context) = input else { return };
        let head = self.node.core.head().clone();
        self.node.network = self.node.network.next(context.set.epoch(), &STAKES, &head);
        self.node.disk.begin(head);
        self.checks.clear();
        self.builds.clear();
        self.asked.clear();
        self.count.epochs += 1;
    }

    /// The process dies; what it asked for and did not get is forgotten.
    fn restart(&mut self, ask: bool) {
        self.checks.clear();
        self.builds.clear();
        self.asked.clear();
        self.votes = self.node.disk.votes.iter().map(|vote| vote.vote).collect();
        let head = self.node.disk.head().clone();
        let outputs = self.node.try_restart(ask);
        self.count.starts += 1;
        self.check_outputs(&outputs, &head);
    }

    fn check_outputs(&mut self, outputs: &[Output], head: &BatchHeader) {
        let mut persisted = Vec::new();
        for output in outputs {
            match output {
                Output::Persist(Record::Candidate(candidate)) => {
                    persisted.push((candidate.round, candidate.header.hash()))
                }
                Output::Sign(vote) => {
                    let durable = vote.kind != VoteKind::Notarize || persisted.contains(&(vote.round, vote.batch));
                    assert!(durable, "N2: {vote} is signed before its batch is durable");
                    self.check_vote(*vote);
                    self.asked.push_back(*vote);
                }
                Output::Check { batch, .. } => self.checks.push_back(*batch),
                Output::Build(request) => self.builds.push_back(*request),
                Output::Finalized { batches, .. } => {
                    let first = self.batches.iter().find(|batch| batch.hash() == batches[0]).unwrap();
                    assert_eq!(first.parent(), head.hash(), "F2: what becomes final follows what was");
                    self.count.finals += 1;
                }
                Output::Conflict { ours, theirs } => {
                    assert_ne!(ours, theirs, "A1: a certificate does not conflict with itself");
                    self.count.conflicts += 1;
                }
                Output::HoldBack { .. } => self.count.floors += 1,
                Output::Persist(Record::Certificate(_))
                | Output::Broadcast(_)
                | Output::BroadcastBody(_)
                | Output::Send { .. }
                | Output::SetTimer { .. }
                | Output::CancelViewTimer
                | Output::Fetch(_)
                | Output::ShareWork
                | Output::Notarized(_)
                | Output::OldRecord(_)
                | Output::Doppelganger(_)
                | Output::EpochClosed { .. } => {}
            }
        }
    }

    /// Rule A4.
    fn check_vote(&mut self, vote: Vote) {
        for other in self.votes.iter().filter(|other| other.round == vote.round) {
            let same_kind = other.kind == vote.kind && other.batch != vote.batch;
            let kinds = [other.kind, vote.kind];
            let both = kinds.contains(&VoteKind::Nullify) && kinds.contains(&VoteKind::Finalize);
            assert!(!same_kind && !both, "A4: {other} and {vote} could be slashed");
        }
        self.votes.push(vote);
        self.count.signed += 1;
    }

    fn check_sizes(&self) {
        let core = &self.node.core;
        let limits = Limits::default();
        let sizes = BTreeMap::from(core.sizes());
        let [views, batches, wanted] = ["views", "batches", "wanted"].map(|name| sizes[name]);
        let reach = core.round().view.0 - core.finalized_view().0 + limits.views_ahead + 1;
        assert!(views as u64 <= reach, "{views} views, {reach} are within reach");
        assert!(batches <= self.batches.len(), "{batches} batches of {}", self.batches.len());
        assert!(wanted <= limits.wanted, "{wanted} pieces are asked for");
        let members = STAKES.len();
        let bounds =
            [("view votes", 3 * members * views), ("to finalize", views), ("past epochs", 4), ("silence", members)];
        for (name, most) in bounds {
            assert!(sizes[name] <= most, "{} {name}, at most {most}", sizes[name]);
        }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.taken += other.taken;
        self.refused += other.refused;
        self.signed += other.signed;
        self.finals += other.finals;
        self.conflicts += other.conflicts;
        self.epochs += other.epochs;
        self.starts += other.starts;
        self.floors += other.floors;
    }
}

/// Rules A4, V2, F3, N2 and all bounds.
#[test]
fn any_inputs_in_any_order_leave_the_rules_standing() {
    let cases = Cases { cases: RUNS, failure_persistence: None, ..Cases::default() };
    let mut runner = TestRunner::new_with_rng(cases, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let total = std::cell::RefCell::new(Count::default());
    let dice = vec(any::<Dice>(), 1..INPUTS);
    let result = runner.run(&dice, |dice| {
        let mut world = World::new();
        dice.into_iter().for_each(|dice| world.play(dice));
        *total.borrow_mut() += world.count;
        Ok(())
    });
    let total = total.into_inner();
    println!("seed {SEED:?}, {RUNS} runs: {total:?}");
    result.unwrap();
    for count in [total.signed, total.finals, total.conflicts, total.epochs, total.starts, total.floors] {
        assert!(count > 40, "too little happened: {total:?}");
    }
    assert!(total.taken > total.refused / 2, "most inputs mean something: {total:?}");
}

/// Rule S1 says what a start reads; a start from nothing is a start too.
#[test]
fn start_from_an_empty_disk_is_the_first_start() {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 2);
    let fresh = format!("{:?}", node.core);
    node.restart(false);
    assert_eq!(format!("{:?}", node.core), fresh);
    assert_eq!(node.core.finalized_view(), View::ZERO);
    let unknown = Input::Checked { batch: network.opening.hash(), valid: true };
    assert_eq!(node.outputs(unknown), Err(Rejected::NotWanted(network.opening.hash())));
    assert_eq!(Durable::default().votes.len() + Justification::default().nullifications.len(), 0);
}
