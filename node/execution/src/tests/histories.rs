//! Random histories with branches, drops and finalizations: the state root against one from scratch, the records of
//! the store against those of a fresh trie.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use serde_json::json;

use super::{
    contracts::{DESTROY, STORE, deploying, store_input},
    world::{Draft, Key, Random, World, calling, creating, draft, root_from_scratch},
};
use crate::{
    MemoryState, StateView,
    trie::{self, AccountEdit, Child, Edit, SlotEdit},
};

const STORES: [Address; 3] = [Address::repeat_byte(0xc1), Address::repeat_byte(0xc2), Address::repeat_byte(0xc3)];

fn world() -> World {
    let code = format!("0x{}", alloy_primitives::hex::encode(STORE));
    let stores: serde_json::Map<_, _> = STORES
        .into_iter()
        .map(|address| (address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code })))
        .collect();
    World::with(&stores.into())
}

/// Transactions that touch few slots and accounts again and again.
fn pool(world: &World, at: B256, random: &mut Random) -> Vec<std::sync::Arc<rota_proto::Transaction>> {
    let state = world.execution.state(&world.memory, &at).unwrap();
    let mut nonces = BTreeMap::new();
    let mut pool = Vec::new();
    for _ in 0..random.below(12) {
        let key = Key::new(random.below(10));
        let known = state.account(&key.address).unwrap().unwrap().nonce;
        let nonce: &mut u64 = nonces.entry(key.address).or_insert(known);
        let store = STORES[usize::try_from(random.below(3)).unwrap()];
        let what = match random.below(8) {
            0..5 => calling(
                *nonce,
                store,
                store_input(random.below(12), [0, 1, random.next()][usize::try_from(random.below(3)).unwrap()]),
            ),
            5 => creating(*nonce, deploying(&DESTROY)),
            6 => {
                // Destroys itself where it is created: push20 heir, selfdestruct.
                let heir = Address::left_padding_from(&[1, u8::try_from(random.below(3)).unwrap()]);
                creating(*nonce, [&[0x73][..], heir.as_slice(), &[0xff]].concat())
            }
            _ => {
                Draft { to: Some(key.address.create(*nonce + 1)), value: U256::from(random.below(2)), ..draft(*nonce) }
            }
        };
        pool.push(key.sends(&what));
        *nonce += 1;
    }
    pool
}

/// The state root of a live batch, from its flat state alone.
fn root_at(world: &World, at: &B256) -> B256 {
    let mut memory = world.memory.clone();
    let mut layers = world.execution.layers(at).unwrap();
    layers.reverse();
    for layer in layers {
        memory.apply(&layer);
    }
    root_from_scratch(&memory)
}

/// The store holds exactly the records of a trie made at once from its accounts and slots.
fn check_records(memory: &MemoryState) {
    let edits = memory.accounts().map(|(address, account)| {
        let own = memory.slots().filter(|((owner, _), _)| owner == address);
        AccountEdit::new(*address, Some(*account), own.map(|((_, slot), value)| SlotEdit::new(*slot, *value)).collect())
    });
    let mut edits: Vec<_> = edits.collect();
    edits.sort_by(|a, b| a.key().cmp(b.key()));
    let fresh = trie::update(&MemoryState::default(), &Child::Empty, (1, 0), &edits).unwrap();
    let fresh: Vec<_> = fresh.nodes.into_iter().map(|(key, record)| (key, record.unwrap())).collect();
    let stored: Vec<_> = memory.nodes().map(|(key, record)| (*key, record.clone())).collect();
    assert_eq!(stored, fresh, "no record is missing and none is left over");
}

/// Rule X16.
#[test]
fn roots_and_records_of_random_histories_agree_with_those_from_scratch() {
    let seed = 0x0015_7041;
    let mut random = Random(seed);
    let (mut batches, mut finals, mut dropped) = (0, 0, 0);
    for _ in 0..6 {
        let mut world = world();
        let mut live = vec![world.genesis_hash()];
        for _ in 0..60 {
            let parent = live[usize::try_from(random.below(live.len() as u64)).unwrap()];
            let pool = pool(&world, parent, &mut random);
            let built = world.build(parent, &pool);
            let hash = built.executed.header().hash();
            assert_eq!(built.executed.header().header().state_root, root_at(&world, &hash));
            live.push(hash);
            batches += 1;
            if random.below(4) > 0 {
                continue;
            }
            let winner = live[usize::try_from(random.below(live.len() as u64)).unwrap()];
            world.finalize(winner);
            let before = live.len();
            live.retain(|hash| world.execution.layers(hash).is_ok());
            dropped += before - live.len();
            finals += 1;
            assert_eq!(world.execution.head().header().state_root, root_from_scratch(&world.memory));
            check_records(&world.memory);
        }
    }
    println!("seed {seed:#x}: {batches} batches, {finals} finalizations, {dropped} dropped");
    assert!(batches > 0 && finals > 0 && dropped > 0);
}

#[test]
fn two_runs_of_one_history_give_the_same_bytes() {
    let history = || {
        let mut random = Random(99);
        let mut world = world();
        for _ in 0..10 {
            let head = world.execution.head().hash();
            let pool = pool(&world, head, &mut random);
            world.run(&pool);
        }
        let changes: Vec<_> = world.memory.nodes().map(|(key, record)| (key.encode(), record.clone())).collect();
        (world.execution.head().encode(), changes)
    };
    assert_eq!(history(), history());
}

#[test]
fn slot_of_a_contract_that_never_was_reads_zero() {
    let world = world();
    assert_eq!(world.memory.slot(&Address::ZERO, &U256::ZERO).unwrap(), U256::ZERO);
}
