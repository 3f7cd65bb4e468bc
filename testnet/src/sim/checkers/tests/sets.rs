use super::watch;
use crate::sim::{checkers::Sets, facts::Fact, story::NodeId};

/// The set of an epoch as a node has it; n1 has no stake, and the others 10 each.
fn set(epoch: u64, members: &[(NodeId, u64)]) -> Fact {
    Fact::Set { epoch, members: members.to_vec(), stakes: vec![10, 0, 10, 10] }
}

const STAKED: [(NodeId, u64); 3] = [(0, 10), (2, 10), (3, 10)];

#[test]
fn set_that_all_have_and_the_stakes_make_is_right() {
    watch(Sets::default()).see(0, set(1, &STAKED)).see(1, set(1, &STAKED)).see(0, set(3, &STAKED)).holds();
}

#[test]
fn sets_that_differ_are_a_violation() {
    let run = watch(Sets::default()).see(0, set(1, &STAKED));
    run.see(2, set(1, &STAKED[1..])).fires("is [(0, 10), (2, 10), (3, 10)] at n0 and [(2, 10), (3, 10)] at n2");
}

#[test]
fn set_that_is_not_staked_is_a_violation() {
    for wrong in [vec![(0, 10), (2, 10)], vec![(0, 10), (2, 11), (3, 10)], vec![(0, 10), (1, 10), (2, 10), (3, 10)]] {
        watch(Sets::default()).see(0, set(1, &wrong)).fires("and [10, 0, 10, 10] are staked on L1");
    }
}

#[test]
fn set_of_a_faulty_node_is_its_own() {
    watch(Sets::default()).see_faulty(3, set(1, &[])).see(0, set(1, &STAKED)).holds();
}
