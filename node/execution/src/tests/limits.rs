//! Each limit, at it and one past it.

use alloy_primitives::{Address, B256, U256};

use super::world::{Draft, GWEI, Key, World, creating, draft};
use crate::{
    ExecutionError, Unready,
    limits::{CODE_CACHE_BYTES_MAX, CODE_CACHE_ENTRY_BYTES, MISFITS_MAX, UNFINAL_BATCHES_MAX, UNFINAL_DEPTH_MAX},
    working::{CodeCache, analyse},
};

#[test]
fn depth_above_the_last_final_batch_has_its_limit() {
    let mut world = World::new();
    let mut at = world.genesis_hash();
    for _ in 0..UNFINAL_DEPTH_MAX {
        at = world.build(at, &[]).executed.header().hash();
    }
    let environment = world.environment(at);
    let refused = world.build_in(&environment, &Default::default(), &[]).map(drop);
    let expected = Unready::TooDeep { height: UNFINAL_DEPTH_MAX + 1, last_final: 0 };
    assert_eq!(refused, Err(ExecutionError::Unready(expected)));
    world.finalize(at);
    assert_eq!(world.execution.head().height().0, UNFINAL_DEPTH_MAX);
    assert!(world.build_in(&environment, &Default::default(), &[]).is_ok());
}

#[test]
fn number_of_unfinal_batches_has_its_limit() {
    let mut world = World::new();
    let mut environment = world.environment(world.genesis_hash());
    for number in 0..UNFINAL_BATCHES_MAX {
        environment.beneficiary = Address::left_padding_from(&number.to_be_bytes());
        world.build_in(&environment, &Default::default(), &[]).unwrap();
    }
    environment.beneficiary = Address::repeat_byte(1);
    let refused = world.build_in(&environment, &Default::default(), &[]).map(drop);
    assert_eq!(refused, Err(ExecutionError::Unready(Unready::TooMany)));
}

/// A batch of 10 million gas: one that is placed first, so many that name more gas than is left, and a small last one.
/// How many of them are placed.
fn placed_among_misfits(first: Draft, misfits: usize, gas_limit: u64) -> usize {
    let mut json = super::world::genesis_json(misfits as u64 + 2, &serde_json::json!({}));
    json["gasLimit"] = "0x989680".into();
    let mut world = World::at(crate::Genesis::parse(&json.to_string()).unwrap());
    let first = Key::new(0).sends(&Draft { tip: 3 * GWEI, ..first });
    let last = Key::new(1).sends(&Draft { tip: 1, ..draft(0) });
    let mut all = vec![first, last];
    let misfit = |number| Key::new(2 + number).sends(&Draft { gas_limit, value: U256::ZERO, ..draft(0) });
    all.extend((0..misfits as u64).map(misfit));
    world.build(world.genesis_hash(), &all).body.0.len()
}

#[test]
fn senders_passed_over_for_room_have_their_limit_when_room_is_scarce() {
    // What halts burns all its gas: less than an eighth of the batch is left.
    let burns = Draft { gas_limit: 8_800_000, ..creating(0, vec![0xfe]) };
    assert_eq!(placed_among_misfits(burns.clone(), MISFITS_MAX - 1, 1_210_000), 2);
    assert_eq!(placed_among_misfits(burns, MISFITS_MAX, 1_210_000), 1);
}

#[test]
fn senders_that_name_the_gas_of_a_whole_batch_keep_nobody_out() {
    assert_eq!(placed_among_misfits(draft(0), MISFITS_MAX + 1, 9_980_000), 2);
}

#[test]
fn cache_of_code_counts_what_each_takes_beside_its_bytes() {
    let mut cache = CodeCache::new();
    let most = CODE_CACHE_BYTES_MAX / (CODE_CACHE_ENTRY_BYTES + 3);
    for number in 0..most as u64 + 2 {
        let code = analyse(vec![0; 3].into()).unwrap();
        cache.insert(B256::left_padding_from(&number.to_be_bytes()), code);
        assert_eq!(cache.len(), most.min(usize::try_from(number).unwrap() + 1));
    }
}
