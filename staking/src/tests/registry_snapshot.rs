use rota_proto::{Epoch, EpochSchedule, L1Origin};
use serde_json::{Value, json};

use super::registry::{advance, begun, block, change, genesis, hash};
use crate::{Genesis, Registry, SnapshotError, limits::ORIGINS_KEPT};

fn sample() -> Registry {
    let mut registry = begun();
    registry.apply(&block(103, vec![change(2, 2, 7), change(2, 1, 0)])).expect("good");
    advance(&mut registry, 144);
    registry
}

/// The sample's JSON, changed at a pointer.
fn changed(pointer: &str, value: Value) -> Result<Registry, SnapshotError> {
    let mut json: Value = serde_json::from_slice(&sample().encode()).expect("JSON");
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    Registry::decode(genesis(103), json.to_string().as_bytes())
}

#[track_caller]
fn contradicts(pointer: &str, value: Value, expected: &'static str) {
    assert_eq!(changed(pointer, value), Err(SnapshotError::Contradiction(expected)), "{pointer}");
}

#[test]
fn r9_bytes_that_are_no_stored_registry_are_refused() {
    let whole = sample().encode();
    for length in (0..whole.len()).step_by(97) {
        let error = Registry::decode(genesis(103), &whole[..length]).expect_err("cut");
        assert!(matches!(error, SnapshotError::Json(_)), "{error}");
    }
    assert!(matches!(changed("/1/mixes", json!(7)), Err(SnapshotError::Json(_))));
    assert!(matches!(changed("/1/places/0/0", json!(128)), Err(SnapshotError::Json(_))), "no such place");
    let no_key = json!("0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    assert!(matches!(changed("/1/places/0/1/0/1/consensus_key", no_key), Err(SnapshotError::Json(_))));
}

#[test]
fn r9_another_version_is_refused_whatever_its_fields() {
    let error = SnapshotError::Version { found: 2, known: Registry::SNAPSHOT_VERSION };
    assert_eq!(changed("/0", json!(2)), Err(error.clone()));
    assert_eq!(Registry::decode(genesis(103), br#"[2, "fields of another name"]"#), Err(error));
}

#[test]
fn r9_a_registry_of_another_genesis_is_refused() {
    let stored = sample().encode();
    let ours = genesis(103);
    let schedule = |start, length| EpochSchedule::new(start, length).expect("good numbers");
    let others = [
        (Genesis { rollup_chain_id: 1, ..ours }, "the rollup's chain id"),
        (Genesis { schedule: schedule(99, 10), ..ours }, "the start block"),
        (Genesis { schedule: schedule(100, 11), ..ours }, "the epoch length"),
        (genesis(104), "the number of the origin"),
        (Genesis { origin: L1Origin { number: 103, hash: hash(1) }, ..ours }, "the hash of the origin"),
    ];
    for (other, name) in others {
        assert_eq!(Registry::decode(other, &stored), Err(SnapshotError::OtherGenesis(name)));
    }
}

#[test]
fn r9_a_stored_registry_that_contradicts_itself_is_refused() {
    contradicts("/1/origins", json!([]), "it has no block");
    contradicts("/1/origins/0/number", json!(101), "blocks are missing");
    contradicts("/1/origins/0/number", json!(104), "blocks do not rise");
    contradicts("/1/genesis_mix", json!(null), "the genesis origin's seed");
    contradicts("/1/mixes/0/0", json!(1), "the epochs of seeds do not rise");
    contradicts("/1/mixes/3/0", json!(5), "it has more seeds than it can");
    contradicts("/1/places/1/0", json!(0), "a place comes twice");
    contradicts("/1/places/1/1/0/0", json!(2), "a place's epochs do not rise");
    let held = "a place is held without power, or from an epoch that may not be known";
    contradicts("/1/places/0/1/0/1/power", json!(0), held);
    contradicts("/1/places/2/1/0/0", json!(7), held);
    contradicts("/1/places", json!([]), "nobody can vote in epoch 0");
    assert!(matches!(changed("/1/origins/42/number", json!(1u64 << 41)), Err(SnapshotError::Schedule(_))));
}

#[test]
fn r9_a_stored_registry_comes_back_as_it_was_and_goes_on() {
    let mut registry = sample();
    let mut restored = Registry::decode(genesis(103), &registry.encode()).expect("its own bytes");
    assert_eq!(restored, registry);
    for registry in [&mut registry, &mut restored] {
        registry.apply(&block(145, vec![change(6, 4, 9)])).expect("good");
        advance(registry, 190);
    }
    assert_eq!(restored, registry);
    assert_eq!(restored.set(Epoch(7)).map(|set| set.len()), Ok(3));
}

#[test]
fn r9_a_full_registry_is_stored_within_a_mebibyte() {
    let mut registry = begun();
    advance(&mut registry, 102 + 2 * ORIGINS_KEPT);
    let bytes = registry.encode();
    println!("{} blocks and {} bytes", ORIGINS_KEPT, bytes.len());
    assert!(bytes.len() < 1 << 20);
    assert_eq!(Registry::decode(genesis(103), &bytes), Ok(registry));
}
