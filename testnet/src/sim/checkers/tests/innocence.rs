use super::watch;
use crate::sim::{checkers::Innocence, facts::Fact};

fn accuses(accused: usize) -> Fact {
    Fact::Accuses { accused, epoch: 1, view: 4, offence: "two finalize" }
}

#[test]
fn evidence_against_the_guilty_is_right() {
    watch(Innocence::new([3].into())).see(0, accuses(3)).holds();
}

#[test]
fn evidence_against_an_honest_node_is_a_violation() {
    watch(Innocence::new([3].into())).see(0, accuses(2)).fires("two finalize in 1.4 against n2, who is honest");
}

#[test]
fn what_faulty_nodes_hold_is_nothing() {
    watch(Innocence::new([3].into())).see_faulty(3, accuses(2)).holds();
}
