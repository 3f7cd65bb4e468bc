//! Notarized, abandoned and final batches (rules M13, M14, M16).

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::U256;
use rota_proto::{Height, Transaction};

use super::{Draft, Wallet, add, add_local, batch, dropped, finalize, hashes, offered, pool, rich, transfer, wallet};
use crate::{
    AccountCode, AccountState, DropReason, JournalRecord, Mempool, MempoolLimits, Origin, Status, TooManyHidden,
    limits::QUEUED_HEIGHTS_MAX,
};

/// A pool with the transfers of wallet 1 with nonces 0 to 4.
fn five() -> (Mempool, Vec<Arc<Transaction>>) {
    let mut pool = pool();
    let transactions: Vec<_> = (0..5).map(|nonce| transfer(1, nonce, 100, 10)).collect();
    for transaction in &transactions {
        add(&mut pool, transaction).unwrap();
    }
    (pool, transactions)
}

#[track_caller]
fn hide(pool: &mut Mempool, number: u8, transactions: &[Arc<Transaction>]) {
    pool.hide(batch(number), transactions).unwrap();
    pool.check_books();
}

/// How much it holds of what it calls by these names.
fn held<const N: usize>(pool: &Mempool, names: [&str; N]) -> [usize; N] {
    names.map(|name| BTreeMap::from(pool.sizes())[name])
}

#[test]
fn sizes_tell_of_every_index() {
    let (mut pool, transactions) = five();
    let names = ["pool", "places", "senders", "locals", "indexed", "authorizations", "recent"];
    assert_eq!(held(&pool, names), [5, 5, 1, 0, 2, 0, 0], "of one chain a head and a tail");
    add_local(&mut pool, &Wallet::new(9).sign_7702(Draft::default(), vec![Wallet::new(2).authorize(0, 0)])).unwrap();
    add(&mut pool, &transfer(3, 1, 100, 10)).unwrap();
    assert_eq!(held(&pool, names), [7, 7, 3, 1, 6, 1, 0], "what is queued has a tail and expires");
    hide(&mut pool, 1, &transactions[..2]);
    hide(&mut pool, 2, &transactions[2..3]);
    assert_eq!(held(&pool, ["hidden", "hidden senders"]), [2, 2]);
    finalize(&mut pool, batch(1), 1, &transactions[..2]);
    assert_eq!(held(&pool, names), [5, 5, 3, 1, 6, 1, 1]);
}

#[test]
fn too_many_hidden_batches_are_refused_by_name() {
    let limits = MempoolLimits { hidden_batches: 1, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    pool.hide(batch(1), &[]).unwrap();
    pool.hide(batch(1), &[]).unwrap();
    let refused = pool.hide(batch(2), &[]).unwrap_err();
    assert_eq!(refused, TooManyHidden { limit: 1 });
    assert_eq!(refused.to_string(), "1 notarized batches are hidden already; release those that were abandoned");
}

#[test]
#[should_panic(expected = "the senders of a final batch are among the accounts it changed")]
fn a_final_batch_without_its_senders_is_our_own_mistake() {
    let (mut pool, transactions) = five();
    pool.finalized(batch(1), Height(1), &transactions[..1], []);
}

#[test]
fn a_batch_is_built_on_what_its_branch_left() {
    let (mut pool, transactions) = five();
    hide(&mut pool, 1, &transactions[..2]);
    assert_eq!(offered(&pool, 7, &[batch(1)]), [(1, 2), (1, 3), (1, 4)]);
    hide(&mut pool, 2, &transactions[2..3]);
    assert_eq!(offered(&pool, 7, &[batch(1), batch(2)]), [(1, 3), (1, 4)]);
    assert_eq!(offered(&pool, 7, &[batch(1)]), [(1, 2), (1, 3), (1, 4)], "beside the second batch");
    assert_eq!(offered(&pool, 7, &[]), [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)], "beside both");
    assert_eq!(pool.totals().pending, 5, "hidden ones count as pending");
    assert_eq!(pool.pending_nonce(&Wallet::new(1).address(), 0), 5);
}

#[test]
fn branches_beside_each_other_hide_from_themselves_alone() {
    let (mut pool, transactions) = five();
    add(&mut pool, &transfer(2, 0, 100, 5)).unwrap();
    hide(&mut pool, 1, &transactions[..3]);
    hide(&mut pool, 2, &transactions[..1]);
    assert_eq!(offered(&pool, 7, &[batch(1)]), [(1, 3), (1, 4), (2, 0)]);
    assert_eq!(offered(&pool, 7, &[batch(2)]), [(1, 1), (1, 2), (1, 3), (1, 4), (2, 0)]);
}

#[test]
fn an_abandoned_batch_gives_back_what_it_held() {
    let (mut pool, transactions) = five();
    hide(&mut pool, 1, &transactions[..2]);
    assert!(pool.release(batch(1)).is_empty(), "the pool holds all of it");
    pool.check_books();
    assert_eq!(offered(&pool, 7, &[]).len(), 5);
    assert!(pool.release(batch(1)).is_empty(), "and only once");
}

#[test]
fn an_abandoned_batch_gives_back_what_the_pool_never_held() {
    let mut pool = pool();
    let transactions: Vec<_> = (0..3).map(|nonce| transfer(1, nonce, 100, 10)).collect();
    let address = Wallet::new(1).address();
    hide(&mut pool, 1, &transactions[..2]);
    assert_eq!(pool.pending_nonce(&address, 0), 2, "a sender known from the batch alone");
    assert_eq!(add(&mut pool, &transactions[2]).unwrap().status, Status::Pending, "it follows the batch");
    assert_eq!(offered(&pool, 7, &[batch(1)]), [(1, 2)]);
    assert_eq!(offered(&pool, 7, &[]), []);
    let back = pool.release(batch(1));
    pool.check_books();
    assert_eq!(back.iter().map(|transaction| transaction.hash()).collect::<Vec<_>>(), {
        hashes(&[&transactions[0], &transactions[1]])
    });
    assert_eq!((pool.totals().pending, pool.totals().queued), (0, 1));
    add(&mut pool, &back[1]).unwrap();
    assert_eq!(add(&mut pool, &back[0]).unwrap().changes.promoted, hashes(&[&transactions[1], &transactions[2]]));
}

#[test]
fn a_batch_makes_what_waits_behind_it_executable() {
    let mut pool = pool();
    let behind = transfer(1, 1, 100, 10);
    add(&mut pool, &behind).unwrap();
    let changes = pool.hide(batch(1), &[transfer(1, 0, 100, 10)]).unwrap();
    assert_eq!(changes.promoted, [behind.hash()]);
    pool.check_books();
}

#[test]
fn what_a_batch_has_overtaken_is_not_told_to_peers() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let changes = pool.hide(batch(1), &[transfer(1, 0, 100, 10), transfer(1, 1, 100, 11)]).unwrap();
    assert!(changes.promoted.is_empty());
    pool.check_books();
}

#[test]
fn a_final_batch_removes_its_transactions() {
    let (mut pool, transactions) = five();
    hide(&mut pool, 1, &transactions[..2]);
    hide(&mut pool, 2, &transactions[2..3]);
    let changes = finalize(&mut pool, batch(1), 1, &transactions[..2]);
    assert!(changes.dropped.is_empty() && changes.promoted.is_empty());
    assert_eq!(pool.totals().pending, 3);
    assert_eq!(held(&pool, ["hidden", "hidden senders"]), [1, 1]);
    assert_eq!(offered(&pool, 7, &[batch(2)]), [(1, 3), (1, 4)]);
}

#[test]
fn a_batch_that_was_never_hidden_can_be_final() {
    let (mut pool, transactions) = five();
    finalize(&mut pool, batch(1), 1, &transactions[..4]);
    assert_eq!(offered(&pool, 7, &[]), [(1, 4)]);
}

#[test]
fn a_transaction_whose_nonce_another_used_is_overtaken() {
    let mut pool = pool();
    let ours = transfer(1, 0, 100, 10);
    add_local(&mut pool, &ours).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let theirs = transfer(1, 0, 100, 11);
    hide(&mut pool, 1, &[Arc::clone(&theirs)]);
    assert_eq!(offered(&pool, 7, &[batch(1)]), [(1, 1)], "the nonce is hidden, whichever transaction has it");
    let changes = finalize(&mut pool, batch(1), 1, &[theirs]);
    assert_eq!(dropped(&changes), [(ours.hash(), DropReason::Overtaken)]);
    assert_eq!(changes.journal, [JournalRecord::Dropped(ours.hash())]);
}

#[test]
fn a_hidden_transaction_can_be_replaced_and_is_given_back_when_abandoned() {
    let (mut pool, transactions) = five();
    hide(&mut pool, 1, &transactions[..1]);
    add(&mut pool, &transfer(1, 0, 200, 20)).unwrap();
    assert_eq!(offered(&pool, 7, &[batch(1)]).first(), Some(&(1, 1)));
    let back = pool.release(batch(1));
    assert_eq!(back.len(), 1);
    assert!(add(&mut pool, &back[0]).is_err(), "the replacement pays more");
    assert_eq!(offered(&pool, 7, &[]).first(), Some(&(1, 0)));
}

#[test]
fn a_hidden_transaction_is_not_evicted() {
    let mut pool = super::pool_of(1);
    let transaction = transfer(1, 0, 100, 10);
    add(&mut pool, &transaction).unwrap();
    hide(&mut pool, 1, &[Arc::clone(&transaction)]);
    assert!(add(&mut pool, &transfer(2, 0, 200, 100)).is_err());
    finalize(&mut pool, batch(1), 1, &[transaction]);
    add(&mut pool, &transfer(2, 0, 200, 100)).unwrap();
}

#[test]
fn what_a_batch_has_overtaken_displaces_nobody() {
    let mut pool = super::pool_of(1);
    add(&mut pool, &transfer(2, 0, 100, 10)).unwrap();
    hide(&mut pool, 1, &[transfer(1, 0, 100, 10)]);
    assert_eq!(add(&mut pool, &transfer(1, 0, 900, 900)).unwrap_err().to_string(), "txpool is full");
}

#[test]
fn a_balance_that_fell_drops_the_highest_nonces() {
    let (mut pool, transactions) = five();
    let account = AccountState { balance: U256::from(2 * 2_100_000 + 5), ..rich(1) };
    let changes = pool.finalized(batch(1), Height(1), &transactions[..1], [(Wallet::new(1).address(), account)]);
    pool.check_books();
    let reason = DropReason::Unaffordable;
    assert_eq!(dropped(&changes), [(transactions[4].hash(), reason), (transactions[3].hash(), reason)]);
    assert_eq!(offered(&pool, 7, &[]), [(1, 1), (1, 2)]);
}

#[test]
fn a_sender_that_became_a_contract_is_dropped() {
    let (mut pool, transactions) = five();
    let account = AccountState { code: AccountCode::Contract, ..rich(0) };
    let changes = pool.finalized(batch(1), Height(1), &[], [(Wallet::new(1).address(), account)]);
    pool.check_books();
    assert_eq!(changes.dropped.len(), transactions.len());
    assert!(changes.dropped.iter().all(|dropped| dropped.reason == DropReason::SenderNotEoa));
}

#[test]
fn an_authorization_that_used_a_nonce_overtakes() {
    let (mut pool, transactions) = five();
    let changes = pool.finalized(batch(1), Height(1), &[], [(Wallet::new(1).address(), rich(2))]);
    pool.check_books();
    let gone = [(transactions[0].hash(), DropReason::Overtaken), (transactions[1].hash(), DropReason::Overtaken)];
    assert_eq!(dropped(&changes), gone);
}

#[test]
fn a_final_local_transaction_leaves_the_journal() {
    let mut pool = pool();
    let local = transfer(1, 0, 100, 10);
    let added = add_local(&mut pool, &local).unwrap();
    assert_eq!(added.changes.journal, [JournalRecord::Added(local.encode())]);
    let changes = finalize(&mut pool, batch(1), 1, &[Arc::clone(&local)]);
    assert!(changes.dropped.is_empty());
    assert_eq!(changes.journal, [JournalRecord::Dropped(local.hash())]);
    assert_eq!(pool.locals(), 0);
}

#[test]
fn m14_queued_transactions_expire_after_the_last_sign_of_life() {
    let mut pool = pool();
    let (queued, pending) = (transfer(1, 1, 100, 10), transfer(2, 0, 100, 10));
    add(&mut pool, &queued).unwrap();
    add(&mut pool, &pending).unwrap();
    assert!(finalize(&mut pool, batch(1), QUEUED_HEIGHTS_MAX - 1, &[]).dropped.is_empty());
    let later = transfer(1, 2, 100, 10);
    add(&mut pool, &later).unwrap();
    assert!(finalize(&mut pool, batch(2), QUEUED_HEIGHTS_MAX, &[]).dropped.is_empty(), "the sender lives");
    let changes = finalize(&mut pool, batch(3), 2 * QUEUED_HEIGHTS_MAX - 1, &[]);
    let gone = [(later.hash(), DropReason::Expired), (queued.hash(), DropReason::Expired)];
    assert_eq!(dropped(&changes), gone);
    assert!(pool.contains(&pending.hash()), "pending ones do not expire");
}

#[test]
fn m14_a_transaction_that_finds_no_room_is_no_sign_of_life() {
    let mut pool = super::pool_of(1);
    let queued = transfer(1, 1, 100, 10);
    add(&mut pool, &queued).unwrap();
    finalize(&mut pool, batch(1), QUEUED_HEIGHTS_MAX - 1, &[]);
    assert!(add(&mut pool, &transfer(1, 2, 100, 10)).is_err());
    let changes = finalize(&mut pool, batch(2), QUEUED_HEIGHTS_MAX, &[]);
    assert_eq!(dropped(&changes), [(queued.hash(), DropReason::Expired)]);
}

#[test]
fn m18_what_a_builder_refuses_goes_and_what_follows_waits() {
    let (mut pool, transactions) = five();
    add_local(&mut pool, &transfer(2, 0, 100, 10)).unwrap();
    hide(&mut pool, 1, &transactions[..1]);
    assert_eq!(pool.discard(&transactions[0].hash()), crate::Changes::default(), "a notarized batch holds it");
    let changes = pool.discard(&transactions[2].hash());
    pool.check_books();
    assert_eq!(dropped(&changes), [(transactions[2].hash(), DropReason::NotExecutable)]);
    assert_eq!((pool.totals().pending, pool.totals().queued), (3, 2));
    let local = transfer(2, 0, 100, 10).hash();
    assert_eq!(pool.discard(&local).journal, [JournalRecord::Dropped(local)]);
    assert_eq!(pool.discard(&local), crate::Changes::default(), "and only once");
}

#[test]
fn m2_an_account_that_was_read_too_early_revives_nothing() {
    let mut pool = pool();
    let sent = transfer(1, 4, 100, 10);
    pool.finalized(batch(1), Height(1), std::slice::from_ref(&sent), [(sent.sender(), rich(5))]);
    let refused = pool.add(Arc::clone(&sent), Origin::Remote, rich(4)).unwrap_err();
    assert_eq!(refused.to_string(), "nonce too low: next nonce 5, tx nonce 4");
    pool.add(transfer(1, 6, 100, 10), Origin::Remote, rich(6)).unwrap();
    assert_eq!(offered(&pool, 7, &[]), [(1, 6)], "one that was read later is believed");
}

#[test]
fn a_large_value_does_not_hide_a_small_one_of_another() {
    let mut pool = pool();
    let all = Wallet::new(1).sign(Draft { value: U256::from(10u128.pow(24) - 2_100_000), ..Draft::default() });
    pool.add(all, Origin::Remote, rich(0)).unwrap();
    assert!(add(&mut pool, &transfer(1, 1, 100, 10)).is_err());
    add(&mut pool, &transfer(2, 0, 100, 10)).unwrap();
}
