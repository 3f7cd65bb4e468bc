use std::collections::BTreeMap;

use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::Decodable2718;
use alloy_primitives::{Address, U256, address};
use alloy_sol_types::SolCall;

use crate::load::accounts::account;
use crate::load::transaction::{Erc20, Fees, Template, sign_ahead};

fn template(token: Option<Address>) -> Template {
    let recipients = (100..1_100).map(|index| account(index).address).collect();
    Template { chain_id: 7682, fees: Fees { tip_wei: 1, cap_wei: 30 }, token, recipients }
}

#[test]
fn transfer_is_what_a_node_decodes_and_recovers() {
    let template = template(None);
    let signed = template.sign(&account(5), 5, 9);
    let decoded = TxEnvelope::decode_2718_exact(&signed.raw).unwrap();
    assert_eq!((*decoded.tx_hash(), decoded.nonce(), decoded.chain_id()), (signed.hash, 9, Some(7682)));
    assert_eq!(decoded.recover_signer().unwrap(), account(5).address);
    assert_eq!((decoded.value(), decoded.gas_limit()), (U256::ONE, 21_000));
    assert!(template.recipients.contains(&decoded.to().unwrap()));
}

#[test]
fn token_transfer_calls_the_token() {
    let token = address!("00000000000000000000000000000000000000aa");
    let signed = template(Some(token)).sign(&account(5), 5, 9);
    let decoded = TxEnvelope::decode_2718_exact(&signed.raw).unwrap();
    assert_eq!((decoded.to(), decoded.value()), (Some(token), U256::ZERO));
    let call = Erc20::transferCall::abi_decode(decoded.input()).unwrap();
    assert_eq!(call.value, U256::ONE);
    assert!(template(None).recipients.contains(&call.to));
}

/// L8: only so can a lost transaction be repeated.
#[test]
fn same_sender_and_nonce_give_the_same_transaction() {
    let (template, accounts) = (template(None), [account(0), account(1), account(2)]);
    let stocks = sign_ahead(&template, &accounts, &[4, 0, 1_000_000], 5);
    assert_eq!(stocks.iter().map(std::collections::VecDeque::len).collect::<Vec<_>>(), [5, 5, 5]);
    for (sender, stock) in (0_u32..).zip(&stocks) {
        for signed in stock {
            assert_eq!(signed, &template.sign(&accounts[sender as usize], sender, signed.nonce));
        }
    }
    assert_eq!(stocks[0][0].nonce, 4);
}

#[test]
fn recipients_are_chosen_evenly() {
    let template = template(None);
    let mut chosen: BTreeMap<Address, u32> = BTreeMap::new();
    for (sender, nonce) in (0..20).flat_map(|sender| (0..100).map(move |nonce| (sender, nonce))) {
        let decoded = TxEnvelope::decode_2718_exact(&template.sign(&account(0), sender, nonce).raw).unwrap();
        *chosen.entry(decoded.to().unwrap()).or_default() += 1;
    }
    // 2,000 draws from 1,000 leave e^-2 of them out, and give none more than about 10.
    assert!((820..=910).contains(&chosen.len()), "{} recipients", chosen.len());
    assert!(chosen.values().all(|&times| times <= 12), "{chosen:?}");
}

/// L4.
#[test]
fn fees_become_tight_when_the_base_fee_nears_the_cap() {
    let fees = Fees::above(1_000_000_000, 7);
    assert_eq!(fees, Fees { tip_wei: 7, cap_wei: 20_000_000_007 });
    assert!(!fees.is_tight(10_000_000_000));
    assert!(fees.is_tight(10_000_000_001));
    assert_eq!(Fees::above(0, 7).cap_wei, 1_000_000_007);
}
