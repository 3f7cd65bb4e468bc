//! Accountability: if two finalizations conflict, the certificates of all nodes together name more than a third of an
//! epoch's stake in pairs of votes that L1 slashes, and nobody honest. It is promised while at most two thirds of the
//! stake are faulty.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use rota_proto::{Certificate, VoteKind};

use super::{bits_of, seats_of, stake_of};
use crate::sim::{
    facts::{Checker, Fact, Scene},
    outcome::Stats,
    story::NodeId,
};

/// Who signed what in a round, by all certificates of all nodes: a bit for each seat.
#[derive(Debug, Default)]
struct Signed {
    notarize: BTreeMap<B256, u128>,
    nullify: u128,
    finalize: BTreeMap<B256, u128>,
}

impl Signed {
    fn add(&mut self, certificate: &Certificate) {
        let vote = certificate.vote;
        let signers = match vote.kind {
            VoteKind::Notarize => self.notarize.entry(vote.batch).or_default(),
            VoteKind::Nullify => &mut self.nullify,
            VoteKind::Finalize => self.finalize.entry(vote.batch).or_default(),
        };
        *signers |= certificate.signers.0;
    }

    /// Who signed two votes of the round that exclude each other: notarize for two batches, finalize for two batches,
    /// or nullify and finalize.
    fn guilty(&self) -> u128 {
        let finalized = self.finalize.values().fold(0, |all, signers| all | signers);
        twice(&self.notarize) | twice(&self.finalize) | self.nullify & finalized
    }
}

/// Who signed for more than one batch.
fn twice(signers: &BTreeMap<B256, u128>) -> u128 {
    let (mut once, mut twice) = (0, 0);
    for signers in signers.values() {
        twice |= once & signers;
        once |= signers;
    }
    twice
}

/// All certificates of all nodes, as far as they can show guilt.
#[derive(Debug)]
pub struct Accountability {
    faulty: BTreeSet<NodeId>,
    first_stakes: Vec<u64>,
    /// Stakes on L1 by epoch.
    stakes: BTreeMap<u64, Vec<u64>>,
    rounds: BTreeMap<(u64, u64), Signed>,
    /// Whom the certificates name, by epoch.
    named: BTreeMap<u64, u128>,
    /// What honest nodes called final, by height.
    finals: BTreeMap<u64, B256>,
    conflict: bool,
}

impl Accountability {
    /// With the stakes of the first epoch, and those who are faulty.
    #[must_use]
    pub const fn new(first_stakes: Vec<u64>, faulty: BTreeSet<NodeId>) -> Self {
        Self {
            faulty,
            first_stakes,
            stakes: BTreeMap::new(),
            rounds: BTreeMap::new(),
            named: BTreeMap::new(),
            finals: BTreeMap::new(),
            conflict: false,
        }
    }

    /// Whom the certificates name, once two finalizations conflict.
    #[must_use]
    pub fn guilty(&self) -> BTreeSet<NodeId> {
        let named = self.named.values().fold(0, |all, named| all | named);
        seats_of(named).filter(|_| self.conflict).collect()
    }

    fn add(&mut self, certificate: &Certificate) -> Result<(), String> {
        let (epoch, view) = (certificate.vote.round.epoch.0, certificate.vote.round.view.0);
        let signed = self.rounds.entry((epoch, view)).or_default();
        signed.add(certificate);
        let guilty = signed.guilty();
        *self.named.entry(epoch).or_default() |= guilty;
        match seats_of(guilty & !bits_of(&self.faulty)).next() {
            None => Ok(()),
            Some(seat) => Err(format!("certificates of round {epoch}.{view} name n{seat}, who is honest")),
        }
    }

    /// Whether those named make up for a conflict.
    fn judge(&self) -> Result<(), String> {
        if !self.conflict {
            return Ok(());
        }
        let known: Vec<&Vec<u64>> = self.stakes.values().chain([&self.first_stakes]).collect();
        let faulty = bits_of(&self.faulty);
        if known.iter().any(|stakes| 3 * stake_of(stakes, faulty) > 2 * total(stakes)) {
            return Ok(());
        }
        let behind = |(epoch, named): (&u64, &u128)| {
            let stakes = self.stakes.get(epoch).unwrap_or(&self.first_stakes);
            (stake_of(stakes, *named), total(stakes))
        };
        let named: Vec<(u64, u64)> = self.named.iter().map(behind).filter(|(named, _)| *named > 0).collect();
        if named.iter().any(|(named, total)| 3 * named > *total) {
            return Ok(());
        }
        Err(format!("two finalizations conflict, and the certificates name no more than a third: {named:?}"))
    }
}

fn total(stakes: &[u64]) -> u64 {
    stakes.iter().sum()
}

impl Checker for Accountability {
    fn name(&self) -> &'static str {
        "accountability"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if let Fact::Certified(certificate) = fact {
            return self.add(certificate);
        }
        if let Fact::Set { epoch, stakes, .. } = fact {
            self.stakes.entry(*epoch).or_insert_with(|| stakes.clone());
        }
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Final(told) = fact {
            self.stakes.entry(told.epoch).or_insert_with(|| told.stakes.clone());
            self.conflict |= *self.finals.entry(told.height).or_insert(told.batch) != told.batch;
            return self.judge();
        }
        if let Fact::Conflict = fact {
            self.conflict = true;
            return self.judge();
        }
        Ok(())
    }

    fn sum_up(&self, stats: &mut Stats) {
        stats.accountable.extend(self.guilty());
    }
}
