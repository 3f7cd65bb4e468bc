use super::{Watch, restarted, setup, watch};
use crate::sim::{checkers::Evidence, facts::Fact};

/// On an L1 with epochs of six seconds, which takes evidence for eight of them.
fn run() -> Watch<Evidence> {
    watch(Evidence::new(&setup()))
}

fn accuses(epoch: u64, view: u64, offence: &'static str) -> Fact {
    Fact::Accuses { accused: 3, epoch, view, offence }
}

#[test]
fn one_piece_of_a_validator_is_what_l1_takes() {
    let other = Fact::Accuses { accused: 2, epoch: 1, view: 4, offence: "two notarize" };
    run().see(0, accuses(1, 4, "two notarize")).see(0, other).see(1, accuses(1, 4, "two notarize")).holds();
}

#[test]
fn second_piece_is_a_violation_whatever_it_is_of() {
    for again in [accuses(1, 4, "two notarize"), accuses(1, 5, "two notarize"), accuses(9, 1, "two finalize")] {
        let run = run().see(0, accuses(1, 4, "two notarize")).at_ms(59_999);
        run.see(0, again).fires("by n3 in");
    }
}

/// Rule E4 of replica.
#[test]
fn second_piece_is_wanted_when_the_first_is_too_late() {
    let run = run().see(0, accuses(1, 4, "two notarize")).at_ms(60_000);
    run.see(0, accuses(9, 1, "two notarize")).holds();
}

#[test]
fn node_finds_again_in_another_life_what_it_found_before() {
    run().see(0, accuses(1, 4, "two notarize")).see(0, restarted(1)).see(0, accuses(1, 4, "two notarize")).holds();
}

#[test]
fn faulty_nodes_may_repeat_themselves() {
    let run = run().see_faulty(0, accuses(1, 4, "two notarize"));
    run.see_faulty(0, accuses(1, 4, "two notarize")).holds();
}
