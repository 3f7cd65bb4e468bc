//! Live batches: branches, finality, and what is read through them.

use alloy_primitives::{Address, B256, U256};
use serde_json::json;

use super::world::{Draft, Key, World, draft};
use crate::{ExecutedBatch, ExecutionError, StateError, StateView, Unready, limits::UNFINAL_DEPTH_MAX};

const FRIEND: Address = Address::repeat_byte(0x42);

/// A payment of this many wei to a friend.
fn pays(nonce: u64, wei: u64) -> std::sync::Arc<rota_proto::Transaction> {
    Key::new(0).sends(&Draft { to: Some(FRIEND), value: U256::from(wei), ..draft(nonce) })
}

fn friends_balance(world: &World, at: B256) -> U256 {
    let state = world.execution.state(&world.memory, &at).unwrap();
    state.account(&FRIEND).unwrap().unwrap_or_default().balance
}

#[test]
fn batch_that_was_never_executed_cannot_be_final() {
    let mut world = World::new();
    let unknown = B256::repeat_byte(7);
    assert_eq!(world.execution.finalize(&unknown).map(drop), Err(Unready::Unknown(unknown)));
    assert_eq!(world.execution.layers(&unknown).map(drop), Err(Unready::Unknown(unknown)));
    assert_eq!(world.execution.next_base_fee(&unknown), Err(Unready::Unknown(unknown)));
}

/// Rule X15.
#[test]
fn view_of_another_batch_is_refused() {
    let mut world = World::new();
    let first = world.build(world.genesis_hash(), &[]).executed.header().hash();
    let stale = world.memory.clone();
    world.execution.finalize(&first).unwrap();
    world.memory = stale;
    let environment = world.environment(first);
    let refused = world.build_in(&environment, &Default::default(), &[]).map(drop);
    let expected = StateError::OtherHead { height: 1, expected: first, found: None };
    assert_eq!(refused, Err(ExecutionError::State(expected)));
}

/// Rule X14.
#[test]
fn stray_is_forgotten_unless_another_stands_on_it() {
    let mut world = World::new();
    let genesis = world.genesis_hash();
    let parent = world.build(genesis, &[pays(0, 5)]).executed.header().hash();
    let child = world.build(parent, &[pays(1, 5)]);
    let hash = child.executed.header().hash();
    world.execution.forget(&parent);
    assert!(world.execution.unfinal(&parent).is_some(), "its child is live");
    world.execution.forget(&hash);
    assert_eq!(world.execution.finalize(&hash).map(drop), Err(Unready::Unknown(hash)));
    let again = world.check(child.executed.header().header(), &child.body).unwrap();
    assert_eq!(again.header(), child.executed.header());
    world.finalize(hash);
}

#[test]
fn final_batch_is_final_again_without_effect() {
    let mut world = World::new();
    let genesis = world.genesis_hash();
    assert!(world.execution.finalize(&genesis).unwrap().is_empty());
    let first = world.run(&[pays(0, 5)]).header().hash();
    assert!(world.execution.finalize(&first).unwrap().is_empty());
}

/// Rule X14.
#[test]
fn branches_do_not_see_each_other() {
    let mut world = World::new();
    let genesis = world.genesis_hash();
    let left = world.build(genesis, &[pays(0, 5)]).executed.header().hash();
    let right = world.build(genesis, &[pays(0, 7)]).executed.header().hash();
    let left_more = world.build(left, &[pays(1, 10)]).executed.header().hash();
    let right_more = world.build(right, &[pays(1, 20)]).executed.header().hash();
    let balances = [genesis, left, right, left_more, right_more].map(|at| friends_balance(&world, at));
    assert_eq!(balances, [0, 5, 7, 15, 27].map(U256::from));
    assert!(world.memory.account(&FRIEND).unwrap().is_none(), "nothing is final yet");
}

/// Rule X14.
#[test]
fn losing_branch_is_dropped_and_the_winning_one_lives_on() {
    let mut world = World::new();
    let genesis = world.genesis_hash();
    let left = world.build(genesis, &[pays(0, 5)]).executed.header().hash();
    let right = world.build(genesis, &[pays(0, 7)]).executed.header().hash();
    let left_more = world.build(left, &[pays(1, 10)]).executed.header().hash();
    let right_more = world.build(right, &[pays(1, 20)]).executed.header().hash();
    world.finalize(left);
    assert_eq!(world.execution.head().hash(), left);
    for lost in [genesis, right, right_more] {
        assert_eq!(world.execution.layers(&lost).map(drop), Err(Unready::Unknown(lost)));
    }
    assert_eq!(friends_balance(&world, left_more), U256::from(15));
    let last = world.build(left_more, &[pays(2, 100)]).executed.header().hash();
    world.finalize(last);
    assert_eq!(world.account(FRIEND).balance, U256::from(115));
    assert!(world.execution.unfinal(&left_more).is_none());
}

/// Rule X14.
#[test]
fn several_batches_become_final_at_once_oldest_first() {
    let mut world = World::new();
    let mut at = world.genesis_hash();
    let mut built = Vec::new();
    for nonce in 0..4 {
        at = world.build(at, &[pays(nonce, 1)]).executed.header().hash();
        built.push(at);
    }
    let path = world.execution.finalize(&at).unwrap();
    assert_eq!(path.iter().map(|batch| batch.header().hash()).collect::<Vec<_>>(), built);
    for batch in path {
        world.memory.apply(&batch);
    }
    assert_eq!(world.account(FRIEND).balance, U256::from(4));
    assert!(world.execution.layers(&at).unwrap().is_empty());
}

/// Rule X14: as many as may be unfinal become final at once, on a node that executes what another built; one more has
/// to wait for that.
#[test]
fn as_many_batches_as_may_be_unfinal_become_final_at_once() {
    let mut builder = World::new();
    let mut world = builder.second();
    let built: Vec<_> = (0..=UNFINAL_DEPTH_MAX).map(|nonce| builder.run(&[pays(nonce, 1)])).collect();
    let check = |world: &mut World, batch: &ExecutedBatch| {
        let body = rota_proto::BatchBody::of(batch.batch().transactions());
        world.check(batch.header().header(), &body).map(drop)
    };
    let [deep @ .., too_deep] = built.as_slice() else { unreachable!("some were built") };
    for batch in deep {
        check(&mut world, batch).unwrap();
    }
    let expected = Unready::TooDeep { height: UNFINAL_DEPTH_MAX + 1, last_final: 0 };
    assert_eq!(check(&mut world, too_deep), Err(ExecutionError::Unready(expected)));
    let last = deep.last().unwrap().header().hash();
    let path = world.execution.finalize(&last).unwrap();
    assert_eq!(path.len() as u64, UNFINAL_DEPTH_MAX);
    for batch in path {
        world.memory.apply(&batch);
    }
    check(&mut world, too_deep).unwrap();
}

#[test]
fn state_reads_the_same_while_its_view_moves_on() {
    let mut world = World::new();
    let first = world.build(world.genesis_hash(), &[pays(0, 5)]).executed.header().hash();
    let second = world.build(first, &[pays(1, 10)]).executed.header().hash();
    let layers = world.execution.layers(&second).unwrap();
    let mut ahead = world.memory.clone();
    for batch in world.execution.finalize(&first).unwrap() {
        ahead.apply(&batch);
    }
    for view in [&world.memory, &ahead] {
        let state = crate::State::unfinal(view, layers.clone());
        assert_eq!(state.account(&FRIEND).unwrap().unwrap().balance, U256::from(15));
        assert_eq!(state.block_hash(1).unwrap(), Some(first));
        assert_eq!(state.block_hash(2).unwrap(), Some(second));
        assert_eq!(state.block_hash(3).unwrap(), None);
    }
}

/// Rule X14.
#[test]
fn batch_checked_again_is_the_one_that_is_there() {
    let mut world = World::new();
    let built = world.build(world.genesis_hash(), &[pays(0, 5)]);
    let header = built.executed.header().header().clone();
    let again = world.check(&header, &built.body).unwrap();
    assert!(std::sync::Arc::ptr_eq(&again, &built.executed));
}

/// Rule X16.
#[test]
fn restart_goes_on_from_the_store_alone() {
    let mut world = World::with(&json!({}));
    for nonce in 0..3 {
        world.run(&[pays(nonce, 1)]);
    }
    let mut restarted = world.second();
    let one = world.run(&[pays(3, 1)]);
    let two = restarted.run(&[pays(3, 1)]);
    assert_eq!(one.header(), two.header());
    assert_eq!(world.memory.nodes().collect::<Vec<_>>(), restarted.memory.nodes().collect::<Vec<_>>());
}

#[test]
fn root_of_given_changes_is_that_of_the_batch_that_made_them() {
    let mut world = World::new();
    let first = world.build(world.genesis_hash(), &[pays(0, 5)]).executed;
    let second = world.build(first.header().hash(), &[pays(1, 5)]).executed;
    for batch in [first, second] {
        let parent = batch.header().parent();
        let root = world.execution.state_root(&world.memory, &parent, batch.changes()).unwrap();
        assert_eq!(root, batch.header().header().state_root);
    }
    let unknown = B256::repeat_byte(7);
    let refused = world.execution.state_root(&world.memory, &unknown, &Default::default());
    assert_eq!(refused, Err(ExecutionError::Unready(Unready::Unknown(unknown))));
}
