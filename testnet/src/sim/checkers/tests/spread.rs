use super::{Watch, restarted, setup, watch};
use crate::sim::{checkers::Spread, facts::Fact};

/// Nodes 0 to 2 are honest; 3 s for a message, 6 s for an epoch to begin.
fn run() -> Watch<Spread> {
    watch(Spread::new(&setup()))
}

fn kept(epoch: u64) -> Fact {
    Fact::Kept { accused: 3, epoch }
}

const TICK: Fact = Fact::Tick { waiting: 0 };

#[test]
fn what_all_keep_in_time_is_well() {
    let run = run().at_ms(1_000).see(0, kept(0)).at_ms(9_000).see(0, TICK).see(1, kept(0)).see(2, kept(0));
    run.at_ms(20_000).see(0, TICK).holds();
}

#[test]
fn what_one_keeps_and_another_does_not_is_a_violation_in_the_end() {
    let run = run().at_ms(1_000).see(0, kept(0)).see(1, kept(0)).at_ms(10_000).see(0, TICK);
    run.at_ms(10_001).see(0, TICK).fires("n2 keeps nothing against n3");
}

#[test]
fn who_is_faulty_need_not_keep_anything_and_moves_nobody() {
    run().see_faulty(3, kept(0)).at_ms(20_000).see(0, TICK).holds();
}

#[test]
fn who_comes_back_has_time_and_who_stopped_has_for_ever() {
    let stopped = Fact::Stopped { kind: "disk", why: String::new() };
    let run = run().see(0, kept(0)).see(1, kept(0)).see(2, stopped).at_ms(20_000).see(0, TICK);
    let run = run.see(2, restarted(1)).at_ms(29_000).see(0, TICK);
    run.at_ms(29_001).see(0, TICK).fires("n2 keeps nothing against n3");
}

#[test]
fn what_a_node_had_before_it_began_anew_counts_only_if_it_has_it_still() {
    let all = |run: Watch<Spread>| run.see(0, kept(0)).see(1, kept(0)).see(2, kept(0));
    let run = all(run()).at_ms(1_000).see(1, restarted(1)).see(1, kept(0)).at_ms(20_000).see(0, TICK);
    run.see(1, restarted(1)).at_ms(29_001).see(0, TICK).fires("n1 keeps nothing against n3");
}

/// Rule E4 of replica.
#[test]
fn what_is_too_late_for_l1_need_not_be_kept() {
    run().at_ms(53_000).see(0, kept(0)).at_ms(63_000).see(0, TICK).holds();
}
