//! Each limit, at it and one past it.

use alloy_primitives::{Address, U256};

use super::world::{Draft, GWEI, Key, World, draft};
use crate::{
    ExecutionError, Unready,
    limits::{MISFITS_MAX, UNFINAL_BATCHES_MAX, UNFINAL_DEPTH_MAX},
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

#[test]
fn senders_passed_over_for_room_have_their_limit() {
    let mut json = super::world::genesis_json(MISFITS_MAX as u64 + 2, &serde_json::json!({}));
    json["gasLimit"] = "0x989680".into(); // 10 million
    let genesis = crate::Genesis::parse(&json.to_string()).unwrap();
    for (misfits, expected) in [(MISFITS_MAX - 1, 2), (MISFITS_MAX, 1)] {
        let mut world = World::at(genesis.clone());
        let first = Key::new(0).sends(&Draft { tip: 3 * GWEI, ..draft(0) });
        let last = Key::new(1).sends(&Draft { tip: 1, ..draft(0) });
        let mut all = vec![first, last];
        all.extend(
            (0..misfits as u64).map(|number| {
                Key::new(2 + number).sends(&Draft { gas_limit: 9_980_000, value: U256::ZERO, ..draft(0) })
            }),
        );
        let built = world.build(world.genesis_hash(), &all);
        assert_eq!(built.body.0.len(), expected, "{misfits} misfits");
    }
}
