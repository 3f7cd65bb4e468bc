//! Intrinsic gas against the EIPs' numbers and against revm.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, TxKind};
use proptest::{prelude::*, test_runner::TestRunner};
use revm::{context_interface::cfg::gas::calculate_initial_tx_gas, primitives::hardfork::SpecId};

use super::{Draft, Wallet};
use crate::GasNeeded;

#[track_caller]
fn check(draft: Draft, intrinsic: u64, floor: u64) {
    let transaction = Wallet::new(1).sign(draft);
    assert_eq!(GasNeeded::of(transaction.envelope()), GasNeeded { intrinsic, floor });
}

#[test]
fn each_part_costs_what_its_eip_says() {
    check(Draft::default(), 21_000, 21_000);
    check(Draft { input: vec![0; 10].into(), ..Draft::default() }, 21_040, 21_100);
    check(Draft { input: vec![1; 10].into(), ..Draft::default() }, 21_160, 21_400);
    let creation = Draft { to: TxKind::Create, ..Draft::default() };
    check(creation.clone(), 53_000, 21_000);
    check(Draft { input: vec![0; 33].into(), ..creation }, 53_000 + 132 + 4, 21_000 + 330);
    let item = AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO; 3] };
    check(Draft { access_list: AccessList(vec![item]), ..Draft::default() }, 21_000 + 2_400 + 5_700, 21_000);
}

#[test]
fn each_authorization_costs_an_empty_account() {
    let authorizations = vec![Wallet::new(2).authorize(0, 0); 3];
    let transaction = Wallet::new(1).sign_7702(Draft::default(), authorizations);
    assert_eq!(GasNeeded::of(transaction.envelope()), GasNeeded { intrinsic: 96_000, floor: 21_000 });
}

#[test]
fn any_transaction_needs_what_revm_charges() {
    let mut runner = TestRunner::deterministic();
    let cases = runner.config().cases;
    let input = proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..300);
    let lists = proptest::collection::vec(0usize..4, 0..4);
    let mut checked = 0;
    let drafts = (input, lists, any::<bool>(), 0usize..3);
    let result = runner.run(&drafts, |(input, lists, creates, authorizations)| {
        let items =
            lists.iter().map(|keys| AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO; *keys] });
        let creates = creates && authorizations == 0;
        let draft = Draft {
            to: if creates { TxKind::Create } else { TxKind::Call(Address::ZERO) },
            access_list: AccessList(items.collect()),
            input: Bytes::from(input.clone()),
            ..Draft::default()
        };
        let transaction = match authorizations {
            0 => Wallet::new(1).sign(draft),
            count => Wallet::new(1).sign_7702(draft, vec![Wallet::new(2).authorize(0, 0); count]),
        };
        let keys: usize = lists.iter().sum();
        let (accounts, keys) = (lists.len() as u64, keys as u64);
        let needed = GasNeeded::of(transaction.envelope());
        let revm =
            calculate_initial_tx_gas(SpecId::PRAGUE, &input, creates, accounts, keys, authorizations as u64, None);
        prop_assert_eq!(needed.intrinsic, revm.initial_regular_gas + revm.initial_state_gas);
        prop_assert_eq!(needed.floor, revm.floor_gas);
        Ok(())
    });
    checked += cases;
    println!("seed: proptest's fixed one; {checked} transactions");
    assert!(checked > 0, "something was checked");
    result.unwrap();
}
