use super::{Watch, hash, told, watch};
use crate::sim::{
    checkers::Once,
    facts::{Fact, FinalFact},
};

fn of(transactions: &[u8]) -> impl Fn(&mut FinalFact) {
    let transactions: Vec<_> = transactions.iter().map(|number| hash(*number)).collect();
    move |told| told.transactions.clone_from(&transactions)
}

fn receipt(transaction: u8, height: u64) -> Fact {
    Fact::Receipt { transaction: hash(transaction), height }
}

/// Height 1 with transactions 51 and 52, told by both nodes.
fn begun() -> Watch<Once> {
    watch(Once::default()).see(0, told(1, of(&[51, 52]))).see(1, told(1, of(&[51, 52])))
}

#[test]
fn transaction_that_stands_once_and_where_its_receipt_says_is_right() {
    begun().see(0, told(2, of(&[53]))).see(1, receipt(52, 1)).see(0, receipt(53, 2)).holds();
}

#[test]
fn transaction_in_two_batches_is_a_violation() {
    begun().see(1, told(2, of(&[53, 51]))).fires("333333 is final at height 2, and was at 1 already");
}

#[test]
fn transaction_twice_in_a_batch_is_a_violation() {
    watch(Once::default())
        .see(0, told(1, of(&[51, 52, 51])))
        .fires("333333 is final at height 1, and was at 1 already");
}

#[test]
fn receipt_of_another_height_is_a_violation() {
    begun().see(0, receipt(51, 2)).fires("n0 says that 333333 is final at height 2, and it is at 1");
}

#[test]
fn receipt_of_what_is_not_on_the_chain_is_a_violation() {
    begun().see(0, receipt(54, 2)).fires("no final batch has it");
}

#[test]
fn what_faulty_nodes_say_is_nothing() {
    begun().see_faulty(2, told(2, of(&[51]))).see_faulty(2, receipt(54, 2)).holds();
}
