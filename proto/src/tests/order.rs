//! The order of a batch (rule O1) against a naive oracle.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, keccak256};
use proptest::prelude::*;

use super::wallet::{Draft, Wallet};
use crate::{InOrder, OrderKey, Transaction};

const PARENT: B256 = B256::repeat_byte(0xaa);

type Chains = Vec<Vec<Arc<Transaction>>>;

fn in_order(chains: &Chains, base_fee: u64) -> InOrder<std::vec::IntoIter<Arc<Transaction>>> {
    InOrder::new(chains.iter().map(|chain| chain.clone().into_iter()), base_fee, PARENT)
}

fn placed(chains: &Chains, base_fee: u64) -> Vec<B256> {
    let mut order = in_order(chains, base_fee);
    std::iter::from_fn(|| order.place()).map(|transaction| transaction.hash()).collect()
}

/// min(maxPriorityFee, maxFee - baseFee), by the words of the rule.
fn tip_by_hand(draft: &Draft, base_fee: u64) -> Option<u128> {
    let left = draft.fee.checked_sub(base_fee.into())?;
    Some(if draft.legacy { left } else { left.min(draft.tip) })
}

/// Rule O1, word by word: of each sender's lowest nonce not yet placed, the highest tip, then the lowest hash.
fn greedy(senders: &BTreeMap<Address, Vec<(Draft, Arc<Transaction>)>>, base_fee: u64) -> Vec<B256> {
    let mut waiting = senders.clone();
    let mut order = Vec::new();
    loop {
        let heads = waiting.iter().filter_map(|(sender, chain)| {
            let (draft, transaction) = chain.iter().min_by_key(|(draft, _)| draft.nonce)?;
            let tie = keccak256([PARENT.as_slice(), transaction.hash().as_slice()].concat());
            Some((tip_by_hand(draft, base_fee)?, Reverse(tie), *sender, transaction.hash()))
        });
        let Some((_, _, sender, hash)) = heads.max() else { return order };
        order.push(hash);
        waiting.get_mut(&sender).unwrap().retain(|(_, transaction)| transaction.hash() != hash);
    }
}

fn draft(nonce: u64, fee: u128, tip: u128) -> Draft {
    Draft { nonce, fee, tip, ..Draft::default() }
}

fn chain(wallet: u8, drafts: &[Draft]) -> Vec<Arc<Transaction>> {
    drafts.iter().map(|draft| Wallet::new(wallet).sign(draft)).collect()
}

/// Rule O1.
#[test]
fn sender_that_does_not_pay_the_base_fee_is_out_with_all_that_follows() {
    let chains = vec![chain(1, &[draft(0, 99, 9), draft(1, 900, 50)]), chain(2, &[draft(0, 100, 0)])];
    assert_eq!(placed(&chains, 100), [chains[1][0].hash()]);
    assert_eq!(OrderKey::of(&chains[0][0], 100, PARENT), None);
}

/// Rule O1: a dear transaction behind a cheap one waits for it.
#[test]
fn nonces_of_a_sender_rise() {
    let chains = vec![chain(1, &[draft(0, 200, 1), draft(1, 200, 90)]), chain(2, &[draft(0, 200, 2)])];
    let [first, second, other] = [&chains[0][0], &chains[0][1], &chains[1][0]].map(|transaction| transaction.hash());
    assert_eq!(placed(&chains, 100), [other, first, second]);
}

/// Rule O1: the tip is what is left of the fee cap, if that is less.
#[test]
fn tip_is_cut_by_the_fee_cap() {
    let key = |draft: Draft, base_fee| OrderKey::of(&Wallet::new(1).sign(&draft), base_fee, PARENT).unwrap().tip_wei;
    assert_eq!(key(draft(0, 120, 50), 100), 20);
    assert_eq!(key(draft(0, 150, 50), 100), 50);
    assert_eq!(key(draft(0, 100, 50), 100), 0);
    assert_eq!(key(Draft { legacy: true, ..draft(0, 170, 0) }, 100), 70, "a gas price is all tip above the base fee");
}

/// Rule O1: ties are broken by a hash that nobody can know before the parent exists.
#[test]
fn ties_go_to_the_lowest_hash_with_the_parent() {
    let chains: Chains = (1..=8).map(|wallet| chain(wallet, &[draft(0, 200, 5)])).collect();
    let tie = |hash: &B256| keccak256([PARENT.as_slice(), hash.as_slice()].concat());
    let order = placed(&chains, 100);
    assert_eq!(order.len(), 8);
    assert!(order.windows(2).all(|pair| tie(&pair[0]) < tie(&pair[1])));
    let elsewhere = |parent| OrderKey::of(&chains[0][0], 100, parent).unwrap();
    assert_ne!(elsewhere(PARENT).tie_break, elsewhere(B256::ZERO).tie_break);
}

/// Rule O1: who is passed over, because the batch is full or the transaction fails, is out of this batch.
#[test]
fn passing_over_takes_the_rest_of_the_sender_with_it() {
    let chains = vec![chain(1, &[draft(0, 200, 9), draft(1, 200, 9)]), chain(2, &[draft(0, 200, 1)])];
    let mut order = in_order(&chains, 100);
    assert_eq!(order.peek().map(|transaction| transaction.hash()), Some(chains[0][0].hash()));
    assert_eq!(order.pass().map(|transaction| transaction.hash()), Some(chains[0][0].hash()));
    assert_eq!(order.place().map(|transaction| transaction.hash()), Some(chains[1][0].hash()));
    assert!(order.peek().is_none() && order.place().is_none() && order.pass().is_none());
}

fn any_draft() -> impl Strategy<Value = Draft> {
    (95..120u128, 0..12u128, any::<bool>()).prop_map(|(fee, tip, legacy)| Draft {
        fee,
        tip: tip.min(fee),
        legacy,
        ..Draft::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Rule O1: the heap takes what the rule takes, for any senders, whatever order they come in.
    #[test]
    fn heap_agrees_with_the_naive_rule(
        drafts in proptest::collection::vec(proptest::collection::vec(any_draft(), 0..6), 1..8),
        base_fee in 95..110u64,
    ) {
        let mut senders = BTreeMap::new();
        let mut chains = Chains::new();
        for (drafts, number) in drafts.iter().zip(1u8..) {
            let numbered = drafts.iter().cloned().zip(0u64..).map(|(draft, nonce)| Draft { nonce, ..draft });
            let signed: Vec<_> = numbered.map(|draft| (draft.clone(), Wallet::new(number).sign(&draft))).collect();
            chains.push(signed.iter().map(|(_, transaction)| Arc::clone(transaction)).collect());
            senders.insert(Wallet::new(number).address(), signed);
        }
        let expected = greedy(&senders, base_fee);
        prop_assert_eq!(placed(&chains, base_fee), expected.clone());
        chains.reverse();
        prop_assert_eq!(placed(&chains, base_fee), expected);
    }
}
