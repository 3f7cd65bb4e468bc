use super::{Watch, restarted, round, told, watch};
use crate::sim::{
    checkers::{Bounds, Liveness},
    facts::Fact,
    queue::Time,
};

/// Healed after 10 s; work is final within 5 s, and within 3 views led by n0 or n1. Another, n2, is faulty.
fn healing() -> Watch<Liveness> {
    let honest = [0, 1].into();
    watch(Liveness::new(Bounds { healed: Time::from_ms(10_000), bound_ms: 5_000, honest_views: 3, honest }))
}

fn tick(waiting: usize) -> Fact {
    Fact::Tick { waiting }
}

fn entered(view: u64, leader: usize) -> Fact {
    Fact::Entered { round: round(view), leader }
}

fn stopped() -> Fact {
    Fact::Stopped { kind: "disk", why: "full".into() }
}

/// Height 1 becomes final at n0 after 11 s, and there is no more work.
fn one_is_behind() -> Watch<Liveness> {
    healing().at_ms(11_000).see(0, told(1, |_| {})).see(0, tick(0))
}

#[test]
fn nothing_is_promised_before_the_network_heals() {
    healing().at_ms(1_000).see(0, tick(5)).at_ms(9_000).see(0, tick(5)).at_ms(14_000).see(0, tick(5)).holds();
}

#[test]
fn work_that_is_not_final_within_the_bound_is_a_violation() {
    let run = healing().at_ms(9_000).see(0, tick(5)).at_ms(15_000).see(0, tick(5));
    run.at_ms(15_001).see(0, tick(5)).fires("5 transactions wait, and nothing is final since 5000 ms");
}

#[test]
fn work_that_came_later_has_its_own_bound() {
    let run = healing().at_ms(14_000).see(0, tick(0)).at_ms(15_000).see(0, tick(1)).at_ms(20_000).see(0, tick(1));
    run.at_ms(20_001).see(0, tick(1)).fires("1 transactions wait");
}

#[test]
fn final_batch_begins_the_bound_anew() {
    let run = healing().at_ms(9_000).see(0, tick(5)).at_ms(14_000).see(0, told(1, |_| {})).see(1, told(1, |_| {}));
    run.at_ms(19_000).see(0, tick(5)).holds();
}

#[test]
fn final_batch_of_a_faulty_node_is_none() {
    let run = healing().at_ms(9_000).see(0, tick(5)).at_ms(14_000).see_faulty(2, told(1, |_| {}));
    run.at_ms(15_001).see(0, tick(5)).fires("5 transactions wait");
}

#[test]
fn node_that_stays_behind_is_a_violation() {
    one_is_behind().at_ms(16_001).see(0, tick(0)).fires("n1 is at height 0, and 1 was final 5000 ms ago");
}

#[test]
fn node_that_comes_within_the_bound_is_in_time() {
    one_is_behind().at_ms(16_000).see(1, told(1, |_| {})).at_ms(16_001).see(0, tick(0)).holds();
}

#[test]
fn node_that_stopped_need_not_come() {
    one_is_behind().see(1, stopped()).at_ms(16_001).see(0, tick(0)).holds();
}

#[test]
fn node_that_was_started_again_has_the_bound_from_then_on() {
    let run = one_is_behind().see(1, stopped()).at_ms(15_000).see(1, restarted(0)).at_ms(16_001).see(0, tick(0));
    run.at_ms(21_002).see(0, tick(0)).fires("n1 is at height 0");
}

#[test]
fn views_led_by_honest_nodes_that_bring_nothing_are_a_violation() {
    let run = healing().at_ms(13_000).see(0, entered(1, 0)).see(1, entered(1, 0)).see(0, entered(2, 1));
    run.see(0, entered(3, 0)).see(0, entered(4, 1)).fires("4 views led by honest nodes passed since 1.1");
}

#[test]
fn views_led_by_faulty_or_stopped_nodes_do_not_count() {
    let run = healing().at_ms(13_000).see(1, stopped());
    (1..10).fold(run, |run, view| run.see(0, entered(2 * view, 2)).see(0, entered(2 * view + 1, 1))).holds();
}

#[test]
fn views_are_not_counted_while_timers_of_the_faults_run_out() {
    let run = healing().at_ms(12_499);
    (1..10).fold(run, |run, view| run.see(0, entered(view, 0))).holds();
}

#[test]
fn views_are_counted_anew_after_a_final_batch() {
    let run = healing().at_ms(13_000).see(0, entered(1, 0)).see(0, entered(2, 0)).see(0, told(1, |_| {}));
    run.see(0, entered(3, 0)).see(0, entered(4, 0)).holds();
}
