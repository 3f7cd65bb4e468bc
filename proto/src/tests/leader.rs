//! The seed of the leader draw (rule L1 of consensus).

use alloy_primitives::{B256, hex, keccak256};

use crate::{Epoch, leader_seed};

#[test]
fn seed_is_the_hash_of_tag_chain_epoch_and_randomness() {
    let randomness = keccak256("randomness of block 115");
    let seed = leader_seed(7682, Epoch(2), randomness);
    // By cast: keccak of "rota/leader", 7682 and 2 in 8 bytes each, and the randomness.
    assert_eq!(seed, B256::from(hex!("776bd9327f686c06f9c848a4cf78d1cda581ed6cdc929d1f03ec4a6e0054b8df")));
    for other in [
        leader_seed(7683, Epoch(2), randomness),
        leader_seed(7682, Epoch(3), randomness),
        leader_seed(7682, Epoch(2), B256::ZERO),
    ] {
        assert_ne!(seed, other);
    }
}
