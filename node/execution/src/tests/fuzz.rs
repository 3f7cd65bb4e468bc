//! Bytes from anywhere, on what execution reads: stored receipts, trie nodes, a genesis, and the batches of any leader.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_trie::Nibbles;
use rota_fuzz::{Result, Target, Unstructured, magnitude, outcome};
use rota_proto::{BatchBody, BatchHeader};
use serde_json::json;

use super::{
    receipts::batch,
    world::{BENEFICIARY, Draft, GWEI, Key, World, calling, creating, draft, genesis_json, l1, root_from_scratch},
};
use crate::{Built, ExecutionError, Facts, Genesis, MemoryState, NodeKey, TransactionReceipt, trie::Kind};

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

#[test]
fn fuzz_stored_receipts_decode_to_themselves_or_not() {
    let (_, executed, _) = batch();
    let receipts = executed.receipts();
    let seeds = receipts.iter().map(|receipt| TransactionReceipt::encode_all(std::slice::from_ref(receipt)));
    let all = TransactionReceipt::encode_all(receipts);
    target("receipts").seeds(seeds).seeds([all, vec![0xc0]]).run(|bytes| match TransactionReceipt::decode_all(bytes) {
        Ok(receipts) => {
            assert_eq!(TransactionReceipt::encode_all(&receipts), bytes, "one list, one encoding");
            outcome(&magnitude(receipts.len()))
        }
        Err(error) => outcome(&error),
    });
}

#[test]
fn fuzz_trie_nodes_are_nodes_or_damaged() {
    let mut world = World::new();
    let key = Key::new(0);
    world.run(&[key.sends(&creating(0, super::contracts::token()))]);
    let executed = world.run(&[key.sends(&draft(1))]);
    let nodes = executed.changes().nodes.iter().filter_map(|(_, record)| record.as_ref().map(|record| record.to_vec()));
    let storage = NodeKey { storage_of: Some(Address::ZERO), path: Nibbles::default() };
    let accounts = NodeKey { storage_of: None, path: Nibbles::default() };
    target("trie-node").seeds(nodes).run(|bytes| {
        let decoded = [&storage, &accounts].map(|key| Kind::decode(bytes, key));
        outcome(&decoded.map(|decoded| {
            decoded.map(|kind| {
                let rlp = kind.encode();
                let again = Kind::decode(&rlp, &storage).expect("X16: its own bytes").encode();
                assert_eq!(again, rlp, "X16: a node is written as it was read");
                magnitude(rlp.len())
            })
        }))
    });
}

#[test]
fn fuzz_genesis_is_a_chain_or_refused() {
    let json = genesis_json(1, &json!({})).to_string().into_bytes();
    let longest = json.len() + 400;
    target("genesis").seeds([json]).longest(longest).run(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return "no text".into() };
        match Genesis::parse(text) {
            Ok(genesis) => {
                let header = &genesis.header;
                assert_eq!(BatchHeader::decode(&header.encode()).as_ref(), Ok(header));
                let root = header.header().state_root;
                assert_eq!(root, root_from_scratch(&MemoryState::genesis(&genesis)), "X16: the root of its state");
                "a chain".into()
            }
            Err(error) => outcome(&error),
        }
    });
}

/// Transactions that a body may hold, in the order of their making: good ones, and some that no batch takes.
fn transactions() -> Vec<Bytes> {
    let (first, second) = (Key::new(0), Key::new(1));
    let drafts = [
        (&first, draft(0)),
        (&first, draft(1)),
        (&second, Draft { tip: 2 * GWEI, ..draft(0) }),
        (&second, calling(1, Address::repeat_byte(0x77), [1, 2, 3])),
        (&first, creating(2, super::contracts::token())),
        (&first, Draft { kind: 0, ..draft(0) }),
        (&second, Draft { kind: 1, gas_limit: 30_000_000, ..draft(0) }),
        (&first, Draft { max_fee: 1, tip: 0, ..draft(0) }),
        (&second, Draft { value: U256::MAX, ..draft(0) }),
        (&first, Draft { chain_id: 1, ..draft(0) }),
    ];
    drafts.iter().map(|(key, draft)| key.sends(draft).encode()).collect()
}

/// A header with some fields changed.
fn change(header: &mut Header, u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=13u8)? {
        0 => header.gas_used = u.int_in_range(0..=header.gas_limit)?,
        1 => header.gas_limit = u.arbitrary()?,
        2 => header.timestamp = u.arbitrary()?,
        3 => header.timestamp += u.int_in_range(0..=3)?,
        4 => header.base_fee_per_gas = Some(u.arbitrary()?),
        5 => header.state_root = B256::repeat_byte(u.arbitrary()?),
        6 => header.receipts_root = B256::repeat_byte(u.arbitrary()?),
        7 => header.beneficiary = Address::repeat_byte(u.arbitrary()?),
        8 => header.number = u.int_in_range(0..=rota_proto::Height::MAX.0)?,
        9 => header.mix_hash = B256::repeat_byte(u.arbitrary()?),
        10 => header.parent_beacon_block_root = Some(B256::repeat_byte(u.arbitrary()?)),
        11 => {
            let extra: [u8; 29] = u.arbitrary()?;
            header.extra_data = [&[1], extra.as_slice()].concat().into();
        }
        12 => header.parent_hash = B256::repeat_byte(u.arbitrary()?),
        _ => header.logs_bloom.0[usize::from(u.arbitrary::<u8>()?)] ^= 1,
    }
    Ok(())
}

/// A leader's batch, right or wrong, and whether a validator finds it valid.
fn play(u: &mut Unstructured<'_>, known: &[Bytes]) -> Result<String> {
    let mut world = World::new();
    let built: Built = world.build(world.genesis_hash(), &[]);
    let mut body = Vec::new();
    for _ in 0..u.int_in_range(0..=6u8)? {
        let mut bytes = u.choose(known)?.to_vec();
        if u.ratio(1, 6)? {
            let at = u.choose_index(bytes.len())?;
            bytes[at] = u.arbitrary()?;
        }
        body.push(bytes.into());
    }
    // What would be right, if the body is: a builder's header, so that few fields are wrong.
    let good = body
        .iter()
        .map(|bytes: &Bytes| rota_proto::Transaction::decode(bytes))
        .collect::<std::result::Result<Vec<_>, _>>();
    let rebuilt = good.ok().map(|list| {
        let list: Vec<_> = list.into_iter().map(std::sync::Arc::new).collect();
        world.second().build(world.genesis_hash(), &list)
    });
    let (mut header, body) = match rebuilt {
        Some(rebuilt) if u.ratio(3, 4)? => (rebuilt.executed.header().header().clone(), rebuilt.body),
        Some(_) | None => {
            let body = BatchBody(body);
            (Header { transactions_root: body.root(), ..built.executed.header().header().clone() }, body)
        }
    };
    for _ in 0..u.int_in_range(0..=2u8)? {
        change(&mut header, u)?;
    }
    let Ok(header) = BatchHeader::new(header) else { return Ok("no header".into()) };
    let origin = if u.arbitrary()? { Some(l1(header.origin().number)) } else { None };
    let facts = Facts { origin, beneficiary: if u.arbitrary()? { Some(BENEFICIARY) } else { None } };
    let verdicts = [world.second(), world.second()].map(|mut checker| {
        let verdict = checker.check_with(header.clone(), &body, &facts);
        let held = checker.execution.unfinal(&header.hash()).is_some();
        assert_eq!(held, verdict.is_ok(), "what is invalid leaves nothing behind");
        verdict.map(|executed| executed.header().clone())
    });
    let [first, second] = verdicts;
    assert_eq!(first, second, "every node says the same");
    Ok(match first {
        Ok(executed) => {
            assert_eq!(executed, header);
            format!("valid, {} transactions", body.0.len())
        }
        Err(ExecutionError::Invalid(reason)) => outcome(&reason),
        Err(other) => outcome(&other),
    })
}

#[test]
fn fuzz_any_leaders_batch_is_judged_alike_and_without_a_panic() {
    let known = transactions();
    let seeds = (1..=16u8).map(|step| (0..=80u8).map(|at| at.wrapping_mul(step.wrapping_mul(29)) ^ step).collect());
    target("batch").seeds(seeds).longest(300).run(|bytes| {
        let mut u = Unstructured::new(bytes);
        play(&mut u, &known).unwrap_or_else(|_| "no bytes left".into())
    });
}
