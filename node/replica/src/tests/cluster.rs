//! Four replicas whose messages all arrive, except where a test says otherwise.

use rota_consensus::Durable;
use rota_proto::{ConsensusKey, FinalBatch, Message};

use super::{
    node::Node,
    world::{STAKES, block, key},
};
use crate::{Event, Times};

pub(super) struct Cluster {
    pub(super) nodes: Vec<Node>,
    /// Nobody hears these, and they hear nobody.
    pub(super) away: Vec<usize>,
}

impl Cluster {
    pub(super) fn new(times: Times) -> Self {
        let nodes = (0..).take(STAKES.len()).map(|number| {
            let mut node = Node::unstarted(number, times);
            node.begin(Durable::default());
            node
        });
        Self { nodes: nodes.collect(), away: Vec::new() }
    }

    /// All messages travel until nobody says anything.
    pub(super) fn settle(&mut self) {
        while let Some((from, to, message)) = self.next() {
            // A host recovers senders first; these tests submit to every node.
            if !matches!(message, Message::Transactions(_)) {
                self.nodes[to].take(Event::Message { from: Some(from), message });
            }
        }
    }

    /// Everything said goes to those it is for; the first of it is given, the rest waits.
    fn next(&mut self) -> Option<(ConsensusKey, usize, Message)> {
        let from = (0..self.nodes.len()).find(|from| !self.nodes[*from].out.is_empty())?;
        let (to, message) = self.nodes[from].out.remove(0);
        let number = |index: usize| u8::try_from(index).expect("four nodes");
        let hears = |index: &usize| {
            let reachable = !self.away.contains(index) && !self.away.contains(&from);
            *index != from && reachable && to.is_none_or(|to| to == key(number(*index)))
        };
        let mut receivers: Vec<usize> = (0..self.nodes.len()).filter(hears).collect();
        let Some(last) = receivers.pop() else { return self.next() };
        let sender = key(number(from));
        for receiver in receivers {
            self.nodes[receiver].take(Event::Message { from: Some(sender), message: message.clone() });
        }
        Some((sender, last, message))
    }

    /// Time passes for all, in steps of 50 ms.
    pub(super) fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 50 {
            for node in &mut self.nodes {
                node.wait(50);
            }
            self.settle();
        }
    }

    /// All see L1 up to this block.
    pub(super) fn see_l1(&mut self, numbers: std::ops::RangeInclusive<u64>) {
        for number in numbers {
            for node in &mut self.nodes {
                node.take(Event::L1(Box::new(block(number))));
            }
        }
        self.settle();
    }

    /// What a node knows final from a height on, as it answers a peer that catches up.
    pub(super) fn finals_from(&self, node: usize, height: u64) -> Vec<FinalBatch> {
        self.nodes[node].finals.iter().filter(|batch| batch.header.height().0 >= height).cloned().collect()
    }
}
