use super::{restarted, watch};
use crate::sim::{checkers::Evidence, facts::Fact};

fn accuses(epoch: u64, view: u64, offence: &'static str) -> Fact {
    Fact::Accuses { accused: 3, epoch, view, offence }
}

#[test]
fn one_piece_of_an_offence_and_an_epoch_is_what_l1_takes() {
    let run = watch(Evidence::default()).see(0, accuses(1, 4, "two notarize")).see(0, accuses(1, 4, "two finalize"));
    run.see(0, accuses(2, 4, "two notarize")).see(1, accuses(1, 4, "two notarize")).holds();
}

#[test]
fn same_piece_again_is_a_violation() {
    let run = watch(Evidence::default()).see(0, accuses(1, 4, "two notarize"));
    run.see(0, accuses(1, 4, "two notarize")).fires("two notarize by n3 in epoch 1 again, of view 4");
}

#[test]
fn second_piece_of_an_epoch_is_a_violation_though_it_is_of_another_view() {
    let run = watch(Evidence::default()).see(0, accuses(1, 4, "two notarize"));
    run.see(0, accuses(1, 5, "two notarize")).fires("again, of view 5");
}

#[test]
fn node_finds_again_in_another_life_what_it_found_before() {
    let run = watch(Evidence::default()).see(0, accuses(1, 4, "two notarize"));
    run.see(0, restarted(1)).see(0, accuses(1, 4, "two notarize")).holds();
}

#[test]
fn faulty_nodes_may_repeat_themselves() {
    let run = watch(Evidence::default()).see_faulty(0, accuses(1, 4, "two notarize"));
    run.see_faulty(0, accuses(1, 4, "two notarize")).holds();
}
