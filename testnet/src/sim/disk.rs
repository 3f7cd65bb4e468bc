//! The simulated disk of a node: what is durable, what is only written, what a crash leaves.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, Bytes};
use rota_consensus::Candidate;
use rota_proto::{BatchHeader, Certificate, Height, Verified};
use rota_staking::{GuardFile, SafetyRecord, SlotWrite};

use super::{batch::transactions_of, random::Random};

/// A final batch in the store.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its header.
    pub header: BatchHeader,
    /// Its body.
    pub body: Bytes,
    /// The finalization that made it final, if it was the last of those made final together.
    pub finalization: Option<Verified<Certificate>>,
}

/// One write, durable only once it is flushed.
#[derive(Clone, Debug)]
pub enum Write {
    /// A batch that is about to be voted for, with its body.
    Candidate(Box<(Candidate, Bytes)>),
    /// A certificate.
    Certificate(Verified<Certificate>),
    /// Batches that became final together, with the state after them: one transaction of the store, so that the
    /// last batch of a chain always has its finalization.
    Final(Vec<Stored>),
    /// A slot of the guard's file.
    Guard(SlotWrite),
}

/// Ways in which a disk fails that nothing can be built on; planted by negative controls only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// Writes to the guard's file never arrive, though flushes say so.
    pub forgets_guard: bool,
    /// A crash brings back the guard's file as it was at the crash before.
    pub restores_guard: bool,
    /// Headers, bodies and justifications of candidates never arrive.
    pub forgets_candidates: bool,
}

/// A store and a guard's file.
#[derive(Clone, Debug)]
pub struct Disk {
    defects: Defects,
    /// From genesis on.
    chain: Vec<Stored>,
    /// Transactions of the final chain: the state, as far as this execution has one.
    spent: BTreeSet<u64>,
    candidates: Vec<Candidate>,
    bodies: BTreeMap<B256, Bytes>,
    certificates: Vec<Verified<Certificate>>,
    guard: Vec<u8>,
    /// The guard's file as it was at the last crash.
    guard_before: Vec<u8>,
    unflushed: Vec<Write>,
}

impl Disk {
    /// The disk of a node that begins: genesis, and a guard's file without votes.
    #[must_use]
    pub fn new(genesis: BatchHeader, record: &SafetyRecord, defects: Defects) -> Self {
        let (_, guard) = GuardFile::create(record);
        let genesis = Stored { header: genesis, body: Bytes::new(), finalization: None };
        Self {
            defects,
            chain: vec![genesis],
            spent: BTreeSet::new(),
            candidates: Vec::new(),
            bodies: BTreeMap::new(),
            certificates: Vec::new(),
            guard_before: guard.clone(),
            guard,
            unflushed: Vec::new(),
        }
    }

    /// Writes; a crash before the next flush may lose it.
    pub fn write(&mut self, write: Write) {
        self.unflushed.push(write);
    }

    /// Makes everything written durable.
    pub fn flush(&mut self) {
        for write in std::mem::take(&mut self.unflushed) {
            self.keep(write);
        }
    }

    /// Whether anything waits for a flush.
    #[must_use]
    pub const fn is_flushed(&self) -> bool {
        self.unflushed.is_empty()
    }

    /// What a crash leaves (rule D6): of what was not flushed the first few writes, and of the guard's slot a part.
    pub fn crash(&mut self, random: &mut Random) {
        let unflushed = std::mem::take(&mut self.unflushed);
        let kept = random.index(unflushed.len() + 1);
        for (number, write) in unflushed.into_iter().enumerate() {
            match write {
                Write::Guard(slot) => self.tear(&slot, random),
                Write::Candidate(..) | Write::Certificate(_) | Write::Final(_) if number < kept => self.keep(write),
                Write::Candidate(..) | Write::Certificate(_) | Write::Final(_) => {}
            }
        }
        if self.defects.restores_guard {
            std::mem::swap(&mut self.guard, &mut self.guard_before);
        }
    }

    /// The last final batch.
    #[must_use]
    pub fn tip(&self) -> &Stored {
        self.chain.last().unwrap_or_else(|| unreachable!("genesis is always there"))
    }

    /// The final batch of a height.
    #[must_use]
    pub fn stored(&self, height: Height) -> Option<&Stored> {
        self.chain.get(usize::try_from(height.0).ok()?)
    }

    /// A final batch by its hash; of the last ones, which peers ask for.
    #[must_use]
    pub fn find(&self, batch: B256) -> Option<&Stored> {
        self.chain.iter().rev().find(|stored| stored.header.hash() == batch)
    }

    /// Whether the final chain holds this transaction.
    #[must_use]
    pub fn is_spent(&self, transaction: u64) -> bool {
        self.spent.contains(&transaction)
    }

    /// Candidates above the final batch, parents first.
    #[must_use]
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = self.candidates.clone();
        candidates.sort_by_key(|candidate| (candidate.header.height(), candidate.round));
        candidates
    }

    /// The body of a candidate.
    #[must_use]
    pub fn body(&self, batch: B256) -> Option<&Bytes> {
        self.bodies.get(&batch)
    }

    /// Every certificate kept.
    #[must_use]
    pub fn certificates(&self) -> &[Verified<Certificate>] {
        &self.certificates
    }

    /// The guard's file.
    #[must_use]
    pub fn guard(&self) -> &[u8] {
        &self.guard
    }

    fn keep(&mut self, write: Write) {
        match write {
            Write::Candidate(..) if self.defects.forgets_candidates => {}
            Write::Candidate(kept) => {
                let (candidate, body) = *kept;
                self.bodies.insert(candidate.header.hash(), body);
                self.candidates.push(candidate);
            }
            Write::Certificate(certificate) => self.certificates.push(certificate),
            Write::Final(group) => group.into_iter().for_each(|stored| self.extend(stored)),
            Write::Guard(_) if self.defects.forgets_guard => {}
            Write::Guard(slot) => self.put(&slot, slot.bytes.len()),
        }
    }

    fn extend(&mut self, stored: Stored) {
        let height = stored.header.height();
        assert!(height == self.tip().header.height().next(), "final batches follow each other");
        self.spent.extend(transactions_of(&stored.body));
        self.chain.push(stored);
        self.candidates.retain(|candidate| candidate.header.height() > height);
        let kept: BTreeSet<B256> = self.candidates.iter().map(|candidate| candidate.header.hash()).collect();
        self.bodies.retain(|batch, _| kept.contains(batch));
    }

    /// A write cut short at some byte.
    fn tear(&mut self, slot: &SlotWrite, random: &mut Random) {
        let len = random.index(slot.bytes.len() + 1);
        if !self.defects.forgets_guard {
            self.put(slot, len);
        }
    }

    fn put(&mut self, slot: &SlotWrite, len: usize) {
        let place = self.guard.get_mut(slot.offset..slot.offset + len);
        if let (Some(place), Some(bytes)) = (place, slot.bytes.get(..len)) {
            place.copy_from_slice(bytes);
        }
    }
}
