//! The pool against the naive one, through random lives: the same verdicts, the same order, the same departures;
//! the books are right after every step, and nothing is lost.

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::world::{BALANCE, Offer, STALE, Step, WALLETS, World};
use crate::limits::{NONCE_GAP_MAX, QUEUED_HEIGHTS_MAX};

const SEED: u8 = 41;
/// In place of how far a nonce lies ahead of the account's: beyond the gap.
const FAR: u64 = NONCE_GAP_MAX + 16;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ahead = prop_oneof![20 => 0u64..5, 1 => Just(STALE), 1 => Just(FAR)];
    let offer = (1..=WALLETS, ahead, 8u128..60, 0u128..40, 0u64..2_000_000);
    let manner = (prop_oneof![8 => Just(1usize), 1 => Just(2usize)], prop::bool::weighted(0.3));
    let binds = (prop::option::weighted(0.08, (1..=WALLETS, 0u64..3)), prop::bool::weighted(0.1));
    let add = (offer, manner, binds).prop_map(|((wallet, ahead, fee, tip, value), (slots, local), (binds, stale))| {
        Step::Add(Offer { wallet, ahead, fee, tip: tip.min(fee), value, slots, local, binds, stale })
    });
    let heights = prop_oneof![9 => Just(1), 1 => Just(QUEUED_HEIGHTS_MAX)];
    let finalize = (0usize..4, heights, (1..=WALLETS, 0..2 * BALANCE), prop::option::weighted(0.2, 1..=WALLETS))
        .prop_map(|(tip, heights, balance, used)| Step::Finalize { tip, heights, balance, used });
    let notarize = (0usize..4, 0usize..5, prop::option::weighted(0.3, 1..=WALLETS))
        .prop_map(|(tip, size, foreign)| Step::Notarize { tip, size, foreign });
    let step = prop_oneof![
        16 => add,
        1 => (0usize..12).prop_map(Step::Again),
        1 => (0usize..12).prop_map(Step::Discard),
        1 => (7u64..50).prop_map(Step::BaseFee),
        3 => notarize,
        1 => (0usize..4).prop_map(|tip| Step::Abandon { tip }),
        2 => finalize,
    ];
    prop::collection::vec(step, 1..80)
}

#[test]
fn every_life_of_the_pool_is_that_of_the_naive_one() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[SEED; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let totals = RefCell::new((0usize, 0usize, BTreeMap::<String, usize>::new()));
    let result = runner.run(&steps(), |steps| {
        let mut world = World::new();
        let count = steps.len();
        for step in steps {
            world.take(step);
            world.compare();
        }
        let mut totals = totals.borrow_mut();
        totals.0 += 1;
        totals.1 += count;
        for (event, count) in world.events {
            *totals.2.entry(event).or_default() += count;
        }
        Ok(())
    });
    let (lives, steps, events) = totals.into_inner();
    println!("seed {SEED}: {lives} lives, {steps} steps, {events:#?}");
    result.unwrap();
    assert!(lives > 0 && steps > 0, "something was checked");
    let expected = [
        "already known",
        "nonce too low",
        "nonce too high",
        "insufficient funds for gas * price + value",
        "replacement transaction underpriced",
        "account limit exceeded",
        "transaction underpriced",
        "txpool is full",
        "future transaction tries to replace pending",
        "gapped-nonce tx from delegated accounts",
        "in-flight transaction limit reached for delegated accounts",
        "authority already reserved",
        "taken Pending",
        "taken Queued",
        "replaced",
        "promoted",
        "notarized",
        "abandoned",
        "final",
        "given back",
        "too many hidden",
        "dropped Evicted",
        "dropped Preceded",
        "dropped Overtaken",
        "dropped Unaffordable",
        "dropped Expired",
        "dropped NotExecutable",
    ];
    let missing: Vec<_> = expected.iter().filter(|event| !events.contains_key(**event)).collect();
    assert!(missing.is_empty(), "these never happened: {missing:?}");
}
