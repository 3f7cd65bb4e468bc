//! The simulated disk of a node: what is durable, what is only written, what a crash leaves.

mod writes;

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes};
use rota_consensus::Candidate;
use rota_execution::Genesis;
use rota_mempool::JournalRecord;
use rota_proto::{Certificate, Height, Round, View};
use rota_staking::{GuardFile, SafetyRecord, SlotWrite};

use super::{
    executor::{ExecutionKind, State},
    random::Random,
};

pub use writes::{Accusation, Commit, Defects, DiskError, Head, Part, Stored, Write};

/// Certificates by round, kind and batch.
type Certificates = BTreeMap<(Round, u8, B256), Certificate>;

/// A store, a journal and a guard's file.
#[derive(Clone, Debug)]
pub struct Disk {
    defects: Defects,
    /// From genesis on.
    chain: Vec<Stored>,
    heights: BTreeMap<B256, Height>,
    head: Head,
    /// The state after the last of them.
    state: State,
    candidates: BTreeMap<(Round, B256), (Candidate, Bytes)>,
    certificates: Certificates,
    registry: Option<Vec<u8>>,
    evidence: BTreeMap<Address, Accusation>,
    journal: Vec<JournalRecord>,
    guard: Vec<u8>,
    /// The guard's file as it was at the last crash.
    guard_before: Vec<u8>,
    unflushed: Vec<Write>,
    unflushed_guard: Option<SlotWrite>,
    /// Writes and flushes done so far, in all lives.
    operations: u64,
    /// The operation at which the node crashes.
    crash_at: Option<u64>,
    /// How every operation fails from now on.
    fault: Option<DiskError>,
}

impl Disk {
    /// The disk of a node that begins: genesis, and a guard's file without votes.
    #[must_use]
    pub fn new(genesis: &Genesis, kind: ExecutionKind, record: &SafetyRecord, defects: Defects) -> Self {
        let (_, guard) = GuardFile::create(record);
        let header = genesis.header.clone();
        Self {
            defects,
            chain: vec![Stored { header: header.clone(), body: Bytes::new(), finalization: None }],
            heights: BTreeMap::from([(header.hash(), header.height())]),
            head: Head { round: Round::new(header.epoch(), View::ZERO), opening: header.clone(), header },
            state: State::genesis(kind, genesis),
            candidates: BTreeMap::new(),
            certificates: Certificates::new(),
            registry: None,
            evidence: BTreeMap::new(),
            journal: Vec::new(),
            guard_before: guard.clone(),
            guard,
            unflushed: Vec::new(),
            unflushed_guard: None,
            operations: 0,
            crash_at: None,
            fault: None,
        }
    }

    /// The node crashes at its operation of this number, counted from 1.
    pub const fn crash_at(&mut self, operation: u64) {
        self.crash_at = Some(operation);
    }

    /// Writes (if it is full) or flushes fail from now on.
    pub const fn fail(&mut self, fault: DiskError) {
        self.fault = Some(fault);
    }

    /// The disk is whole again.
    pub const fn mend(&mut self) {
        self.fault = None;
    }

    /// Whether its node goes on when it fails.
    #[must_use]
    pub const fn is_ignored(&self) -> bool {
        self.defects.is_ignored
    }

    /// Writes and flushes done so far, in all lives of the node.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Writes; a crash before the next flush may lose it.
    ///
    /// # Errors
    /// [`DiskError`]; nothing was written.
    pub fn write(&mut self, write: Write) -> Result<(), DiskError> {
        self.operate(DiskError::Full)?;
        match write {
            Write::Guard(slot) => self.unflushed_guard = Some(slot),
            Write::Candidate(..)
            | Write::Certificate(_)
            | Write::Final(_)
            | Write::Registry(_)
            | Write::Evidence(..)
            | Write::Journal(_) => self.unflushed.push(write),
        }
        Ok(())
    }

    /// Makes everything written to a part durable.
    ///
    /// # Errors
    /// [`DiskError`]; what was written may be durable or not.
    pub fn flush(&mut self, part: Part) -> Result<(), DiskError> {
        self.operate(DiskError::Io)?;
        match part {
            Part::Store => {
                let mut writes = std::mem::take(&mut self.unflushed);
                let last = writes.iter().rposition(|write| matches!(write, Write::Final(_)));
                self.unflushed.extend(last.filter(|_| self.defects.delays_final).map(|last| writes.remove(last)));
                writes.into_iter().for_each(|write| self.keep(write));
            }
            Part::Guard => {
                let slot = self.unflushed_guard.take();
                slot.iter().for_each(|slot| self.put(slot, slot.bytes.len()));
            }
        }
        Ok(())
    }

    /// Whether anything waits for a flush.
    #[must_use]
    pub const fn is_flushed(&self) -> bool {
        self.unflushed.is_empty() && self.unflushed_guard.is_none()
    }

    /// What a crash leaves (rule D6): of what was not flushed the first few writes, and of the guard's slot a part that
    /// ends at any byte, or at the one that the scenario chose. Says how long the write was that was cut short.
    pub fn crash(&mut self, tear: Option<usize>, random: &mut Random) -> Option<usize> {
        let unflushed = std::mem::take(&mut self.unflushed);
        let kept = random.index(unflushed.len() + 1);
        unflushed.into_iter().take(kept).for_each(|write| self.keep(write));
        let torn = self.unflushed_guard.take();
        if let Some(slot) = &torn {
            let drawn = random.index(slot.bytes.len() + 1);
            self.put(slot, tear.unwrap_or(drawn).min(slot.bytes.len()));
        }
        if self.defects.restores_guard {
            std::mem::swap(&mut self.guard, &mut self.guard_before);
        }
        torn.map(|slot| slot.bytes.len())
    }

    /// The last final batch.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The state after it.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The final batch of a height.
    #[must_use]
    pub fn stored(&self, height: Height) -> Option<&Stored> {
        self.chain.get(usize::try_from(height.0).ok()?)
    }

    /// A final batch by its hash.
    #[must_use]
    pub fn find(&self, batch: B256) -> Option<&Stored> {
        self.stored(*self.heights.get(&batch)?)
    }

    /// A candidate with its body.
    #[must_use]
    pub fn candidate(&self, round: Round, batch: B256) -> Option<&(Candidate, Bytes)> {
        self.candidates.get(&(round, batch))
    }

    /// Candidates from a round on, parents first, and their bodies.
    #[must_use]
    pub fn candidates_from(&self, round: Round) -> (Vec<Candidate>, BTreeMap<B256, Bytes>) {
        let kept = || self.candidates.range((round, B256::ZERO)..).map(|(_, kept)| kept);
        let mut candidates: Vec<Candidate> = kept().map(|(candidate, _)| candidate.clone()).collect();
        candidates.sort_by_key(|candidate| (candidate.header.height(), candidate.round));
        (candidates, kept().map(|(candidate, body)| (candidate.header.hash(), body.clone())).collect())
    }

    /// Certificates from a round on.
    pub fn certificates_from(&self, round: Round) -> impl Iterator<Item = &Certificate> {
        self.certificates.range((round, 0, B256::ZERO)..).map(|(_, certificate)| certificate)
    }

    /// Forgets candidates below a round, and certificates below another.
    pub fn prune(&mut self, candidates: Round, certificates: Round) {
        self.candidates = self.candidates.split_off(&(candidates, B256::ZERO));
        self.certificates = self.certificates.split_off(&(certificates, 0, B256::ZERO));
    }

    /// The registry as it was kept last.
    #[must_use]
    pub fn registry(&self) -> Option<&[u8]> {
        self.registry.as_deref()
    }

    /// What each validator is accused with.
    #[must_use]
    pub const fn evidence(&self) -> &BTreeMap<Address, Accusation> {
        &self.evidence
    }

    /// Local transactions that were journalled and not dropped since, in the order they came.
    #[must_use]
    pub fn journalled(&self) -> Vec<Bytes> {
        let hash = |bytes: &Bytes| alloy_primitives::keccak256(bytes);
        let dropped = |record: &JournalRecord| match record {
            JournalRecord::Dropped(hash) => Some(*hash),
            JournalRecord::Added(_) => None,
        };
        let dropped: BTreeSet<B256> = self.journal.iter().filter_map(dropped).collect();
        let added = self.journal.iter().filter_map(|record| match record {
            JournalRecord::Added(bytes) => Some(bytes.clone()),
            JournalRecord::Dropped(_) => None,
        });
        added.filter(|bytes| !dropped.contains(&hash(bytes))).collect()
    }

    /// The guard's file.
    #[must_use]
    pub fn guard(&self) -> &[u8] {
        &self.guard
    }

    /// Counts an operation, unless it fails: with this error if the disk has that fault.
    fn operate(&mut self, fault: DiskError) -> Result<(), DiskError> {
        if self.fault == Some(fault) {
            return Err(fault);
        }
        if self.crash_at == Some(self.operations + 1) {
            self.crash_at = None;
            return Err(DiskError::Crash(self.operations + 1));
        }
        self.operations += 1;
        Ok(())
    }

    fn keep(&mut self, write: Write) {
        match write {
            Write::Candidate(..) if self.defects.forgets_candidates => {}
            Write::Candidate(kept) => {
                let key = (kept.0.round, kept.0.header.hash());
                self.candidates.insert(key, *kept);
            }
            Write::Certificate(_) if self.defects.forgets_certificates => {}
            Write::Certificate(certificate) => {
                let key = (certificate.vote.round, certificate.vote.kind.code(), certificate.vote.batch);
                self.certificates.insert(key, certificate);
            }
            Write::Final(commit) => self.extend(*commit),
            Write::Registry(snapshot) => self.registry = Some(snapshot),
            Write::Evidence(validator, accusation) => drop(self.evidence.insert(validator, *accusation)),
            Write::Journal(record) => self.journal.push(record),
            Write::Guard(slot) => self.put(&slot, slot.bytes.len()),
        }
    }

    fn extend(&mut self, commit: Commit) {
        let Commit { batches, round, opens } = commit;
        for (stored, done) in batches {
            let height = stored.header.height();
            assert!(height == self.head.header.height().next(), "final batches follow each other");
            self.state.apply(&done);
            self.heights.insert(stored.header.hash(), height);
            self.head.header = stored.header.clone();
            self.chain.push(stored);
        }
        self.head.round = round;
        if let Some(epoch) = opens {
            self.head.round = Round::new(epoch, View::ZERO);
            self.head.opening = self.head.header.clone();
        }
    }

    /// Writes the first so many bytes of a slot.
    fn put(&mut self, slot: &SlotWrite, len: usize) {
        if self.defects.forgets_guard {
            return;
        }
        let place = self.guard.get_mut(slot.offset..slot.offset + len);
        if let (Some(place), Some(bytes)) = (place, slot.bytes.get(..len)) {
            place.copy_from_slice(bytes);
        }
    }
}
