use alloy_consensus::Header;
use alloy_primitives::{Address, U256};

use super::world::{BENEFICIARY, GWEI, Key, VAULT, World, draft};
use crate::{ChainRules, limits::BASE_FEE_MAX};

const RULES: ChainRules = ChainRules {
    chain_id: 1,
    gas_limit: 30_000_000,
    base_fee_denominator: 250,
    elasticity: 2,
    minimum_base_fee_wei: 1_000,
    vault: Address::ZERO,
};

#[track_caller]
fn check(rules: &ChainRules, gas_used: u64, base_fee: u64, expected: u64) {
    let parent = Header { gas_used, base_fee_per_gas: Some(base_fee), ..Header::default() };
    assert_eq!(rules.next_base_fee(&parent), expected, "after {gas_used} gas at {base_fee}");
}

#[test]
fn base_fee_follows_the_parents_gas() {
    let table = [
        (15_000_000, 1_000_000_000, 1_000_000_000), // at the target it rests
        (30_000_000, 1_000_000_000, 1_004_000_000), // full: up by 1/250
        (0, 1_000_000_000, 996_000_000),            // empty: down by 1/250
        (22_500_000, 1_000_000_000, 1_002_000_000), // half-way up
        (7_500_000, 1_000_000_000, 998_000_000),    // half-way down
        (15_000_001, 1_000, 1_001),                 // at least one wei up
        (0, 1_000, 1_000),                          // never below the minimum
        (0, 1_001, 1_000),
        (30_000_000, BASE_FEE_MAX, BASE_FEE_MAX), // never above the maximum
    ];
    for (gas_used, base_fee, expected) in table {
        check(&RULES, gas_used, base_fee, expected);
    }
}

#[test]
fn base_fee_obeys_the_numbers_of_genesis() {
    let ethereum = ChainRules { base_fee_denominator: 8, ..RULES };
    check(&ethereum, 30_000_000, 1_000_000_000, 1_125_000_000);
    check(&ethereum, 0, 1_000_000_000, 875_000_000);
    let steep = ChainRules { base_fee_denominator: 1, elasticity: 16, ..RULES };
    check(&steep, 30_000_000, BASE_FEE_MAX, BASE_FEE_MAX);
    check(&steep, 30_000_000, 1_000, 16_000);
    let flat = ChainRules { elasticity: 1, ..RULES };
    check(&flat, 30_000_000, 1_000_000_000, 1_000_000_000);
}

#[test]
fn base_fee_goes_to_the_vault_and_the_tip_to_the_beneficiary() {
    let mut world = World::new();
    let (first, second) = (Key::new(0), Key::new(1));
    let before = world.supply();
    let sent = world.account(first.address).balance;
    let batch = world.run(&[first.sends(&draft(0)), first.sends(&draft(1)), second.sends(&draft(0))]);
    let base_fee = U256::from(batch.header().header().base_fee_per_gas.unwrap());
    assert_eq!(base_fee, U256::from(996_000_000), "genesis was empty");
    let gas = U256::from(3 * 21_000);
    assert_eq!(world.account(VAULT).balance, gas * base_fee);
    assert_eq!(world.account(BENEFICIARY).balance, gas * U256::from(GWEI));
    assert_eq!(batch.receipts()[0].effective_gas_price_wei, GWEI + 996_000_000);
    let paid = U256::from(2 * 21_000) * (base_fee + U256::from(GWEI)) + U256::from(2);
    assert_eq!(sent - world.account(first.address).balance, paid);
    assert_eq!(world.supply(), before, "no coin comes or goes");
}

#[test]
fn vault_is_credited_after_the_last_transaction() {
    let mut world = World::new();
    world.run(&[Key::new(0).sends(&draft(0))]);
    let credited = world.account(VAULT).balance;
    // sstore(0, balance(vault))
    let read = [0x73].into_iter().chain(VAULT).chain([0x31, 0x5f, 0x55]).collect::<Vec<_>>();
    let creation = super::world::creating(1, read);
    let batch = world.run(&[Key::new(0).sends(&creation)]);
    let contract = batch.receipts()[0].contract.unwrap();
    assert_eq!(world.slot(contract, U256::ZERO), credited, "inside the batch only earlier batches' fees are there");
    assert!(world.account(VAULT).balance > credited);
}

#[test]
fn empty_batch_credits_nothing() {
    let mut world = World::new();
    let batch = world.run(&[]);
    assert!(batch.changes().account(&VAULT).is_none());
    assert!(batch.changes().account(&BENEFICIARY).is_none());
}
