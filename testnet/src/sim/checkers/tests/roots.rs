use super::{hash, told, watch};
use crate::sim::checkers::Roots;

#[test]
fn equal_roots_that_the_header_names_are_right() {
    watch(Roots::default()).see(0, told(1, |_| {})).see(1, told(1, |_| {})).see(0, told(2, |_| {})).holds();
}

#[test]
fn states_that_differ_are_a_violation() {
    let run = watch(Roots::default()).see(0, told(1, |_| {}));
    run.see(1, told(1, |told| told.state_root = hash(9))).fires("after height 1 is 656565 at n0 and 090909 at n1");
}

#[test]
fn state_that_the_header_does_not_name_is_a_violation() {
    let run = watch(Roots::default());
    run.see(1, told(1, |told| told.state_root = hash(9))).fires("is 090909 at n1, and its header says 656565");
}

#[test]
fn state_of_a_faulty_node_is_its_own() {
    let run = watch(Roots::default()).see_faulty(1, told(1, |told| told.state_root = hash(9)));
    run.see(0, told(1, |_| {})).holds();
}
