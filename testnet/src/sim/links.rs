//! What lies between the nodes.

use std::{collections::BTreeMap, ops::Range};

use rota_proto::Message;

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
    /// What the line of each node carries; no limit if nothing is said.
    pub bandwidth: Option<Bandwidth>,
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
        bandwidth: None,
    };
}

/// Bytes that may wait for a line: a second of one of 100 Mbit/s. What comes when more wait is dropped, as a full queue
/// to a peer of the real network drops (rule N13 there).
pub const BACKLOG_BYTES_MAX: u64 = 12_500_000;

/// How many bytes a second a node sends and receives (rule D15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// Out of a node, to all others together.
    pub up: u64,
    /// Into a node.
    pub down: u64,
}

/// What a message is to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its length in the production encoding.
    pub bytes: u64,
    /// Whether it travels in the lane of votes, which bodies, transactions and final batches never hold up.
    pub urgent: bool,
}

impl Load {
    /// A message of this length.
    #[must_use]
    pub const fn of(message: &Message, bytes: usize) -> Self {
        let urgent = matches!(
            message,
            Message::Vote(_)
                | Message::Certificate(_)
                | Message::Proposal(_)
                | Message::Fetch(_)
                | Message::RoundQuery(_)
                | Message::RoundAnswer(_)
        );
        Self { bytes: bytes as u64, urgent }
    }
}

/// The line of a node in one direction: first come, first served in each of two lanes. What is urgent waits only for
/// what is urgent; the rest waits for all, and makes up for what overtook the message before it.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// When everything urgent is through, and when everything is.
    urgent_free: Time,
    free: Time,
}

impl Line {
    /// When a message that comes now is through; nothing if too much waits.
    fn pass(&mut self, now: Time, load: Load, bytes_s: u64) -> Option<Time> {
        let lane = if load.urgent { self.urgent_free } else { self.free };
        let begins = lane.max(now);
        if bytes_in(begins.0 - now.0, bytes_s) > BACKLOG_BYTES_MAX {
            return None;
        }
        let takes_us = (load.bytes * 1_000_000).div_ceil(bytes_s);
        self.free = self.free.max(now).plus_us(takes_us);
        if load.urgent {
            self.urgent_free = begins.plus_us(takes_us);
        }
        Some(begins.plus_us(takes_us))
    }
}

/// How much a line carries in a time.
fn bytes_in(us: u64, bytes_s: u64) -> u64 {
    u64::try_from(u128::from(us) * u128::from(bytes_s) / 1_000_000).unwrap_or(u64::MAX)
}

/// Where nodes are, and how far apart: takes the place of [`LinkPlan::latency_us`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distances {
    /// The site of each node.
    pub sites: Vec<usize>,
    /// Microseconds from site to site, one way.
    pub one_way_us: Vec<Vec<u64>>,
}

impl Distances {
    /// Microseconds from a node to another, one way; 0 for a node that is nowhere.
    #[must_use]
    pub fn between(&self, from: NodeId, to: NodeId) -> u64 {
        let site = |node: NodeId| self.sites.get(node).copied();
        let row = site(from).and_then(|site| self.one_way_us.get(site));
        row.zip(site(to)).and_then(|(row, site)| row.get(site)).copied().unwrap_or(0)
    }
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
    distances: Option<Distances>,
    cuts: Vec<Cut>,
    healed: Time,
    random: Random,
    /// When the last message of each lane of a link arrives.
    last: BTreeMap<(NodeId, NodeId, bool), Time>,
    /// Lines out of nodes, and into them.
    up: BTreeMap<NodeId, Line>,
    down: BTreeMap<NodeId, Line>,
    crowded_out: u64,
}

impl Links {
    /// Links by plan; heavy loss ends at `healed`.
    #[must_use]
    pub fn new(plan: LinkPlan, distances: Option<Distances>, cuts: Vec<Cut>, healed: Time, random: Random) -> Self {
        let (last, up, down) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { plan, distances, cuts, healed, random, last, up, down, crowded_out: 0 }
    }

    /// Whether lines carry only so much, so that the lengths of messages matter.
    #[must_use]
    pub const fn are_narrow(&self) -> bool {
        self.plan.bandwidth.is_some()
    }

    /// Messages dropped so far because too many bytes waited for a line.
    #[must_use]
    pub const fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    /// When a message sent now arrives: never, once or twice. Only narrow links look at its load; what is lost on the
    /// way has used the sender's line.
    pub fn arrivals(&mut self, now: Time, from: NodeId, to: NodeId, load: Option<Load>) -> [Option<Time>; 2] {
        if self.cuts.iter().any(|cut| cut.stops(now, from, to)) {
            return [None, None];
        }
        let load = load.unwrap_or(Load { bytes: 0, urgent: false });
        let sent = match self.plan.bandwidth {
            None => Some(now),
            Some(Bandwidth { up, .. }) => self.up.entry(from).or_default().pass(now, load, up),
        };
        self.crowded_out += u64::from(sent.is_none());
        let lost = if now < self.healed { self.plan.loss_permille } else { self.plan.rest_loss_permille };
        let Some(sent) = sent.filter(|_| !self.random.chance(lost)) else { return [None, None] };
        let first = self.arrival(sent, from, to, load.urgent);
        let twice = self.random.chance(self.plan.duplicate_permille);
        [Some(first), twice.then(|| self.arrival(sent, from, to, load.urgent))]
    }

    /// When a message that has come to a node is read there; nothing if too much waits before it.
    pub fn received(&mut self, now: Time, to: NodeId, load: Load) -> Option<Time> {
        let read = match self.plan.bandwidth {
            None => Some(now),
            Some(Bandwidth { down, .. }) => self.down.entry(to).or_default().pass(now, load, down),
        };
        self.crowded_out += u64::from(read.is_none());
        read
    }

    fn arrival(&mut self, sent: Time, from: NodeId, to: NodeId, urgent: bool) -> Time {
        let latency_us = self.distances.as_ref().map_or(self.plan.latency_us, |distances| distances.between(from, to));
        let mut at = sent.plus_us(latency_us + self.random.below(self.plan.jitter_us + 1));
        if self.plan.ordered {
            let last = self.last.entry((from, to, urgent)).or_default();
            at = at.max(*last);
            *last = at;
        }
        at
    }
}
