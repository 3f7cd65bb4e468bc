//! The checkers' own controls: for each a run of made-up facts in which the rule holds, and each way to break it.

mod accountability;
mod agreement;
mod all;
mod chain;
mod evidence;
mod innocence;
mod liveness;
mod memory;
mod once;
mod origins;
mod quorum;
mod roots;
mod sets;
mod signatures;
mod sizes;
mod spread;
mod stops;

use std::collections::BTreeSet;

use alloy_primitives::B256;
use rota_proto::{Certificate, Epoch, Round, Signers, View, Vote};

use crate::sim::{
    checkers::{Bounds, Setup},
    facts::{Checker, Fact, FinalFact, Scene},
    queue::Time,
    story::NodeId,
};

/// A checker at work, and what it said of the last fact.
#[derive(Debug)]
struct Watch<C> {
    checker: C,
    now: Time,
    said: Option<String>,
}

/// A checker at the beginning of a run.
fn watch<C: Checker>(checker: C) -> Watch<C> {
    Watch { checker, now: Time::default(), said: None }
}

impl<C: Checker> Watch<C> {
    /// It is so late.
    fn at_ms(mut self, ms: u64) -> Self {
        self.now = Time::from_ms(ms);
        self
    }

    /// Something happens at an honest node.
    #[track_caller]
    fn see(self, node: NodeId, fact: Fact) -> Self {
        self.show(node, true, &fact)
    }

    /// Something happens at a node that breaks the rules.
    #[track_caller]
    fn see_faulty(self, node: NodeId, fact: Fact) -> Self {
        self.show(node, false, &fact)
    }

    #[track_caller]
    fn show(mut self, node: NodeId, honest: bool, fact: &Fact) -> Self {
        assert_eq!(self.said, None, "only the last fact is wrong");
        self.said = self.checker.see(Scene { now: self.now, node, honest }, fact).err();
        self
    }

    /// Nothing was wrong.
    #[track_caller]
    fn holds(self) -> C {
        assert_eq!(self.said, None);
        self.checker
    }

    /// The last fact was wrong, in these words among others.
    #[track_caller]
    fn fires(self, words: &str) -> C {
        let said = self.said.expect("the checker fires");
        assert!(said.contains(words), "it says: {said}");
        self.checker
    }
}

/// Four nodes, the last of which is faulty, and an L1 with epochs of six seconds.
fn setup() -> Setup {
    let honest = (0..3).collect();
    Setup {
        genesis: hash(0),
        genesis_origin: 1_006,
        first_l1_block: 1_000,
        epoch_blocks: 6,
        epoch_ms: 6_000,
        l1_lag_ms: 0,
        evidence_epochs: 8,
        stakes: vec![10; 4],
        guilty: BTreeSet::from([3]),
        bounds: Bounds { healed: Time::default(), bound_ms: 1, honest_views: 1, honest },
        origin_age_max_s: 60,
        pool: [100, 10_000],
    }
}

/// A hash of its own for each number.
fn hash(number: u8) -> B256 {
    B256::repeat_byte(number)
}

/// A round of the first epoch.
fn round(view: u64) -> Round {
    Round::new(Epoch(1), View(view))
}

/// The batch of this height, its hash that of the number, is final; changed somehow.
fn told(height: u8, change: impl FnOnce(&mut FinalFact)) -> Fact {
    let mut told = FinalFact {
        height: height.into(),
        batch: hash(height),
        parent: hash(height - 1),
        epoch: 1,
        state_root: hash(100 + height),
        header_state_root: hash(100 + height),
        transactions: Vec::new(),
        origin: (1_006, hash(206)),
        l1: Some((hash(206), 10_000)),
        timestamp: 10_000,
        signers: Some(Signers(0b111)),
        view: 7,
        stakes: vec![10; 4],
    };
    change(&mut told);
    Fact::Final(told)
}

/// A node starts again at this height.
fn restarted(height: u8) -> Fact {
    Fact::Restarted { height: height.into(), batch: hash(height) }
}

/// The validators whose bits are set signed this; nobody looks at the signatures here.
fn certified(vote: Vote, signers: u128) -> Fact {
    Fact::Certified(Certificate { vote, signers: Signers(signers), signatures: Vec::new() })
}
