use alloy_primitives::{Address, B256, U256, b256};
use alloy_trie::root;
use serde_json::{Value, json};

use super::world::{CHAIN_ID, ETHER, Key, VAULT, World, genesis_json, l1, root_from_scratch};
use crate::{Genesis, GenesisError, system_contracts};

/// The genesis of tests with one change is refused with this text.
#[track_caller]
fn refused(pointer: &str, value: Value, expected: &str) {
    let mut json = genesis_json(1, &json!({}));
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(parent).unwrap()[key] = value;
    let error = Genesis::parse(&json.to_string()).unwrap_err().to_string();
    assert_eq!(error, expected, "{pointer}");
}

#[test]
fn what_is_no_json_is_refused() {
    assert!(matches!(Genesis::parse("{"), Err(GenesisError::Json(_))));
    assert!(matches!(Genesis::parse("{}"), Err(GenesisError::Json(_) | GenesisError::Config(_))));
}

/// Rule X2.
#[test]
fn config_without_rotas_part_is_refused() {
    let mut json = genesis_json(1, &json!({}));
    json["config"].as_object_mut().unwrap().remove("rota");
    let error = Genesis::parse(&json.to_string()).unwrap_err();
    assert_eq!(error, GenesisError::Config("is missing".into()));
    refused(
        "/config/rota/colour",
        json!("red"),
        "genesis: config.rota: unknown field `colour`, expected one of `baseFeeDenominator`, `elasticity`, \
         `minimumBaseFeeWei`, `vault`, `epoch`, `originNumber`, `originHash`",
    );
}

/// Rule X1; the vault is X2's.
#[test]
fn fields_that_rota_fixes_are_refused_otherwise() {
    let cases = [
        ("/config/pragueTime", json!(5), "genesis: config.pragueTime must be 0"),
        ("/config/pragueTime", Value::Null, "genesis: config.pragueTime must be 0"),
        ("/config/osakaTime", json!(5), "genesis: config.osakaTime must be absent"),
        ("/config/bpo1Time", json!(5), "genesis: config.bpo1Time must be absent"),
        ("/nonce", json!("0x42"), "genesis: nonce must be 0"),
        ("/difficulty", json!("0x20000"), "genesis: difficulty must be 0"),
        ("/number", json!("0x1"), "genesis: number must be 0 or absent"),
        ("/parentHash", json!(B256::repeat_byte(1)), "genesis: parentHash must be 0 or absent"),
        ("/extraData", json!("0x00"), "genesis: extraData must be empty, for Rota fills it"),
        ("/blobGasUsed", json!("0x1"), "genesis: blobGasUsed must be 0 or absent"),
        ("/excessBlobGas", json!("0x1"), "genesis: excessBlobGas must be 0 or absent"),
        ("/config/rota/vault", json!(Address::ZERO), "genesis: config.rota.vault must be an account, not zero"),
    ];
    for (pointer, value, expected) in cases {
        refused(pointer, value, expected);
    }
}

/// Rule X2.
#[test]
fn numbers_outside_their_bounds_are_refused() {
    let cases = [
        ("/config/chainId", json!(0), "genesis: config.chainId is 0, outside 1 to 18446744073709551615"),
        ("/gasLimit", json!("0x1387"), "genesis: gasLimit is 4999, outside 5000 to 1000000000"),
        ("/gasLimit", json!("0x3b9aca01"), "genesis: gasLimit is 1000000001, outside 5000 to 1000000000"),
        (
            "/config/rota/baseFeeDenominator",
            json!(0),
            "genesis: config.rota.baseFeeDenominator is 0, outside 1 to 4294967295",
        ),
        ("/config/rota/elasticity", json!(17), "genesis: config.rota.elasticity is 17, outside 1 to 16"),
        (
            "/config/rota/minimumBaseFeeWei",
            json!(0),
            "genesis: config.rota.minimumBaseFeeWei is 0, outside 1 to 1000000000000000000",
        ),
        ("/baseFeePerGas", json!("0x1"), "genesis: baseFeePerGas is 1, outside 1000000 to 1000000000000000000"),
        (
            "/config/rota/originNumber",
            json!(1u64 << 40),
            "genesis: config.rota.originNumber is 1099511627776, outside 0 to 1099511627775",
        ),
        ("/config/rota/epoch", json!(1u64 << 32), "genesis: config.rota.epoch is 4294967296, outside 0 to 4294967295"),
    ];
    for (pointer, value, expected) in cases {
        refused(pointer, value, expected);
    }
}

/// Rule X3.
#[test]
fn accounts_that_no_execution_leaves_are_refused() {
    let address = Address::repeat_byte(5);
    let at = format!("/alloc/{address}");
    refused(&at, json!({ "balance": "0x0" }), &format!("genesis: account {address} has no nonce, balance or code"));
    let storage = json!({ "balance": "0x1", "storage": { B256::ZERO.to_string(): B256::with_last_byte(1) } });
    refused(&at, storage, &format!("genesis: account {address} has storage, but neither code nor a nonce"));
    let much = json!({ "balance": format!("{:#x}", U256::from(1) << 120) });
    refused(&at, much, "genesis: all balances together need 121 bits; 120 are allowed");
    for (system, _) in system_contracts() {
        let expected = format!("genesis: alloc must hold the system contract {system} with its code");
        refused(&format!("/alloc/{system}"), json!({ "balance": "0x1" }), &expected);
        refused(&format!("/alloc/{system}"), json!({ "balance": "0x1", "code": "0x00" }), &expected);
    }
}

/// Rule X2.
#[test]
fn numbers_have_their_defaults() {
    let genesis = World::new().genesis;
    assert_eq!(genesis.rules.base_fee_denominator, 250);
    assert_eq!(genesis.rules.elasticity, 2);
    assert_eq!(genesis.rules.minimum_base_fee_wei, 1_000_000);
    assert_eq!(genesis.rules.chain_id, CHAIN_ID);
    assert_eq!(genesis.rules.vault, VAULT);
    let mut json = genesis_json(1, &json!({}));
    json.as_object_mut().unwrap().remove("baseFeePerGas");
    let genesis = Genesis::parse(&json.to_string()).unwrap();
    assert_eq!(genesis.header.header().base_fee_per_gas, Some(1_000_000), "the minimum");
}

/// Rule X2.
#[test]
fn header_names_origin_and_epoch() {
    let genesis = World::new().genesis;
    assert_eq!(genesis.header.origin(), l1(100).origin);
    assert_eq!(genesis.header.epoch().0, 3);
    assert_eq!(genesis.header.height().0, 0);
    assert_eq!(genesis.header.header().mix_hash, l1(100).prevrandao);
    assert_eq!(genesis.header.header().timestamp, 1_000);
    assert!(genesis.header.extra().parent_signers.is_empty());
}

/// Rule X16.
#[test]
fn state_root_agrees_with_alloys_of_the_same_alloc() {
    let storage =
        json!({ B256::ZERO.to_string(): B256::with_last_byte(9), B256::with_last_byte(1).to_string(): B256::ZERO });
    let contract =
        json!({ Address::repeat_byte(5).to_string(): { "balance": "0x7", "code": "0x00", "storage": storage } });
    let json = genesis_json(300, &contract);
    let genesis = Genesis::parse(&json.to_string()).unwrap();
    let alloc = serde_json::from_value::<alloy_genesis::Genesis>(json).unwrap().alloc;
    let accounts = alloc.into_iter().map(|(address, account)| (address, account.into_trie_account()));
    assert_eq!(genesis.header.header().state_root, root::state_root_unhashed(accounts));
    let world = World::at(genesis);
    assert_eq!(root_from_scratch(&world.memory), world.genesis.header.header().state_root);
    assert_eq!(world.account(Key::new(299).address).balance, U256::from(1_000 * ETHER));
    assert_eq!(world.memory.slots().count(), 1, "a zero is no slot");
}

#[test]
fn hash_of_the_tests_genesis_never_changes() {
    let hash = World::new().genesis_hash();
    assert_eq!(hash, b256!("5a6782f378325a93086abefa514f54e9023cdbbfbf51f4f15e3d81babcb709b1"));
}
