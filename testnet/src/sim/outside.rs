//! What surrounds the nodes: time, links, L1, keys, clients, and those who watch.

use std::{collections::BTreeMap, sync::Arc};

use rota_consensus::Config;
use rota_execution::Genesis;
use rota_proto::{Message, Place, Vote};
use rota_replica::Times;

use super::{
    clocks::Clock,
    executor::ExecutionKind,
    facts::Fact,
    host::Wake,
    keys::Keys,
    l1::{L1, L1Lie},
    links::{Links, Load},
    outcome::Stats,
    queue::{Queue, Time},
    random::Random,
    story::{NodeId, Story, fingerprint, summary},
    verdicts::Verdicts,
};

/// Something that will happen.
#[derive(Debug)]
pub enum Event {
    /// A message comes to the line of a node.
    Comes {
        /// Where.
        to: NodeId,
        /// From whom.
        from: NodeId,
        /// What.
        packet: Packet,
        /// How long it occupies the line.
        load: Load,
    },
    /// A message arrives.
    Arrives {
        /// Where.
        to: NodeId,
        /// From whom.
        from: NodeId,
        /// What.
        packet: Packet,
    },
    /// A node is woken, if it still lives the life in which it asked for that.
    Wakes {
        /// The node.
        node: NodeId,
        /// Which of its lives.
        life: u32,
        /// Why.
        wake: Wake,
    },
    /// An L1 block is final for a node.
    L1Seen {
        /// The node.
        node: NodeId,
        /// The number of the block.
        block: u64,
    },
    /// Every node that is up looks at its clock.
    Clock,
    /// A cut of this number in the plan ends: those on its sides meet again.
    Heals(usize),
    /// The next transaction of the clients.
    Client,
    /// Clients send again what is not final.
    Resend,
    /// The crash of this number in the plan draws near: it falls a few effects from here.
    Fuse(usize),
    /// It falls now if it has not fallen yet.
    Crash(usize),
    /// The disk fault of this number in the plan begins.
    DiskFault(usize),
    /// It ends.
    DiskMended(usize),
    /// A node comes back.
    Restart(NodeId),
    /// A second has passed.
    Tick,
}

/// A message under way.
#[derive(Clone, Debug)]
pub enum Packet {
    /// As it is.
    Words(Arc<Message>),
    /// In its production encoding (rule D3).
    Bytes(Arc<[u8]>),
}

/// Settings of a run that all nodes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Timings and limits of consensus.
    pub config: Config,
    /// Times of the replica.
    pub times: Times,
    /// What executes batches.
    pub execution: ExecutionKind,
    /// Whether messages travel in their production encoding.
    pub wire: bool,
    /// The longest that a flush takes, in microseconds.
    pub flush_us: u64,
    /// The longest that building or checking a batch takes, in microseconds.
    pub execution_us: u64,
}

/// What belongs to a node but does not crash with it.
#[derive(Clone, Debug)]
pub struct Station {
    /// Whether it follows the rules.
    pub honest: bool,
    /// Whose key, place and stake it has: its own number, but for a twin.
    pub seat: usize,
    /// Whether it is up: others would notice a broken connection.
    pub up: bool,
    /// Which life it lives.
    pub life: u32,
    /// Its clock.
    pub clock: Clock,
    /// How long it listens on each start whether its key signs elsewhere; 0 for not at all.
    pub listen_ms: u64,
    /// How long after its time an L1 block is final here.
    pub l1_lag_ms: u64,
    /// The newest L1 block that is final here.
    pub l1_seen: u64,
}

/// Transactions that clients sent and do not see final.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    /// How many were sent so far.
    pub sent: u64,
    /// When each was last sent, by its number.
    pub waiting: BTreeMap<u64, Time>,
}

/// Everything outside the nodes.
#[derive(Debug)]
pub struct Outside {
    /// What will happen.
    pub queue: Queue<Event>,
    /// What happened.
    pub story: Story,
    /// What lies between the nodes.
    pub links: Links,
    /// L1.
    pub l1: L1,
    /// What nodes hear of it that is false.
    pub l1_lies: Vec<L1Lie>,
    /// The genesis of the rollup.
    pub genesis: Genesis,
    /// Who leads in turn, if the scenario chooses.
    pub leaders: Option<Vec<Place>>,
    /// All keys.
    pub keys: Keys,
    /// What is known to be signed.
    pub verdicts: Verdicts,
    /// The hosts' chance.
    pub random: Random,
    /// What all nodes share.
    pub settings: Settings,
    /// What each node has that does not crash.
    pub stations: Vec<Station>,
    /// The clients.
    pub clients: Clients,
    /// What the checkers have not seen yet.
    pub facts: Vec<(NodeId, Fact)>,
    /// What is counted.
    pub stats: Stats,
}

impl Outside {
    /// How many nodes there are.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.stations.len()
    }

    /// What belongs to a node.
    #[must_use]
    pub fn station(&self, node: NodeId) -> &Station {
        self.stations.get(node).unwrap_or_else(|| unreachable!("every node has its station"))
    }

    /// See [`station`](Self::station).
    pub fn station_mut(&mut self, node: NodeId) -> &mut Station {
        self.stations.get_mut(node).unwrap_or_else(|| unreachable!("every node has its station"))
    }

    /// What the clock of a node shows, in Unix milliseconds.
    #[must_use]
    pub fn clock_ms(&self, node: NodeId) -> u64 {
        self.station(node).clock.shows(self.queue.now())
    }

    /// Whether a node hears of L1 what is false.
    #[must_use]
    pub fn is_lied_to(&self, node: NodeId) -> bool {
        self.l1_lies.iter().any(|lie| lie.node == node)
    }

    /// A number up to `max`.
    pub fn up_to(&mut self, max: u64) -> u64 {
        self.random.below(max + 1)
    }

    /// Wakes the node after so many microseconds, unless it has crashed by then.
    pub fn wake(&mut self, node: NodeId, after_us: u64, wake: Wake) {
        let life = self.station(node).life;
        self.queue.plan(self.queue.now().plus_us(after_us), Event::Wakes { node, life, wake });
    }

    /// The same after a time by the node's own clock.
    pub fn wake_by_clock(&mut self, node: NodeId, after_ms: u64, wake: Wake) {
        let after_us = self.station(node).clock.waits_us(after_ms);
        self.wake(node, after_us, wake);
    }

    /// Sends a message to some nodes.
    pub fn send(&mut self, from: NodeId, to: &[NodeId], message: Message) {
        self.story.tell(from, &[1, fingerprint(&message), to.len() as u64], || {
            let names: Vec<String> = to.iter().map(|node| format!("n{node}")).collect();
            format!("  -> {}: {}", names.join(" "), summary(&message))
        });
        self.facts.push((from, Fact::Sent));
        if let Message::Proposal(proposal) = &message {
            self.facts.push((from, Fact::Proposed(proposal.header.hash())));
        }
        let narrow = self.links.are_narrow();
        let bytes = (self.settings.wire || narrow).then(|| message.encode());
        self.stats.wire_bytes += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64 * to.len() as u64);
        let load = bytes.as_ref().filter(|_| narrow).map(|bytes| Load::of(&message, bytes.len()));
        let packet = match bytes {
            Some(bytes) if self.settings.wire => Packet::Bytes(bytes.into()),
            Some(_) | None => Packet::Words(Arc::new(message)),
        };
        for to in to.iter().copied().filter(|to| *to != from) {
            self.stats.messages += 1;
            for at in self.links.arrivals(self.queue.now(), from, to, load).into_iter().flatten() {
                let packet = packet.clone();
                let event = match load {
                    None => Event::Arrives { to, from, packet },
                    Some(load) => Event::Comes { to, from, packet, load },
                };
                self.queue.plan(at, event);
            }
        }
    }

    /// A message has come to the line of a node, and arrives once it is through.
    pub fn receive(&mut self, to: NodeId, from: NodeId, packet: Packet, load: Load) {
        if let Some(at) = self.links.received(self.queue.now(), to, load) {
            self.queue.plan(at, Event::Arrives { to, from, packet });
        }
    }

    /// Sends a message to all others.
    pub fn send_all(&mut self, from: NodeId, message: Message) {
        let all: Vec<NodeId> = (0..self.nodes()).filter(|node| *node != from).collect();
        self.send(from, &all, message);
    }

    /// Signs as the node; whoever watches signatures hears of it.
    pub fn sign(&mut self, node: NodeId, vote: &Vote) -> rota_proto::Signature {
        self.facts.push((node, Fact::Signed(*vote)));
        self.stats.signatures += 1;
        self.keys.sign(node, vote)
    }
}
