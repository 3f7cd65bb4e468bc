//! The simulated L1: blocks by its own clock, the sets of its epochs, the seeds of their leaders.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, keccak256};
use rota_consensus::{EpochContext, LeaderSchedule};
use rota_proto::{Epoch, EpochSchedule, L1Origin, Place, Validator, ValidatorSet, VotingPower, leader_seed};

use super::{keys::public_key, queue::Time, sets::Sets, story::NodeId};

/// The epoch in which the network begins; one before it lies in the past, so that its middle block seeds leaders.
pub const FIRST_EPOCH: Epoch = Epoch(1);

/// Unix time at which the simulation begins.
pub const BEGIN_S: u64 = 1_800_000_000;

/// How L1 runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Plan {
    /// Milliseconds between blocks.
    pub interval_ms: u64,
    /// Blocks in an epoch.
    pub epoch_blocks: u64,
}

/// An L1 block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number and hash.
    pub origin: L1Origin,
    /// Its randomness.
    pub prevrandao: B256,
    /// Its time in Unix seconds.
    pub timestamp: u64,
}

/// L1 as it is; when a node learns of it is another matter.
#[derive(Debug)]
pub struct L1 {
    seed: u64,
    plan: L1Plan,
    schedule: EpochSchedule,
    sets: Sets,
    /// Leaders by place, if the scenario chooses them.
    leaders: Option<Vec<Place>>,
    contexts: BTreeMap<Epoch, EpochContext>,
}

impl L1 {
    /// An L1 whose first epoch begins with the simulation.
    #[must_use]
    pub fn new(seed: u64, plan: L1Plan, sets: Sets, leaders: Option<Vec<Place>>) -> Self {
        let schedule = EpochSchedule::new(1_000, plan.epoch_blocks).expect("scenarios keep to the contract's bounds");
        Self { seed, plan, schedule, sets, leaders, contexts: BTreeMap::new() }
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

    /// The block that is there when the simulation begins: the first of the first epoch.
    #[must_use]
    pub const fn first_block(&self) -> u64 {
        self.schedule.first_block(FIRST_EPOCH)
    }

    /// When a block appears; those before the first are there from the beginning.
    #[must_use]
    pub const fn time_of(&self, number: u64) -> Time {
        Time::from_ms(number.saturating_sub(self.first_block()) * self.plan.interval_ms)
    }

    /// A block by number.
    #[must_use]
    pub fn block(&self, number: u64) -> Block {
        let word = |name: &[u8]| {
            let mut bytes = name.to_vec();
            bytes.extend_from_slice(&self.seed.to_be_bytes());
            bytes.extend_from_slice(&number.to_be_bytes());
            keccak256(bytes)
        };
        let age_ms = self.first_block().saturating_sub(number) * self.plan.interval_ms;
        Block {
            origin: L1Origin { number, hash: word(b"block") },
            prevrandao: word(b"prevrandao"),
            timestamp: BEGIN_S + self.time_of(number).as_ms() / 1_000 - age_ms / 1_000,
        }
    }

    /// The block that must be seen before the leaders of an epoch are known.
    #[must_use]
    pub const fn block_before(&self, epoch: Epoch) -> u64 {
        self.schedule.middle_block(Epoch(epoch.0.saturating_sub(1)))
    }

    /// Set and leaders of an epoch: what its contract and its randomness say.
    pub fn context(&mut self, epoch: Epoch) -> EpochContext {
        if let Some(context) = self.contexts.get(&epoch) {
            return context.clone();
        }
        let set = Arc::new(self.set(epoch));
        let leaders = match &self.leaders {
            Some(leaders) => LeaderSchedule::Chosen(leaders.clone()),
            None => {
                let randomness = self.block(self.block_before(epoch)).prevrandao;
                LeaderSchedule::Drawn(leader_seed(7_682, epoch, randomness))
            }
        };
        let context = EpochContext { set, leaders };
        self.contexts.insert(epoch, context.clone());
        context
    }

    /// The stakes of an epoch by node, in plain numbers, for those who check.
    pub fn stakes(&mut self, epoch: Epoch) -> &[u64] {
        let since = usize::try_from(epoch.0.saturating_sub(FIRST_EPOCH.0)).unwrap_or(0);
        self.sets.stakes(since)
    }

    fn set(&mut self, epoch: Epoch) -> ValidatorSet {
        let members = self.stakes(epoch).iter().enumerate().filter(|(_, stake)| **stake > 0);
        let validators = members.map(|(node, stake)| (place_of(node), validator(node, *stake))).collect();
        ValidatorSet::new(epoch, validators).expect("stakes leave somebody in the set")
    }
}

/// The place of a node: the number of the node.
#[must_use]
pub fn place_of(node: NodeId) -> Place {
    let number = u8::try_from(node).unwrap_or(u8::MAX);
    Place::new(number).unwrap_or_else(|| unreachable!("no scenario has more than 128 nodes"))
}

/// Receives the fees of a node.
#[must_use]
pub fn fee_recipient(node: NodeId) -> Address {
    Address::repeat_byte(u8::try_from(node).unwrap_or(u8::MAX).saturating_add(1))
}

fn validator(node: NodeId, stake: u64) -> Validator {
    Validator {
        operator: fee_recipient(node),
        consensus_key: public_key(node),
        power: VotingPower(stake),
        fee_recipient: fee_recipient(node),
    }
}
