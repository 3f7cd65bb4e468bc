use rota_proto::Vote;

use super::{Watch, hash, restarted, round, told, watch};
use crate::sim::{checkers::Stops, facts::Fact};

/// Three of equal stake, of which so many, counted from the last, are faulty.
fn three(faulty: usize) -> Watch<Stops> {
    watch(Stops::new(&[10, 10, 10], (3 - faulty..3).collect()))
}

fn stopped(kind: &'static str) -> Fact {
    Fact::Stopped { kind, why: "its error".into() }
}

/// All that a node can do to others.
fn deeds() -> [Fact; 4] {
    let receipt = Fact::Receipt { transaction: hash(51), height: 1 };
    [Fact::Sent, Fact::Signed(Vote::nullify(round(1))), told(1, |_| {}), receipt]
}

#[test]
fn node_stops_when_l1_lied_to_it() {
    three(0).see(0, Fact::Deceived).see(0, stopped("l1")).holds();
    three(0)
        .see(1, Fact::Deceived)
        .see(0, stopped("l1"))
        .fires("n0 stopped without a cause, by its word l1: its error");
}

#[test]
fn node_stops_when_its_disk_failed() {
    three(0).see(0, Fact::DiskFailed).see(0, stopped("disk")).holds();
    three(0).see(1, Fact::DiskFailed).see(0, stopped("disk")).fires("without a cause, by its word disk");
}

#[test]
fn finalizations_conflict_only_if_more_than_a_third_is_faulty() {
    three(2).see(0, stopped("conflict")).holds();
    three(1).see(0, stopped("conflict")).fires("without a cause, by its word conflict");
}

#[test]
fn stake_of_the_faulty_may_grow_in_a_later_epoch() {
    let grown = Fact::Set { epoch: 2, members: Vec::new(), stakes: vec![10, 10, 11] };
    three(1).see(0, grown).see(0, stopped("conflict")).holds();
}

#[test]
fn final_batch_that_is_invalid_here_is_never_a_cause() {
    let run = three(2).see(0, Fact::Deceived).see(0, Fact::DiskFailed);
    run.see(0, stopped("final_invalid")).fires("without a cause, by its word final_invalid");
}

#[test]
fn reason_without_a_name_is_none() {
    three(2).see(0, stopped("boredom")).fires("by its word boredom");
}

#[test]
fn node_that_stopped_does_nothing_more() {
    for deed in deeds() {
        three(0).see(0, Fact::Deceived).see(0, deed.clone()).see(0, stopped("l1")).see(1, deed.clone()).holds();
        three(0).see(0, Fact::Deceived).see(0, stopped("l1")).see(0, deed).fires("n0 goes on after it stopped");
    }
}

#[test]
fn node_whose_disk_failed_does_nothing_more() {
    for deed in deeds() {
        three(0).see(0, Fact::DiskFailed).see(0, deed).fires("n0 goes on after its disk failed");
    }
}

#[test]
fn node_that_is_started_again_goes_on() {
    for deed in deeds() {
        let run = three(0).see(0, Fact::DiskFailed).see(0, stopped("disk")).see(0, restarted(0));
        // Its disk failed in an earlier life: what was lost then may stop it at any time.
        run.see(0, deed).see(0, stopped("disk")).holds();
    }
}

#[test]
fn faulty_nodes_stop_and_go_on_as_they_like() {
    let run = three(1).see_faulty(2, stopped("boredom"));
    deeds().into_iter().fold(run, |run, deed| run.see_faulty(2, deed)).holds();
}
