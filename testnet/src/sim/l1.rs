//! The simulated L1: blocks by its own clock, each with the changes of validators that the contract announces in it.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

use alloy_primitives::{Address, B256, keccak256};
use rota_proto::{Epoch, EpochSchedule, L1Origin, Place, VotingPower};
use rota_staking::{Genesis, L1Block, Registry, ValidatorChange};

use super::{genesis::ROLLUP_CHAIN_ID, keys::public_key, queue::Time, random::mix, sets::Sets, story::NodeId};

/// The epoch in which the network begins: that of the contract's deployment.
pub const FIRST_EPOCH: Epoch = Epoch(0);

/// Unix time at which the simulation begins.
pub const BEGIN_S: u64 = 1_800_000_000;

/// The block of the deployment: the first of the first epoch, and the origin of genesis.
const FIRST_BLOCK: u64 = 1_000;

/// A change counts so many epochs after the one in which it is announced (rule R3 of staking).
const LAG_EPOCHS: u64 = 2;

/// Kept registries that are remembered.
const KEPT_MAX: usize = 8;

/// How L1 runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Plan {
    /// Milliseconds between blocks.
    pub interval_ms: u64,
    /// Blocks in an epoch.
    pub epoch_blocks: u64,
}

/// For a while nodes do not hear of final blocks: their endpoint is gone, or L1's tip was replaced by another below
/// finality, and finality waits for the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Outage {
    /// From when, and until when.
    pub during: Range<Time>,
    /// Who hears nothing; everybody if nobody is named.
    pub nodes: Vec<NodeId>,
}

impl L1Outage {
    fn holds_up(&self, node: NodeId, at: Time) -> bool {
        self.during.contains(&at) && (self.nodes.is_empty() || self.nodes.contains(&node))
    }
}

/// When a node hears of a block that is final at a time, with these outages.
#[must_use]
pub fn heard_at(outages: &[L1Outage], node: NodeId, at: Time) -> Time {
    let over = outages.iter().filter(|outage| outage.holds_up(node, at)).map(|outage| outage.during.end).max();
    over.map_or(at, |end| heard_at(outages, node, end))
}

/// What is false in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falsehood {
    /// Its parent is not the block before it, as if finality had been taken back.
    Parent,
    /// A change of validators that the contract never announced: the first seat loses its stake.
    Change,
}

/// The endpoint of a node gives it one false block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Lie {
    /// Whose endpoint.
    pub node: NodeId,
    /// It is the first block that is final from this time on.
    pub at: Time,
    /// What is false in it.
    pub what: Falsehood,
}

impl L1Lie {
    /// A block as the node's endpoint gives it.
    #[must_use]
    pub fn tell(&self, l1: &L1, mut block: L1Block) -> L1Block {
        if block.number != FIRST_BLOCK + self.at.as_ms().div_ceil(l1.plan.interval_ms) {
            return block;
        }
        match self.what {
            Falsehood::Parent => block.parent_hash = keccak256(block.parent_hash),
            Falsehood::Change => {
                let effective = l1.epoch_of(block.number).plus(LAG_EPOCHS);
                block.changes.push(change(effective, 0, 0, 0));
            }
        }
        block
    }
}

/// L1 as it is; when a node learns of it is another matter.
#[derive(Debug)]
pub struct L1 {
    seed: u64,
    plan: L1Plan,
    schedule: EpochSchedule,
    sets: Sets,
    /// From the first one on, as far as anybody asked.
    blocks: Vec<L1Block>,
    /// Registries as they begin or were kept: checking a key is dear, and most nodes keep the same.
    begun: Option<(L1Block, Registry)>,
    kept: VecDeque<(Vec<u8>, Registry)>,
}

impl L1 {
    /// An L1 on which the contract is deployed as the simulation begins.
    #[must_use]
    pub fn new(seed: u64, plan: L1Plan, sets: Sets) -> Self {
        let schedule =
            EpochSchedule::new(FIRST_BLOCK, plan.epoch_blocks).expect("scenarios keep to the contract's bounds");
        Self { seed, plan, schedule, sets, blocks: Vec::new(), begun: None, kept: VecDeque::new() }
    }

    /// Which block belongs to which epoch.
    #[must_use]
    pub const fn schedule(&self) -> EpochSchedule {
        self.schedule
    }

    /// The epoch of a block.
    #[must_use]
    pub fn epoch_of(&self, number: u64) -> Epoch {
        self.schedule.epoch_of(number).expect("no run is so long, and none begins before epoch 0")
    }

    /// How it runs.
    #[must_use]
    pub const fn plan(&self) -> L1Plan {
        self.plan
    }

    /// The block that is there when the simulation begins.
    #[must_use]
    pub const fn first_block(&self) -> u64 {
        FIRST_BLOCK
    }

    /// When a block is final.
    #[must_use]
    pub const fn time_of(&self, number: u64) -> Time {
        Time::from_ms(number.saturating_sub(FIRST_BLOCK) * self.plan.interval_ms)
    }

    /// What the rollup's genesis says about it.
    #[must_use]
    pub fn genesis(&self) -> Genesis {
        let origin = L1Origin { number: FIRST_BLOCK, hash: self.hash(FIRST_BLOCK) };
        Genesis { rollup_chain_id: ROLLUP_CHAIN_ID, schedule: self.schedule, origin }
    }

    /// The registry of a node that knows the deployment and nothing more.
    pub fn registry(&mut self, deployment: &L1Block) -> Registry {
        if let Some((_, registry)) = self.begun.as_ref().filter(|(block, _)| block == deployment) {
            return registry.clone();
        }
        let registry = Registry::begin(self.genesis(), deployment).expect("the block of the deployment").0;
        self.begun = Some((deployment.clone(), registry.clone()));
        registry
    }

    /// The registry of a node that kept this.
    pub fn registry_kept(&mut self, snapshot: &[u8]) -> Registry {
        if let Some((_, registry)) = self.kept.iter().find(|(bytes, _)| bytes == snapshot) {
            return registry.clone();
        }
        let registry = Registry::decode(self.genesis(), snapshot).expect("what a replica gave");
        self.kept.push_back((snapshot.to_vec(), registry.clone()));
        if self.kept.len() > KEPT_MAX {
            self.kept.pop_front();
        }
        registry
    }

    /// A block by number.
    ///
    /// # Panics
    /// If it lies before the first one.
    pub fn block(&mut self, number: u64) -> &L1Block {
        let index = usize::try_from(number - FIRST_BLOCK).unwrap_or(usize::MAX);
        while self.blocks.len() <= index {
            let next = self.make(FIRST_BLOCK + self.blocks.len() as u64);
            self.blocks.push(next);
        }
        self.blocks.get(index).unwrap_or_else(|| unreachable!("made above"))
    }

    /// The stakes of an epoch by place, in plain numbers, for those who add up signers.
    pub fn stakes_by_place(&mut self, epoch: Epoch) -> Vec<u64> {
        let members = self.members(epoch);
        (0..self.sets.places()).map(|place| members.get(&place).map_or(0, |(_, stake)| *stake)).collect()
    }

    /// The stakes of an epoch by seat, in plain numbers, for those who check: the first two have those of the
    /// deployment.
    pub fn stakes(&mut self, epoch: Epoch) -> &[u64] {
        let since = usize::try_from(epoch.0.saturating_sub(FIRST_EPOCH.0 + 1)).unwrap_or(0);
        self.sets.stakes(since)
    }

    fn make(&mut self, number: u64) -> L1Block {
        L1Block {
            number,
            hash: self.hash(number),
            parent_hash: self.hash(number - 1),
            timestamp: BEGIN_S + self.time_of(number).as_ms() / 1_000,
            prevrandao: self.word(b"prevrandao", number),
            changes: self.changes(number),
            change_hash: None,
        }
    }

    fn hash(&self, number: u64) -> B256 {
        self.word(b"block", number)
    }

    fn word(&self, name: &[u8], number: u64) -> B256 {
        keccak256([name, &self.seed.to_be_bytes(), &number.to_be_bytes()].concat())
    }

    /// What the contract announces in a block: the deployment seeds the first set, and in each epoch one block holds
    /// all changes.
    fn changes(&mut self, number: u64) -> Vec<ValidatorChange> {
        let epoch = self.epoch_of(number);
        let mut changes = Vec::new();
        if number == FIRST_BLOCK {
            changes = self.differences(FIRST_EPOCH, &BTreeMap::new());
        }
        if number == self.schedule.first_block(epoch) + mix(self.seed ^ epoch.0) % self.plan.epoch_blocks {
            let effective = epoch.plus(LAG_EPOCHS);
            let before = self.members(effective.previous());
            changes.extend(self.differences(effective, &before));
        }
        changes
    }

    /// Seat and stake of each validator of an epoch, by place.
    fn members(&mut self, epoch: Epoch) -> BTreeMap<usize, (usize, u64)> {
        let places = self.sets.places();
        let staked = self.stakes(epoch).iter().copied().enumerate().filter(|(_, stake)| *stake > 0);
        staked.map(|(seat, stake)| (seat % places, (seat, stake))).collect()
    }

    /// What makes the set of an epoch of another one.
    fn differences(&mut self, epoch: Epoch, before: &BTreeMap<usize, (usize, u64)>) -> Vec<ValidatorChange> {
        let after = self.members(epoch);
        let mut changes = Vec::new();
        for place in 0..self.sets.places() {
            let member = after.get(&place);
            if member != before.get(&place) {
                let gone = before.get(&place).map(|(seat, _)| (*seat, 0));
                changes.extend(member.copied().or(gone).map(|(seat, stake)| change(epoch, place, seat, stake)));
            }
        }
        changes
    }
}

/// The place of this number: that of the seat with the same number, unless keys change.
#[must_use]
pub fn place_of(number: usize) -> Place {
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    Place::new(number).unwrap_or_else(|| unreachable!("no scenario has more than 128 validators"))
}

/// Receives the fees of a seat.
#[must_use]
pub fn fee_recipient(seat: usize) -> Address {
    Address::repeat_byte(u8::try_from(seat).unwrap_or(u8::MAX).saturating_add(1))
}

fn change(effective_epoch: Epoch, place: usize, seat: usize, stake: u64) -> ValidatorChange {
    ValidatorChange {
        effective_epoch,
        place: place_of(place),
        operator: fee_recipient(place),
        consensus_key: public_key(seat).to_bytes().into(),
        power: VotingPower(stake),
        fee_recipient: fee_recipient(seat),
    }
}
