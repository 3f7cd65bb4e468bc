//! Every refusal with its exact text.

use std::sync::Arc;

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, TxKind, U256};
use rota_proto::Transaction;

use super::{Draft, Wallet, add, add_local, pool, pool_of, rich, rules_with_gas_limit, transfer, wallet, with_balance};
use crate::{AccountCode, AccountState, CandidateForm, Mempool, MempoolLimits, Origin, limits};

/// Refused by rule M1 with this text.
#[track_caller]
fn refused(draft: Draft, text: &str) {
    let transaction = Wallet::new(1).sign(draft);
    refused_transaction(transaction, text);
}

#[track_caller]
fn refused_transaction(transaction: Arc<Transaction>, text: &str) {
    let refusal = CandidateForm::check(Arc::clone(&transaction), &wallet::RULES).unwrap_err();
    assert_eq!(refusal.to_string(), text);
    let through_the_pool = pool().add(transaction, Origin::Local, rich(0)).unwrap_err();
    assert_eq!(through_the_pool, refusal, "the pool says the same");
}

#[track_caller]
fn taken(draft: Draft) {
    let transaction = Wallet::new(1).sign(draft);
    CandidateForm::check(transaction, &wallet::RULES).unwrap();
}

#[test]
fn m1_another_chain_is_refused_in_every_type() {
    let text = "invalid sender: invalid chain id for signer: have 1 want 7682";
    let draft = Draft { chain_id: 1, ..Draft::default() };
    refused(draft.clone(), text);
    let wallet = Wallet::new(1);
    for transaction in [wallet.sign_legacy(draft.clone()), wallet.sign_2930(draft.clone())] {
        refused_transaction(transaction, text);
    }
    refused_transaction(wallet.sign_7702(draft, vec![wallet.authorize(1, 0)]), text);
}

#[test]
fn m1_initcode_is_bounded_and_calldata_is_not() {
    let creation = |bytes: usize| Draft { to: TxKind::Create, ..Draft::of_bytes(0, bytes) };
    taken(creation(limits::INIT_CODE_BYTES_MAX));
    refused(creation(limits::INIT_CODE_BYTES_MAX + 1), "max initcode size exceeded: code size 49153 limit 49152");
    taken(Draft::of_bytes(0, limits::INIT_CODE_BYTES_MAX + 1));
}

#[test]
fn m1_gas_limit_is_that_of_a_batch() {
    taken(Draft { gas: 30_000_000, ..Draft::default() });
    refused(Draft { gas: 30_000_001, ..Draft::default() }, "exceeds block gas limit: gas 30000001, limit 30000000");
}

#[test]
fn m1_tip_is_at_most_the_fee_cap() {
    taken(Draft { fee: 10, tip: 10, ..Draft::default() });
    let text = "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas 11, maxFeePerGas 10";
    refused(Draft { fee: 10, tip: 11, ..Draft::default() }, text);
}

#[test]
fn m1_last_nonce_cannot_be_used() {
    taken(Draft::nonce(u64::MAX - 1));
    refused(Draft::nonce(u64::MAX), "nonce has max value: nonce 18446744073709551615");
}

#[test]
fn m1_gas_pays_for_starting() {
    taken(Draft { gas: 21_000, ..Draft::default() });
    refused(Draft { gas: 20_999, ..Draft::default() }, "intrinsic gas too low: gas 20999, minimum needed 21000");
    let item = AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO; 2] };
    let listed = Draft { gas: 27_199, access_list: AccessList(vec![item]), ..Draft::default() };
    taken(Draft { gas: 27_200, ..listed.clone() });
    refused(listed, "intrinsic gas too low: gas 27199, minimum needed 27200");
}

#[test]
fn m1_gas_pays_for_data_by_the_floor() {
    let data = |gas| Draft { gas, input: vec![1; 100].into(), ..Draft::default() };
    taken(data(25_000));
    refused(data(24_999), "insufficient gas for floor data gas cost: gas 24999, minimum needed 25000");
    refused(data(22_599), "intrinsic gas too low: gas 22599, minimum needed 22600");
}

#[test]
fn m1_fee_cap_reaches_the_lowest_base_fee() {
    taken(Draft { fee: 7, tip: 0, ..Draft::default() });
    refused(Draft { fee: 6, tip: 0, ..Draft::default() }, "transaction underpriced: gas fee cap 6, minimum needed 7");
}

#[test]
fn m1_set_code_transactions_have_some_authorizations_and_not_too_many() {
    let wallet = Wallet::new(1);
    let signed = |count| wallet.sign_7702(Draft::default(), vec![Wallet::new(2).authorize(7682, 0); count]);
    refused_transaction(signed(0), "set code tx must have at least one authorization tuple");
    CandidateForm::check(signed(64), &wallet::RULES).unwrap();
    refused_transaction(signed(65), "too many authorization tuples: 65, limit 64");
}

#[test]
fn m2_contracts_do_not_send() {
    let account = AccountState { code: AccountCode::Contract, ..rich(0) };
    let refusal = pool().add(transfer(1, 0, 100, 10), Origin::Remote, account).unwrap_err();
    assert_eq!(refusal.to_string(), format!("sender not an eoa: address {}", Wallet::new(1).address()));
}

#[test]
fn m2_used_nonces_are_refused() {
    let refusal = pool().add(transfer(1, 4, 100, 10), Origin::Remote, rich(5)).unwrap_err();
    assert_eq!(refusal.to_string(), "nonce too low: next nonce 5, tx nonce 4");
}

#[test]
fn m2_nonces_too_far_ahead_are_refused() {
    let refusal = pool().add(transfer(1, 70, 100, 10), Origin::Remote, rich(5)).unwrap_err();
    assert_eq!(refusal.to_string(), "nonce too high: tx nonce 70, gapped nonce 5");
    pool().add(transfer(1, 69, 100, 10), Origin::Remote, rich(5)).unwrap();
}

#[test]
fn m3_known_transactions_are_refused() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    assert_eq!(add(&mut pool, &transfer(1, 0, 100, 10)).unwrap_err().to_string(), "already known");
    assert_eq!(add_local(&mut pool, &transfer(1, 0, 100, 10)).unwrap_err().to_string(), "already known");
}

#[test]
fn m4_balance_covers_gas_and_value() {
    let transaction = Wallet::new(1).sign(Draft { value: U256::from(5), ..Draft::default() });
    pool().add(Arc::clone(&transaction), Origin::Remote, with_balance(2_100_005)).unwrap();
    let refusal = pool().add(transaction, Origin::Remote, with_balance(2_100_004)).unwrap_err();
    let text = "insufficient funds for gas * price + value: balance 2100004, tx cost 2100005, overshot 1";
    assert_eq!(refusal.to_string(), text);
}

#[test]
fn m4_a_cost_beyond_256_bits_is_refused() {
    let transaction = Wallet::new(1).sign(Draft { value: U256::MAX, ..Draft::default() });
    let refusal = pool().add(transaction, Origin::Remote, rich(0)).unwrap_err();
    assert!(refusal.to_string().starts_with("insufficient funds for gas * price + value"), "{refusal}");
}

#[test]
fn m4_balance_covers_all_of_a_sender() {
    let mut pool = pool();
    pool.add(transfer(1, 0, 100, 10), Origin::Remote, with_balance(4_199_999)).unwrap();
    let refusal = pool.add(transfer(1, 1, 100, 10), Origin::Remote, with_balance(4_199_999)).unwrap_err();
    let text = "insufficient funds for gas * price + value: balance 4199999, queued cost 2100000, tx cost 2100000, \
                overshot 1";
    assert_eq!(refusal.to_string(), text);
}

#[test]
fn m5_replacements_raise_cap_and_tip_by_a_tenth() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    for (fee, tip) in [(109, 11), (110, 10), (100, 10), (1000, 10)] {
        let refusal = add(&mut pool, &transfer(1, 0, fee, tip).clone());
        let refusal = refusal.err().map(|refusal| refusal.to_string());
        let text = format!("replacement transaction underpriced: fee cap {fee} and tip {tip}, needed 110 and 11");
        let known = "already known".to_owned();
        assert!(refusal == Some(text) || (fee, tip) == (100, 10) && refusal == Some(known));
    }
    add(&mut pool, &transfer(1, 0, 110, 11)).unwrap();
}

#[test]
fn m8_a_sender_has_its_share_of_slots() {
    let limits = MempoolLimits { sender_slots: 2, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let refusal = add(&mut pool, &transfer(1, 2, 100, 10)).unwrap_err();
    assert_eq!(refusal.to_string(), "account limit exceeded: pooled 2 slots, limit 2");
    let large = Wallet::new(2).sign(Draft::of_bytes(0, 70_000));
    assert_eq!(add(&mut pool, &large).unwrap_err().to_string(), "account limit exceeded: pooled 0 slots, limit 2");
}

#[test]
fn m8_a_sender_has_its_share_of_bytes() {
    let bytes = transfer(1, 0, 100, 10).length();
    let limits = MempoolLimits { sender_bytes: 2 * bytes, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    // Nonce 0 is encoded in as many bytes as nonce 1.
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let refusal = add(&mut pool, &transfer(1, 2, 100, 10)).unwrap_err();
    let text = format!("account limit exceeded: pooled {} bytes, limit {}", 2 * bytes, 2 * bytes);
    assert_eq!(refusal.to_string(), text);
}

#[test]
fn m9_full_pools_tell_why() {
    let mut pool = pool_of(1);
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    let cheap = add(&mut pool, &transfer(2, 0, 100, 10)).unwrap_err();
    assert_eq!(cheap.to_string(), "transaction underpriced: pool is full, gas price 17");
    let future = add(&mut pool, &transfer(2, 1, 1000, 1000)).unwrap_err();
    assert_eq!(future.to_string(), "future transaction tries to replace pending");
    add_local(&mut pool, &transfer(2, 0, 100, 10)).unwrap();
    let remote = add(&mut pool, &transfer(3, 0, 1000, 1000)).unwrap_err();
    assert_eq!(remote.to_string(), "txpool is full");
}

#[test]
fn gas_limit_follows_the_rules_of_the_chain() {
    let mut pool = Mempool::new(MempoolLimits::default(), rules_with_gas_limit(20_000));
    let refusal = add(&mut pool, &transfer(1, 0, 100, 10)).unwrap_err();
    assert_eq!(refusal.to_string(), "exceeds block gas limit: gas 21000, limit 20000");
}
