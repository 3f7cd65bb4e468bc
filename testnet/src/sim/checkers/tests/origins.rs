use super::{Watch, hash, setup, told, watch};
use crate::sim::{checkers::Origins, facts::FinalFact};

/// Genesis names block 1,006, the first of epoch 1 of six blocks; a batch is at most 60 s younger than its origin.
fn genesis() -> Watch<Origins> {
    watch(Origins::new(&setup()))
}

/// On a later block, 12 s after the one before each, in this epoch.
fn on(block: u64, epoch: u64) -> impl Fn(&mut FinalFact) {
    let name = hash(u8::try_from(block - 800).expect("a block near genesis"));
    let time = 10_000 + 12 * (block - 1_006);
    move |told| (told.origin, told.l1, told.timestamp, told.epoch) = ((block, name), Some((name, time)), time, epoch)
}

#[test]
fn origins_that_move_on_through_the_epochs_are_right() {
    let run = genesis().see(0, told(1, |_| {})).see(1, told(1, |_| {})).see(0, told(2, on(1_011, 1)));
    // The closing batch belongs to the epoch that it closes, and epochs may be skipped.
    run.see(0, told(3, on(1_012, 1))).see(0, told(4, on(1_025, 2))).see(0, told(5, on(1_026, 4))).holds();
}

#[test]
fn block_that_l1_does_not_have_is_a_violation() {
    genesis().see(0, told(1, |told| told.l1 = None)).fires("names block 1006, which L1 has not");
}

#[test]
fn another_block_than_l1_has_is_a_violation() {
    genesis().see(0, told(1, |told| told.origin.1 = hash(9))).fires("names 090909 as block 1006, and L1 has cecece");
}

#[test]
fn origin_that_goes_back_is_a_violation() {
    let run = genesis().see(0, told(1, on(1_008, 1)));
    run.see(0, told(2, on(1_007, 1))).fires("goes back from block 1008 to 1007");
}

#[test]
fn origin_below_that_of_genesis_is_a_violation() {
    let block = |told: &mut FinalFact| told.origin.0 = 1_005;
    genesis().see(0, told(1, block)).fires("goes back from block 1006 to 1005");
}

#[test]
fn batch_may_be_as_old_as_the_bound_and_no_older() {
    genesis().see(0, told(1, |told| told.timestamp = 10_060)).holds();
    genesis().see(0, told(1, |told| told.timestamp = 10_061)).fires("is dated 10061, 61 s after its origin");
}

#[test]
fn batch_dated_before_its_origin_is_a_violation() {
    genesis().see(0, told(1, |told| told.timestamp = 9_999)).fires("is dated 9999, its origin 10000, its parent 0");
}

#[test]
fn batch_dated_before_its_parent_is_a_violation() {
    let run = genesis().see(0, told(1, |told| told.timestamp = 10_030));
    run.see(0, told(2, |told| told.timestamp = 10_029)).fires("is dated 10029, its origin 10000, its parent 10030");
}

#[test]
fn batch_of_another_epoch_than_its_parents_origin_is_a_violation() {
    let run = genesis().see(0, told(1, on(1_012, 1)));
    run.see(0, told(2, on(1_012, 1))).fires("is of epoch 1, and block 1012, its parent's origin, of epoch 2");
}

#[test]
fn what_faulty_nodes_call_final_is_nothing() {
    genesis().see_faulty(0, told(1, |told| told.l1 = None)).holds();
}
