//! Changes that wait for the tree: nothing committed is lost, nothing uncommitted appears, whenever the node stops.

use std::{collections::BTreeMap, fs, path::Path};

use alloy_primitives::Bytes;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;

use crate::store::{
    StoreError,
    disk::{
        change_log::{ChangeLog, StateRecords},
        open_database,
        pending::{PendingState, Settling, Trees},
    },
};

const SMALL: Settling = Settling { records: 8, records_max: 16 };
const NEVER: Settling = Settling { records: usize::MAX, records_max: usize::MAX };

/// Trees and a log in a folder; the head is what the test says, as the chain's record says it in a store.
struct Opened {
    trees: Trees,
    pending: PendingState,
}

impl Opened {
    fn try_at(folder: &Path, head: u64, limits: Settling) -> Result<Self, StoreError> {
        let db = open_database(&folder.join("sled"))?;
        let (state, meta) = (db.open_tree("state")?, db.open_tree("meta")?);
        let trees = Trees { db, state, meta };
        let pending = PendingState::open(trees.clone(), &folder.join("changes"), head, limits)?;
        Ok(Self { trees, pending })
    }

    fn at(folder: &Path, head: u64, limits: Settling) -> Self {
        Self::try_at(folder, head, limits).unwrap()
    }

    fn commit(&self, height: u64, records: &[(&str, Option<&str>)]) {
        let records = records.iter().map(|(key, value)| record(key, *value)).collect();
        self.pending.commit(height, records, || Ok(())).unwrap();
    }

    fn get(&self, key: &str) -> Option<String> {
        let value = match self.pending.get(key.as_bytes()) {
            Some(changed) => changed.map(|bytes| bytes.to_vec()),
            None => self.trees.state.get(key).unwrap().map(|bytes| bytes.to_vec()),
        };
        value.map(|bytes| String::from_utf8(bytes).unwrap())
    }
}

fn record(key: &str, value: Option<&str>) -> (Vec<u8>, Option<Bytes>) {
    (key.as_bytes().to_vec(), value.map(|value| Bytes::copy_from_slice(value.as_bytes())))
}

fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder.join("changes")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_is_committed_outlives_a_stop_before_it_is_settled() {
    let folder = TempDir::new().unwrap();
    let store = Opened::at(folder.path(), 0, NEVER);
    store.commit(1, &[("a", Some("1")), ("b", Some("1"))]);
    store.commit(2, &[("a", Some("2")), ("b", None)]);
    drop(store);
    let store = Opened::at(folder.path(), 2, NEVER);
    assert_eq!((store.get("a").as_deref(), store.get("b")), (Some("2"), None));
    assert!(store.trees.state.is_empty(), "nothing was settled");
}

#[test]
fn what_is_settled_leaves_the_log() {
    let folder = TempDir::new().unwrap();
    let store = Opened::at(folder.path(), 0, SMALL);
    for height in 1..=20 {
        let key = format!("key {}", height % 12);
        store.commit(height, &[(&key, Some(&height.to_string()))]);
    }
    store.pending.finish().unwrap();
    assert!(!store.trees.state.is_empty());
    assert!(segments(folder.path()).len() == 1, "settled segments are removed");
    drop(store);
    let store = Opened::at(folder.path(), 20, SMALL);
    for height in 9..=20_u64 {
        assert_eq!(store.get(&format!("key {}", height % 12)), Some(height.to_string()));
    }
}

#[test]
fn changes_of_a_commit_that_did_not_happen_are_not_seen() {
    let folder = TempDir::new().unwrap();
    let store = Opened::at(folder.path(), 0, NEVER);
    store.commit(1, &[("a", Some("1"))]);
    let failed = store.pending.commit(2, vec![record("a", Some("2"))], || {
        Err(StoreError::ChangeLog(std::io::Error::other("the disk is full")))
    });
    assert!(failed.is_err());
    assert_eq!(store.get("a").as_deref(), Some("1"));
    drop(store);
    // The head is still 1: the record of height 2 is cut off, and its height can be committed otherwise.
    let store = Opened::at(folder.path(), 1, NEVER);
    assert_eq!(store.get("a").as_deref(), Some("1"));
    store.commit(2, &[("a", Some("other"))]);
    drop(store);
    assert_eq!(Opened::at(folder.path(), 2, NEVER).get("a").as_deref(), Some("other"));
}

#[test]
fn torn_record_of_the_last_commit_is_cut_off_at_every_byte() {
    let folder = TempDir::new().unwrap();
    let log = |settled, head| ChangeLog::open(&folder.path().join("changes"), settled, head);
    let records: StateRecords = vec![record("key", Some("value")), record("gone", None)];
    let (mut opened, _) = log(0, 0).unwrap();
    opened.append(0, 1, &records).unwrap();
    let path = segments(folder.path()).remove(0);
    let whole = fs::metadata(&path).unwrap().len();
    opened.append(1, 2, &records).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in usize::try_from(whole).unwrap()..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        // A head of 1: the commit of height 2 did not happen.
        let (_, commits) = log(0, 1).unwrap();
        assert_eq!(commits.len(), 1, "torn at byte {length}");
        assert_eq!(commits[0].records, records);
        assert_eq!(fs::metadata(&path).unwrap().len(), whole);
        // A head of 2 says that it did: then the log is damaged, and nothing is guessed.
        fs::write(&path, &bytes[..length]).unwrap();
        let refused = log(0, 2).err().unwrap().to_string();
        assert!(refused.contains("no record after height 1, the head is 2"), "{refused}");
    }
}

#[test]
fn damaged_record_below_the_head_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = Opened::at(folder.path(), 0, NEVER);
    store.commit(1, &[("a", Some("1"))]);
    store.commit(2, &[("a", Some("2"))]);
    drop(store);
    let path = segments(folder.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let refused = Opened::try_at(folder.path(), 2, NEVER).err().unwrap().to_string();
    assert!(refused.contains("in the change log is damaged: no record after height 0"), "{refused}");
}

/// Random commits, settled as they go, with stops in between: the store always shows what a plain map shows.
#[test]
fn store_equals_a_plain_map() {
    let seed = std::env::var("ROTA_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    let mut random = StdRng::seed_from_u64(seed);
    let folder = TempDir::new().unwrap();
    let mut model: BTreeMap<String, Option<String>> = BTreeMap::new();
    let (mut head, mut stops, mut compared) = (0, 0, 0);
    let mut store = Opened::at(folder.path(), head, SMALL);
    for _ in 0..400 {
        head += 1;
        let records: Vec<(String, Option<String>)> = (0..random.random_range(1..6))
            .map(|_| {
                let value = random.random_bool(0.8).then(|| format!("{head} {}", random.random::<u32>()));
                (format!("key {}", random.random_range(0..40)), value)
            })
            .collect();
        let unique: BTreeMap<_, _> = records.into_iter().collect();
        let plain: Vec<_> = unique.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
        store.commit(head, &plain);
        model.extend(unique);
        if random.random_bool(0.1) {
            drop(store);
            store = Opened::at(folder.path(), head, SMALL);
            stops += 1;
        }
        for (key, value) in &model {
            assert_eq!(store.get(key), *value, "seed {seed}, height {head}, {key}");
            compared += 1;
        }
    }
    println!("seed {seed}: {head} commits, {stops} stops, {compared} comparisons");
    assert!(stops > 0 && compared > 0, "seed {seed} tested nothing");
}
