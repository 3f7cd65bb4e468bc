//! Nodes of a Merkle-Patricia trie (Yellow Paper, appendix D): their forms, their RLP, and references to them.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use alloy_rlp::{Decodable, EMPTY_STRING_CODE, Header};
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles, TrieAccount,
    nodes::{BranchNode, ExtensionNodeRef, LeafNodeRef, RlpNode, TrieNode},
};

use crate::{NodeKey, StateError};

/// What hangs at a place of a trie.
#[derive(Clone, Debug, Default)]
pub(crate) enum Child {
    /// Nothing.
    #[default]
    Empty,
    /// A node that is not decoded: the hash of its record in the store, or the RLP itself if shorter than 32 bytes.
    Stored(RlpNode),
    /// A decoded node, shared by all versions of the trie that hold it.
    Loaded(Arc<Node>),
}

impl Child {
    /// The root of a trie that the store holds.
    pub(crate) fn root(hash: B256) -> Self {
        if hash == EMPTY_ROOT_HASH { Self::Empty } else { Self::Stored(RlpNode::word_rlp(&hash)) }
    }

    /// The hash of the trie whose root this is.
    pub(crate) fn root_hash(&self) -> B256 {
        self.reference().map_or(EMPTY_ROOT_HASH, |reference| {
            reference.as_hash().expect("the reference to a root is a hash, however short its RLP")
        })
    }

    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// What the parent's RLP holds for it.
    pub(crate) fn reference(&self) -> Option<&RlpNode> {
        match self {
            Self::Empty => None,
            Self::Stored(reference) => Some(reference),
            Self::Loaded(node) => Some(&node.reference),
        }
    }

    /// Whether a record of its own holds it, rather than its parent's.
    pub(crate) fn has_record(&self) -> bool {
        self.reference().is_some_and(RlpNode::is_hash)
    }

    /// This child, let go if it was last changed before the height `keep_from`: the store then has it (rule X17).
    pub(crate) fn kept(&self, keep_from: u64) -> Self {
        match self {
            Self::Loaded(node) if node.born < keep_from => Self::Stored(node.reference.clone()),
            Self::Empty | Self::Stored(_) | Self::Loaded(_) => self.clone(),
        }
    }
}

/// A node as a batch made it.
#[derive(Debug)]
pub(crate) struct Node {
    /// What the parent's RLP holds for it.
    pub(crate) reference: RlpNode,
    /// The height of the batch that made it. No node below it is younger.
    pub(crate) born: u64,
    /// Its form and content.
    pub(crate) kind: Kind,
}

/// The three forms of a node. Keys all have 64 nibbles, so that branches hold no values.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The rest of a key, and what stands under the key.
    Leaf(Nibbles, Entry),
    /// Nibbles that all keys below share, and the branch where they part.
    Extension(Nibbles, Child),
    /// A child for each next nibble; two at least.
    Branch(Box<[Child; 16]>),
}

/// What stands under a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// The RLP of an account or of a slot's value.
    pub(crate) value: Vec<u8>,
    /// The root of the account's storage trie, which the value names.
    pub(crate) storage: Child,
}

impl Kind {
    /// The node's RLP.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Leaf(path, entry) => alloy_rlp::encode(LeafNodeRef::new(path, &entry.value)),
            Self::Extension(path, child) => {
                let child = child.reference().expect("an extension leads to a branch");
                alloy_rlp::encode(ExtensionNodeRef::new(path, child))
            }
            Self::Branch(children) => encode_branch(children),
        }
    }

    /// Reads the RLP found at `key`; leaves of the account trie bring the roots of their storage tries.
    pub(crate) fn decode(mut rlp: &[u8], key: &NodeKey) -> Result<Self, StateError> {
        let node = TrieNode::decode(&mut rlp).map_err(|error| StateError::damaged(key, error))?;
        Ok(match node {
            TrieNode::EmptyRoot => return Err(StateError::damaged(key, "an empty node has no record")),
            TrieNode::Branch(branch) => Self::Branch(children_of(branch)),
            TrieNode::Extension(extension) => Self::Extension(extension.key, Child::Stored(extension.child)),
            TrieNode::Leaf(leaf) if key.storage_of.is_some() => {
                Self::Leaf(leaf.key, Entry { value: leaf.value, storage: Child::Empty })
            }
            TrieNode::Leaf(leaf) => {
                let account = TrieAccount::decode(&mut leaf.value.as_slice());
                let account = account.map_err(|error| StateError::damaged(key, error))?;
                Self::Leaf(leaf.key, Entry { value: leaf.value, storage: Child::root(account.storage_root) })
            }
        })
    }
}

fn encode_branch(children: &[Child; 16]) -> Vec<u8> {
    let payload_length: usize = children.iter().map(|child| child.reference().map_or(1, |rlp| rlp.len())).sum();
    let header = Header { list: true, payload_length: payload_length + 1 };
    let mut rlp = Vec::with_capacity(header.length_with_payload());
    header.encode(&mut rlp);
    for child in children {
        match child.reference() {
            Some(reference) => rlp.extend_from_slice(reference),
            None => rlp.push(EMPTY_STRING_CODE),
        }
    }
    rlp.push(EMPTY_STRING_CODE);
    rlp
}

fn children_of(branch: BranchNode) -> Box<[Child; 16]> {
    let mut children: Box<[Child; 16]> = Box::default();
    for (nibble, reference) in branch.state_mask.iter().zip(branch.stack) {
        children[usize::from(nibble)] = Child::Stored(reference);
    }
    children
}

/// A node's record as it is written, and the reference to it; `None` where the parent's record holds it.
pub(crate) fn record(rlp: Vec<u8>, is_root: bool) -> (RlpNode, Option<Bytes>) {
    if rlp.len() < B256::len_bytes() && !is_root {
        return (RlpNode::from_rlp(&rlp), None);
    }
    (RlpNode::word_rlp(&alloy_primitives::keccak256(&rlp)), Some(rlp.into()))
}
