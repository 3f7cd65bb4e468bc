use std::sync::Arc;

use alloy_primitives::{Address, B256, hex, keccak256};
use rota_proto::{Epoch, EpochSchedule, L1Origin, ScheduleError, VotingPower};

use super::{ROLLUP, key, place};
use crate::{
    ChangeHash, EpochError, Genesis, L1Block, Registry, RegistryError, ValidatorChange, Warning,
    limits::{ORIGINS_KEPT, SEEDS_KEPT, SETS_READY},
};

/// Blocks of an L1 whose hashes and randomness follow from their numbers.
pub(super) fn block(number: u64, changes: Vec<ValidatorChange>) -> L1Block {
    L1Block {
        number,
        hash: hash(number),
        parent_hash: hash(number - 1),
        timestamp: 1_700_000_000 + 12 * number,
        prevrandao: keccak256(format!("randomness of block {number}")),
        changes,
        change_hash: None,
    }
}

pub(super) fn hash(number: u64) -> B256 {
    keccak256(format!("block {number}"))
}

/// From `epoch` on, place `number` is held by key `number` with this power.
pub(super) fn change(epoch: u64, number: u8, power: u64) -> ValidatorChange {
    ValidatorChange {
        effective_epoch: Epoch(epoch),
        place: place(number),
        operator: Address::repeat_byte(number),
        consensus_key: key(number).to_bytes().into(),
        power: VotingPower(power),
        fee_recipient: Address::repeat_byte(0x80 | number),
    }
}

fn bad_key(epoch: u64, number: u8, power: u64) -> ValidatorChange {
    ValidatorChange { consensus_key: B256::repeat_byte(0xff), ..change(epoch, number, power) }
}

/// Epochs of ten blocks from block 100 on; the genesis builds on block `origin`.
pub(super) fn genesis(origin: u64) -> Genesis {
    let schedule = EpochSchedule::new(100, 10).expect("good numbers");
    Genesis { rollup_chain_id: ROLLUP, schedule, origin: L1Origin { number: origin, hash: hash(origin) } }
}

/// A registry begun in block 102 with places 0 and 1 of power 10 each.
pub(super) fn begun() -> Registry {
    let seeds = vec![change(0, 0, 10), change(0, 1, 10)];
    let (registry, warnings) = Registry::begin(genesis(103), &block(102, seeds)).expect("a deployment");
    assert_eq!(warnings, []);
    registry
}

/// Takes empty blocks until this one is the newest.
#[track_caller]
pub(super) fn advance(registry: &mut Registry, number: u64) -> Vec<Warning> {
    let from = registry.newest().number + 1;
    (from..=number).flat_map(|number| registry.apply(&block(number, Vec::new())).expect("the next block")).collect()
}

/// The places and powers of an epoch.
#[track_caller]
fn powers(registry: &Registry, epoch: u64) -> Vec<(u8, u64)> {
    let set = registry.set(Epoch(epoch)).expect("fixed");
    assert_eq!(set.epoch(), Epoch(epoch));
    set.iter().map(|(place, validator)| (place.number(), validator.power.0)).collect()
}

/// How much it holds of what it calls by this name.
#[track_caller]
fn held(registry: &Registry, name: &str) -> u64 {
    let found = registry.sizes().into_iter().find(|(known, _)| *known == name);
    found.expect("a name it knows").1 as u64
}

/// The block is refused and leaves no trace.
#[track_caller]
fn refused(registry: &Registry, block: &L1Block, error: RegistryError) {
    let mut after = registry.clone();
    assert_eq!(after.apply(block), Err(error));
    assert_eq!(after, *registry);
}

#[test]
fn r1_epochs_divide_l1_from_the_start_block_on() {
    let mut registry = begun();
    for epoch in 1..4 {
        let (first, next) = (100 + 10 * epoch, Epoch(epoch + 1));
        advance(&mut registry, first - 1);
        let error = EpochError::NotYet { epoch: next, needs: first, newest: first - 1 };
        assert_eq!(registry.set(next), Err(error));
        advance(&mut registry, first);
        assert!(registry.set(next).is_ok());
        advance(&mut registry, first + 5);
        seeded_by(&registry, next.0, first + 5);
    }
    let before = ScheduleError::BeforeStart { block: 99, start: 100 };
    let refused = Registry::begin(genesis(103), &block(99, vec![change(0, 0, 10)]));
    assert_eq!(refused.expect_err("no block of an epoch"), before.into());
}

#[test]
fn r2_a_registry_begins_with_the_deployment_and_nothing_else() {
    let begin = |genesis, block| Registry::begin(genesis, &block).expect_err("no deployment");
    let seeds = || vec![change(0, 0, 10)];
    assert_eq!(begin(genesis(103), block(102, Vec::new())), RegistryError::NoSeeds(102));
    assert_eq!(begin(genesis(103), block(102, vec![change(2, 0, 10)])), RegistryError::NoSeeds(102));
    assert_eq!(begin(genesis(103), block(102, vec![bad_key(0, 0, 10)])), RegistryError::NoSeeds(102));
    let late = RegistryError::NotInFirstEpoch { number: 110, epoch: Epoch(1) };
    assert_eq!(begin(genesis(110), block(110, seeds())), late);
    let early = RegistryError::OriginBeforeDeployment { origin: 101, deployment: 102 };
    assert_eq!(begin(genesis(101), block(102, seeds())), early);
    let before = ScheduleError::BeforeStart { block: 99, start: 100 };
    assert_eq!(begin(genesis(103), block(99, seeds())), before.into());
    let other = Genesis { origin: L1Origin { number: 102, hash: hash(7) }, ..genesis(102) };
    let error = RegistryError::NotGenesisOrigin { number: 102, hash: hash(102), genesis: hash(7) };
    assert_eq!(begin(other, block(102, seeds())), error);
}

#[test]
fn r2_the_deployment_seeds_the_sets_of_the_first_two_epochs() {
    let changes = vec![change(0, 0, 10), change(0, 1, 20), change(2, 2, 30)];
    let (registry, _) = Registry::begin(genesis(102), &block(102, changes)).expect("a deployment");
    assert_eq!(powers(&registry, 0), [(0, 10), (1, 20)]);
    assert_eq!(powers(&registry, 1), [(0, 10), (1, 20)]);
    let error = EpochError::NotYet { epoch: Epoch(2), needs: 110, newest: 102 };
    assert_eq!(registry.set(Epoch(2)), Err(error));
}

#[test]
fn r3_a_set_that_is_fixed_is_not_changed() {
    let mut registry = begun();
    let fixed = |number, effective, changeable| RegistryError::SetFixed {
        number,
        effective: Epoch(effective),
        changeable: Epoch(changeable),
    };
    refused(&registry, &block(103, vec![change(0, 0, 5)]), fixed(103, 0, 2));
    refused(&registry, &block(103, vec![change(2, 0, 5), change(1, 0, 5)]), fixed(103, 1, 2));
    advance(&mut registry, 109);
    refused(&registry, &block(110, vec![change(2, 0, 5)]), fixed(110, 2, 3));
}

#[test]
fn r3_all_changes_have_one_lag() {
    let (number, effective, changeable) = (103, Epoch(3), Epoch(2));
    let error = RegistryError::BeyondLag { number, effective, changeable };
    refused(&begun(), &block(103, vec![change(3, 0, 5)]), error);
}

#[test]
fn r3_a_change_takes_effect_in_the_second_epoch_after_it() {
    let mut registry = begun();
    registry.apply(&block(103, vec![change(2, 2, 7), change(2, 0, 11)])).expect("good");
    registry.apply(&block(104, vec![change(2, 1, 0), change(2, 0, 12)])).expect("good");
    advance(&mut registry, 109);
    assert!(registry.set(Epoch(2)).is_err(), "epoch 1 has not begun");
    advance(&mut registry, 110);
    assert_eq!(powers(&registry, 1), [(0, 10), (1, 10)]);
    assert_eq!(powers(&registry, 2), [(0, 12), (2, 7)], "the last change of a place counts");
    let joined = registry.set(Epoch(2)).expect("fixed");
    let validator = joined.get(place(2)).expect("it joined");
    assert_eq!((validator.operator, validator.consensus_key), (Address::repeat_byte(2), key(2)));
    assert_eq!(validator.fee_recipient, Address::repeat_byte(0x82));
    assert!(Arc::ptr_eq(&joined, &registry.set(Epoch(2)).expect("fixed")), "a new set is kept ready");
}

#[test]
fn r3_the_sets_of_all_past_epochs_are_kept() {
    let mut registry = begun();
    for epoch in 0..40 {
        registry.apply(&block(registry.newest().number + 1, vec![change(epoch + 2, 0, epoch + 100)])).expect("good");
        advance(&mut registry, 110 + 10 * epoch);
    }
    assert_eq!(powers(&registry, 1), [(0, 10), (1, 10)]);
    for epoch in 0..40 {
        assert_eq!(powers(&registry, epoch + 2), [(0, epoch + 100), (1, 10)]);
    }
    assert_eq!(held(&registry, "holders"), 41 + 1, "one for each place and change");
}

#[test]
fn r3_the_newest_sets_are_kept_ready_and_no_more() {
    let mut registry = begun();
    let newest = 2 * SETS_READY;
    advance(&mut registry, 100 + 10 * (newest - 1));
    let is_ready = |epoch| {
        let twice = [(); 2].map(|()| registry.set(Epoch(epoch)).expect("fixed"));
        Arc::ptr_eq(&twice[0], &twice[1])
    };
    let ready: Vec<u64> = (0..=newest).filter(|epoch| is_ready(*epoch)).collect();
    assert_eq!(ready, (newest - SETS_READY + 1..=newest).collect::<Vec<_>>());
    assert_eq!(held(&registry, "sets"), SETS_READY);
}

#[test]
fn r4_blocks_come_in_their_order() {
    let registry = begun();
    refused(&registry, &block(104, Vec::new()), RegistryError::Gap { number: 104, expected: 103 });
    let stray = L1Block { parent_hash: hash(7), ..block(103, Vec::new()) };
    let error = RegistryError::WrongParent { number: 103, parent: hash(7), known: hash(102) };
    refused(&registry, &stray, error);
}

#[test]
fn r4_a_final_block_that_became_another_one_is_named() {
    let mut registry = begun();
    advance(&mut registry, 120);
    let other = L1Block { hash: hash(7), ..block(111, Vec::new()) };
    let error = RegistryError::Reorganized { number: 111, known: hash(111), hash: hash(7) };
    refused(&registry, &other, error);
}

#[test]
fn r4_a_known_block_that_comes_again_changes_nothing() {
    let mut registry = begun();
    registry.apply(&block(103, vec![change(2, 0, 7)])).expect("good");
    let before = registry.clone();
    assert_eq!(registry.apply(&block(103, vec![change(2, 0, 9)])), Ok(Vec::new()));
    assert_eq!(registry, before);
}

#[test]
fn r2_another_l1_is_noticed_at_the_genesis_origin() {
    let registry = begun();
    let other = L1Block { hash: hash(7), ..block(103, Vec::new()) };
    let error = RegistryError::NotGenesisOrigin { number: 103, hash: hash(7), genesis: hash(103) };
    refused(&registry, &other, error);
}

#[test]
fn r6_the_newest_blocks_are_kept_and_no_more() {
    let mut registry = begun();
    let newest = 102 + ORIGINS_KEPT;
    advance(&mut registry, newest - 1);
    assert_eq!(registry.origin(102).map(|origin| origin.id()), Some(L1Origin { number: 102, hash: hash(102) }));
    advance(&mut registry, newest);
    assert_eq!(registry.origin(102), None);
    assert_eq!(registry.origin(103).map(|origin| origin.prevrandao), Some(block(103, Vec::new()).prevrandao));
    assert_eq!(registry.origin(newest), Some(registry.newest()));
    assert_eq!(registry.origin(newest + 1), None);
    assert_eq!(held(&registry, "l1 blocks"), ORIGINS_KEPT);
    refused(&registry, &block(102, Vec::new()), RegistryError::Forgotten { number: 102, oldest: 103 });
}

/// The seed of an epoch is made of the randomness of this block.
#[track_caller]
fn seeded_by(registry: &Registry, epoch: u64, number: u64) {
    let parts: [&[u8]; 4] =
        [b"rota/leader", &ROLLUP.to_be_bytes(), &epoch.to_be_bytes(), &block(number, Vec::new()).prevrandao.0];
    assert_eq!(registry.leader_seed(Epoch(epoch)), Ok(keccak256(parts.concat())), "epoch {epoch}");
}

#[test]
fn r5_a_seed_waits_for_the_middle_of_the_epoch_before() {
    let mut registry = begun();
    let not_yet = |epoch, needs, newest| Err(EpochError::NotYet { epoch: Epoch(epoch), needs, newest });
    assert_eq!(registry.leader_seed(Epoch(0)), not_yet(0, 103, 102));
    assert_eq!(registry.leader_seed(Epoch(1)), not_yet(1, 105, 102));
    advance(&mut registry, 114);
    seeded_by(&registry, 0, 103);
    seeded_by(&registry, 1, 105);
    assert_eq!(registry.leader_seed(Epoch(2)), not_yet(2, 115, 114));
    advance(&mut registry, 115);
    seeded_by(&registry, 2, 115);
    assert_eq!(registry.leader_seed(Epoch(3)), not_yet(3, 125, 115));
}

#[test]
fn r5_where_the_genesis_origin_lies_later_it_seeds() {
    for (origin, epochs) in [(105, 0..=1), (109, 0..=1), (124, 0..=2), (125, 0..=3)] {
        let (mut registry, _) =
            Registry::begin(genesis(origin), &block(102, vec![change(0, 0, 10)])).expect("a deployment");
        advance(&mut registry, 150);
        let next = epochs.end() + 1;
        for epoch in epochs {
            seeded_by(&registry, epoch, origin);
        }
        seeded_by(&registry, next, 100 + 10 * (next - 1) + 5);
    }
}

#[test]
fn r5_a_seed_is_these_bytes() {
    let mut registry = begun();
    advance(&mut registry, 115);
    // By cast: keccak of "rota/leader", 7682 and 2 in 8 bytes each, and keccak of "randomness of block 115".
    let expected = hex!("776bd9327f686c06f9c848a4cf78d1cda581ed6cdc929d1f03ec4a6e0054b8df");
    assert_eq!(registry.leader_seed(Epoch(2)), Ok(expected.into()));
}

#[test]
fn r5_seeds_of_epochs_long_past_are_forgotten_by_name() {
    let mut registry = begun();
    let kept = u64::try_from(SEEDS_KEPT).expect("small");
    // The middles of epochs 0 to kept - 1 seed epochs 1 to kept.
    advance(&mut registry, 100 + 10 * (kept - 1) + 5);
    seeded_by(&registry, 1, 105);
    advance(&mut registry, 100 + 10 * kept + 5);
    let error = EpochError::Forgotten { epoch: Epoch(1), oldest: Epoch(2) };
    assert_eq!(registry.leader_seed(Epoch(1)), Err(error));
    seeded_by(&registry, 2, 115);
    seeded_by(&registry, 0, 103);
    assert_eq!(held(&registry, "seeds"), kept);
}

#[test]
fn r7_a_key_that_could_not_sign_leaves_its_place_empty() {
    let mut registry = begun();
    let warnings = registry.apply(&block(103, vec![bad_key(2, 1, 30), change(2, 2, 5)])).expect("good");
    let [Warning::BadKey { place: at, effective: Epoch(2), .. }] = warnings[..] else { panic!("{warnings:?}") };
    assert_eq!(at, place(1));
    advance(&mut registry, 110);
    assert_eq!(powers(&registry, 2), [(0, 10), (2, 5)]);
    let leaves = registry.apply(&block(111, vec![bad_key(3, 1, 0)])).expect("good");
    assert_eq!(leaves, [], "leaving needs no key");
}

#[test]
fn r7_a_key_in_two_places_votes_in_the_lower_one() {
    let mut registry = begun();
    let copy = ValidatorChange { consensus_key: key(1).to_bytes().into(), ..change(2, 5, 30) };
    assert_eq!(registry.apply(&block(103, vec![copy])), Ok(Vec::new()));
    let shared =
        Warning::SharedKey { place: place(5), holder: place(1), key: key(1).to_bytes().into(), epoch: Epoch(2) };
    assert_eq!(advance(&mut registry, 110), [shared]);
    assert_eq!(powers(&registry, 2), [(0, 10), (1, 10)]);
    registry.apply(&block(111, vec![change(3, 1, 0)])).expect("good");
    advance(&mut registry, 120);
    assert_eq!(powers(&registry, 3), [(0, 10), (5, 30)], "once it is free");
}

#[test]
fn r8_an_epoch_without_voters_has_no_set_and_the_next_may_have_one() {
    let mut registry = begun();
    let changes = vec![change(2, 0, 0), change(2, 1, 0), bad_key(2, 2, 50)];
    let warnings = registry.apply(&block(103, changes)).expect("good");
    assert!(matches!(warnings[..], [Warning::BadKey { .. }]), "{warnings:?}");
    assert_eq!(advance(&mut registry, 110), [Warning::NoVoters(Epoch(2))]);
    assert_eq!(registry.set(Epoch(2)), Err(EpochError::NoVoters(Epoch(2))));
    assert_eq!(powers(&registry, 1), [(0, 10), (1, 10)], "the epoch before keeps its set");
    assert_eq!(registry.apply(&block(111, vec![change(3, 3, 9)])), Ok(Vec::new()), "it is said once");
    advance(&mut registry, 120);
    assert_eq!(registry.set(Epoch(2)), Err(EpochError::NoVoters(Epoch(2))));
    assert_eq!(powers(&registry, 3), [(3, 9)]);
}

/// The contract's hash over changes, in plain words: seven of 32 bytes a change, the first one filled up with zeros.
fn hashed(changes: &[ValidatorChange]) -> ChangeHash {
    changes.iter().fold(ChangeHash::ZERO, |before, change| {
        let number = |number: u64| [&[0; 24][..], &number.to_be_bytes()].concat();
        let words = [
            [&before[..], &[0; 12]].concat(),
            number(change.effective_epoch.0),
            number(change.place.number().into()),
            change.operator.into_word().to_vec(),
            change.consensus_key.to_vec(),
            number(change.power.0),
            change.fee_recipient.into_word().to_vec(),
        ];
        ChangeHash::from_slice(&keccak256(words.concat())[..20])
    })
}

fn told(block: L1Block, change_hash: ChangeHash) -> L1Block {
    L1Block { change_hash: Some(change_hash), ..block }
}

#[test]
fn r10_changes_that_are_not_the_contracts_are_refused_where_their_epoch_is_fixed() {
    let all = [change(0, 0, 10), change(0, 1, 10), change(2, 2, 7), change(2, 0, 8), change(3, 1, 0)];
    let mut registry = begun();
    registry.apply(&block(103, all[2..4].to_vec())).expect("good");
    advance(&mut registry, 109);
    let first = block(110, all[4..].to_vec());
    // A log that was held back, one that was made up, another order, and one too early.
    let more = [&all[..4], &[change(2, 3, 1)]].concat();
    for other in [hashed(&all[..3]), hashed(&more), hashed(&[all[1].clone(), all[0].clone()]), hashed(&all)] {
        let (number, ours) = (110, hashed(&all[..4]));
        let error = RegistryError::OtherChanges { number, epoch: Epoch(2), ours, contract: other };
        refused(&registry, &told(first.clone(), other), error);
    }
    registry.apply(&told(first, hashed(&all[..4]))).expect("what the contract says");
    // All through the epoch the contract says the same.
    registry.apply(&told(block(111, Vec::new()), hashed(&all[..4]))).expect("what the contract says");
    advance(&mut registry, 119);
    registry.apply(&told(block(120, Vec::new()), hashed(&all))).expect("what the contract says");
}

#[test]
fn r10_seeds_that_are_not_the_contracts_are_refused() {
    let seeds = vec![change(0, 0, 10), change(0, 1, 10)];
    let opening = block(102, [seeds.clone(), vec![change(2, 0, 3)]].concat());
    assert!(Registry::begin(genesis(103), &told(opening.clone(), hashed(&seeds))).is_ok());
    let (ours, contract) = (hashed(&seeds), hashed(&seeds[..1]));
    let error = RegistryError::OtherChanges { number: 102, epoch: Epoch(1), ours, contract };
    assert_eq!(Registry::begin(genesis(103), &told(opening, contract)).expect_err("other seeds"), error);
}

#[test]
fn r10_the_hash_goes_on_after_a_restart() {
    let mut registry = begun();
    let changes = [change(0, 0, 10), change(0, 1, 10), change(2, 2, 7)];
    registry.apply(&block(103, changes[2..].to_vec())).expect("good");
    advance(&mut registry, 109);
    let mut restored = Registry::decode(genesis(103), &registry.encode()).expect("its own bytes");
    restored.apply(&told(block(110, Vec::new()), hashed(&changes))).expect("what the contract says");
}
