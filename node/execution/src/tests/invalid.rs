//! Each way in which a batch is invalid, by name.

use alloy_consensus::{Header, SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bloom, Signature, U256};
use rota_proto::{BatchBody, BatchHeader, L1Origin, TransactionError};

use super::world::{
    BENEFICIARY, CHAIN_ID, Draft, ETHER, GWEI, Key, World, calling, creating, draft, extra, l1, refuses,
};
use crate::{Built, ExecutionError, Facts, Invalid, L1Block, NotExecutable, Unready};

/// A batch of three transfers on genesis, and a second node to check it.
fn proposal() -> (World, Built) {
    let mut world = World::new();
    let (first, second) = (Key::new(0), Key::new(1));
    let transactions =
        [first.sends(&draft(0)), first.sends(&draft(1)), second.sends(&Draft { tip: 2 * GWEI, ..draft(0) })];
    let built = world.build(world.genesis_hash(), &transactions);
    assert_eq!(built.body.0.len(), 3);
    (world.second(), built)
}

/// With this change of the header the batch is invalid in this way.
#[track_caller]
fn check_header(change: impl FnOnce(&mut Header), expected: &Invalid) {
    let (mut checker, built) = proposal();
    let mut header = built.executed.header().header().clone();
    change(&mut header);
    refuses(&mut checker, &header, &built.body, expected);
    assert!(checker.check(built.executed.header().header(), &built.body).is_ok(), "unchanged it is valid");
}

/// A body that nobody built is invalid in this way under an otherwise fitting header.
#[track_caller]
fn check_body(world: &World, body: &BatchBody, expected: &Invalid) {
    let mut checker = world.second();
    let empty = world.second().build(world.execution.head().hash(), &[]);
    let header = Header { transactions_root: body.root(), ..empty.executed.header().header().clone() };
    refuses(&mut checker, &header, body, expected);
}

fn body(transactions: &[std::sync::Arc<rota_proto::Transaction>]) -> BatchBody {
    BatchBody::of(transactions)
}

/// Rule X4.
#[test]
fn body_of_another_root_is_refused() {
    let (mut checker, built) = proposal();
    let mut body = built.body.clone();
    body.0.pop();
    let header = built.executed.header().header();
    let expected = Invalid::TransactionsRoot { header: header.transactions_root, body: body.root() };
    refuses(&mut checker, header, &body, &expected);
}

/// Rule X5.
#[test]
fn transaction_of_a_reserved_or_unknown_type_is_invalid() {
    let world = World::new();
    for kind in [0x03, 0x05, 0x7e] {
        let bytes = BatchBody(vec![vec![kind, 0xc0].into()]);
        check_body(&world, &bytes, &Invalid::Transaction { index: 0, error: TransactionError::Type(kind) });
    }
    let empty = TransactionError::Malformed("empty typed transaction bytes".into());
    check_body(&world, &BatchBody(vec![Default::default()]), &Invalid::Transaction { index: 0, error: empty });
}

#[test]
fn parent_that_is_not_known_is_no_verdict() {
    let (mut checker, built) = proposal();
    let mut header = built.executed.header().header().clone();
    header.parent_hash = B256::repeat_byte(9);
    let refused = checker.check(&header, &built.body).map(drop);
    assert_eq!(refused, Err(ExecutionError::Unready(Unready::Unknown(header.parent_hash))));
}

/// Rule X7.
#[test]
fn height_that_does_not_follow_is_invalid() {
    check_header(|header| header.number = 2, &Invalid::Height { header: 2, parent: 0 });
    check_header(|header| header.number = 0, &Invalid::Height { header: 0, parent: 0 });
}

/// Rule X7.
#[test]
fn another_gas_limit_is_invalid() {
    let expected = Invalid::GasLimit { header: 30_000_001, expected: 30_000_000 };
    check_header(|header| header.gas_limit += 1, &expected);
}

/// Rule X7.
#[test]
fn another_base_fee_is_invalid() {
    let expected = Invalid::BaseFee { header: 996_000_001, expected: 996_000_000 };
    check_header(|header| header.base_fee_per_gas = Some(996_000_001), &expected);
}

/// Rule X7.
#[test]
fn timestamp_before_the_parents_is_invalid() {
    check_header(|header| header.timestamp = 999, &Invalid::TimestampBeforeParent { header: 999, parent: 1_000 });
}

/// Rule X7.
#[test]
fn timestamp_may_be_the_parents() {
    let mut world = World::new();
    let mut environment = world.environment(world.genesis_hash());
    environment.timestamp = 1_000;
    assert!(world.build_in(&environment, &Default::default(), &[]).is_ok());
}

/// Rule X7.
#[test]
fn timestamp_before_the_origins_is_invalid() {
    let (mut checker, built) = proposal();
    let origin = L1Block { timestamp: 1_002, ..l1(100) };
    let facts = Facts { origin: Some(origin), beneficiary: None };
    let refused = checker.check_with(built.executed.header().clone(), &built.body, &facts).map(drop);
    let expected = Invalid::TimestampBeforeOrigin { header: 1_001, origin: 1_002 };
    assert_eq!(refused, Err(ExecutionError::Invalid(expected)));
}

/// Rule X7.
#[test]
fn origin_behind_the_parents_is_invalid() {
    let behind = l1(99).origin;
    let change = |header: &mut Header| {
        header.parent_beacon_block_root = Some(behind.hash);
        header.extra_data = extra(99, 0).encode();
    };
    check_header(change, &Invalid::OriginBehindParent { header: behind, parent: l1(100).origin });
}

/// Rule X7.
#[test]
fn other_block_of_the_parents_origin_number_is_invalid() {
    let other = L1Origin { number: 100, hash: B256::repeat_byte(3) };
    let change = |header: &mut Header| header.parent_beacon_block_root = Some(other.hash);
    check_header(change, &Invalid::OriginBehindParent { header: other, parent: l1(100).origin });
}

/// Rule X7.
#[test]
fn origin_that_l1_does_not_show_is_invalid() {
    let claimed = L1Origin { number: 101, hash: B256::repeat_byte(3) };
    let change = |header: &mut Header| {
        header.parent_beacon_block_root = Some(claimed.hash);
        header.extra_data = extra(101, 0).encode();
    };
    check_header(change, &Invalid::Origin { header: claimed, given: l1(101).origin });
}

/// Rule X7.
#[test]
fn mix_hash_that_is_not_the_origins_prevrandao_is_invalid() {
    let change = |header: &mut Header| header.mix_hash = B256::ZERO;
    check_header(change, &Invalid::PrevRandao { header: B256::ZERO, origin: l1(100).prevrandao });
    let change = |header: &mut Header| {
        header.parent_beacon_block_root = Some(l1(101).origin.hash);
        header.extra_data = extra(101, 0).encode();
    };
    let (header, origin) = (l1(100).prevrandao, l1(101).prevrandao);
    check_header(change, &Invalid::PrevRandao { header, origin });
}

/// Rule X7.
#[test]
fn parents_origin_needs_no_look_at_l1() {
    let (mut checker, built) = proposal();
    assert!(checker.check_with(built.executed.header().clone(), &built.body, &Facts::default()).is_ok());
    let mut header = built.executed.header().header().clone();
    header.mix_hash = B256::ZERO;
    let header = BatchHeader::new(header).unwrap();
    let refused = checker.check_with(header, &built.body, &Facts::default()).map(drop);
    let expected = Invalid::PrevRandao { header: B256::ZERO, origin: l1(100).prevrandao };
    assert_eq!(refused, Err(ExecutionError::Invalid(expected)));
}

/// Rule X7.
#[test]
fn beneficiary_other_than_the_proposers_is_invalid() {
    let thief = Address::repeat_byte(1);
    let expected = Invalid::Beneficiary { header: thief, expected: BENEFICIARY };
    check_header(|header| header.beneficiary = thief, &expected);
}

/// Rule X6.
#[test]
fn other_order_is_invalid() {
    let world = World::new();
    let (dear, cheap) = (Key::new(0).sends(&draft(0)), Key::new(1).sends(&Draft { tip: 1, ..draft(0) }));
    let expected = Invalid::Order { index: 0, found: cheap.hash(), expected: Some(dear.hash()) };
    check_body(&world, &body(&[cheap, dear]), &expected);
}

/// Rule X6.
#[test]
fn tie_in_other_order_is_invalid() {
    let (mut checker, built) = proposal();
    let mut world = checker.second();
    let pair = [Key::new(3).sends(&draft(0)), Key::new(4).sends(&draft(0))];
    let tied = world.build(world.genesis_hash(), &pair);
    let mut body = tied.body.clone();
    body.0.reverse();
    let header = Header { transactions_root: body.root(), ..tied.executed.header().header().clone() };
    let hashes: Vec<_> = tied.executed.batch().transactions().iter().map(|transaction| transaction.hash()).collect();
    let expected = Invalid::Order { index: 0, found: hashes[1], expected: Some(hashes[0]) };
    refuses(&mut checker, &header, &body, &expected);
    assert!(checker.check(built.executed.header().header(), &built.body).is_ok());
}

/// Rule X9.
#[test]
fn transaction_that_cannot_run_in_its_place_makes_the_batch_invalid() {
    let key = Key::new(0);
    let funds = U256::from(1_000 * ETHER);
    let cost = funds + U256::from(21_000 * 10 * GWEI);
    let never = |text: &str| NotExecutable::Never(text.into());
    let cases = [
        (key.sends(&draft(1)), NotExecutable::NonceTooHigh { transaction: 1, state: 0 }),
        (key.sends(&Draft { value: funds, ..draft(0) }), NotExecutable::InsufficientFunds { balance: funds, cost }),
        (
            key.sends(&Draft { max_fee: 995_999_999, tip: 0, ..draft(0) }),
            NotExecutable::FeeBelowBaseFee { max_fee: 995_999_999, base_fee: 996_000_000 },
        ),
        (
            key.sends(&Draft { gas_limit: 20_999, ..draft(0) }),
            NotExecutable::GasTooLow { gas_limit: 20_999, needed: 21_000 },
        ),
        (
            key.sends(&Draft { gas_limit: 60_999, ..calling(0, Address::ZERO, vec![1; 1_000]) }),
            NotExecutable::GasTooLow { gas_limit: 60_999, needed: 61_000 },
        ),
        (key.sends(&Draft { gas_limit: 30_000_001, ..draft(0) }), NotExecutable::GasLimitAboveBatch),
        (key.sends(&Draft { chain_id: 1, ..draft(0) }), never("invalid chain ID")),
        (key.sends(&Draft { tip: 11 * GWEI, ..draft(0) }), never("priority fee is greater than max fee")),
        (
            key.sends(&Draft { gas_limit: 10_000_000, ..creating(0, vec![0; 49_153]) }),
            never("create initcode size limit"),
        ),
    ];
    for (transaction, reason) in cases {
        let expected = Invalid::NotExecutable { index: 0, transaction: transaction.hash(), reason };
        check_body(&World::new(), &body(&[transaction]), &expected);
    }
}

/// Rule X9.
#[test]
fn transaction_twice_is_invalid() {
    let twice = Key::new(0).sends(&draft(0));
    let reason = NotExecutable::NonceTooLow { transaction: 0, state: 1 };
    let expected = Invalid::NotExecutable { index: 1, transaction: twice.hash(), reason };
    check_body(&World::new(), &body(&[twice.clone(), twice]), &expected);
}

/// Rule X9.
#[test]
fn gas_beyond_what_is_left_is_invalid() {
    let first = Key::new(0).sends(&Draft { gas_limit: 29_979_001, ..draft(1) });
    let small = Key::new(0).sends(&draft(0));
    let expected = Invalid::NoRoom { index: 1, gas_limit: 29_979_001, left: 29_979_000 };
    check_body(&World::new(), &body(&[small, first]), &expected);
}

/// Rule X12.
#[test]
fn other_gas_used_is_invalid() {
    check_header(|header| header.gas_used += 1, &Invalid::GasUsed { header: 63_001, executed: 63_000 });
}

/// Rule X12.
#[test]
fn other_receipts_root_is_invalid() {
    let (_, built) = proposal();
    let executed = built.executed.header().header().receipts_root;
    let expected = Invalid::ReceiptsRoot { header: B256::ZERO, executed };
    check_header(|header| header.receipts_root = B256::ZERO, &expected);
}

/// Rule X12.
#[test]
fn other_bloom_is_invalid() {
    check_header(|header| header.logs_bloom = Bloom::repeat_byte(1), &Invalid::LogsBloom);
}

/// Rule X12.
#[test]
fn other_state_root_is_invalid() {
    let (_, built) = proposal();
    let executed = built.executed.header().header().state_root;
    let expected = Invalid::StateRoot { header: B256::ZERO, executed };
    check_header(|header| header.state_root = B256::ZERO, &expected);
}

/// Rule X12: what is wrong in several places is refused by the first of them.
#[test]
fn results_are_compared_in_their_order() {
    let (_, built) = proposal();
    let executed = built.executed.header().header().clone();
    let wrong = |header: &mut Header| {
        header.receipts_root = B256::ZERO;
        header.logs_bloom = Bloom::repeat_byte(1);
        header.state_root = B256::ZERO;
    };
    let gas_used = Invalid::GasUsed { header: 63_001, executed: 63_000 };
    let wrong_gas = |header: &mut Header| {
        wrong(header);
        header.gas_used += 1;
    };
    check_header(wrong_gas, &gas_used);
    check_header(wrong, &Invalid::ReceiptsRoot { header: B256::ZERO, executed: executed.receipts_root });
    let right_receipts = |header: &mut Header| {
        wrong(header);
        header.receipts_root = executed.receipts_root;
    };
    check_header(right_receipts, &Invalid::LogsBloom);
}

/// Transfers in form, signed by nobody: an s in the upper half recovers to no account (EIP-2).
fn unsigned(count: u64) -> BatchBody {
    let nobody = Signature::new(U256::ONE, U256::MAX, false);
    let transfer = |nonce| {
        let to = Address::ZERO.into();
        let transfer = TxEip1559 { chain_id: CHAIN_ID, nonce, gas_limit: 21_000, to, ..TxEip1559::default() };
        TxEnvelope::from(transfer.into_signed(nobody)).encoded_2718().into()
    };
    BatchBody((0..count).map(transfer).collect())
}

#[test]
fn x5_body_that_no_gas_limit_pays_for_is_refused_before_a_sender_is_recovered() {
    let world = World::new();
    let fits = 30_000_000 / 21_000;
    check_body(&world, &unsigned(fits), &Invalid::Transaction { index: 0, error: TransactionError::Sender });
    let least = (fits + 1) * 21_000;
    let index = usize::try_from(fits).unwrap();
    check_body(&world, &unsigned(fits + 1), &Invalid::TooMuchGas { index, least, gas_limit: 30_000_000 });
}

#[test]
fn x5_authorizations_and_data_count_towards_the_gas_of_a_body() {
    let world = World::new();
    let sponsor = Key::new(0);
    let list = vec![Key::new(1).authorizes(Address::ZERO, 0); 1_100];
    let heavy =
        |nonce| sponsor.sends(&Draft { kind: 4, authorizations: list.clone(), gas_limit: 30_000_000, ..draft(nonce) });
    // 21,000 and 1,100 times 25,000, of which refunds may give back a fifth.
    let least = (21_000 + 1_100 * 25_000) / 5 * 4;
    let too_much = Invalid::TooMuchGas { index: 1, least: 2 * least, gas_limit: 30_000_000 };
    check_body(&world, &body(&[heavy(0), heavy(1)]), &too_much);
    let call = Draft { input: vec![1; 75_000].into(), gas_limit: 30_000_000, ..draft(1) };
    let floor = 21_000 + 40 * 75_000;
    let calls: Vec<_> = (0..10).map(|nonce| sponsor.sends(&Draft { nonce, ..call.clone() })).collect();
    check_body(&world, &body(&calls), &Invalid::TooMuchGas { index: 9, least: 10 * floor, gas_limit: 30_000_000 });
}
