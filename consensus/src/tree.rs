//! The batches above the last final one, linked by their parents.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use rota_proto::{BatchHeader, Fetch, Height, Place, Round};

/// What we know of a batch's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody asked yet.
    Unasked,
    /// The host is at it, with this proposer.
    Asked(Option<Place>),
    /// It may be notarized.
    Valid,
    /// Its signed content is bad: for everyone, or, if a proposer was named, perhaps only as a proposal of that one.
    Invalid(Option<Place>),
}

/// A batch whose header is known.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) header: BatchHeader,
    /// Whether the host has the body.
    pub(crate) body: bool,
    pub(crate) verdict: Verdict,
    /// The last round in which we saw it proposed or certified; strays are dropped by it.
    pub(crate) round: Round,
    /// Whether a notarization or finalization names it: then it is never a stray.
    pub(crate) certified: bool,
}

/// The last final batch and everything known above it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: BatchHeader,
    nodes: BTreeMap<B256, Node>,
}

impl Tree {
    pub(crate) const fn new(root: BatchHeader) -> Self {
        Self { root, nodes: BTreeMap::new() }
    }

    /// The last final batch.
    pub(crate) const fn root(&self) -> &BatchHeader {
        &self.root
    }

    pub(crate) fn get(&self, batch: B256) -> Option<&Node> {
        self.nodes.get(&batch)
    }

    pub(crate) fn get_mut(&mut self, batch: B256) -> Option<&mut Node> {
        self.nodes.get_mut(&batch)
    }

    /// How many batches are known above the final one.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The header of a batch, the final one included.
    pub(crate) fn header(&self, batch: B256) -> Option<&BatchHeader> {
        if batch == self.root.hash() { Some(&self.root) } else { self.get(batch).map(|node| &node.header) }
    }

    /// Adds a batch seen in `round`. One at or below the final height is of no use, unless it was asked for: then a
    /// finalization stands on it, and it shows that the two conflict (rule A1).
    pub(crate) fn insert(&mut self, header: BatchHeader, round: Round, wanted: bool) {
        if header.height() > self.root.height() || wanted {
            let fresh = Node { header, body: false, verdict: Verdict::Unasked, round, certified: false };
            let node = self.nodes.entry(fresh.header.hash()).or_insert(fresh);
            node.round = node.round.max(round);
        }
    }

    /// What is missing before the batch and all its ancestors down to the final one are here: the first unknown
    /// header from the batch downward, or all absent bodies. `round` is where the batch itself was proposed. Nothing
    /// is missing of what turns out to lie beside the final chain.
    pub(crate) fn missing(&self, batch: B256, round: Round) -> Vec<Fetch> {
        let (mut batch, mut round) = (batch, round);
        let mut bodies = Vec::new();
        while batch != self.root.hash() {
            let Some(node) = self.get(batch) else { return vec![Fetch::Proposal { round, batch }] };
            let above = node.header.height() > self.root.height().next();
            if !above && node.header.parent() != self.root.hash() {
                return Vec::new();
            }
            if !node.body {
                bodies.push(Fetch::Body(batch));
            }
            (batch, round) = (node.header.parent(), node.header.parent_round());
        }
        bodies
    }

    /// The batches after the final one up to `batch`, in rising order; `None` if it does not descend from it or a
    /// header is unknown.
    pub(crate) fn path(&self, batch: B256) -> Option<Vec<B256>> {
        let mut path = Vec::new();
        let mut at = batch;
        while at != self.root.hash() {
            let node = self.get(at)?;
            path.push(at);
            at = node.header.parent();
        }
        path.reverse();
        Some(path)
    }

    /// Makes `batch` the final one; whatever does not descend from it is dropped.
    ///
    /// # Panics
    /// If the batch is unknown.
    pub(crate) fn finalize(&mut self, batch: B256) {
        let node = self.nodes.remove(&batch);
        assert!(node.is_some(), "a batch is known before it is final");
        self.root = node.map_or_else(|| self.root.clone(), |node| node.header);
        let mut rising: Vec<(Height, B256)> =
            self.nodes.iter().map(|(hash, node)| (node.header.height(), *hash)).collect();
        rising.sort_unstable();
        let mut dropped = BTreeSet::new();
        for (height, hash) in rising {
            let parent = self.nodes.get(&hash).map_or(B256::ZERO, |node| node.header.parent());
            let rival = height == self.root.height().next() && parent != self.root.hash();
            if height <= self.root.height() || rival || dropped.contains(&parent) {
                self.nodes.remove(&hash);
                dropped.insert(hash);
            }
        }
    }

    /// Drops batches without a certificate that were last seen before `round`, but for the ancestors of those that have
    /// one: they are asked for one by one, and would be dropped as they come.
    pub(crate) fn drop_strays(&mut self, round: Round) {
        let mut needed = BTreeSet::new();
        for (hash, _) in self.nodes.iter().filter(|(_, node)| node.certified) {
            let mut at = *hash;
            while let Some(node) = self.get(at).filter(|_| needed.insert(at)) {
                at = node.header.parent();
            }
        }
        self.nodes.retain(|hash, node| node.round >= round || needed.contains(hash));
    }
}
