//! What is changed in a trie.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::{Nibbles, TrieAccount};

use super::{
    Pass,
    node::{Child, Entry},
};
use crate::{Account, StateError, StateView};

/// A change of what stands under one key.
pub(crate) trait Edit {
    /// The key: the hash of an address or slot, as 64 nibbles.
    fn key(&self) -> &Nibbles;

    /// What stands under the key afterwards.
    ///
    /// # Errors
    /// [`StateError`] if the store lacks a record.
    fn apply<V: StateView + ?Sized>(
        &self,
        old: Option<Entry>,
        pass: &mut Pass<'_, V>,
    ) -> Result<Option<Entry>, StateError>;
}

/// A new value of a storage slot.
#[derive(Debug)]
pub(crate) struct SlotEdit {
    key: Nibbles,
    value: U256,
}

impl SlotEdit {
    /// The slot is set to `value`; zero removes it.
    pub(crate) fn new(slot: U256, value: U256) -> Self {
        Self { key: hashed(B256::from(slot)), value }
    }

    /// The same under a key of our choice, to bring about what hashes hardly ever do.
    #[cfg(test)]
    pub(super) const fn at(key: Nibbles, value: U256) -> Self {
        Self { key, value }
    }
}

impl Edit for SlotEdit {
    fn key(&self) -> &Nibbles {
        &self.key
    }

    fn apply<V: StateView + ?Sized>(&self, _: Option<Entry>, _: &mut Pass<'_, V>) -> Result<Option<Entry>, StateError> {
        if self.value.is_zero() {
            return Ok(None);
        }
        Ok(Some(Entry { value: alloy_rlp::encode(self.value), storage: Child::Empty }))
    }
}

/// A new state of an account.
#[derive(Debug)]
pub(crate) struct AccountEdit {
    key: Nibbles,
    address: Address,
    account: Option<Account>,
    slots: Vec<SlotEdit>,
}

impl AccountEdit {
    /// The account becomes `account`, and its slots what `slots` say, in any order but without doubles.
    pub(crate) fn new(address: Address, account: Option<Account>, mut slots: Vec<SlotEdit>) -> Self {
        slots.sort_unstable_by_key(|slot| slot.key);
        Self { key: hashed(address), address, account, slots }
    }
}

impl Edit for AccountEdit {
    fn key(&self) -> &Nibbles {
        &self.key
    }

    fn apply<V: StateView + ?Sized>(
        &self,
        old: Option<Entry>,
        pass: &mut Pass<'_, V>,
    ) -> Result<Option<Entry>, StateError> {
        let storage = old.map(|entry| entry.storage).unwrap_or_default();
        let Some(account) = self.account else {
            assert!(storage.is_empty(), "an account that can cease to exist has no storage (rules X3 and EIP-6780)");
            return Ok(None);
        };
        let storage = pass.storage(self.address, &storage, &self.slots)?;
        let Account { nonce, balance, code_hash } = account;
        let value = alloy_rlp::encode(TrieAccount::new(nonce, balance, storage.root_hash(), code_hash));
        Ok(Some(Entry { value, storage }))
    }
}

fn hashed(key: impl AsRef<[u8]>) -> Nibbles {
    Nibbles::unpack(keccak256(key))
}
