use alloy_consensus::{TxReceipt as _, proofs::calculate_receipt_root};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bloom, BloomInput, U256};

use super::{
    contracts::{REVERT, TRANSFER, deploying, token, transfer_input},
    world::{Draft, GWEI, Key, World, calling, creating, draft},
};
use crate::TransactionReceipt;

const FRIEND: Address = Address::repeat_byte(0x42);

/// A batch with two token transfers, a revert, a plain transfer of type 0 and one of type 1, in this order.
pub(super) fn batch() -> (World, std::sync::Arc<crate::ExecutedBatch>, Address) {
    let mut world = World::new();
    let key = Key::new(0);
    let (token_at, revert_at) = (key.address.create(0), key.address.create(1));
    world.run(&[key.sends(&creating(0, token())), key.sends(&creating(1, deploying(&REVERT)))]);
    let batch = world.run(&[
        key.sends(&calling(2, token_at, transfer_input(FRIEND, 10))),
        key.sends(&calling(3, revert_at, [])),
        key.sends(&calling(4, token_at, transfer_input(FRIEND, 20))),
        key.sends(&Draft { kind: 0, ..draft(5) }),
        key.sends(&Draft { kind: 1, ..draft(6) }),
    ]);
    (world, batch, token_at)
}

/// Rule X13.
#[test]
fn receipts_tell_what_happened() {
    let (world, batch, token_at) = batch();
    let receipts = batch.receipts();
    let success: Vec<_> = receipts.iter().map(TransactionReceipt::is_success).collect();
    assert_eq!(success, [true, false, true, true, true]);
    let first_logs: Vec<_> = receipts.iter().map(|receipt| receipt.first_log).collect();
    assert_eq!(first_logs, [0, 1, 1, 2, 2], "indices run through the batch");
    let log = &receipts[2].logs()[0];
    assert_eq!(log.address, token_at);
    assert_eq!(log.topics(), [TRANSFER, Key::new(0).address.into_word(), FRIEND.into_word()]);
    assert_eq!(log.data.data.as_ref(), U256::from(20).to_be_bytes::<32>());
    let slot = |owner: Address| world.slot(token_at, owner.into_word().into());
    assert_eq!(slot(FRIEND), U256::from(30));
    assert_eq!(slot(Key::new(0).address), U256::from(999_970));

    let mut cumulative = 0;
    for (receipt, transaction) in receipts.iter().zip(batch.batch().transactions()) {
        cumulative += receipt.gas_used;
        assert_eq!(receipt.envelope.cumulative_gas_used(), cumulative);
        assert_eq!(receipt.transaction, transaction.hash());
        assert_eq!(receipt.from, transaction.sender());
        assert_eq!(receipt.contract, None);
    }
    assert_eq!(batch.header().header().gas_used, cumulative);
    let base_fee = u128::from(batch.header().header().base_fee_per_gas.unwrap());
    assert_eq!(receipts[0].effective_gas_price_wei, base_fee + GWEI);
    assert_eq!(receipts[3].effective_gas_price_wei, 10 * GWEI, "type 0 pays its whole price");
    let kinds: Vec<u8> = receipts.iter().map(|receipt| receipt.envelope.tx_type().into()).collect();
    assert_eq!(kinds, [2, 2, 2, 0, 1]);
}

/// Rule X13.
#[test]
fn root_and_bloom_are_those_of_the_receipts() {
    let (_, batch, token_at) = batch();
    let header = batch.header().header();
    let envelopes: Vec<_> = batch.receipts().iter().map(|receipt| receipt.envelope.clone()).collect();
    assert_eq!(header.receipts_root, calculate_receipt_root(&envelopes));
    let bloom = header.logs_bloom;
    for input in [token_at.as_slice(), TRANSFER.as_slice(), FRIEND.into_word().as_slice()] {
        assert!(bloom.contains_input(BloomInput::Raw(input)));
    }
    assert!(!bloom.contains_input(BloomInput::Raw(Address::repeat_byte(0x99).as_slice())));
    assert_eq!(bloom, envelopes.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()));
    assert!(envelopes[0].encoded_2718().starts_with(&[2]));
}

#[test]
fn stored_receipts_come_back_as_they_were() {
    let (mut world, batch, _) = batch();
    let created = world.run(&[Key::new(1).sends(&creating(0, deploying(&REVERT)))]);
    for batch in [batch, created] {
        let bytes = TransactionReceipt::encode_all(batch.receipts());
        assert_eq!(TransactionReceipt::decode_all(&bytes).unwrap(), batch.receipts());
    }
}

#[test]
fn damaged_receipts_are_refused() {
    let (_, batch, _) = batch();
    let bytes = TransactionReceipt::encode_all(batch.receipts());
    assert!(TransactionReceipt::decode_all(&bytes[..bytes.len() - 1]).is_err());
    assert!(TransactionReceipt::decode_all(&[&bytes[..], &[0]].concat()).is_err());
    assert!(TransactionReceipt::decode_all(&[]).is_err());
}
