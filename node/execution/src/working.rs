//! The state while a batch runs: what the EVM reads and where each transaction's changes gather.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use revm::{
    Database,
    database_interface::DatabaseCommit,
    primitives::AddressMap,
    state::{Account as EvmAccount, AccountInfo, Bytecode},
};

use crate::{
    Account, Changes, State, StateError, StateView,
    limits::{CODE_CACHE_BYTES_MAX, CODE_CACHE_ENTRY_BYTES},
    trie::{AccountEdit, Edit, SlotEdit},
};

/// A value before the batch and now.
#[derive(Clone, Copy, Debug)]
struct Versions<T> {
    before: T,
    now: T,
}

impl<T: Copy + PartialEq> Versions<T> {
    const fn read(value: T) -> Self {
        Self { before: value, now: value }
    }

    fn change(&self) -> Option<T> {
        (self.before != self.now).then_some(self.now)
    }
}

/// The state of a batch under way.
pub(crate) struct Working<'v, V: ?Sized> {
    state: State<'v, V>,
    accounts: BTreeMap<Address, Versions<Option<Account>>>,
    slots: BTreeMap<(Address, U256), Versions<U256>>,
    /// Accounts whose storage below this batch no longer counts: created in it, or overridden as a whole.
    cleared: BTreeSet<Address>,
    new_codes: BTreeMap<B256, Bytecode>,
    codes: CodeCache,
}

impl<V: ?Sized> fmt::Debug for Working<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Working").field("accounts", &self.accounts.len()).field("slots", &self.slots.len()).finish()
    }
}

impl<'v, V: StateView + ?Sized> Working<'v, V> {
    /// Starts on a state, with the code that earlier batches have analysed.
    pub(crate) const fn new(state: State<'v, V>, codes: CodeCache) -> Self {
        Self {
            state,
            accounts: BTreeMap::new(),
            slots: BTreeMap::new(),
            cleared: BTreeSet::new(),
            new_codes: BTreeMap::new(),
            codes,
        }
    }

    /// The account as it is now.
    pub(crate) fn account(&mut self, address: Address) -> Result<Option<Account>, StateError> {
        Ok(self.entry(address)?.now)
    }

    /// Sets an account.
    pub(crate) fn set_account(&mut self, address: Address, account: Account) -> Result<(), StateError> {
        self.entry(address)?.now = Some(account).filter(|account| !account.is_empty());
        Ok(())
    }

    /// Sets a storage slot.
    pub(crate) fn set_slot(&mut self, address: Address, slot: U256, value: U256) -> Result<(), StateError> {
        let before = self.read_slot(address, slot)?;
        self.slots.entry((address, slot)).or_insert(Versions::read(before)).now = value;
        Ok(())
    }

    /// Sets every storage slot to zero.
    pub(crate) fn clear_slots(&mut self, address: Address) {
        self.cleared.insert(address);
        for (_, versions) in self.slots.range_mut((address, U256::ZERO)..=(address, U256::MAX)) {
            versions.now = U256::ZERO;
        }
    }

    /// Brings code, and gives its hash.
    pub(crate) fn add_code(&mut self, code: Bytecode) -> B256 {
        let hash = code.hash_slow();
        self.new_codes.insert(hash, code);
        hash
    }

    /// Ends the batch: the changes but for the trie, the edits of the trie sorted by key, and the cache of code.
    pub(crate) fn finish(self) -> (Changes, Vec<AccountEdit>, CodeCache) {
        let Self { accounts, slots, new_codes, mut codes, .. } = self;
        let slots: Vec<_> = slots.into_iter().filter_map(|(key, slot)| Some((key, slot.change()?))).collect();
        let mut edits = Vec::with_capacity(accounts.len());
        let mut changes = Changes::default();
        let mut rest = slots.as_slice();
        for (address, versions) in accounts {
            let own = rest.partition_point(|((owner, _), _)| *owner == address);
            let (own, others) = rest.split_at(own);
            rest = others;
            if let Some(account) = versions.change() {
                changes.accounts.push((address, account));
            } else if own.is_empty() {
                continue;
            }
            let own = own.iter().map(|((_, slot), value)| SlotEdit::new(*slot, *value)).collect();
            edits.push(AccountEdit::new(address, versions.now, own));
        }
        assert!(rest.is_empty(), "the EVM loads an account before it stores to it");
        edits.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        changes.slots = slots;
        changes.codes = new_codes.iter().map(|(hash, code)| (*hash, code.original_bytes())).collect();
        for (hash, code) in new_codes {
            codes.insert(hash, code);
        }
        (changes, edits, codes)
    }

    fn entry(&mut self, address: Address) -> Result<&mut Versions<Option<Account>>, StateError> {
        use std::collections::btree_map::Entry;
        Ok(match self.accounts.entry(address) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Versions::read(self.state.account(&address)?)),
        })
    }

    fn read_slot(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        use std::collections::btree_map::Entry;
        match self.slots.entry((address, slot)) {
            Entry::Occupied(entry) => Ok(entry.get().now),
            Entry::Vacant(_) if self.cleared.contains(&address) => Ok(U256::ZERO),
            Entry::Vacant(entry) => Ok(entry.insert(Versions::read(self.state.slot(&address, &slot)?)).now),
        }
    }

    fn commit_account(&mut self, address: Address, account: EvmAccount) {
        if !account.is_touched() {
            return;
        }
        if account.is_selfdestructed() || account.is_created() {
            self.clear_slots(address);
        }
        let entry = self.accounts.get_mut(&address).expect("the EVM loads an account before it changes it");
        if account.is_selfdestructed() || account.is_empty() {
            // EIP-161 and EIP-6780: what is empty, or created and destroyed in one transaction, is gone.
            entry.now = None;
            return;
        }
        let AccountInfo { nonce, balance, code_hash, code, .. } = account.info;
        let known = entry.now.map_or(KECCAK256_EMPTY, |account| account.code_hash);
        entry.now = Some(Account { nonce, balance, code_hash });
        if code_hash != known && code_hash != KECCAK256_EMPTY {
            let code = code.expect("the EVM brings the code it sets");
            self.new_codes.insert(code_hash, code);
        }
        for (slot, value) in account.storage {
            if value.is_changed() {
                let before = value.original_value();
                let before = if self.cleared.contains(&address) { U256::ZERO } else { before };
                self.slots.entry((address, slot)).or_insert(Versions::read(before)).now = value.present_value();
            }
        }
    }
}

impl<V: StateView + ?Sized> Database for Working<'_, V> {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.account(address)?.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            account_id: None,
            code: (account.code_hash == KECCAK256_EMPTY).then(Bytecode::default),
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, StateError> {
        if let Some(code) = self.new_codes.get(&hash).or_else(|| self.codes.get(&hash)) {
            return Ok(code.clone());
        }
        let code = analyse(self.state.code(&hash)?)?;
        self.codes.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.read_slot(address, slot)
    }

    fn block_hash(&mut self, height: u64) -> Result<B256, StateError> {
        Ok(self.state.block_hash(height)?.unwrap_or_default())
    }
}

impl<V: StateView + ?Sized> DatabaseCommit for Working<'_, V> {
    fn commit(&mut self, changes: AddressMap<EvmAccount>) {
        // The map's order does not matter: each account goes to its own place in a sorted map.
        for (address, account) in changes {
            self.commit_account(address, account);
        }
    }
}

/// Code as the EVM runs it, with its jump destinations.
pub(crate) fn analyse(code: Bytes) -> Result<Bytecode, StateError> {
    Bytecode::new_raw_checked(code).map_err(|error| StateError::Evm(error.to_string()))
}

/// Analysed code of contracts, at most [`CODE_CACHE_BYTES_MAX`] of it; the oldest makes room.
#[derive(Debug, Default)]
pub(crate) struct CodeCache {
    codes: BTreeMap<B256, Bytecode>,
    order: VecDeque<B256>,
    bytes: usize,
}

impl CodeCache {
    /// The empty cache.
    pub(crate) const fn new() -> Self {
        Self { codes: BTreeMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    fn get(&self, hash: &B256) -> Option<&Bytecode> {
        self.codes.get(hash)
    }

    pub(crate) fn insert(&mut self, hash: B256, code: Bytecode) {
        let taken = code.len() + CODE_CACHE_ENTRY_BYTES;
        if taken > CODE_CACHE_BYTES_MAX || self.codes.insert(hash, code).is_some() {
            return;
        }
        self.order.push_back(hash);
        self.bytes += taken;
        while self.bytes > CODE_CACHE_BYTES_MAX {
            let oldest = self.order.pop_front().and_then(|oldest| self.codes.remove(&oldest));
            self.bytes -= oldest.expect("what counts is in the cache").len() + CODE_CACHE_ENTRY_BYTES;
        }
    }

    /// How many codes it holds.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.order.len(), self.codes.len(), "the queue names what the map holds");
        self.codes.len()
    }
}
