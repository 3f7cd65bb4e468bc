//! The registry beside a model that keeps every event and works each set out from the first one on.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, keccak256};
use rota_proto::{ConsensusKey, Epoch, EpochSchedule, L1Origin, Place, VotingPower};

use super::{Dice, key, place};
use crate::{ChangeHash, EpochError, Genesis, L1Block, Registry, RegistryError, ValidatorChange};

/// All of L1 from the deployment on.
struct Model {
    genesis: Genesis,
    blocks: Vec<L1Block>,
}

/// Place, operator, key, power and fee recipient of a member.
type Member = (Place, Address, ConsensusKey, u64, Address);

impl Model {
    fn newest(&self) -> u64 {
        self.blocks.last().expect("the deployment").number
    }

    /// Replays all events: the last one of each place that counts by then, if its key is good and nobody's below.
    fn set(&self, epoch: u64) -> Vec<Member> {
        let mut last = BTreeMap::new();
        for change in self.blocks.iter().flat_map(|block| &block.changes) {
            if change.effective_epoch.0 <= epoch {
                last.insert(change.place, change);
            }
        }
        let mut keys = BTreeSet::new();
        let voters = last.into_iter().filter_map(|(place, change)| {
            let key = (0..6).map(key).find(|key| key.to_bytes() == change.consensus_key.0)?;
            let votes = change.power.0 > 0 && keys.insert(key);
            votes.then_some((place, change.operator, key, change.power.0, change.fee_recipient))
        });
        voters.collect()
    }

    /// The contract's hash over the changes that count by an epoch, in plain bytes.
    fn change_hash(&self, epoch: u64) -> ChangeHash {
        let changes = self.blocks.iter().flat_map(|block| &block.changes);
        changes.filter(|change| change.effective_epoch.0 <= epoch).fold(ChangeHash::ZERO, |before, change| {
            let number = |number: u64| B256::from(alloy_primitives::U256::from(number));
            let words = [
                B256::right_padding_from(&before[..]),
                number(change.effective_epoch.0),
                number(change.place.number().into()),
                change.operator.into_word(),
                change.consensus_key,
                number(change.power.0),
                change.fee_recipient.into_word(),
            ];
            ChangeHash::from_slice(&keccak256(words.map(|word| word.0).concat())[..20])
        })
    }

    /// The randomness that seeds an epoch, if its block came already.
    fn seed(&self, epoch: u64) -> Option<B256> {
        let (start, length) = (self.genesis.schedule.start_block(), self.genesis.schedule.length());
        let middle = epoch.checked_sub(1).map_or(0, |before| start + before * length + length / 2);
        let number = middle.max(self.genesis.origin.number);
        let mix = self.blocks.iter().find(|block| block.number == number)?.prevrandao;
        let chain = self.genesis.rollup_chain_id.to_be_bytes();
        Some(keccak256([b"rota/leader", &chain[..], &epoch.to_be_bytes(), &mix.0].concat()))
    }

    fn check(&self, registry: &Registry, seed: u64) {
        let (start, length) = (self.genesis.schedule.start_block(), self.genesis.schedule.length());
        let newest_epoch = (self.newest() - start) / length;
        for epoch in 0..=newest_epoch + 3 {
            let found = registry.set(Epoch(epoch)).map(|set| {
                set.iter()
                    .map(|(place, v)| (place, v.operator, v.consensus_key, v.power.0, v.fee_recipient))
                    .collect::<Vec<_>>()
            });
            match self.set(epoch) {
                _ if epoch > newest_epoch + 1 => {
                    let needs = start + (epoch - 1) * length;
                    let not_yet = EpochError::NotYet { epoch: Epoch(epoch), needs, newest: self.newest() };
                    assert_eq!(found, Err(not_yet), "seed {seed}");
                }
                members if members.is_empty() => assert_eq!(found, Err(EpochError::NoVoters(Epoch(epoch)))),
                members => assert_eq!(found, Ok(members), "seed {seed}, epoch {epoch}"),
            }
            assert_eq!(registry.leader_seed(Epoch(epoch)).ok(), self.seed(epoch), "seed {seed}, epoch {epoch}");
        }
        for block in &self.blocks {
            assert_eq!(registry.origin(block.number).map(|origin| origin.hash), Some(block.hash));
        }
    }
}

fn random_hash(dice: &mut Dice) -> B256 {
    keccak256(dice.roll().to_be_bytes())
}

/// A change of one of six places: joins, leaves, other stakes, bad keys, keys of others.
fn any_change(dice: &mut Dice, epoch: u64) -> ValidatorChange {
    let number = u8::try_from(dice.below(6)).expect("small");
    let consensus_key = match dice.below(8) {
        0 => B256::repeat_byte(0xff),
        1 => key(u8::try_from(dice.below(6)).expect("small")).to_bytes().into(),
        _ => key(number).to_bytes().into(),
    };
    ValidatorChange {
        effective_epoch: Epoch(epoch),
        place: place(number),
        operator: Address::from_word(random_hash(dice)),
        consensus_key,
        power: VotingPower(if dice.once_in(2) { 0 } else { dice.below(1000) + 1 }),
        fee_recipient: Address::from_word(random_hash(dice)),
    }
}

fn next_block(dice: &mut Dice, model: &Model) -> L1Block {
    let newest = model.blocks.last().expect("the deployment");
    let epoch = model.genesis.schedule.epoch_of(newest.number + 1).expect("after the start").0;
    let changes = if dice.once_in(3) { dice.below(4) } else { 0 };
    let change_hash = dice.once_in(3).then(|| model.change_hash(epoch + 1));
    L1Block {
        number: newest.number + 1,
        hash: random_hash(dice),
        parent_hash: newest.hash,
        timestamp: newest.timestamp + dice.below(30),
        prevrandao: random_hash(dice),
        changes: (0..changes).map(|_| any_change(dice, epoch + 2)).collect(),
        change_hash,
    }
}

fn deploy(dice: &mut Dice) -> (Model, Registry) {
    let schedule = EpochSchedule::new(dice.below(50), dice.below(7) + 4).expect("good numbers");
    let number = schedule.start_block() + dice.below(schedule.length());
    let seeds = (0..3).map(|number| ValidatorChange {
        effective_epoch: Epoch(0),
        place: place(number),
        operator: Address::repeat_byte(number),
        consensus_key: key(number).to_bytes().into(),
        power: VotingPower(10),
        fee_recipient: Address::ZERO,
    });
    let mut changes: Vec<_> = seeds.collect();
    changes.extend((0..dice.below(3)).map(|_| any_change(dice, 2)));
    let [hash, parent_hash, prevrandao] = [random_hash(dice), random_hash(dice), random_hash(dice)];
    let deployment = L1Block { number, hash, parent_hash, timestamp: 0, prevrandao, changes, change_hash: None };
    let origin = L1Origin { number, hash: deployment.hash };
    let genesis = Genesis { rollup_chain_id: dice.roll(), schedule, origin };
    let (registry, _) = Registry::begin(genesis, &deployment).expect("a deployment");
    (Model { genesis, blocks: vec![deployment] }, registry)
}

/// A block that must not come next: each is refused by its name and changes nothing.
fn disturb(dice: &mut Dice, model: &Model, registry: &mut Registry) {
    let good = next_block(dice, model);
    let epoch = model.genesis.schedule.epoch_of(good.number).expect("after the start").0;
    let before = registry.clone();
    let old = dice.pick(&model.blocks).clone();
    let (block, name) = match dice.below(7) {
        0 => (L1Block { number: good.number + 1 + dice.below(9), ..good }, "gap"),
        1 => (L1Block { parent_hash: random_hash(dice), ..good }, "parent"),
        2 => (L1Block { hash: random_hash(dice), ..old }, "reorganized"),
        3 => (L1Block { changes: vec![any_change(dice, epoch + 1)], ..good }, "fixed"),
        4 => (L1Block { changes: vec![any_change(dice, epoch + 3)], ..good }, "lag"),
        5 => (L1Block { change_hash: Some(ChangeHash::from_slice(&random_hash(dice)[..20])), ..good }, "changes"),
        _ => (old, "again"),
    };
    let verdict = registry.apply(&block);
    let named = match verdict {
        Ok(_) => "again",
        Err(RegistryError::Gap { .. }) => "gap",
        Err(RegistryError::WrongParent { .. }) => "parent",
        Err(RegistryError::Reorganized { .. }) => "reorganized",
        Err(RegistryError::SetFixed { .. }) => "fixed",
        Err(RegistryError::BeyondLag { .. }) => "lag",
        Err(RegistryError::OtherChanges { .. }) => "changes",
        Err(other) => panic!("{other}"),
    };
    assert_eq!(named, name, "{verdict:?}");
    assert_eq!(*registry, before);
}

#[test]
fn r3_r5_r7_r8_r10_the_registry_and_the_full_history_agree_on_every_epoch() {
    let seeds = 150;
    let (mut epochs, mut changes, mut without_voters, mut restarts) = (0, 0, 0, 0);
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let (mut model, mut registry) = deploy(&mut dice);
        for _ in 0..100 {
            if dice.once_in(4) {
                disturb(&mut dice, &model, &mut registry);
            }
            let block = next_block(&mut dice, &model);
            registry.apply(&block).expect("the next block");
            changes += block.changes.len();
            model.blocks.push(block);
            if dice.once_in(10) {
                registry = Registry::decode(model.genesis, &registry.encode()).expect("its own bytes");
                restarts += 1;
            }
            if dice.once_in(5) {
                model.check(&registry, seed);
            }
        }
        model.check(&registry, seed);
        let newest = registry.newest_epoch().0;
        epochs += newest;
        without_voters += (0..=newest).filter(|epoch| model.set(*epoch).is_empty()).count();
    }
    println!(
        "{seeds} seeds: {epochs} epochs ({without_voters} without voters), {changes} changes, {restarts} restarts"
    );
    assert!([epochs, changes as u64, without_voters as u64, restarts].iter().all(|count| *count > 20));
}
