//! What a leader builds.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256};
use rota_proto::{L1Origin, OrderKey, Transaction, limits::BODY_BYTES_MAX};

use super::{
    contracts::{DESTROY, REVERT, STORE, deploying, store_input, token, transfer_input},
    world::{BENEFICIARY, Draft, ETHER, GWEI, Key, Random, World, calling, creating, draft, genesis_json, l1},
};
use crate::{Budget, ExecutionError, Genesis, Invalid, NotExecutable, Unready};

#[test]
fn environment_that_allows_no_valid_batch_is_refused_by_name() {
    let mut world = World::new();
    let good = world.environment(world.genesis_hash());

    let early = crate::BatchEnvironment { timestamp: 999, ..good };
    let expected = Invalid::TimestampBeforeParent { header: 999, parent: 1_000 };
    assert_eq!(world.build_in(&early, &Budget::default(), &[]).map(drop), Err(ExecutionError::Invalid(expected)));

    let mut behind = good;
    behind.origin = l1(99);
    behind.extra.origin_number = 99;
    let expected = Invalid::OriginBehindParent { header: l1(99).origin, parent: l1(100).origin };
    assert_eq!(world.build_in(&behind, &Budget::default(), &[]).map(drop), Err(ExecutionError::Invalid(expected)));

    let mut mixed = good;
    mixed.extra.origin_number = 101;
    let header = L1Origin { number: 101, hash: l1(100).origin.hash };
    let expected = Invalid::Origin { header, given: l1(100).origin };
    assert_eq!(world.build_in(&mixed, &Budget::default(), &[]).map(drop), Err(ExecutionError::Invalid(expected)));

    let orphan = crate::BatchEnvironment { parent: B256::ZERO, ..good };
    let expected = ExecutionError::Unready(Unready::Unknown(B256::ZERO));
    assert_eq!(world.build_in(&orphan, &Budget::default(), &[]).map(drop), Err(expected));
}

/// Rule X6.
#[test]
fn highest_tip_goes_first_and_each_senders_nonces_rise() {
    let mut world = World::new();
    let tips = [[3, 9], [5, 1], [4, 4]];
    let mut transactions = Vec::new();
    for (number, tips) in (0..).zip(tips) {
        for (nonce, tip) in (0..).zip(tips) {
            transactions.push(Key::new(number).sends(&Draft { tip: tip * GWEI, max_fee: 20 * GWEI, ..draft(nonce) }));
        }
    }
    let built = world.build(world.genesis_hash(), &transactions);
    let tip = |transaction: &Arc<Transaction>| transaction.envelope().max_priority_fee_per_gas().unwrap() / GWEI;
    let order: Vec<_> = built.executed.batch().transactions().iter().map(tip).collect();
    assert_eq!(order, [5, 4, 4, 3, 9, 1]);
}

/// Rule X6.
#[test]
fn ties_are_broken_by_parent_and_hash() {
    let mut world = World::new();
    let transactions: Vec<_> = (0..8).map(|number| Key::new(number).sends(&draft(0))).collect();
    let parent = world.genesis_hash();
    let built = world.build(parent, &transactions);
    let placed = built.executed.batch().transactions();
    let key = |transaction| OrderKey::of(transaction, 996_000_000, parent).unwrap();
    assert!(placed.is_sorted_by(|a, b| key(a) > key(b)));
}

#[test]
fn what_cannot_run_is_named_and_its_sender_passed_over() {
    let mut world = World::new();
    let (gap, poor, fine) = (Key::new(0), Key::new(1), Key::new(2));
    let transactions = [
        gap.sends(&draft(1)),
        gap.sends(&draft(2)),
        poor.sends(&Draft { value: U256::from(2_000 * ETHER), ..draft(0) }),
        poor.sends(&draft(1)),
        fine.sends(&draft(0)),
    ];
    let built = world.build(world.genesis_hash(), &transactions);
    assert_eq!(built.executed.receipts().len(), 1);
    let mut refused: Vec<_> = built.refused.iter().map(|(transaction, reason)| (transaction.hash(), reason)).collect();
    refused.sort_by_key(|(hash, _)| *hash != transactions[0].hash());
    assert_eq!(refused.len(), 2, "of each sender one is named, the later ones may be fine another time");
    assert_eq!(refused[0].1, &NotExecutable::NonceTooHigh { transaction: 1, state: 0 });
    assert_eq!(refused[1].0, transactions[2].hash());
    assert!(matches!(refused[1].1, NotExecutable::InsufficientFunds { .. }));
}

#[test]
fn transactions_below_the_base_fee_wait() {
    let mut world = World::new();
    let low = Key::new(0).sends(&Draft { max_fee: 900_000_000, tip: 0, ..draft(0) });
    let built = world.build(world.genesis_hash(), &[low]);
    assert!(built.body.0.is_empty() && built.refused.is_empty());
}

#[test]
fn budget_of_transactions_bytes_and_gas_is_kept() {
    let keys: Vec<_> = (0..4).map(Key::new).collect();
    let all: Vec<_> = keys.iter().map(|key| key.sends(&draft(0))).collect();
    let built = |budget: Budget| {
        let mut world = World::new();
        let environment = world.environment(world.genesis_hash());
        world.build_in(&environment, &budget, &all).unwrap()
    };
    let limit = Budget::default();
    assert_eq!(built(Budget { transactions: 3, ..limit }).body.0.len(), 3);
    assert_eq!(built(Budget { gas: 2 * 21_000, ..limit }).body.0.len(), 2);
    assert_eq!(built(Budget { gas: 2 * 21_000 - 1, ..limit }).body.0.len(), 1);
    assert_eq!(built(Budget { gas: 20_999, ..limit }).body.0.len(), 0);
    let two = built(Budget { transactions: 2, ..limit }).body.encode().len();
    let exact = Budget { bytes: two + 2, ..limit }; // the budget counts 4 bytes for a list's header, here it has 2
    assert_eq!(built(exact).body.0.len(), 2);
    assert!(built(Budget { bytes: two + 1, ..limit }).body.0.len() < 2);
}

#[test]
fn body_never_exceeds_what_others_decode() {
    let mut json = genesis_json(1, &serde_json::json!({}));
    json["gasLimit"] = "0x5f5e100".into(); // 100 million, for 4 MiB of zeros take 42
    let mut world = World::at(Genesis::parse(&json.to_string()).unwrap());
    let key = Key::new(0);
    let big = |nonce| key.sends(&Draft { gas_limit: 1_300_000, ..calling(nonce, Address::ZERO, vec![0; 120_000]) });
    let transactions: Vec<_> = (0..40).map(big).collect();
    let built = world.build(world.genesis_hash(), &transactions);
    let length = built.body.encode().len();
    assert!(length <= BODY_BYTES_MAX && length + 120_000 > BODY_BYTES_MAX, "{length}");
    assert_eq!(built.executed.receipts().len(), 34);
    assert!(built.refused.is_empty());
    assert!(world.second().check(built.executed.header().header(), &built.body).is_ok());
}

#[test]
fn what_does_not_fit_makes_room_for_what_does() {
    let mut world = World::new();
    let large = Key::new(0).sends(&Draft { gas_limit: 29_990_000, tip: GWEI, ..draft(0) });
    let small = Key::new(1).sends(&Draft { tip: 2 * GWEI, ..draft(0) });
    let last = Key::new(2).sends(&Draft { tip: 1, ..draft(0) });
    let built = world.build(world.genesis_hash(), &[large, small.clone(), last.clone()]);
    let placed: Vec<_> = built.executed.batch().transactions().iter().map(|transaction| transaction.hash()).collect();
    assert_eq!(placed, [small.hash(), last.hash()]);
    assert!(built.refused.is_empty(), "it may fit another time");
}

#[test]
fn what_a_leader_builds_every_validator_accepts() {
    let seed = 0xB417_D5EE;
    let mut random = Random(seed);
    let mut leader = World::new();
    let (mut checker, mut transactions) = (leader.second(), 0);
    let mut nonces = [0; 10];
    let contracts: Vec<_> = (0..4).map(|nonce| Key::new(9).address.create(nonce)).collect();
    for (nonce, code) in [token(), deploying(&STORE), deploying(&REVERT), deploying(&DESTROY)].into_iter().enumerate() {
        let creation = Key::new(9).sends(&creating(u64::try_from(nonce).unwrap(), code));
        let batch = leader.run(&[creation]);
        checker.check(batch.header().header(), &body_of(&batch)).unwrap();
        checker.finalize(batch.header().hash());
        nonces[9] += 1;
    }
    for _ in 0..30 {
        let mut pool = Vec::new();
        for _ in 0..random.below(25) {
            let number = random.below(10);
            let nonce = &mut nonces[usize::try_from(number).unwrap()];
            let target = contracts[usize::try_from(random.below(4)).unwrap()];
            let other = Key::new(random.below(10)).address;
            let what = match random.below(6) {
                0 => calling(*nonce, target, transfer_input(other, random.below(2_000_000))),
                1 => calling(*nonce, target, store_input(random.below(4), random.below(2))),
                2 => creating(*nonce, deploying(&STORE)),
                3 => Draft {
                    kind: u8::try_from(random.below(3)).unwrap(),
                    ..calling(*nonce, target, other.into_word().0)
                },
                _ => Draft { to: Some(other), value: U256::from(random.next()), ..draft(*nonce) },
            };
            let tip = u128::from(random.below(5)) * GWEI;
            pool.push(Key::new(number).sends(&Draft { tip, max_fee: 9 * GWEI, ..what }));
            *nonce += 1;
        }
        let batch = leader.run(&pool);
        let header = batch.header();
        let checked = checker.check(header.header(), &body_of(&batch)).unwrap();
        assert_eq!((checked.receipts(), checked.changes()), (batch.receipts(), batch.changes()));
        assert_eq!(header.header().beneficiary, BENEFICIARY);
        checker.finalize(header.hash());
        transactions += pool.len();
    }
    assert_eq!(checker.execution.head(), leader.execution.head());
    println!("seed {seed:#x}: {transactions} transactions");
    assert!(transactions > 100);
}

fn body_of(batch: &crate::ExecutedBatch) -> rota_proto::BatchBody {
    rota_proto::BatchBody::of(batch.batch().transactions())
}
