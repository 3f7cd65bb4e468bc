//! What lies between the nodes.

use std::{collections::BTreeMap, ops::Range};

use super::{queue::Time, random::Random, story::NodeId};

/// How all links behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkPlan {
    /// The least time a message takes, in microseconds.
    pub latency_us: u64,
    /// What chance adds to it, at most.
    pub jitter_us: u64,
    /// Messages lost, of a thousand, while faults last.
    pub loss_permille: u64,
    /// Messages lost, of a thousand, after healing.
    pub rest_loss_permille: u64,
    /// Messages that come twice, of a thousand.
    pub duplicate_permille: u64,
    /// Whether messages of a link keep their order, as on one stream.
    pub ordered: bool,
}

impl LinkPlan {
    /// Links that lose nothing: 2 to 5 ms.
    pub const CALM: Self = Self {
        latency_us: 2_000,
        jitter_us: 3_000,
        loss_permille: 0,
        rest_loss_permille: 0,
        duplicate_permille: 0,
        ordered: true,
    };
}

/// Which messages a cut stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Both ways between the side and the others.
    Both,
    /// What the side sends to the others.
    Out,
    /// What the others send to the side.
    In,
}

/// A partition: for a while one side of the network is cut off from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// From when, and until when.
    pub during: Range<Time>,
    /// One side.
    pub side: Vec<NodeId>,
    /// What it stops.
    pub way: Way,
}

impl Cut {
    fn stops(&self, now: Time, from: NodeId, to: NodeId) -> bool {
        if !self.during.contains(&now) {
            return false;
        }
        let (out, into) = (self.side.contains(&from), self.side.contains(&to));
        match self.way {
            Way::Both => out != into,
            Way::Out => out && !into,
            Way::In => into && !out,
        }
    }
}

/// All links.
#[derive(Debug)]
pub struct Links {
    plan: LinkPlan,
    cuts: Vec<Cut>,
    healed: Time,
    random: Random,
    /// When the last message of each link arrives.
    last: BTreeMap<(NodeId, NodeId), Time>,
}

impl Links {
    /// Links by plan; heavy loss ends at `healed`.
    #[must_use]
    pub const fn new(plan: LinkPlan, cuts: Vec<Cut>, healed: Time, random: Random) -> Self {
        Self { plan, cuts, healed, random, last: BTreeMap::new() }
    }

    /// When a message sent now arrives: never, once or twice.
    pub fn arrivals(&mut self, now: Time, from: NodeId, to: NodeId) -> [Option<Time>; 2] {
        let lost = if now < self.healed { self.plan.loss_permille } else { self.plan.rest_loss_permille };
        if self.cuts.iter().any(|cut| cut.stops(now, from, to)) || self.random.chance(lost) {
            return [None, None];
        }
        let first = self.arrival(now, from, to);
        let twice = self.random.chance(self.plan.duplicate_permille);
        [Some(first), twice.then(|| self.arrival(now, from, to))]
    }

    fn arrival(&mut self, now: Time, from: NodeId, to: NodeId) -> Time {
        let mut at = now.plus_us(self.plan.latency_us + self.random.below(self.plan.jitter_us + 1));
        if self.plan.ordered {
            let last = self.last.entry((from, to)).or_default();
            at = at.max(*last);
            *last = at;
        }
        at
    }
}
