use super::{hash, restarted, told, watch};
use crate::sim::checkers::Chain;

#[test]
fn heights_that_follow_each_other_across_restarts_are_a_chain() {
    let run = watch(Chain::new(hash(0))).see(0, told(1, |_| {})).see(0, told(2, |_| {}));
    run.see(0, restarted(2)).see(0, told(3, |_| {})).see(1, told(1, |_| {})).holds();
}

#[test]
fn node_may_come_back_further_than_it_told() {
    watch(Chain::new(hash(0))).see(0, told(1, |_| {})).see(0, restarted(2)).see(0, told(3, |_| {})).holds();
}

#[test]
fn chain_with_a_gap_is_a_violation() {
    watch(Chain::new(hash(0))).see(0, told(1, |_| {})).see(0, told(3, |_| {})).fires("height 3 final after height 1");
}

#[test]
fn chain_that_does_not_begin_with_genesis_is_a_violation() {
    watch(Chain::new(hash(7))).see(0, told(1, |_| {})).fires("which is no child of 070707");
}

#[test]
fn batch_that_is_no_child_is_a_violation() {
    let run = watch(Chain::new(hash(0))).see(0, told(1, |_| {}));
    run.see(0, told(2, |told| told.parent = hash(9))).fires("which is no child of 010101");
}

#[test]
fn chain_that_shrinks_is_a_violation() {
    let run = watch(Chain::new(hash(0))).see(0, told(1, |_| {})).see(0, told(2, |_| {}));
    run.see(0, restarted(1)).fires("came back at height 1");
}

#[test]
fn last_batch_that_changes_over_a_restart_is_a_violation() {
    let other = crate::sim::Fact::Restarted { height: 1, batch: hash(9) };
    watch(Chain::new(hash(0))).see(0, told(1, |_| {})).see(0, other).fires("came back at height 1 090909");
}
