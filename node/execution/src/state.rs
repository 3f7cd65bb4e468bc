//! What the state is made of, and how the last final one is read.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use alloy_trie::Nibbles;

/// An account without its storage. Its RLP (nonce, balance, code hash) is what a store keeps under the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Account {
    /// How many transactions (of a contract: creations) it has sent.
    pub nonce: u64,
    /// Its balance in wei.
    pub balance: U256,
    /// keccak256 of its code; of no bytes where it has none.
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

impl Account {
    /// Whether EIP-161 takes it for absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && self.code_hash == KECCAK256_EMPTY
    }
}

/// The place of a trie node's record (rule X16): which trie, and the nibbles that lead to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeKey {
    /// The contract whose storage trie it is; `None` for the trie of accounts.
    pub storage_of: Option<Address>,
    /// The nibbles from the root to the node.
    pub path: Nibbles,
}

impl NodeKey {
    /// Its bytes as a key of a store: 0, or 1 and the address; then the nibbles packed two a byte; then their number.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + Address::len_bytes() + self.path.len() / 2 + 2);
        match self.storage_of {
            None => bytes.push(0),
            Some(address) => {
                bytes.push(1);
                bytes.extend_from_slice(address.as_slice());
            }
        }
        bytes.extend_from_slice(&self.path.pack());
        bytes.push(u8::try_from(self.path.len()).unwrap_or(u8::MAX));
        bytes
    }
}

/// What a batch changes, each list sorted by its key and without doubles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Accounts as they are afterwards; `None` where one ceased to exist.
    pub accounts: Vec<(Address, Option<Account>)>,
    /// Storage slots as they are afterwards; zero where one is cleared.
    pub slots: Vec<((Address, U256), U256)>,
    /// Code that is new, by its hash. Code is never deleted: accounts share it.
    pub codes: Vec<(B256, Bytes)>,
    /// Records of trie nodes, their RLP; `None` where a place has no record any more.
    pub nodes: Vec<(NodeKey, Option<Bytes>)>,
}

impl Changes {
    /// The account after the batch, if the batch changed it.
    #[must_use]
    pub fn account(&self, address: &Address) -> Option<Option<Account>> {
        find(&self.accounts, address)
    }

    /// The slot after the batch, if the batch changed it.
    #[must_use]
    pub fn slot(&self, address: Address, slot: U256) -> Option<U256> {
        find(&self.slots, &(address, slot))
    }

    /// The code, if the batch brought it.
    #[must_use]
    pub fn code(&self, hash: &B256) -> Option<Bytes> {
        find(&self.codes, hash)
    }
}

fn find<K: Ord, V: Clone>(sorted: &[(K, V)], key: &K) -> Option<V> {
    let index = sorted.binary_search_by(|(candidate, _)| candidate.cmp(key)).ok()?;
    sorted.get(index).map(|(_, value)| value.clone())
}

/// The store failed or does not hold what it must: the node cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Reading failed.
    #[error("reading the state failed: {0}")]
    Store(String),
    /// The view shows another batch as the last final one (rule X15).
    #[error("the state read has {found:?} at height {height}, not {expected}")]
    OtherHead {
        /// The height of the last final batch.
        height: u64,
        /// Its hash.
        expected: B256,
        /// What the view has there.
        found: Option<B256>,
    },
    /// Code that an account names is missing.
    #[error("code {0} is missing in the store")]
    CodeMissing(B256),
    /// A trie record is missing, or its hash or form is wrong.
    #[error("the trie record at {path:?} of {storage_of:?} is damaged: {reason}")]
    NodeDamaged {
        /// The contract whose storage trie it is.
        storage_of: Option<Address>,
        /// The nibbles to it.
        path: Nibbles,
        /// What is wrong.
        reason: String,
    },
    /// The EVM failed in a way that no transaction may cause.
    #[error("the EVM failed: {0}")]
    Evm(String),
}

impl StateError {
    pub(crate) fn damaged(key: &NodeKey, reason: impl ToString) -> Self {
        Self::NodeDamaged { storage_of: key.storage_of, path: key.path, reason: reason.to_string() }
    }
}

impl revm::database_interface::DBErrorMarker for StateError {}

/// A read-only snapshot of the state after the last final batch: sled in the node, memory in the simulator.
///
/// Rule X15: it shows the state after exactly the batch that [`Execution`](crate::Execution) last finalized.
pub trait StateView {
    /// The account, if it exists.
    ///
    /// # Errors
    /// [`StateError::Store`].
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError>;

    /// The value of a storage slot; zero where there is none.
    ///
    /// # Errors
    /// [`StateError::Store`].
    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError>;

    /// The code of this hash.
    ///
    /// # Errors
    /// [`StateError::Store`].
    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError>;

    /// The hash of the final batch of this height; genesis is 0.
    ///
    /// # Errors
    /// [`StateError::Store`].
    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError>;

    /// The RLP recorded for a trie node.
    ///
    /// # Errors
    /// [`StateError::Store`].
    fn trie_node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError>;
}

impl<V: StateView + ?Sized> StateView for Arc<V> {
    fn account(&self, address: &Address) -> Result<Option<Account>, StateError> {
        self.as_ref().account(address)
    }

    fn slot(&self, address: &Address, slot: &U256) -> Result<U256, StateError> {
        self.as_ref().slot(address, slot)
    }

    fn code(&self, hash: &B256) -> Result<Option<Bytes>, StateError> {
        self.as_ref().code(hash)
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, StateError> {
        self.as_ref().block_hash(height)
    }

    fn trie_node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        self.as_ref().trie_node(key)
    }
}
