//! A validator that is asked at random, crashes between any two steps, restarts from old disks, prunes: whatever
//! happens, no two slashable votes are ever both signed.

use std::collections::BTreeSet;

use rota_proto::{Round, Signature, Vote, VoteKind};

use super::{Dice, ROLLUP, any_vote, domain, key, round, slashable};
use crate::{GuardFile, Refusal, SafetyRecord, SlotWrite, Verdict};

/// A validator's machine: a disk that survives, a memory that may be lost, and all that ever left it.
struct Machine {
    dice: Dice,
    disk: Vec<u8>,
    memory: Option<(GuardFile, SafetyRecord)>,
    /// Whether it raises its floor now and then; without, the record fills up.
    prunes: bool,
    /// Whether the disk is an old copy that was not held back yet.
    old: bool,
    backups: Vec<Vec<u8>>,
    admitted: BTreeSet<Vote>,
    signed: BTreeSet<Vote>,
    count: Count,
}

#[derive(Debug, Default)]
struct Count {
    signed: u64,
    repeated: u64,
    refused: u64,
    conflicts: u64,
    crashes: u64,
    torn: u64,
    old_disks: u64,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let record = SafetyRecord::new(ROLLUP, key(0));
        let (file, disk) = GuardFile::create(&record);
        Self {
            dice: Dice(seed),
            disk,
            memory: Some((file, record)),
            prunes: seed % 2 == 1,
            old: false,
            backups: Vec::new(),
            admitted: BTreeSet::new(),
            signed: BTreeSet::new(),
            count: Count::default(),
        }
    }

    fn step(&mut self, around: Round) {
        if self.memory.is_none() {
            self.start();
        }
        match self.dice.below(24) {
            0 => self.memory = None,
            1 => self.backups.push(self.disk.clone()),
            2 => self.restore_old_disk(),
            3 if self.prunes => self.prune(around),
            4 => self.memory = None,
            _ => self.request(around),
        }
    }

    fn request(&mut self, around: Round) {
        let nearby = (around.view.0 + self.dice.below(4)).saturating_sub(2).max(1);
        let view = if self.dice.once_in(4) { self.dice.below(nearby) + 1 } else { nearby };
        let epoch = if self.dice.once_in(8) { 0 } else { around.epoch.0 };
        let vote = any_vote(&mut self.dice, round(epoch, view));
        let (mut file, record) = self.memory.take().expect("it runs");
        match record.check(domain(), &vote) {
            Verdict::Sign => {
                let next = record.admit(domain(), &vote).expect("as checked");
                let write = file.write(&next);
                self.admitted.insert(vote);
                self.persist_and_sign(vote, &write, (file, next));
            }
            Verdict::Repeat(_) => {
                self.count.repeated += 1;
                self.signed.insert(vote);
                self.memory = Some((file, record));
            }
            Verdict::Refuse(refusal) => {
                self.check_refusal(&vote, refusal, &record);
                self.memory = Some((file, record));
            }
        }
    }

    /// Write, flush, sign; the machine may die between any two and within the write.
    fn persist_and_sign(&mut self, vote: Vote, write: &SlotWrite, memory: (GuardFile, SafetyRecord)) {
        let crash = self.dice.below(12);
        self.count.crashes += u64::from(crash < 3);
        if crash == 0 {
            self.tear(write);
            return;
        }
        self.disk[write.offset..write.offset + write.bytes.len()].copy_from_slice(&write.bytes);
        self.old = false;
        if crash == 1 {
            return;
        }
        self.signed.insert(vote);
        self.count.signed += 1;
        if crash == 2 {
            return;
        }
        let (file, mut record) = memory;
        record.signed(&vote, Signature([1; 64]));
        self.memory = Some((file, record));
    }

    /// Some sectors of a write arrive, in any order, the last one perhaps in part.
    fn tear(&mut self, write: &SlotWrite) {
        self.count.torn += 1;
        for (sector, bytes) in write.bytes.chunks(512).enumerate() {
            if self.dice.once_in(2) {
                let length = if self.dice.once_in(2) { bytes.len() } else { self.dice.index(bytes.len()) };
                let offset = write.offset + sector * 512;
                self.disk[offset..offset + length].copy_from_slice(&bytes[..length]);
            }
        }
    }

    /// A refusal names a reason that is there.
    fn check_refusal(&mut self, vote: &Vote, refusal: Refusal, record: &SafetyRecord) {
        self.count.refused += 1;
        match refusal {
            Refusal::BelowFloor { floor, .. } => assert!(vote.round < floor && floor >= record.floor()),
            Refusal::HeldBack { resume, .. } => assert!(vote.round < resume && resume >= record.floor()),
            Refusal::WrongRollup { .. } | Refusal::NoVote(_) => panic!("{refusal}"),
            Refusal::ConflictingNotarize { .. }
            | Refusal::ConflictingFinalize { .. }
            | Refusal::FinalizeAfterNullify { .. }
            | Refusal::NullifyAfterFinalize { .. } => {
                self.count.conflicts += 1;
                assert!(self.admitted.iter().any(|other| slashable(vote, other)), "{refusal} without reason");
            }
        }
    }

    /// Opens the file. Where that is an old copy, it is held back as rule S3 of consensus says before anything is
    /// signed: one view above all that was lost, or, if nothing was signed in the last round but nullify votes and
    /// what they allow, from that round on with nothing but those.
    fn start(&mut self) {
        self.memory = Some(GuardFile::open(&self.disk).expect("a crash never spoils the file"));
        if !self.old {
            return;
        }
        let Some(last) = self.signed.last().map(|vote| vote.round) else { return };
        let finalized = self.signed.iter().any(|vote| vote.round == last && vote.kind == VoteKind::Finalize);
        let floor = if finalized || self.dice.once_in(2) { last.next_view() } else { last };
        let (file, record) = self.memory.as_mut().expect("just opened");
        record.hold_back(floor, last.next_view());
        let write = file.write(record);
        self.disk[write.offset..write.offset + write.bytes.len()].copy_from_slice(&write.bytes);
        self.old = false;
    }

    fn restore_old_disk(&mut self) {
        let Some(backup) = self.backups.pop() else { return };
        self.count.old_disks += 1;
        self.disk = backup;
        self.old = true;
        self.start();
    }

    fn prune(&mut self, around: Round) {
        let below = self.dice.below(5);
        let (_, record) = self.memory.as_mut().expect("it runs");
        record.raise_floor(round(around.epoch.0, around.view.0.saturating_sub(below)));
    }

    /// The oracle: every pair of all the votes that were signed.
    fn check(&self, seed: u64) {
        for first in &self.signed {
            for second in &self.signed {
                assert!(!slashable(first, second), "seed {seed}: {first} and {second} were both signed");
            }
        }
    }
}

#[test]
fn g4_g7_no_two_slashable_votes_are_ever_both_signed() {
    let seeds = 200;
    let mut total = Count::default();
    for seed in 0..seeds {
        let mut machine = Machine::new(seed);
        for step in 0..400 {
            // Two epochs of 134 views, over the limit of rounds in each.
            machine.step(round(step / 200, 1 + step % 200 / 3 * 2));
        }
        machine.check(seed);
        let Count { signed, repeated, refused, conflicts, crashes, torn, old_disks } = machine.count;
        total.signed += signed;
        total.repeated += repeated;
        total.refused += refused;
        total.conflicts += conflicts;
        total.crashes += crashes;
        total.torn += torn;
        total.old_disks += old_disks;
    }
    println!("{seeds} seeds: {total:?}");
    let Count { signed, repeated, refused, conflicts, crashes, torn, old_disks } = total;
    let counts = [signed, repeated, refused, conflicts, crashes, torn, old_disks];
    assert!(counts.iter().all(|count| *count > 100), "every sort of step was taken: {total:?}");
}

#[test]
fn the_oracle_knows_the_three_pairs_and_no_other() {
    let (here, there) = (round(1, 1), round(1, 2));
    let [a, b] = [super::batch(1), super::batch(2)];
    let votes = |at| {
        [Vote::notarize(at, a), Vote::notarize(at, b), Vote::nullify(at), Vote::finalize(at, a), Vote::finalize(at, b)]
    };
    let all: Vec<_> = votes(here).into_iter().chain(votes(there)).collect();
    let mut pairs = 0;
    for first in &all {
        for second in &all {
            assert_eq!(slashable(first, second), slashable(second, first));
            assert_eq!(slashable(first, second), crate::Offence::of(first, second).is_some());
            pairs += u64::from(slashable(first, second));
        }
    }
    assert_eq!(pairs, 2 * 2 * 4, "in two rounds, both ways: two notarize, two finalize, nullify with each of them");
}
