//! Where a node departs from the rules: what adversaries and planted bugs have in common.

use std::{collections::BTreeMap, fmt, sync::Arc};

use alloy_primitives::{B256, Bytes};
use rota_proto::{BatchHeader, Message, SignedVote, ValidatorSet, Vote};
use rota_replica::{Effect, Event, Replica};
use rota_staking::L1Block;

use super::{disk::Defects, executor::Executor, outside::Outside, story::NodeId, words};

/// Stands between a production replica and its host, and bends what passes (rule D8).
///
/// Everything has a default that changes nothing, so that a file tells only where its node departs.
pub trait Conduct: fmt::Debug + Send {
    /// Its name: that of its file.
    fn name(&self) -> &'static str;

    /// A fresh one, for another run.
    fn fresh(&self) -> Box<dyn Conduct>;

    /// The expression that makes one: what a scenario says to have it.
    fn words(&self) -> String {
        words::of_conduct(&*self.fresh())
    }

    /// A block of L1 as the node takes it, before its registry does.
    fn l1(&self, _node: NodeId, block: L1Block) -> L1Block {
        block
    }

    /// How its disk fails.
    fn defects(&self) -> Defects {
        Defects::default()
    }

    /// What the host does in place of an effect of its replica.
    fn instead(&mut self, effect: Effect, _hands: &mut Hands<'_>) -> Vec<Deed> {
        vec![Deed::effect(effect)]
    }

    /// What the host does before its replica hears an event from outside (a message, a timer, an answer of an effect),
    /// and the event that the replica hears.
    fn hear(&mut self, event: Event, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        (Vec::new(), Some(event))
    }
}

/// One thing that a host does.
#[derive(Debug)]
pub enum Deed {
    /// An effect, as the rules say.
    Effect(Box<Effect>),
    /// A message to some nodes.
    Tell(Vec<NodeId>, Message),
    /// An event to the replica, past [`Conduct::hear`].
    Feed(Event),
    /// The same so many microseconds later, unless the node has crashed by then.
    Later(u64, Box<Self>),
}

impl Deed {
    /// The effect, as the rules say.
    #[must_use]
    pub fn effect(effect: Effect) -> Self {
        Self::Effect(Box::new(effect))
    }
}

/// What a conduct can use: its replica, its execution, and its key without any guard.
#[derive(Debug)]
pub struct Hands<'a> {
    /// The node.
    pub node: NodeId,
    /// Its replica.
    pub replica: &'a Replica,
    /// What executes its batches.
    pub executor: &'a mut Executor,
    /// The bodies it has of batches that are not final, as RLP, by the hash of their header.
    pub bodies: &'a BTreeMap<B256, Bytes>,
    /// Everything else.
    pub outside: &'a mut Outside,
}

impl Hands<'_> {
    /// All other nodes.
    #[must_use]
    pub fn others(&self) -> Vec<NodeId> {
        (0..self.outside.nodes()).filter(|node| *node != self.node).collect()
    }

    /// All other nodes in two halves.
    #[must_use]
    pub fn halves(&self) -> (Vec<NodeId>, Vec<NodeId>) {
        let others = self.others();
        let (first, second) = others.split_at(others.len() / 2);
        (first.to_vec(), second.to_vec())
    }

    /// The set of the replica's epoch.
    #[must_use]
    pub fn set(&self) -> Option<Arc<ValidatorSet>> {
        let simplex = self.replica.simplex();
        simplex.set(simplex.round().epoch).cloned()
    }

    /// Signs whatever it is told to; nothing if the node has no place in the epoch.
    pub fn sign(&mut self, vote: Vote) -> Option<SignedVote> {
        let signer = self.replica.simplex().place()?;
        Some(SignedVote { vote, signer, signature: self.outside.sign(self.node, &vote) })
    }

    /// Another valid batch in the place of this one, with its body: it stands on the same parent and names the same
    /// origin, time and beneficiary, and holds one transaction more or one less.
    pub fn rival(&mut self, header: &BatchHeader) -> Option<(BatchHeader, Bytes)> {
        let body = self.bodies.get(&header.hash())?;
        self.executor.rival(header, body)
    }
}
