//! Who comes in, and who leaves for it (rules M5, M7 to M10, M16).

use std::sync::Arc;

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, U256};

use super::{
    Draft, Wallet, add, add_local, dropped, hashes, offered, pool, pool_of, rich, transfer, wallet, with_balance,
};
use crate::{DropReason, JournalRecord, Mempool, MempoolLimits, Origin, Refused, Status, Totals};

#[test]
fn m7_a_transaction_waits_queued_until_the_missing_one_comes() {
    let mut pool = pool();
    let (first, second, third) = (transfer(1, 0, 100, 10), transfer(1, 1, 100, 10), transfer(1, 2, 100, 10));
    assert_eq!(add(&mut pool, &third).unwrap().status, Status::Queued);
    assert_eq!(add(&mut pool, &second).unwrap().status, Status::Queued);
    assert_eq!(offered(&pool, 7, &[]), []);
    assert_eq!(pool.pending_nonce(&first.sender(), 0), 0);
    let added = add(&mut pool, &first).unwrap();
    assert_eq!(added.status, Status::Pending);
    assert_eq!(added.changes.promoted, hashes(&[&second, &third]));
    assert_eq!(offered(&pool, 7, &[]), [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(pool.pending_nonce(&first.sender(), 0), 3);
    assert_eq!((pool.totals().pending, pool.totals().queued), (3, 0));
}

#[test]
fn all_four_types_are_taken() {
    let mut pool = pool();
    let wallet = Wallet::new(1);
    let authorization = Wallet::new(2).authorize(7682, 0);
    for transaction in [
        wallet.sign_legacy(Draft::nonce(0)),
        wallet.sign_2930(Draft::nonce(1)),
        wallet.sign(Draft::nonce(2)),
        wallet.sign_7702(Draft::nonce(3), vec![authorization]),
    ] {
        assert_eq!(add(&mut pool, &transaction).unwrap().status, Status::Pending);
    }
    let listed: Vec<u64> = pool.of_sender(&wallet.address()).map(|pooled| pooled.transaction.nonce()).collect();
    assert_eq!(listed, [0, 1, 2, 3]);
    assert_eq!(pool.iter().count(), 4);
}

#[test]
fn m5_a_replacement_takes_the_place_of_the_old_one() {
    let mut pool = pool();
    let (old, new) = (transfer(1, 0, 100, 10), transfer(1, 0, 110, 11));
    add(&mut pool, &old).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let added = add(&mut pool, &new).unwrap();
    assert_eq!((added.status, added.replaced), (Status::Pending, Some(old.hash())));
    assert!(added.changes.dropped.is_empty() && added.changes.promoted.is_empty());
    assert!(!pool.contains(&old.hash()) && pool.contains(&new.hash()));
    assert_eq!(offered(&pool, 7, &[]), [(1, 0), (1, 1)]);
}

#[test]
fn m5_small_prices_must_rise_too() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 0, 15, 0)).unwrap();
    let refused = add(&mut pool, &transfer(1, 0, 17, 0)).unwrap_err();
    let needed = Refused::ReplacementUnderpriced { fee: 17, tip: 0, fee_needed: 17, tip_needed: 1 };
    assert_eq!(refused, needed);
    assert!(add(&mut pool, &transfer(1, 0, 16, 1)).is_err(), "16 is less than 15 and a tenth");
    add(&mut pool, &transfer(1, 0, 17, 1)).unwrap();
}

#[test]
fn m5_a_queued_transaction_can_be_replaced() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let added = add(&mut pool, &transfer(1, 1, 200, 20)).unwrap();
    assert_eq!(added.status, Status::Queued);
    assert!(added.replaced.is_some());
}

#[test]
fn m4_a_replacement_must_be_covered_together_with_what_follows() {
    let mut pool = pool();
    let balance = with_balance(2 * 2_100_000 + 210_000);
    pool.add(transfer(1, 0, 100, 10), Origin::Remote, balance).unwrap();
    pool.add(transfer(1, 1, 100, 10), Origin::Remote, balance).unwrap();
    pool.add(transfer(1, 0, 110, 11), Origin::Remote, balance).unwrap();
    let refused = pool.add(transfer(1, 1, 110, 11), Origin::Remote, balance).unwrap_err();
    assert!(matches!(refused, Refused::Overdraft { .. }), "{refused}");
    pool.check_books();
}

#[test]
fn m2_the_pools_own_record_of_the_account_goes_first() {
    let mut pool = pool();
    pool.add(transfer(1, 5, 100, 10), Origin::Remote, rich(5)).unwrap();
    let stale = pool.add(transfer(1, 4, 100, 10), Origin::Remote, rich(4)).unwrap_err();
    assert_eq!(stale, Refused::NonceTooLow { next: 5, nonce: 4 });
    assert_eq!(pool.account(&Wallet::new(1).address()), Some(&rich(5)));
}

#[test]
fn m8_a_lower_nonce_comes_before_those_queued_behind_it() {
    let limits = MempoolLimits { sender_slots: 2, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    let (second, third) = (transfer(1, 1, 100, 10), transfer(1, 2, 100, 10));
    add(&mut pool, &second).unwrap();
    add(&mut pool, &third).unwrap();
    let added = add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    assert_eq!(dropped(&added.changes), [(third.hash(), DropReason::Preceded)]);
    assert_eq!(added.changes.promoted, [second.hash()]);
    assert!(matches!(add(&mut pool, &third), Err(Refused::SenderSlots { .. })), "pending ones do not go");
}

#[test]
fn m8_the_balance_goes_to_the_lower_nonce_too() {
    let mut pool = pool();
    let balance = with_balance(5_000_000);
    let all = Wallet::new(1).sign(Draft { nonce: 1, value: U256::from(2_900_000), ..Draft::default() });
    pool.add(Arc::clone(&all), Origin::Remote, balance).unwrap();
    let added = pool.add(transfer(1, 0, 100, 10), Origin::Remote, balance).unwrap();
    pool.check_books();
    assert_eq!(dropped(&added.changes), [(all.hash(), DropReason::Preceded)]);
}

#[test]
fn m9_a_full_pool_drops_the_cheapest_tail() {
    let mut pool = pool_of(3);
    let (dear, tail) = (transfer(1, 0, 100, 50), transfer(1, 1, 100, 5));
    let other = transfer(2, 0, 100, 20);
    for transaction in [&dear, &tail, &other] {
        add(&mut pool, transaction).unwrap();
    }
    let added = add(&mut pool, &transfer(3, 0, 100, 30)).unwrap();
    assert_eq!(dropped(&added.changes), [(tail.hash(), DropReason::Evicted)]);
    let added = add(&mut pool, &transfer(4, 0, 100, 40)).unwrap();
    assert_eq!(dropped(&added.changes), [(other.hash(), DropReason::Evicted)]);
    let refused = add(&mut pool, &transfer(5, 0, 100, 30)).unwrap_err();
    assert_eq!(refused, Refused::Underpriced { price: 37 }, "of equals the later one goes");
}

/// A dear tail earns nobody anything before what stands under it is placed: kept by its own price, 256 of them held
/// 255 cheap ones each for ever.
#[test]
fn m9_a_dear_tail_is_worth_what_the_cheapest_under_it_brings() {
    let mut pool = pool_of(3);
    add(&mut pool, &transfer(1, 0, 100, 1)).unwrap();
    let tail = transfer(1, 1, 100, 60);
    add(&mut pool, &tail).unwrap();
    add(&mut pool, &transfer(2, 0, 100, 20)).unwrap();
    let added = add(&mut pool, &transfer(3, 0, 100, 5)).unwrap();
    assert_eq!(dropped(&added.changes), [(tail.hash(), DropReason::Evicted)]);
    let refused = add(&mut pool, &tail).unwrap_err();
    assert_eq!(refused, Refused::Underpriced { price: 8 }, "and so is a newcomer");
}

/// Over its cheapest, a chain that a notarized batch holds is not counted: it is placed.
#[test]
fn m9_what_is_hidden_does_not_make_a_tail_cheap() {
    let mut pool = pool_of(3);
    let (head, other) = (transfer(1, 0, 100, 1), transfer(2, 0, 100, 20));
    add(&mut pool, &head).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 60)).unwrap();
    add(&mut pool, &other).unwrap();
    pool.hide(super::batch(1), &[head]).unwrap();
    let added = add(&mut pool, &transfer(3, 0, 100, 30)).unwrap();
    assert_eq!(dropped(&added.changes), [(other.hash(), DropReason::Evicted)]);
}

#[test]
fn m9_the_base_fee_decides_who_is_cheapest() {
    let (by_cap, by_tip) = (transfer(1, 0, 60, 50), transfer(2, 0, 1_000, 20));
    for (base_fee, cheapest) in [(10, &by_tip), (50, &by_cap)] {
        let mut pool = pool_of(2);
        pool.set_base_fee(base_fee);
        add(&mut pool, &by_cap).unwrap();
        add(&mut pool, &by_tip).unwrap();
        let added = add(&mut pool, &transfer(3, 0, 1_000, 40)).unwrap();
        assert_eq!(dropped(&added.changes), [(cheapest.hash(), DropReason::Evicted)], "at base fee {base_fee}");
    }
}

#[test]
fn m9_queued_goes_before_pending_however_dear() {
    let mut pool = pool_of(2);
    let queued = transfer(1, 1, 1_000, 1_000);
    add(&mut pool, &queued).unwrap();
    add(&mut pool, &transfer(2, 0, 100, 10)).unwrap();
    let added = add(&mut pool, &transfer(3, 0, 100, 5)).unwrap();
    assert_eq!(dropped(&added.changes), [(queued.hash(), DropReason::Evicted)]);
    assert_eq!(add(&mut pool, &queued).unwrap_err(), Refused::FutureReplacesPending);
}

#[test]
fn m9_a_large_transaction_needs_room_from_several() {
    let mut pool = pool_of(4);
    let small: Vec<_> = (1..=4).map(|wallet| transfer(wallet, 0, 100, 10 + u128::from(wallet))).collect();
    for transaction in &small {
        add(&mut pool, transaction).unwrap();
    }
    let large = |tip| Wallet::new(5).sign(Draft { tip, ..Draft::of_bytes(0, 90_000) });
    let before = *pool.totals();
    assert!(matches!(add(&mut pool, &large(13)), Err(Refused::Underpriced { .. })));
    assert_eq!(*pool.totals(), before, "who finds no room leaves everything as it was");
    assert!(small.iter().all(|transaction| pool.contains(&transaction.hash())));
    let added = add(&mut pool, &large(14)).unwrap();
    let gone: Vec<_> = dropped(&added.changes).into_iter().map(|(hash, _)| hash).collect();
    assert_eq!(gone, hashes(&[&small[0], &small[1], &small[2]]));
}

#[test]
fn m9_bytes_are_bounded_too() {
    let limits = MempoolLimits { bytes: 40_000, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    let large = Wallet::new(1).sign(Draft::of_bytes(0, 30_000));
    add(&mut pool, &large).unwrap();
    let added = add(&mut pool, &Wallet::new(2).sign(Draft { tip: 11, ..Draft::of_bytes(0, 30_000) })).unwrap();
    assert_eq!(dropped(&added.changes), [(large.hash(), DropReason::Evicted)]);
}

/// The lists of a transaction take more memory than bytes.
#[test]
fn m8_authorizations_and_access_lists_weigh_what_they_take() {
    let mut pool = pool();
    let item = AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO] };
    let access_list = AccessList(vec![item; 2]);
    let authorizations = vec![Wallet::new(2).authorize(1, 0); 3];
    let transaction = Wallet::new(1).sign_7702(Draft { access_list, gas: 300_000, ..Draft::default() }, authorizations);
    add(&mut pool, &transaction).unwrap();
    assert_eq!(pool.totals().bytes, transaction.length() + 3 * 190 + 2 * 25);
}

#[test]
fn m9_who_fills_a_gap_may_lose_to_its_own_successor() {
    let mut pool = pool_of(2);
    let (successor, other) = (transfer(1, 1, 100, 90), transfer(2, 0, 100, 50));
    add(&mut pool, &successor).unwrap();
    add(&mut pool, &other).unwrap();
    let refused = add(&mut pool, &transfer(1, 0, 100, 5)).unwrap_err();
    assert!(matches!(refused, Refused::Underpriced { .. }), "{refused}");
    assert!(pool.contains(&successor.hash()) && pool.contains(&other.hash()));
}

#[test]
fn m10_local_transactions_are_not_displaced_by_remote_ones() {
    let mut pool = pool_of(1);
    let local = transfer(1, 0, 100, 1);
    add_local(&mut pool, &local).unwrap();
    assert_eq!(add(&mut pool, &transfer(2, 0, 1_000, 900)).unwrap_err(), Refused::Full);
    let dearer = transfer(3, 0, 100, 2);
    let added = add_local(&mut pool, &dearer).unwrap();
    assert_eq!(dropped(&added.changes), [(local.hash(), DropReason::Evicted)], "among local ones the price decides");
    let records = [JournalRecord::Dropped(local.hash()), JournalRecord::Added(dearer.encode())];
    assert_eq!(added.changes.journal, records);
}

#[test]
fn m10_beyond_the_local_share_a_transaction_is_held_as_remote() {
    let limits = MempoolLimits { slots: 2, local_slots: 1, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    assert_eq!(add_local(&mut pool, &transfer(1, 0, 100, 1)).unwrap().origin, Origin::Local);
    let second = transfer(2, 0, 100, 1);
    let added = add_local(&mut pool, &second).unwrap();
    assert_eq!((added.origin, added.changes.journal.len()), (Origin::Remote, 0));
    let added = add(&mut pool, &transfer(3, 0, 100, 2)).unwrap();
    assert_eq!(dropped(&added.changes), [(second.hash(), DropReason::Evicted)]);
}

#[test]
fn a_pool_of_its_default_size_takes_twenty_thousand() {
    let limits = MempoolLimits { sender_slots: 20_000, sender_bytes: usize::MAX, ..MempoolLimits::default() };
    let mut pool = Mempool::new(limits, wallet::RULES);
    for nonce in 0..2_500 {
        for number in 1..=8 {
            let transaction = transfer(number, nonce, 100, 10 + u128::from(nonce % 7));
            pool.add(transaction, Origin::Remote, rich(0)).unwrap();
        }
    }
    let mut order = pool.in_order(7, super::batch(1), &[]);
    let a_batch = usize::try_from(wallet::RULES.gas_limit / 21_000).unwrap();
    assert_eq!(std::iter::from_fn(|| order.place()).count(), 8 * a_batch, "M11: of each sender what fits into a batch");
    assert_eq!(*pool.totals(), Totals { pending: 20_000, queued: 0, slots: 20_000, bytes: pool.totals().bytes });
    pool.check_books();
}
