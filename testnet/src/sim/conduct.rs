//! Where a node departs from the rules: what adversaries and planted bugs have in common.

use std::{collections::BTreeMap, fmt, sync::Arc};

use alloy_primitives::{B256, Bytes};
use rota_consensus::{EpochContext, Input, Output, Simplex};
use rota_proto::{
    BatchHeader, Certificate, Message, Place, Signature, SignedVote, Signers, ValidatorSet, Verified, Vote,
};

use super::{
    batch::{self, Content},
    disk::Defects,
    keys::Gullible,
    outside::Outside,
    story::NodeId,
};

/// Stands between a production core and its host, and bends what passes (rule D8).
///
/// Everything has a default that changes nothing, so that a file tells only where its node departs.
pub trait Conduct: fmt::Debug + Send {
    /// Its name: that of its file.
    fn name(&self) -> &'static str;

    /// A fresh one, for another run.
    fn fresh(&self) -> Box<dyn Conduct>;

    /// Set and leaders of an epoch as the node takes them.
    fn context(&self, _node: NodeId, context: EpochContext) -> EpochContext {
        context
    }

    /// How its disk fails.
    fn defects(&self) -> Defects {
        Defects::default()
    }

    /// What the host does in place of an effect of its core.
    fn instead(&mut self, effect: Output, _hands: &mut Hands<'_>) -> Vec<Deed> {
        vec![Deed::effect(effect)]
    }

    /// What the host does before its core hears a message, and the message that the core hears.
    fn hear(&mut self, message: Message, _hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Message>) {
        (Vec::new(), Some(message))
    }
}

/// One thing that a host does.
#[derive(Debug)]
pub enum Deed {
    /// An effect, as the rules say.
    Effect(Box<Output>),
    /// A message to some nodes.
    Tell(Vec<NodeId>, Message),
    /// An input to the core.
    Feed(Input),
}

impl Deed {
    /// The effect, as the rules say.
    #[must_use]
    pub fn effect(effect: Output) -> Self {
        Self::Effect(Box::new(effect))
    }
}

/// A body with its transactions.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// As it travels.
    pub bytes: Bytes,
    /// What it holds.
    pub transactions: std::collections::BTreeSet<u64>,
}

/// What a conduct can use: its core, its bodies, and its key without any guard.
#[derive(Debug)]
pub struct Hands<'a> {
    /// The node.
    pub node: NodeId,
    /// Its core.
    pub core: &'a Simplex,
    /// The bodies it has of batches that are not final.
    pub bodies: &'a BTreeMap<B256, Body>,
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

    /// The set of the core's epoch.
    #[must_use]
    pub fn set(&self) -> Option<Arc<ValidatorSet>> {
        self.core.set(self.core.round().epoch).cloned()
    }

    /// Signs whatever it is told to; nothing if the node has no place in the epoch.
    pub fn sign(&mut self, vote: Vote) -> Option<SignedVote> {
        let signer = self.core.place()?;
        Some(SignedVote { vote, signer, signature: self.outside.sign(self.node, &vote) })
    }

    /// Another valid batch in the place of this one: it holds one transaction more.
    #[must_use]
    pub fn rival(&self, header: &BatchHeader) -> Option<(BatchHeader, Bytes)> {
        let parent = self.core.header(header.parent())?;
        let body = self.bodies.get(&header.hash())?;
        let mut transactions: Vec<u64> = body.transactions.iter().copied().collect();
        transactions.push(u64::MAX - header.height().0);
        let content = Content {
            extra: *header.extra(),
            origin: self.outside.l1.block(header.extra().origin_number),
            timestamp: header.header().timestamp,
            beneficiary: header.header().beneficiary,
            body: batch::body(&transactions),
        };
        Some((batch::build(parent, &content), content.body))
    }

    /// A certificate that counts as verified though nobody looked: what a bug believes, not what a peer would.
    #[must_use]
    pub fn pretend(&self, vote: Vote, signers: Signers) -> Option<Verified<Certificate>> {
        let set = self.set()?;
        let only: BTreeMap<Place, _> = set
            .iter()
            .filter(|(place, _)| signers.contains(*place))
            .map(|(place, validator)| (place, validator.clone()))
            .collect();
        let set = ValidatorSet::new(vote.round.epoch, only).ok()?;
        let signatures = vec![Signature([0; 64]); signers.len()];
        let certificate = Certificate { vote, signers, signatures };
        certificate.verify(self.outside.keys.domain(), &set, &Gullible).ok()
    }
}
