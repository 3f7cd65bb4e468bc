//! What the pool offers (rules M11, M12, M17).

use alloy_primitives::B256;

use super::{Draft, Wallet, add, add_local, batch, finalize, offered, pool, transfer, wallet};
use crate::{Mempool, MempoolLimits, Work};

const NOTHING: Work = Work { payable: false, below_base_fee: false };

#[test]
fn an_empty_pool_offers_nothing() {
    let pool = pool();
    assert!(offered(&pool, 7, &[]).is_empty());
    assert_eq!(pool.has_work(7), NOTHING);
    assert!(pool.sample(7, 10, 1_000).is_empty());
}

#[test]
fn m11_the_highest_tip_goes_first_and_each_sender_keeps_its_nonces() {
    let mut pool = pool();
    for (wallet, nonce, tip) in [(1, 0, 10), (1, 1, 90), (2, 0, 50), (2, 1, 5), (3, 0, 20)] {
        add(&mut pool, &transfer(wallet, nonce, 100, tip)).unwrap();
    }
    assert_eq!(offered(&pool, 7, &[]), [(2, 0), (3, 0), (1, 0), (1, 1), (2, 1)]);
}

#[test]
fn m11_what_does_not_reach_the_base_fee_waits_with_all_that_follows() {
    let mut pool = pool();
    for (wallet, nonce, fee) in [(1, 0, 50), (1, 1, 20), (1, 2, 50), (2, 0, 20)] {
        add(&mut pool, &transfer(wallet, nonce, fee, 10)).unwrap();
    }
    assert_eq!(offered(&pool, 21, &[]), [(1, 0)]);
    assert_eq!(offered(&pool, 20, &[]).len(), 4);
}

#[test]
fn m11_ties_are_broken_by_the_parent() {
    let mut pool = pool();
    for wallet in 1..=8 {
        add(&mut pool, &transfer(wallet, 0, 100, 10)).unwrap();
    }
    let order = |parent: B256| {
        let mut order = pool.in_order(7, parent, &[]);
        std::iter::from_fn(|| order.place()).map(|transaction| transaction.hash()).collect::<Vec<_>>()
    };
    assert_eq!(order(batch(1)), order(batch(1)));
    assert_ne!(order(batch(1)), order(batch(2)));
}

#[test]
fn m11_only_so_many_senders_take_part() {
    let limits = MempoolLimits { offered_senders: 2, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    for (wallet, tip) in [(1, 10), (2, 30), (3, 20)] {
        add(&mut pool, &transfer(wallet, 0, 100, tip)).unwrap();
        add(&mut pool, &transfer(wallet, 1, 100, 1)).unwrap();
    }
    let mut offered = offered(&pool, 7, &[]);
    assert_eq!(offered[..2], [(2, 0), (3, 0)]);
    offered.sort_unstable();
    assert_eq!(offered, [(2, 0), (2, 1), (3, 0), (3, 1)]);
}

/// A transaction that may use all the gas of a batch, of wallet `number`.
fn whole(number: u8, nonce: u64, tip: u128) -> std::sync::Arc<rota_proto::Transaction> {
    Wallet::new(number).sign(Draft { nonce, tip, gas: wallet::RULES.gas_limit, ..Draft::default() })
}

#[test]
fn m11_senders_that_may_use_much_gas_crowd_out_none_that_may_not() {
    let limits = MempoolLimits { offered_senders: 16, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    for number in 1..=20 {
        add(&mut pool, &whole(number, 0, 90)).unwrap();
    }
    let eighth = wallet::RULES.gas_limit / 8;
    for (number, gas) in [(21, eighth), (22, eighth + 1), (23, 21_000)] {
        add(&mut pool, &Wallet::new(number).sign(Draft { gas, ..Draft::default() })).unwrap();
    }
    let senders: Vec<u8> = offered(&pool, 7, &[]).into_iter().map(|(wallet, _)| wallet).collect();
    // Two of sixteen, those that came first of equals.
    let mut wide = senders[..2].to_vec();
    wide.sort_unstable();
    assert_eq!(wide, [1, 2]);
    let mut others = senders[2..].to_vec();
    others.sort_unstable();
    assert_eq!(others, [21, 23]);
}

#[test]
fn m11_a_sender_takes_part_with_what_fits_into_one_batch_by_its_gas_limits() {
    let mut pool = pool();
    add(&mut pool, &whole(1, 0, 10)).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let third = |nonce| Wallet::new(2).sign(Draft { nonce, gas: wallet::RULES.gas_limit / 3, ..Draft::default() });
    for nonce in 0..5 {
        add(&mut pool, &third(nonce)).unwrap();
    }
    let mut offered = offered(&pool, 7, &[]);
    offered.sort_unstable();
    assert_eq!(offered, [(1, 0), (2, 0), (2, 1), (2, 2)]);
}

#[test]
fn m12_work_is_payable_or_waits_for_the_base_fee() {
    let mut pool = pool();
    add(&mut pool, &transfer(3, 1, 100, 10)).unwrap();
    assert_eq!(pool.has_work(7), NOTHING, "queued ones are no work");
    add(&mut pool, &transfer(1, 0, 50, 10)).unwrap();
    assert_eq!(pool.has_work(50), Work { payable: true, below_base_fee: false });
    assert_eq!(pool.has_work(51), Work { payable: false, below_base_fee: true });
    let dear = transfer(2, 0, 80, 10);
    add(&mut pool, &dear).unwrap();
    assert_eq!(pool.has_work(60), Work { payable: true, below_base_fee: true });
    pool.hide(batch(1), std::slice::from_ref(&dear)).unwrap();
    assert_eq!(pool.has_work(60), Work { payable: false, below_base_fee: true }, "hidden ones are no work");
    assert!(pool.release(batch(1)).is_empty());
    assert_eq!(pool.has_work(60), Work { payable: true, below_base_fee: true });
    finalize(&mut pool, batch(1), 1, &[dear]);
    assert_eq!(pool.has_work(60), Work { payable: false, below_base_fee: true });
}

#[test]
fn m17_peers_are_told_of_local_ones_first_then_of_those_that_pay_most() {
    let mut pool = pool();
    let (cheap, dear) = (transfer(1, 0, 100, 10), transfer(2, 0, 100, 50));
    let (local, poor, hidden) = (transfer(3, 0, 100, 1), transfer(4, 0, 8, 1), transfer(5, 0, 100, 90));
    add(&mut pool, &cheap).unwrap();
    add(&mut pool, &dear).unwrap();
    add_local(&mut pool, &local).unwrap();
    add_local(&mut pool, &poor).unwrap();
    add_local(&mut pool, &transfer(6, 1, 100, 10)).unwrap();
    add(&mut pool, &hidden).unwrap();
    pool.hide(batch(1), &[hidden]).unwrap();
    let sample = |count, bytes| {
        let sample = pool.sample(9, count, bytes);
        sample.iter().map(|transaction| Wallet::number_of(transaction.sender())).collect::<Vec<_>>()
    };
    assert_eq!(sample(10, 10_000), [3, 2, 1]);
    assert_eq!(sample(2, 10_000), [3, 2]);
    assert_eq!(sample(10, local.length() + dear.length()), [3, 2]);
    assert!(sample(10, local.length() - 1).is_empty());
}

#[test]
fn m17_who_was_away_is_told_of_the_local_ones_piece_by_piece() {
    let mut pool = pool();
    let locals: Vec<_> = (1..=4).map(|wallet| transfer(wallet, 0, 100, 10)).collect();
    for local in &locals {
        add_local(&mut pool, local).unwrap();
        add(&mut pool, &transfer(10 + Wallet::number_of(local.sender()), 0, 100, 90)).unwrap();
    }
    add_local(&mut pool, &transfer(5, 0, 8, 1)).unwrap();
    add_local(&mut pool, &transfer(6, 1, 100, 10)).unwrap();
    let piece = |pool: &Mempool, after, count, bytes| {
        let (piece, next) = pool.locals_after(after, 9, count, bytes);
        (piece.iter().map(|transaction| Wallet::number_of(transaction.sender())).collect::<Vec<_>>(), next)
    };
    let (first, next) = piece(&pool, 0, 3, 10_000);
    assert_eq!(first, [1, 2, 3]);
    assert_eq!(piece(&pool, next.unwrap(), 3, 10_000), (vec![4], None), "one is too poor, one is queued");
    let (first, next) = piece(&pool, 0, 10, locals[0].length() + locals[1].length());
    assert_eq!(first, [1, 2]);
    assert_eq!(piece(&pool, next.unwrap(), 10, 10_000), (vec![3, 4], None));
    pool.hide(batch(1), &locals[..1]).unwrap();
    assert_eq!(piece(&pool, 0, 10, 10_000), (vec![2, 3, 4], None));
}

#[test]
fn a_legacy_transaction_is_ordered_by_what_it_leaves_above_the_base_fee() {
    let mut pool = pool();
    let legacy = Wallet::new(1).sign_legacy(Draft { fee: 60, ..Draft::default() });
    add(&mut pool, &legacy).unwrap();
    add(&mut pool, &transfer(2, 0, 100, 30)).unwrap();
    assert_eq!(offered(&pool, 20, &[]), [(1, 0), (2, 0)]);
    assert_eq!(offered(&pool, 40, &[]), [(2, 0), (1, 0)]);
}
