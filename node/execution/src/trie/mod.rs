//! The state root: a Merkle-Patricia trie changed in place, at a cost that follows what changes (rules X16 to X18).
//!
//! Versions of the trie share their nodes: a batch makes new ones for what it changes and the way up to the root,
//! and holds the rest by reference. One pass down with the sorted edits and one hash a changed node.

mod edit;
mod node;

use alloy_primitives::{Address, Bytes, keccak256};
use alloy_trie::Nibbles;

use crate::{NodeKey, StateError, StateView};

pub(crate) use edit::{AccountEdit, Edit, SlotEdit};
pub(crate) use node::{Child, Kind};
use node::{Entry, Node, record};

/// What a set of edits made of a trie.
#[derive(Debug)]
pub(crate) struct Updated {
    /// The new root.
    pub(crate) root: Child,
    /// Records to write and to delete, sorted.
    pub(crate) nodes: Vec<(NodeKey, Option<Bytes>)>,
    /// How many nodes were made.
    pub(crate) created: usize,
}

/// Applies edits, sorted by key and without doubles, to the account trie under `root`.
///
/// `born` is the height of the batch; decoded nodes made before the height `keep_from` are let go where the way passes
/// them.
///
/// # Errors
/// [`StateError`] if the store lacks a record.
pub(crate) fn update<V: StateView + ?Sized>(
    view: &V,
    root: &Child,
    (born, keep_from): (u64, u64),
    edits: &[AccountEdit],
) -> Result<Updated, StateError> {
    assert!(edits.is_sorted_by(|a, b| a.key() < b.key()), "edits are sorted and have no doubles");
    let mut pass =
        Pass { view, born, keep_from, storage_of: None, visited: Vec::new(), written: Vec::new(), created: 0 };
    let root = pass.root(root, edits)?;
    let created = pass.created;
    Ok(Updated { root, nodes: pass.records(), created })
}

/// One pass over the tries.
pub(crate) struct Pass<'v, V: ?Sized> {
    view: &'v V,
    born: u64,
    keep_from: u64,
    /// The trie the pass is in.
    storage_of: Option<Address>,
    /// The records of nodes that were replaced or removed.
    visited: Vec<NodeKey>,
    /// The records of nodes that were made.
    written: Vec<(NodeKey, Option<Bytes>)>,
    /// How many nodes were made.
    created: usize,
}

/// A node on its way: its parent may still take it into itself, so that it has no record yet.
enum Draft {
    /// A child as it was.
    Same(Child),
    /// A new node, its children sealed.
    New(Kind),
}

impl Draft {
    const fn is_empty(&self) -> bool {
        matches!(self, Self::Same(Child::Empty))
    }
}

impl<V: StateView + ?Sized> Pass<'_, V> {
    /// Changes a whole trie.
    fn root<E: Edit>(&mut self, root: &Child, edits: &[E]) -> Result<Child, StateError> {
        if edits.is_empty() {
            return Ok(root.kept(self.keep_from));
        }
        let draft = self.change(root, Nibbles::new(), edits)?;
        Ok(self.seal(draft, Nibbles::new()))
    }

    /// Changes the storage trie of a contract.
    fn storage(&mut self, address: Address, root: &Child, edits: &[SlotEdit]) -> Result<Child, StateError> {
        self.storage_of = Some(address);
        let root = self.root(root, edits);
        self.storage_of = None;
        root
    }

    /// Applies edits, one at least, to what hangs at `path`.
    fn change<E: Edit>(&mut self, child: &Child, path: Nibbles, edits: &[E]) -> Result<Draft, StateError> {
        if child.is_empty() {
            return self.plant(path, None, edits);
        }
        self.visit(child, path);
        let read;
        let kind = match child {
            Child::Loaded(node) => &node.kind,
            Child::Empty | Child::Stored(_) => {
                read = self.read(child, path)?;
                &read
            }
        };
        match kind {
            Kind::Leaf(rest, entry) => self.plant(path, Some((path.join(rest), entry.clone())), edits),
            Kind::Extension(rest, below) => self.change_extension(path, (rest, below), edits),
            Kind::Branch(children) => self.change_branch(children, path, edits),
        }
    }

    /// Makes what `edits` leave where nothing or one leaf was.
    fn plant<E: Edit>(
        &mut self,
        path: Nibbles,
        old: Option<(Nibbles, Entry)>,
        edits: &[E],
    ) -> Result<Draft, StateError> {
        let mut leaves = Vec::with_capacity(edits.len() + 1);
        let mut old = old;
        for edit in edits {
            if let Some(before) = old.take_if(|(key, _)| *key < *edit.key()) {
                leaves.push(before);
            }
            let same = old.take_if(|(key, _)| key == edit.key()).map(|(_, entry)| entry);
            if let Some(entry) = edit.apply(same, self)? {
                leaves.push((*edit.key(), entry));
            }
        }
        leaves.extend(old);
        Ok(self.grow(path, &mut leaves))
    }

    /// The smallest subtrie at `path` that holds these leaves, sorted by key.
    fn grow(&mut self, path: Nibbles, leaves: &mut [(Nibbles, Entry)]) -> Draft {
        let (first, last) = match leaves {
            [] => return Draft::Same(Child::Empty),
            [(key, entry)] => {
                let mut entry = std::mem::take(entry);
                entry.storage = entry.storage.kept(self.keep_from);
                return Draft::New(Kind::Leaf(key.slice(path.len()..), entry));
            }
            [(first, _), .., (last, _)] => (*first, *last),
        };
        let fork = first.common_prefix_length(&last);
        let mut children: Box<[Child; 16]> = Box::default();
        for group in leaves.chunk_by_mut(|(a, _), (b, _)| nibble(a, fork) == nibble(b, fork)) {
            let at = group.first().map(|(key, _)| *key).expect("groups are not empty").slice(..=fork);
            let draft = self.grow(at, group);
            children[nibble(&at, fork)] = self.seal(draft, at);
        }
        Draft::New(self.lengthen(path, first.slice(path.len()..fork), Kind::Branch(children)))
    }

    fn change_extension<E: Edit>(
        &mut self,
        path: Nibbles,
        (rest, below): (&Nibbles, &Child),
        edits: &[E],
    ) -> Result<Draft, StateError> {
        let whole = path.join(rest);
        let shared = |edit: Option<&E>| edit.map_or(0, |edit| edit.key().common_prefix_length(&whole));
        let fork = shared(edits.first()).min(shared(edits.last()));
        if fork == whole.len() {
            let draft = self.change(below, whole, edits)?;
            return self.below(path, *rest, draft);
        }
        // Some key leaves the extension half-way: a branch stands there for the moment, and falls again if no key
        // stays.
        let at = whole.slice(..fork);
        let tail = whole.slice(fork + 1..);
        let mut children: Box<[Child; 16]> = Box::default();
        children[nibble(&whole, fork)] = if tail.is_empty() {
            below.clone()
        } else {
            self.seal(Draft::New(Kind::Extension(tail, below.kept(self.keep_from))), whole.slice(..=fork))
        };
        let draft = self.change_branch(&children, at, edits)?;
        self.below(path, at.slice(path.len()..), draft)
    }

    fn change_branch<E: Edit>(
        &mut self,
        children: &[Child; 16],
        path: Nibbles,
        edits: &[E],
    ) -> Result<Draft, StateError> {
        let depth = path.len();
        let mut next = Box::new(children.each_ref().map(|child| child.kept(self.keep_from)));
        let mut drafts = Vec::with_capacity(16);
        for group in edits.chunk_by(|a, b| nibble(a.key(), depth) == nibble(b.key(), depth)) {
            let at = group.first().map(Edit::key).expect("groups are not empty").slice(..=depth);
            let place = nibble(&at, depth);
            next[place] = Child::Empty;
            let draft = self.change(&children[place], at, group)?;
            if !draft.is_empty() {
                drafts.push((at, draft));
            }
        }
        let untouched = next.iter().filter(|child| !child.is_empty()).count();
        match (untouched, drafts.len()) {
            (0, 0) => Ok(Draft::Same(Child::Empty)),
            (0, 1) => {
                let (at, draft) = drafts.pop().expect("there is one");
                self.below(path, at.slice(depth..), draft)
            }
            (1, 0) => {
                let place = next.iter().position(|child| !child.is_empty()).expect("there is one");
                let only = Nibbles::from_nibbles([u8::try_from(place).expect("a nibble")]);
                self.below(path, only, Draft::Same(children[place].clone()))
            }
            _ => {
                for (at, draft) in drafts {
                    next[nibble(&at, depth)] = self.seal(draft, at);
                }
                Ok(Draft::New(Kind::Branch(next)))
            }
        }
    }

    /// What stands at `path` if `draft` hangs `rest` below it.
    fn below(&mut self, path: Nibbles, rest: Nibbles, draft: Draft) -> Result<Draft, StateError> {
        let child = match draft {
            Draft::Same(Child::Empty) => return Ok(draft),
            Draft::New(kind) => return Ok(Draft::New(self.lengthen(path, rest, kind))),
            Draft::Same(child) if rest.is_empty() => return Ok(Draft::Same(child)),
            Draft::Same(child) => child,
        };
        let at = path.join(&rest);
        let kind = match &child {
            Child::Loaded(node) => match &node.kind {
                Kind::Branch(_) => return Ok(Draft::New(Kind::Extension(rest, child))),
                kind @ (Kind::Leaf(..) | Kind::Extension(..)) => kind.clone(),
            },
            Child::Empty | Child::Stored(_) => match self.read(&child, at)? {
                Kind::Branch(_) => return Ok(Draft::New(Kind::Extension(rest, child))),
                kind @ (Kind::Leaf(..) | Kind::Extension(..)) => kind,
            },
        };
        self.visit(&child, at);
        Ok(Draft::New(self.lengthen(path, rest, kind)))
    }

    /// `kind` as it stands at `path` after hanging `rest` below: leaves and extensions take the nibbles in.
    fn lengthen(&mut self, path: Nibbles, rest: Nibbles, kind: Kind) -> Kind {
        if rest.is_empty() {
            return kind;
        }
        match kind {
            Kind::Leaf(tail, entry) => Kind::Leaf(rest.join(&tail), entry),
            Kind::Extension(tail, child) => Kind::Extension(rest.join(&tail), child),
            Kind::Branch(_) => {
                let branch = self.seal(Draft::New(kind), path.join(&rest));
                Kind::Extension(rest, branch)
            }
        }
    }

    /// Gives a node its final place: encodes, hashes and records it.
    fn seal(&mut self, draft: Draft, path: Nibbles) -> Child {
        let kind = match draft {
            Draft::Same(child) => return child,
            Draft::New(kind) => kind,
        };
        let (reference, written) = record(kind.encode(), path.is_empty());
        if let Some(rlp) = written {
            self.written.push((self.key(path), Some(rlp)));
        }
        self.created += 1;
        Child::Loaded(Node { reference, born: self.born, kind }.into())
    }

    /// Notes that the node at `path` will be another one.
    fn visit(&mut self, child: &Child, path: Nibbles) {
        if !child.has_record() {
            return;
        }
        let key = self.key(path);
        if matches!(child, Child::Loaded(node) if node.born == self.born) {
            // Made in this pass, to split an extension that in the end stays whole: there never was a record.
            self.written.retain(|(written, _)| *written != key);
        } else {
            self.visited.push(key);
        }
    }

    /// The content of a node that is there.
    fn read(&self, child: &Child, path: Nibbles) -> Result<Kind, StateError> {
        let key = self.key(path);
        let reference = match child {
            Child::Empty => return Err(StateError::damaged(&key, "nothing hangs here")),
            Child::Loaded(node) => return Ok(node.kind.clone()),
            Child::Stored(reference) => reference,
        };
        let Some(hash) = reference.as_hash() else { return Kind::decode(reference, &key) };
        let rlp = self.view.trie_node(&key)?.ok_or_else(|| StateError::damaged(&key, "there is none"))?;
        let found = keccak256(&rlp);
        if found != hash {
            return Err(StateError::damaged(&key, format!("its hash is {found}, not {hash}")));
        }
        Kind::decode(&rlp, &key)
    }

    const fn key(&self, path: Nibbles) -> NodeKey {
        NodeKey { storage_of: self.storage_of, path }
    }

    /// Every record that was made, and a deletion for every visited place that has none now (rule X16).
    fn records(self) -> Vec<(NodeKey, Option<Bytes>)> {
        let Self { mut visited, mut written, .. } = self;
        written.sort_unstable_by_key(|(key, _)| *key);
        visited.retain(|key| written.binary_search_by_key(key, |(key, _)| *key).is_err());
        if !visited.is_empty() {
            written.extend(visited.into_iter().map(|key| (key, None)));
            written.sort_unstable_by_key(|(key, _)| *key);
        }
        written
    }
}

/// The nibble at `depth` of a key that is longer.
fn nibble(key: &Nibbles, depth: usize) -> usize {
    usize::from(key.get(depth).expect("keys have 64 nibbles"))
}

#[cfg(test)]
#[path = "../tests/trie.rs"]
mod tests;
