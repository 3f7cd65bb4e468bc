use rota_proto::Signers;

use super::{told, watch};
use crate::sim::{checkers::Quorum, facts::Fact};

/// Height 1 with these stakes, by those whose bits are set.
fn signed(stakes: [u64; 3], signers: u128) -> Fact {
    told(1, |told| (told.stakes, told.signers) = (stakes.to_vec(), Some(Signers(signers))))
}

#[test]
fn more_than_two_thirds_of_the_stake_are_a_quorum() {
    watch(Quorum).see(0, signed([10, 10, 11], 0b111)).see(0, signed([10, 60, 20], 0b110)).holds();
}

#[test]
fn two_thirds_are_none() {
    watch(Quorum).see(2, signed([10, 10, 10], 0b011)).fires("height 1 is final at n2 by 20 of 30");
}

#[test]
fn heads_and_strangers_do_not_count() {
    watch(Quorum).see(2, signed([60, 20, 20], 0b1110)).fires("by 40 of 100");
}

#[test]
fn batch_that_comes_without_its_own_finalization_is_the_next_ones_matter() {
    watch(Quorum).see(0, told(1, |told| told.signers = None)).see_faulty(2, signed([10, 10, 10], 0b001)).holds();
}
