//! What the last final batches said of accounts that have nothing waiting (rule M2).

use std::collections::BTreeMap;

use alloy_primitives::Address;

use crate::{AccountCode, AccountState, limits::RECENT_ACCOUNTS_MAX};

/// The accounts that final batches changed, the latest ones.
#[derive(Debug, Default)]
pub(crate) struct RecentAccounts {
    accounts: BTreeMap<Address, (u64, AccountState)>,
    ages: BTreeMap<u64, Address>,
    noted: u64,
}

impl RecentAccounts {
    /// Notes an account as a final batch left it. One that never sent cannot be read with too low a nonce.
    pub(crate) fn note(&mut self, address: Address, account: AccountState) {
        if account.nonce == 0 || account.code == AccountCode::Contract {
            return;
        }
        self.noted += 1;
        if let Some((age, _)) = self.accounts.insert(address, (self.noted, account)) {
            self.ages.remove(&age);
        }
        self.ages.insert(self.noted, address);
        if self.ages.len() > RECENT_ACCOUNTS_MAX
            && let Some((_, oldest)) = self.ages.pop_first()
        {
            self.accounts.remove(&oldest);
        }
    }

    /// How many accounts are remembered.
    pub(crate) fn len(&self) -> usize {
        self.accounts.len()
    }

    /// The account as the caller read it, unless a final batch has used a nonce since.
    pub(crate) fn newer(&self, address: &Address, read: AccountState) -> AccountState {
        let noted = self.accounts.get(address).map(|(_, noted)| *noted);
        noted.filter(|noted| noted.nonce > read.nonce).unwrap_or(read)
    }
}
