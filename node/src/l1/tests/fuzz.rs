//! What an endpoint of L1 may answer, true or not: logs of the sets and of the inbox, calldata of entries.

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256, Log as InnerLog, LogData};
use alloy_sol_types::{SolCall as _, SolEvent as _};
use rota_fuzz::{Target, outcome};
use rota_staking::bindings::{IRotaInbox::Entry, RotaInbox, ValidatorSets::ValidatorChanged, entry_link};

use super::{inbox::appended, sets::change};
use crate::poster::Payload;

fn target(name: &'static str) -> Target {
    Target::new(env!("CARGO_MANIFEST_DIR"), name)
}

fn log(data: LogData) -> Log {
    Log {
        inner: InnerLog { address: Address::repeat_byte(1), data },
        block_number: Some(7),
        block_hash: Some(B256::repeat_byte(2)),
        transaction_hash: Some(B256::repeat_byte(3)),
        ..Log::default()
    }
}

/// A change of the set as the contract logs it.
fn changed() -> LogData {
    ValidatorChanged {
        effectiveEpoch: 5,
        place: 3,
        validator: Address::repeat_byte(4),
        consensusKey: B256::repeat_byte(9),
        power: 10,
        feeRecipient: Address::repeat_byte(6),
    }
    .encode_log_data()
}

fn posted() -> LogData {
    RotaInbox::Appended {
        poster: Address::repeat_byte(4),
        firstHeight: 1,
        lastHeight: 9,
        link: B256::repeat_byte(5),
        lastBatchHash: B256::repeat_byte(6),
    }
    .encode_log_data()
}

/// Topics and data, the number of topics first.
fn flat(data: &LogData) -> Vec<u8> {
    let topics = data.topics().iter().flat_map(|topic| topic.0);
    let count = u8::try_from(data.topics().len()).unwrap();
    [count].into_iter().chain(topics).chain(data.data.iter().copied()).collect()
}

/// What both readers make of a log.
fn read(log: &Log) -> String {
    let change = change(7, log);
    if let Ok(change) = &change {
        let again = ValidatorChanged {
            effectiveEpoch: change.effective_epoch.0,
            place: change.place.number(),
            validator: change.operator,
            consensusKey: change.consensus_key,
            power: change.power.0,
            feeRecipient: change.fee_recipient,
        };
        let mut same = log.clone();
        same.inner.data = again.encode_log_data();
        assert_eq!(super::sets::change(7, &same).as_ref().ok(), Some(change), "an event comes back as it went");
    }
    outcome(&(change.map(|_| ()), appended(log, 7..=8).map(|_| ())))
}

#[test]
fn fuzz_logs_are_events_or_refused() {
    target("l1-log").seeds([flat(&changed()), flat(&posted())]).longest(600).run(|bytes| {
        let (count, rest) = bytes.split_first().unwrap_or((&0, &[]));
        let (words, _) = rest.as_chunks::<32>();
        let topics: Vec<B256> = words.iter().take(usize::from(count % 5)).map(B256::from).collect();
        let data = rest[32 * topics.len()..].to_vec();
        read(&log(LogData::new_unchecked(topics, data.into())))
    });
}

#[test]
fn fuzz_answers_with_logs_are_events_or_refused() {
    let seeds = [changed(), posted()].map(|data| serde_json::to_vec(&[log(data)]).unwrap());
    target("l1-answer").seeds(seeds).longest(2_000).run(|bytes| match serde_json::from_slice::<Vec<Log>>(bytes) {
        Ok(logs) => logs.iter().map(read).collect::<Vec<_>>().join("; "),
        Err(error) => outcome(&error.classify()),
    });
}

#[test]
fn fuzz_calldata_is_an_entry_or_refused() {
    let entry = Entry { firstHeight: 1, lastHeight: 9, parentLink: B256::ZERO, lastBatchHash: B256::repeat_byte(1) };
    let payloads = [Payload::Whole(vec![1, 2, 3].into()), Payload::InParts(vec![B256::repeat_byte(1); 2])];
    let seeds = payloads.map(|payload| {
        let validator = Address::repeat_byte(7);
        RotaInbox::appendCall { validator, entry: entry.clone(), payload: payload.encode() }.abi_encode()
    });
    target("l1-append").seeds(seeds).longest(1_000).run(|bytes| {
        let call = match RotaInbox::appendCall::abi_decode(bytes) {
            Ok(call) => call,
            // Its fields quote the calldata.
            Err(error) => return outcome(&error).split([' ', '(']).next().unwrap_or_default().to_owned(),
        };
        let again = RotaInbox::appendCall::abi_decode(&call.abi_encode()).unwrap();
        assert_eq!(entry_link(&again.entry, &again.payload), entry_link(&call.entry, &call.payload), "C13");
        match Payload::read(&call.payload) {
            Ok(payload) => {
                assert_eq!(payload.encode(), call.payload, "one payload, one encoding");
                match payload {
                    Payload::Whole(_) => "whole".into(),
                    Payload::InParts(parts) => format!("{} parts", parts.len()),
                }
            }
            Err(error) => outcome(&error),
        }
    });
}
