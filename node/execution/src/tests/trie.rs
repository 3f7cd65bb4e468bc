use std::collections::BTreeMap;

use alloy_primitives::{B256, U256};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder};

use super::*;
use crate::{Account, MemoryState};

const OWNER: Address = Address::repeat_byte(0x0a);

/// The records of one storage trie, and what they are to hold.
#[derive(Debug, Default)]
struct Model {
    records: BTreeMap<NodeKey, Bytes>,
    values: BTreeMap<Nibbles, U256>,
    root: Child,
    height: u64,
}

impl StateView for Model {
    fn account(&self, _: &Address) -> Result<Option<Account>, StateError> {
        Ok(None)
    }
    fn slot(&self, _: &Address, _: &U256) -> Result<U256, StateError> {
        Ok(U256::ZERO)
    }
    fn code(&self, _: &B256) -> Result<Option<Bytes>, StateError> {
        Ok(None)
    }
    fn block_hash(&self, _: u64) -> Result<Option<B256>, StateError> {
        Ok(None)
    }
    fn trie_node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        Ok(self.records.get(key).cloned())
    }
}

impl Model {
    /// Applies changes, and compares root and records with those of a trie made from scratch.
    #[track_caller]
    fn apply(&mut self, changes: &BTreeMap<Nibbles, U256>, keep: u64) {
        self.height += 1;
        for (key, value) in changes {
            match value.is_zero() {
                true => self.values.remove(key),
                false => self.values.insert(*key, *value),
            };
        }
        let (root, records) = edit(self, &self.root, changes, (self.height, self.height.saturating_sub(keep)));
        for (key, record) in records {
            match record {
                Some(record) => self.records.insert(key, record),
                None => Some(self.records.remove(&key).expect("only what is there is deleted")),
            };
        }
        self.root = root;
        assert_eq!(self.root.root_hash(), from_scratch(&self.values));
        let (_, fresh) = edit(&Self::default(), &Child::Empty, &self.values, (1, 0));
        let fresh: BTreeMap<_, _> = fresh.into_iter().map(|(key, record)| (key, record.unwrap())).collect();
        assert_eq!(self.records, fresh, "no record is missing and none is left over");
    }
}

fn edit(
    view: &Model,
    root: &Child,
    changes: &BTreeMap<Nibbles, U256>,
    (born, keep_from): (u64, u64),
) -> (Child, Vec<(NodeKey, Option<Bytes>)>) {
    let edits: Vec<_> = changes.iter().map(|(key, value)| SlotEdit::at(*key, *value)).collect();
    let mut pass =
        Pass { view, born, keep_from, storage_of: None, visited: Vec::new(), written: Vec::new(), created: 0 };
    let root = pass.storage(OWNER, root, &edits).unwrap();
    (root, pass.records())
}

fn from_scratch(values: &BTreeMap<Nibbles, U256>) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in values {
        builder.add_leaf(*key, &alloy_rlp::encode(value));
    }
    builder.root()
}

/// A key that starts with these nibbles and goes on with zeros.
fn key(start: &[u8]) -> Nibbles {
    let mut nibbles = start.to_vec();
    nibbles.resize(64, 0);
    Nibbles::from_nibbles(nibbles)
}

fn changes(list: &[(&[u8], u64)]) -> BTreeMap<Nibbles, U256> {
    list.iter().map(|(start, value)| (key(start), U256::from(*value))).collect()
}

/// Rule X17: what was let go is compared with its hash when it is needed.
#[test]
fn record_with_another_hash_is_refused() {
    let mut model = Model::default();
    model.apply(&changes(&[(&[1], 1), (&[2], 2)]), 0);
    let root = Child::root(model.root.root_hash());
    let place = NodeKey { storage_of: Some(OWNER), path: Nibbles::new() };
    let record = model.records.remove(&place).unwrap();
    let attempt = |model: &Model| {
        let mut pass = Pass {
            view: model,
            born: 9,
            keep_from: 0,
            storage_of: None,
            visited: Vec::new(),
            written: Vec::new(),
            created: 0,
        };
        pass.storage(OWNER, &root, &[SlotEdit::at(key(&[1]), U256::from(5))]).map(|child| child.root_hash())
    };
    assert_eq!(attempt(&model), Err(StateError::damaged(&place, "there is none")));

    let mut damaged = record.to_vec();
    damaged[40] ^= 1;
    let (found, expected) = (keccak256(&damaged), keccak256(&record));
    model.records.insert(place, damaged.into());
    let reason = format!("its hash is {found}, not {expected}");
    assert_eq!(attempt(&model), Err(StateError::damaged(&place, reason)));

    model.records.insert(place, record);
    assert!(attempt(&model).is_ok());
}

#[test]
fn empty_trie_has_the_empty_root_and_no_record() {
    let mut model = Model::default();
    model.apply(&changes(&[(&[1], 1)]), 0);
    assert_eq!(model.records.len(), 1, "the root has a record, however short");
    model.apply(&changes(&[(&[1], 0)]), 0);
    assert_eq!(model.root.root_hash(), EMPTY_ROOT_HASH);
    assert!(model.records.is_empty());
}

#[test]
fn extension_splits_and_grows_together_again() {
    let mut model = Model::default();
    model.apply(&changes(&[(&[1, 2, 3, 4, 5], 1), (&[1, 2, 3, 4, 6], 2)]), 0);
    for fork in [vec![1, 2, 7], vec![7], vec![1, 2, 3, 4], vec![1, 2, 3, 4, 5, 9]] {
        model.apply(&changes(&[(&fork, 3)]), 0);
        model.apply(&changes(&[(&fork, 0)]), 0);
    }
}

#[test]
fn deleting_what_is_not_there_changes_nothing() {
    let mut model = Model::default();
    model.apply(&changes(&[(&[1, 2, 3, 4, 5], 1), (&[1, 2, 3, 4, 6], 2)]), 0);
    let before = model.root.root_hash();
    for absent in [vec![1, 2, 7], vec![7], vec![1, 2, 3, 4, 5, 9], vec![1, 2, 3, 4, 8]] {
        model.apply(&changes(&[(&absent, 0)]), 0);
        assert_eq!(model.root.root_hash(), before);
    }
}

#[test]
fn branch_that_loses_all_but_one_child_falls() {
    let mut model = Model::default();
    model.apply(&changes(&[(&[1, 1], 1), (&[1, 2], 2), (&[2], 3), (&[3, 1, 1], 4), (&[3, 1, 2], 5)]), 0);
    model.apply(&changes(&[(&[1, 1], 0)]), 0);
    model.apply(&changes(&[(&[2], 0), (&[1, 2], 0)]), 0);
    assert_eq!(model.values.len(), 2);
    model.apply(&changes(&[(&[3, 1, 1], 0), (&[3, 1, 2], 0), (&[4], 6)]), 0);
}

/// Rule X16.
#[test]
fn nodes_shorter_than_a_hash_live_in_their_parents_record() {
    let mut model = Model::default();
    let twin = |last: u8| {
        let mut nibbles = vec![5; 63];
        nibbles.push(last);
        nibbles
    };
    let (one, two, three) = (twin(1), twin(2), twin(3));
    model.apply(&changes(&[(&one, 1), (&two, 2), (&[6], 3)]), 0);
    assert_eq!(model.records.len(), 3, "the root, its extension, and a leaf; the branch of two twins is inline");
    model.apply(&changes(&[(&three, u64::MAX)]), 0);
    model.apply(&changes(&[(&one, 0)]), 0);
    model.apply(&changes(&[(&two, 0), (&three, 7)]), 0);
    model.apply(&changes(&[(&[6], 0)]), 0);
}

/// Rule X18: sixteen leaves below one branch below the root, changed together, are eighteen nodes, and not three for
/// each change.
#[test]
fn each_changed_node_is_made_once_however_many_keys_change_below_it() {
    let model = Model::default();
    let made = |root: &Child, changes: &BTreeMap<Nibbles, U256>| {
        let mut pass = Pass {
            view: &model,
            born: 1,
            keep_from: 0,
            storage_of: None,
            visited: Vec::new(),
            written: Vec::new(),
            created: 0,
        };
        let edits: Vec<_> = changes.iter().map(|(key, value)| SlotEdit::at(*key, *value)).collect();
        let root = pass.storage(OWNER, root, &edits).unwrap();
        (root, pass.created)
    };
    let all = (0..=u8::MAX).map(|start| (key(&[start >> 4, start & 15]), U256::from(7))).collect();
    let (root, created) = made(&Child::Empty, &all);
    assert_eq!(created, 1 + 16 + 256);
    let some = (0..16).map(|last| (key(&[3, last]), U256::from(8))).collect();
    let (root, created) = made(&root, &some);
    assert_eq!(created, 1 + 1 + 16);
    let values = all.into_iter().chain(some).collect();
    assert_eq!(root.root_hash(), from_scratch(&values));
}

/// Rule X17.
#[test]
fn decoded_nodes_older_than_the_window_are_let_go() {
    let mut model = Model::default();
    let many: Vec<_> = (0..16u8).map(|nibble| [nibble, 1]).collect();
    model.apply(&many.iter().map(|start| (key(start), U256::from(7))).collect(), 9);
    assert_eq!(loaded(&model.root), 17);
    model.apply(&changes(&[(&[0, 1], 8)]), 9);
    assert_eq!(loaded(&model.root), 17, "all are younger than nine heights");
    model.apply(&changes(&[(&[0, 1], 9)]), 0);
    assert_eq!(loaded(&model.root), 2, "the root and the leaf of this pass");
    model.apply(&changes(&[(&[9, 1], 10)]), 0);
}

fn loaded(child: &Child) -> usize {
    let Child::Loaded(node) = child else { return 0 };
    1 + match &node.kind {
        Kind::Leaf(_, entry) => loaded(&entry.storage),
        Kind::Extension(_, below) => loaded(below),
        Kind::Branch(children) => children.iter().map(loaded).sum(),
    }
}

/// Rule X16.
#[test]
fn random_histories_agree_with_a_trie_from_scratch() {
    let seed = 0x0072_6f74_6101;
    let mut random = seed;
    let mut next = |bound: u64| {
        random = u64::wrapping_mul(random, 6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let mut passes = 0;
    for round in 0..60 {
        let mut model = Model::default();
        // Few nibbles and long shared starts make every form of split, merge and inline node common.
        let (alphabet, spread) = (2 + next(3), 1 + next(62));
        for _ in 0..25 {
            let mut batch = BTreeMap::new();
            for _ in 0..=next(8) {
                let nibbles: Vec<_> = (0..64u64)
                    .map(
                        |place| {
                            if place < spread && place + 4 < 64 { 5 } else { u8::try_from(next(alphabet)).unwrap() }
                        },
                    )
                    .collect();
                let cut = usize::try_from(next(64)).unwrap();
                let start = if next(2) == 0 { &nibbles[..] } else { &nibbles[..cut] };
                let value = [0, 0, 1, 300, u64::MAX][usize::try_from(next(5)).unwrap()];
                batch.insert(key(start), U256::from(value));
                if let Some(old) = model.values.keys().nth(usize::try_from(next(6)).unwrap()) {
                    batch.insert(*old, U256::ZERO);
                }
            }
            model.apply(&batch, next(4));
            passes += 1;
        }
        if round % 20 == 0 {
            assert_eq!(Child::root(model.root.root_hash()).root_hash(), from_scratch(&model.values));
        }
    }
    println!("seed {seed:#x}: {passes} passes");
    assert!(passes > 0);
    let _ = MemoryState::default();
}
