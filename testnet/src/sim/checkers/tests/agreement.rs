use super::{hash, told, watch};
use crate::sim::{checkers::Agreement, facts::Fact};

#[test]
fn nodes_that_call_the_same_batches_final_agree() {
    let run = watch(Agreement::default()).see(0, told(1, |_| {})).see(1, told(1, |_| {}));
    run.see(1, told(2, |_| {})).see(0, told(2, |_| {})).holds();
}

#[test]
fn two_batches_of_one_height_are_a_violation() {
    let run = watch(Agreement::default()).see(0, told(1, |_| {}));
    run.see(1, told(1, |told| told.batch = hash(9))).fires("height 1 is 010101 at n0 and 090909 at n1");
}

#[test]
fn conflict_that_a_core_reports_is_a_violation() {
    watch(Agreement::default()).see(2, Fact::Conflict).fires("n2 holds two finalizations that conflict");
}

#[test]
fn what_faulty_nodes_say_is_nothing() {
    let run = watch(Agreement::default()).see_faulty(0, told(1, |told| told.batch = hash(9)));
    run.see_faulty(0, Fact::Conflict).see(1, told(1, |_| {})).holds();
}
