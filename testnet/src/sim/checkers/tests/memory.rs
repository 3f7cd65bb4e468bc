use rota_proto::Vote;

use super::{hash, round, watch};
use crate::sim::{checkers::Memory, facts::Fact};

#[test]
fn vote_that_the_record_lacks_is_a_violation() {
    let lost = Fact::OldRecord(Vote::notarize(round(4), hash(1)));
    watch(Memory).see(2, lost).fires("the record of n2 lacks notarize 1.4 010101");
}

#[test]
fn faulty_nodes_may_have_any_record() {
    let lost = Fact::OldRecord(Vote::notarize(round(4), hash(1)));
    watch(Memory).see(1, Fact::Signed(Vote::nullify(round(4)))).see_faulty(2, lost).holds();
}
