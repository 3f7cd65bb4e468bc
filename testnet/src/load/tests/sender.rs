use core::time::Duration;

use crate::load::sender::{Counts, Landing, Repair, Sender};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn counts(latest: u64, pending: u64) -> Counts {
    Counts { latest, pending }
}

/// A sender with nonces `first..first + count` sent at time zero.
fn sent(first: u64, count: u64) -> Sender {
    let mut sender = Sender::new(first, 16);
    for nonce in first..first + count {
        assert_eq!(sender.send(ms(0)), Some(nonce));
    }
    sender
}

#[test]
fn full_window_sends_nothing_until_a_transaction_is_final() {
    let mut sender = Sender::new(3, 2);
    assert_eq!((sender.send(ms(0)), sender.send(ms(0)), sender.send(ms(0))), (Some(3), Some(4), None));
    assert_eq!(sender.finalize(3), Some((ms(0), false)));
    assert_eq!(sender.send(ms(9)), Some(5));
}

/// L7.
#[test]
fn refused_sender_waits_for_its_answers_and_its_pause_before_it_asks() {
    let mut sender = sent(0, 2);
    assert!(sender.refuse(0, ms(10)));
    assert_eq!(sender.send(ms(10)), None);
    assert!(!sender.wants_check(ms(500)), "nonce 1 is not answered");
    sender.accept(1, true);
    assert!(!sender.wants_check(ms(109)));
    assert!(sender.wants_check(ms(110)));
}

/// L7.
#[test]
fn pause_doubles_while_checks_do_not_help_up_to_two_seconds() {
    let mut sender = sent(0, 1);
    let mut now = 0;
    for pause in [100, 200, 400, 800, 1_600, 2_000, 2_000] {
        sender.refuse(0, ms(now));
        assert!(!sender.wants_check(ms(now + pause - 1)), "pause {pause}");
        now += pause;
        assert!(sender.wants_check(ms(now)), "pause {pause}");
        assert_eq!(sender.repair(counts(0, 0), ms(now)).again, [0]);
    }
}

/// L8.
#[test]
fn gap_left_by_a_refusal_is_filled_and_what_waited_behind_it_is_sent_again() {
    let mut sender = sent(0, 4);
    sender.accept(0, true);
    sender.refuse(1, ms(5));
    assert_eq!((sender.accept(2, true), sender.accept(3, true)), (Landing::First, Landing::First));
    assert_eq!(sender.repair(counts(0, 1), ms(200)), Repair { again: vec![1, 2, 3], displaced: 0 });
    assert_eq!(sender.accept(1, true), Landing::First);
    assert_eq!(sender.accept(2, false), Landing::Old, "the node still had it");
    assert_eq!(sender.accept(3, true), Landing::Again, "the node had lost it");
    assert_eq!(sender.send(ms(300)), Some(4));
}

/// L8.
#[test]
fn nonces_that_others_used_are_passed_over_and_the_refused_transaction_given_up() {
    let mut sender = sent(0, 1);
    sender.refuse(0, ms(5));
    assert_eq!(sender.repair(counts(2, 3), ms(200)), Repair::default());
    assert_eq!(sender.send(ms(300)), Some(3));
    assert_eq!(sender.repair(counts(2, 3), ms(400)), Repair { again: vec![3], displaced: 0 }, "counted when refused");
    assert_eq!(sender.in_flight(), 1);
}

/// L8: the node's first copy was in a block before the second came.
#[test]
fn repetition_refused_for_its_nonce_is_still_ours_when_a_block_shows_it() {
    let mut sender = sent(0, 1);
    sender.lose_answer(0, ms(5));
    assert_eq!(sender.repair(counts(0, 0), ms(200)).again, [0]);
    sender.refuse(0, ms(210));
    assert_eq!(sender.repair(counts(1, 1), ms(500)), Repair::default());
    assert_eq!(sender.finalize(0), Some((ms(0), false)));
}

/// L8.
#[test]
fn accepted_transaction_whose_nonce_is_used_is_given_up_at_the_second_check() {
    let mut sender = sent(0, 1);
    sender.accept(0, true);
    assert_eq!(sender.repair(counts(1, 1), ms(100)).displaced, 0, "its block may be on the way to us");
    assert_eq!(sender.repair(counts(1, 1), ms(200)).displaced, 1);
    assert_eq!(sender.in_flight(), 0);
}

/// L8.
#[test]
fn node_that_lags_behind_the_blocks_seen_does_not_make_a_final_transaction_be_sent_again() {
    let mut sender = sent(0, 3);
    (0..3).for_each(|nonce| assert_eq!(sender.accept(nonce, true), Landing::First));
    assert_eq!(sender.finalize(0), Some((ms(0), true)));
    sender.stall(ms(9));
    assert_eq!(sender.repair(counts(0, 0), ms(200)).again, [1, 2]);
    assert_eq!(sender.send(ms(200)), Some(3));
}

#[test]
fn refusal_of_a_transaction_that_is_final_means_nothing() {
    let mut sender = sent(0, 1);
    sender.finalize(0);
    assert!(!sender.refuse(0, ms(10)));
    assert!(sender.can_send());
    assert_eq!(sender.accept(0, true), Landing::Old);
}

/// L7.
#[test]
fn sender_is_stuck_when_its_first_transaction_is_not_final_for_the_time_given() {
    let mut sender = Sender::new(0, 4);
    assert!(!sender.is_stuck(ms(9_000), ms(1_000)), "nothing is on its way");
    sender.send(ms(5_000));
    sender.send(ms(5_300));
    assert!(!sender.is_stuck(ms(5_999), ms(1_000)));
    assert!(sender.is_stuck(ms(6_000), ms(1_000)));
    sender.finalize(0);
    assert!(!sender.is_stuck(ms(6_299), ms(1_000)));
    assert!(sender.is_stuck(ms(6_300), ms(1_000)));
    sender.repair(counts(1, 2), ms(6_400));
    assert!(!sender.is_stuck(ms(7_399), ms(1_000)), "just checked");
    assert!(sender.is_stuck(ms(7_400), ms(1_000)));
}

/// L8: whatever is refused, lost or delayed, every nonce reaches the node in the end, each as one transaction.
#[test]
fn random_failures_leave_no_gap() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    const SEED: u64 = 7;
    const ROUNDS: u64 = 20_000;
    let mut dice = StdRng::seed_from_u64(SEED);
    let (mut sender, mut latest, mut pooled) = (Sender::new(0, 8), 0_u64, std::collections::BTreeSet::new());
    let (mut finals, mut failures) = (0_u64, 0_u64);
    for now in (0..ROUNDS).map(|round| ms(round * 50)) {
        let mut wire: Vec<u64> = core::iter::from_fn(|| sender.send(now)).collect();
        if sender.wants_check(now) {
            let pending = (latest..).find(|nonce| !pooled.contains(nonce)).unwrap();
            wire.extend(sender.repair(counts(latest, pending), now).again);
        }
        for nonce in wire {
            let side = dice.random_range(0..10);
            if side > 1 && nonce >= latest {
                pooled.insert(nonce);
            }
            match side {
                0 => assert!(sender.refuse(nonce, now)),
                1 | 2 => assert!(sender.lose_answer(nonce, now)),
                _ => assert_ne!(sender.accept(nonce, true), Landing::Old, "every send is answered once"),
            }
        }
        if dice.random_range(0..20) == 0 {
            failures += 1;
            pooled.clear();
        }
        while dice.random_bool(0.8) && pooled.remove(&latest) {
            finals += u64::from(sender.finalize(latest).is_some());
            latest += 1;
        }
        if sender.is_stuck(now, ms(1_000)) {
            sender.stall(now);
        }
    }
    println!("seed {SEED}, {ROUNDS} rounds, {failures} pools lost, {finals} final of {latest}");
    assert!(failures > 0 && latest > ROUNDS / 100, "the run exercised nothing");
    assert_eq!(finals, latest, "a nonce became final that was not on its way");
}
