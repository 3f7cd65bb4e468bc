//! What the fork brings, seen from outside the EVM.

use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::BEACON_ROOTS_ADDRESS,
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
    eip7685::EMPTY_REQUESTS_HASH,
    eip7702::{SignedAuthorization, constants::EIP7702_DELEGATION_DESIGNATOR},
};
use alloy_evm::IntoTxEnv as _;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, hex, keccak256};
use revm::context::{TxEnv, either::Either};
use serde_json::json;

use super::{
    contracts::{DESTROY, REVERT, STORE, deploying, store_input},
    world::{Draft, ETHER, Key, World, calling, creating, draft, l1},
};
use crate::{NotExecutable, StateView, evm::transaction_environment};

/// A world with a contract of this code.
fn world_of(code: &[u8]) -> (World, Address) {
    let address = Address::repeat_byte(0xcc);
    let code = format!("0x{}", hex::encode(code));
    (World::with(&json!({ address.to_string(): { "balance": "0x0", "nonce": "0x1", "code": code } })), address)
}

/// Rule X8.
#[test]
fn parents_hash_stands_in_the_history_contract() {
    let mut world = World::new();
    let mut hashes = vec![world.genesis_hash()];
    for _ in 0..3 {
        hashes.push(world.run(&[]).header().hash());
    }
    for (height, hash) in hashes.iter().enumerate().take(3) {
        let slot = U256::from(height % 8_191);
        assert_eq!(B256::from(world.slot(HISTORY_STORAGE_ADDRESS, slot)), *hash);
    }
}

/// Rule X8.
#[test]
fn origins_hash_stands_in_the_beacon_roots_contract() {
    let mut world = World::new();
    let mut environment = world.environment(world.genesis_hash());
    environment.origin = l1(101);
    environment.extra.origin_number = 101;
    let built = world.build_in(&environment, &Default::default(), &[]).unwrap();
    world.finalize(built.executed.header().hash());
    let timestamp = environment.timestamp;
    let slot = U256::from(timestamp % 8_191);
    assert_eq!(world.slot(BEACON_ROOTS_ADDRESS, slot), U256::from(timestamp));
    assert_eq!(B256::from(world.slot(BEACON_ROOTS_ADDRESS, slot + U256::from(8_191))), l1(101).origin.hash);
    assert_eq!(built.executed.header().header().mix_hash, l1(101).prevrandao);
}

#[test]
fn blockhash_sees_final_and_unfinal_ancestors() {
    // for each height h in 0, 1: sstore(h, blockhash(h))
    let (mut world, contract) = world_of(&hex!("5f405f55600140600155"));
    let first = world.build(world.genesis_hash(), &[]).executed.header().hash();
    let built = world.build(first, &[Key::new(0).sends(&calling(0, contract, []))]);
    assert!(built.executed.receipts()[0].is_success());
    world.finalize(built.executed.header().hash());
    assert_eq!(B256::from(world.slot(contract, U256::ZERO)), world.genesis_hash());
    assert_eq!(B256::from(world.slot(contract, U256::ONE)), first);
}

/// Rule X10.
#[test]
fn contracts_see_the_batchs_surroundings() {
    // chainid, number, timestamp, prevrandao, gaslimit, coinbase, basefee, blobbasefee to slots 0 to 7
    let code = hex!("465f55436001554260025544600355456004554160055548600655 4a600755");
    let (mut world, contract) = world_of(&code);
    let batch = world.run(&[Key::new(0).sends(&calling(0, contract, []))]);
    let header = batch.header().header();
    let expected = [
        U256::from(world.genesis.rules.chain_id),
        U256::from(header.number),
        U256::from(header.timestamp),
        header.mix_hash.into(),
        U256::from(header.gas_limit),
        header.beneficiary.into_word().into(),
        U256::from(header.base_fee_per_gas.unwrap()),
        U256::ONE,
    ];
    for (slot, value) in expected.into_iter().enumerate() {
        assert_eq!(world.slot(contract, U256::from(slot)), value, "slot {slot}");
    }
}

/// Rule X10: whoever pays the deposit contract, and whatever stands where EIP-7002 and EIP-7251 have theirs, L1 is
/// asked for nothing.
#[test]
fn nothing_is_requested_of_l1() {
    // log1(0, 0, topic of a deposit); and sstore(0, 1), which a system call after the batch would run.
    let deposit = hex!("7f649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c55f5fa1");
    let noticing = format!("0x{}", hex::encode(hex!("60015f55")));
    let deposits = Address::from(hex!("00000000219ab540356cbb839cbe05303d7705fa"));
    let queues = [WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS];
    let account = |code: &str| json!({ "balance": "0x0", "nonce": "0x1", "code": code });
    let mut world = World::with(&json!({
        deposits.to_string(): account(&format!("0x{}", hex::encode(deposit))),
        queues[0].to_string(): account(&noticing),
        queues[1].to_string(): account(&noticing),
    }));
    let batch = world.run(&[Key::new(0).sends(&calling(0, deposits, []))]);
    assert_eq!(batch.receipts()[0].logs().len(), 1, "it was paid");
    assert_eq!(batch.header().header().requests_hash, Some(EMPTY_REQUESTS_HASH));
    for queue in queues {
        assert_eq!(world.slot(queue, U256::ZERO), U256::ZERO, "nobody called it");
    }
}

/// Rule X9.
#[test]
fn failed_transaction_is_included_and_pays() {
    let (mut world, contract) = world_of(&REVERT);
    let key = Key::new(0);
    let call = Draft { value: U256::from(5), ..calling(0, contract, []) };
    let batch = world.run(&[key.sends(&call)]);
    let receipt = &batch.receipts()[0];
    assert!(!receipt.is_success());
    assert!(receipt.logs().is_empty(), "what it logged is undone");
    let account = world.account(key.address);
    assert_eq!(account.nonce, 1);
    let price = U256::from(receipt.effective_gas_price_wei);
    assert_eq!(account.balance, U256::from(1_000 * ETHER) - U256::from(receipt.gas_used) * price);
    assert_eq!(world.account(contract).balance, U256::ZERO, "the value went back");
}

/// Rule X13.
#[test]
fn contract_is_created_at_the_address_of_sender_and_nonce() {
    let mut world = World::new();
    let key = Key::new(0);
    let batch = world.run(&[key.sends(&draft(0)), key.sends(&creating(1, deploying(&STORE)))]);
    let contract = key.address.create(1);
    assert_eq!(batch.receipts()[1].contract, Some(contract));
    assert_eq!(world.account(contract).code_hash, keccak256(STORE));
    assert_eq!(world.memory.code(&keccak256(STORE)).unwrap().unwrap().as_ref(), STORE);
    assert_eq!(world.account(contract).nonce, 1);
}

#[test]
fn clearing_a_slot_refunds_gas() {
    let (mut world, contract) = world_of(&hex!("60075415600755")); // sstore(7, iszero(sload(7)))
    let key = Key::new(0);
    let set = world.run(&[key.sends(&calling(0, contract, []))]);
    assert_eq!(world.slot(contract, U256::from(7)), U256::ONE);
    let cleared = world.run(&[key.sends(&calling(1, contract, []))]);
    assert!(!world.memory.slots().any(|((owner, _), _)| *owner == contract));
    // Setting costs 20,000, clearing 2,900, of which 4,800 come back (EIP-3529).
    assert_eq!(set.receipts()[0].gas_used - cleared.receipts()[0].gas_used, 20_000 - 2_900 + 4_800);
}

#[test]
fn contract_destroyed_where_it_was_created_is_gone() {
    let mut world = World::new();
    let (key, heir) = (Key::new(0), Address::repeat_byte(0x77));
    let contract = key.address.create(1);
    // The address has money beforehand; init code destroys at once: push20 heir, selfdestruct.
    let init: Vec<_> = [0x73].into_iter().chain(heir).chain([0xff]).collect();
    let fund = Draft { to: Some(contract), value: U256::from(3), ..draft(0) };
    world.run(&[key.sends(&fund)]);
    assert_eq!(world.account(contract).balance, U256::from(3));
    let batch = world.run(&[key.sends(&creating(1, init))]);
    assert!(batch.receipts()[0].is_success());
    assert_eq!(world.memory.account(&contract).unwrap(), None);
    assert_eq!(batch.changes().account(&contract), Some(None));
    assert_eq!(world.account(heir).balance, U256::from(3));
}

#[test]
fn older_contract_that_destroys_itself_only_pays_out() {
    let (mut world, contract) = world_of(&DESTROY);
    let heir = Address::repeat_byte(0x77);
    let call = Draft { value: U256::from(8), ..calling(0, contract, heir.into_word().0) };
    world.run(&[Key::new(0).sends(&call)]);
    assert_eq!(world.account(heir).balance, U256::from(8));
    assert_eq!(world.account(contract).code_hash, keccak256(DESTROY), "EIP-6780");
}

#[test]
fn account_with_a_delegation_runs_the_delegates_code() {
    let (mut world, contract) = world_of(&STORE);
    let (sponsor, owner) = (Key::new(0), Key::new(1));
    let delegation = Draft {
        kind: 4,
        authorizations: vec![owner.authorizes(contract, 0)],
        ..calling(0, owner.address, store_input(3, 4))
    };
    let batch = world.run(&[sponsor.sends(&delegation)]);
    assert!(batch.receipts()[0].is_success());
    let designator = [&EIP7702_DELEGATION_DESIGNATOR[..], contract.as_slice()].concat();
    let account = world.account(owner.address);
    assert_eq!((account.nonce, account.code_hash), (1, keccak256(&designator)));
    assert_eq!(world.memory.code(&account.code_hash).unwrap().unwrap(), designator);
    assert_eq!(world.slot(owner.address, U256::from(3)), U256::from(4), "in the owner's own storage");

    // It may still send, and take the delegation back; its storage stays.
    let taken_back = Draft { kind: 4, authorizations: vec![owner.authorizes(Address::ZERO, 2)], ..draft(1) };
    let taken_back = Draft { gas_limit: 100_000, ..taken_back };
    world.run(&[owner.sends(&draft(1))]);
    world.run(&[sponsor.sends(&taken_back)]);
    let account = world.account(owner.address);
    assert_eq!((account.nonce, account.code_hash), (3, KECCAK256_EMPTY));
    assert_eq!(world.slot(owner.address, U256::from(3)), U256::from(4));
}

#[test]
fn x9_authorizations_are_recovered_by_the_evm_after_it_has_checked_who_pays() {
    let (sponsor, owner) = (Key::new(0), Key::new(1));
    let list = vec![owner.authorizes(Address::repeat_byte(7), 0); 1_000];
    let transaction =
        sponsor.sends(&Draft { kind: 4, authorizations: list.clone(), gas_limit: 26_000_000, ..draft(5) });
    let environment = transaction_environment(&transaction);
    assert!(environment.authorization_list.iter().all(|one| matches!(one, Either::Left(_))), "none is recovered yet");
    assert_eq!(environment.authorization_list.len(), 1_000);
    let everything = TxEnv { authorization_list: Vec::new(), ..transaction.recovered().clone().into_tx_env() };
    assert_eq!(TxEnv { authorization_list: Vec::new(), ..environment }, everything, "all else is what alloy says");

    let mut world = World::new();
    let built = world.build(world.genesis_hash(), &[transaction]);
    let refused: Vec<_> = built.refused.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(refused, [NotExecutable::NonceTooHigh { transaction: 5, state: 0 }]);
}

#[test]
fn authorization_with_an_s_in_the_upper_half_delegates_nothing() {
    let (mut world, contract) = world_of(&STORE);
    let (sponsor, owner) = (Key::new(0), Key::new(1));
    let good = owner.authorizes(contract, 0);
    let order = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    let (inner, parity) = (good.inner().clone(), good.y_parity());
    let bad = SignedAuthorization::new_unchecked(inner, 1 - parity, good.r(), order - good.s());
    let delegation = Draft { kind: 4, authorizations: vec![bad], gas_limit: 100_000, ..draft(0) };
    let batch = world.run(&[sponsor.sends(&delegation)]);
    assert!(batch.receipts()[0].is_success(), "it is paid for and does nothing");
    assert_eq!(world.account(owner.address).code_hash, KECCAK256_EMPTY);
}

#[test]
fn access_list_is_paid_for() {
    let (mut world, contract) = world_of(&STORE);
    let list = AccessList(vec![AccessListItem { address: contract, storage_keys: vec![B256::with_last_byte(7)] }]);
    let plain = calling(0, contract, store_input(7, 9));
    let listed = Draft { kind: 1, access_list: list, ..calling(0, contract, store_input(7, 9)) };
    let plain = world.second().run(&[Key::new(0).sends(&plain)]).receipts()[0].gas_used;
    let listed = world.run(&[Key::new(0).sends(&listed)]).receipts()[0].gas_used;
    // The list costs 2,400 and 1,900; the slot is then warm and saves 2,100; the callee is warm anyway (EIP-2929).
    assert_eq!(listed, plain + 2_400 + 1_900 - 2_100);
}

#[test]
fn calldata_has_its_floor() {
    let mut world = World::new();
    let call = Draft { input: vec![1; 1_000].into(), gas_limit: 100_000, ..draft(0) };
    let batch = world.run(&[Key::new(0).sends(&call)]);
    assert_eq!(batch.receipts()[0].gas_used, 21_000 + 40 * 1_000, "EIP-7623 rather than 16 a byte");
}
