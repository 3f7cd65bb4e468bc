//! Batches kept decoded, by the memory that they take (R12).

use std::sync::Arc;

use alloy_primitives::U256;
use serde_json::json;

use super::{
    chain::{Chain, EMITTER},
    client::Served,
    wallets::Key,
};
use crate::rpc::{Backend, blocks::Blocks};

#[tokio::test]
async fn r12_batches_are_kept_by_what_their_logs_take() {
    let served = Served::start(Chain::instant()).await;
    for nonce in 0..2 {
        served.ok("eth_sendRawTransaction", json!([Key::of(0).sends(nonce, EMITTER, U256::ZERO)])).await;
    }
    let few = served.chain.block(1).unwrap().unwrap();
    let mut many = served.chain.block(2).unwrap().unwrap();
    many.receipts = vec![many.receipts[0].clone(); 10_000];
    // An address, a topic and a word each.
    assert!(many.memory_bytes() > few.memory_bytes() + 9_999 * (20 + 32 + 32));
    let (few, many) = (Arc::new(few), Arc::new(many));
    let both = few.memory_bytes() + many.memory_bytes();
    for (most_bytes, first_is_kept) in [(both, true), (both - 1, false)] {
        let blocks = Blocks::new(64, most_bytes);
        blocks.put(&few);
        blocks.put(&many);
        assert_eq!((blocks.get(1).is_some(), blocks.get(2).is_some()), (first_is_kept, true));
    }
}
