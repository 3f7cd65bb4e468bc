use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use alloy_primitives::{Address, Bytes, U256, hex};
use serde_json::json;

use super::{
    contracts::{REVERT, STORE, balance_input, store_input, token, transfer_input},
    world::{ETHER, GWEI, Key, World, creating},
};
use crate::{
    AccountOverride, CallEnd, CallError, CallOutcome, CallRequest, CallTerms, EstimateError, NotExecutable, State,
    Wanted, call, estimate_gas,
};

const CONTRACT: Address = Address::repeat_byte(0xcc);
const CAP: u64 = 50_000_000;

fn world_of(code: &[u8]) -> World {
    let code = format!("0x{}", hex::encode(code));
    World::with(&json!({ CONTRACT.to_string(): { "balance": "0x0", "nonce": "0x1", "code": code } }))
}

fn terms() -> CallTerms {
    CallTerms { gas_cap: CAP, overrides: BTreeMap::new(), wanted: Wanted::default() }
}

fn run(world: &World, request: &CallRequest, terms: &CallTerms) -> Result<CallOutcome, CallError> {
    let state = State::last_final(&world.memory);
    call(&world.genesis.rules, world.execution.head().header(), &state, request, terms)
}

fn estimate(world: &World, request: &CallRequest) -> Result<u64, EstimateError> {
    let state = State::last_final(&world.memory);
    estimate_gas(&world.genesis.rules, world.execution.head().header(), &state, request, &terms())
}

fn to(contract: Address, input: impl Into<Bytes>) -> CallRequest {
    CallRequest { from: Key::new(0).address, to: Some(contract), input: input.into(), ..CallRequest::default() }
}

fn word(value: u64) -> Bytes {
    U256::from(value).to_be_bytes_vec().into()
}

#[test]
fn call_that_reverts_brings_its_data() {
    let world = world_of(&REVERT);
    let outcome = run(&world, &to(CONTRACT, []), &terms()).unwrap();
    assert_eq!(outcome.end, CallEnd::Reverted(word(7)));
    assert_eq!(estimate(&world, &to(CONTRACT, [])), Err(EstimateError::Reverted(word(7))));
}

/// Rule X19.
#[test]
fn value_that_the_caller_lacks_is_refused() {
    let world = World::new();
    let request = CallRequest { value: U256::from(1_001 * ETHER), ..to(CONTRACT, []) };
    let refused = run(&world, &request, &terms());
    assert!(matches!(refused, Err(CallError::Refused(NotExecutable::InsufficientFunds { .. }))), "{refused:?}");
    let request = CallRequest { max_fee_wei: Some(GWEI), ..request };
    let refused = estimate(&world, &request);
    assert!(matches!(refused, Err(EstimateError::Refused(NotExecutable::InsufficientFunds { .. }))), "{refused:?}");
}

/// Rule X19.
#[test]
fn call_runs_out_of_the_gas_it_is_given() {
    let world = world_of(&hex!("5b5f56")); // for ever
    let outcome = run(&world, &CallRequest { gas: Some(100_000), ..to(CONTRACT, []) }, &terms()).unwrap();
    assert_eq!((outcome.end, outcome.gas_used), (CallEnd::OutOfGas, 100_000));
    let capped = run(&world, &CallRequest { gas: Some(u64::MAX), ..to(CONTRACT, []) }, &terms()).unwrap();
    assert_eq!(capped.gas_used, CAP, "the node's cap holds whatever is asked for");
    assert_eq!(estimate(&world, &to(CONTRACT, [])), Err(EstimateError::Allowance(30_000_000)));
    let rich = CallRequest { gas: Some(21_000), ..to(CONTRACT, []) };
    assert_eq!(estimate(&world, &rich), Err(EstimateError::Allowance(21_000)));
}

#[test]
fn invalid_opcode_is_named() {
    let world = world_of(&hex!("fe"));
    let outcome = run(&world, &to(CONTRACT, []), &terms()).unwrap();
    assert_eq!(outcome.end, CallEnd::Halted("InvalidFEOpcode".into()));
    assert_eq!(estimate(&world, &to(CONTRACT, [])), Err(EstimateError::Halted("InvalidFEOpcode".into())));
}

/// Rule X19.
#[test]
fn call_reads_a_token_and_changes_nothing() {
    let mut world = World::new();
    let key = Key::new(0);
    world.run(&[key.sends(&creating(0, token()))]);
    let token = key.address.create(0);
    let friend = Address::repeat_byte(0x42);
    let sent = run(&world, &to(token, transfer_input(friend, 5)), &terms()).unwrap();
    assert_eq!(sent.end, CallEnd::Returned(word(1)));
    let balance = run(&world, &to(token, balance_input(friend)), &terms()).unwrap();
    assert_eq!(balance.end, CallEnd::Returned(word(0)));
    let own = run(&world, &to(token, balance_input(key.address)), &terms()).unwrap();
    assert_eq!(own.end, CallEnd::Returned(word(1_000_000)));
}

/// Rule X19.
#[test]
fn call_sees_unfinal_batches_if_asked_to() {
    let mut world = World::new();
    let key = Key::new(0);
    let built = world.build(world.genesis_hash(), &[key.sends(&creating(0, token()))]);
    let header = built.executed.header();
    let state = world.execution.state(&world.memory, &header.hash()).unwrap();
    let request = to(key.address.create(0), balance_input(key.address));
    let outcome = call(&world.genesis.rules, header.header(), &state, &request, &terms()).unwrap();
    assert_eq!(outcome.end, CallEnd::Returned(word(1_000_000)));
    assert_eq!(run(&world, &request, &terms()).unwrap().end, CallEnd::Returned(Bytes::new()), "not final yet");
}

/// Rule X19.
#[test]
fn overrides_stand_in_for_the_state() {
    let world = World::new();
    let poor = Address::repeat_byte(0x99);
    // balance(caller) + sload(1) + sload(2)
    let code = Bytes::from(hex!("333160015401600254015f5260205ff3"));
    let storage = BTreeMap::from([(U256::from(1), U256::from(100))]);
    let mut overrides = BTreeMap::new();
    overrides.insert(poor, AccountOverride { balance: Some(U256::from(5)), ..AccountOverride::default() });
    let contract = AccountOverride { code: Some(code), storage: Some(storage), ..AccountOverride::default() };
    overrides.insert(CONTRACT, contract.clone());
    let request = CallRequest { from: poor, ..to(CONTRACT, []) };
    let terms = |overrides| CallTerms { overrides, ..terms() };
    assert_eq!(run(&world, &request, &terms(overrides.clone())).unwrap().end, CallEnd::Returned(word(105)));
    let slots = BTreeMap::from([(U256::from(2), U256::from(1_000))]);
    overrides.insert(CONTRACT, AccountOverride { slots, ..contract });
    assert_eq!(run(&world, &request, &terms(overrides)).unwrap().end, CallEnd::Returned(word(1_105)));
}

/// Rule X19.
#[test]
fn storage_override_replaces_all_slots_and_single_slots_only_themselves() {
    let code = hex!("5f3554 5f52 60205ff3"); // return sload(input)
    let slots =
        json!({ format!("{:#066x}", 1): format!("{:#066x}", 11), format!("{:#066x}", 2): format!("{:#066x}", 22) });
    let code = format!("0x{}", hex::encode(code));
    let world = World::with(
        &json!({ CONTRACT.to_string(): { "balance": "0x0", "nonce": "0x1", "code": code, "storage": slots } }),
    );
    let one = BTreeMap::from([(U256::from(1), U256::from(100))]);
    let whole = AccountOverride { storage: Some(one.clone()), ..AccountOverride::default() };
    let single = AccountOverride { slots: one, ..AccountOverride::default() };
    for (change, expected) in [(AccountOverride::default(), [11, 22]), (whole, [100, 0]), (single, [100, 22])] {
        let terms = CallTerms { overrides: BTreeMap::from([(CONTRACT, change)]), ..terms() };
        for (slot, expected) in [1, 2].into_iter().zip(expected) {
            assert_eq!(run(&world, &to(CONTRACT, word(slot)), &terms).unwrap().end, CallEnd::Returned(word(expected)));
        }
    }
}

/// Rule X19.
#[test]
fn contracts_may_call_and_nothing_need_be_paid() {
    let world = world_of(&hex!("335f5260205ff3")); // return caller
    let request = CallRequest { from: CONTRACT, ..to(CONTRACT, []) };
    let outcome = run(&world, &request, &terms()).unwrap();
    assert_eq!(outcome.end, CallEnd::Returned(CONTRACT.into_word().0.into()));
}

/// Rule X20.
#[test]
fn estimate_of_a_transfer_is_exact() {
    let world = World::new();
    let request = CallRequest { value: U256::from(1), ..to(Address::repeat_byte(1), []) };
    assert_eq!(estimate(&world, &request), Ok(21_000));
    let priced = CallRequest { max_fee_wei: Some(10 * GWEI), max_priority_fee_wei: Some(GWEI), ..request };
    assert_eq!(estimate(&world, &priced), Ok(21_000));
}

/// The estimate suffices, and little less than it does not.
#[track_caller]
fn check(world: &World, request: &CallRequest) -> u64 {
    let gas = estimate(world, request).unwrap();
    let with = |gas| run(world, &CallRequest { gas: Some(gas), ..request.clone() }, &terms());
    assert!(matches!(with(gas).unwrap().end, CallEnd::Returned(_)), "{gas} suffices");
    let less = with(gas - gas * 16 / 1_000).map(|outcome| outcome.end);
    assert!(!matches!(less, Ok(CallEnd::Returned(_))), "1.6 % less than {gas} does not");
    gas
}

/// Rule X20.
#[test]
fn estimate_suffices_and_is_close() {
    check(&world_of(&STORE), &to(CONTRACT, store_input(1, 2)));
    check(&World::new(), &CallRequest { to: None, ..to(CONTRACT, token()) });
    let floor = check(&World::new(), &to(Address::repeat_byte(1), vec![1; 1_000]));
    assert!((61_000..62_000).contains(&floor), "the floor of EIP-7623: {floor}");
    // if gas < 1,000,000 revert
    let greedy = check(&world_of(&hex!("620f42405a10600a57005b5f5ffd")), &to(CONTRACT, []));
    assert!(greedy > 1_000_000, "what it asks for, not what it uses: {greedy}");
}

/// Rule X20.
#[test]
fn estimate_counts_what_callers_keep_back() {
    // call(gas, 0xdd, 0, 0, 0, 0, 0); if it failed, revert. The callee needs 500,000 gas to be there.
    let callee = Address::repeat_byte(0xdd);
    let caller =
        [&hex!("5f5f5f5f5f73")[..], callee.as_slice(), &hex!("5af1602657")[..], &hex!("5f5ffd5b00")[..]].concat();
    let jump = u8::try_from(caller.len() - 2).unwrap();
    let mut caller = caller;
    caller[6 + 20 + 3] = jump;
    let accounts = json!({
        CONTRACT.to_string(): { "balance": "0x0", "nonce": "0x1", "code": format!("0x{}", hex::encode(caller)) },
        callee.to_string(): { "balance": "0x0", "nonce": "0x1", "code": "0x6207a1205a10600a57005b5f5ffd" },
    });
    let gas = check(&World::with(&accounts), &to(CONTRACT, []));
    assert!(gas > 500_000 * 64 / 63, "1/64 stays with the caller (EIP-150): {gas}");
}

/// Rule X20: an attempt ends at its gas limit; the next is not begun for nobody.
#[test]
fn estimate_that_nobody_waits_for_tries_no_further_limit() {
    let world = world_of(&STORE);
    let state = State::last_final(&world.memory);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let wanted = Wanted::as_long_as(move || count.fetch_add(1, Ordering::Relaxed) < 1);
    let request = to(CONTRACT, store_input(1, 1));
    let terms = CallTerms { wanted, ..terms() };
    let given_up = estimate_gas(&world.genesis.rules, world.execution.head().header(), &state, &request, &terms);
    assert_eq!(given_up, Err(EstimateError::GivenUp));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
