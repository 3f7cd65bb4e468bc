//! What is remembered of accounts (rule M2).

use alloy_primitives::{Address, U256};

use super::rich;
use crate::{AccountCode, AccountState, limits::RECENT_ACCOUNTS_MAX, recent::RecentAccounts};

#[test]
fn the_oldest_account_is_forgotten_at_the_limit() {
    let mut recent = RecentAccounts::default();
    let address = |number: usize| Address::left_padding_from(&number.to_be_bytes());
    for number in 0..RECENT_ACCOUNTS_MAX {
        recent.note(address(number), rich(5));
    }
    recent.note(address(0), rich(6));
    assert_eq!(recent.newer(&address(1), rich(4)), rich(5), "at the limit all are known");
    recent.note(address(RECENT_ACCOUNTS_MAX), rich(5));
    assert_eq!(recent.newer(&address(1), rich(4)), rich(4), "one past it the oldest is forgotten");
    assert_eq!(recent.newer(&address(0), rich(4)), rich(6), "what changed again is not the oldest");
}

#[test]
fn what_was_read_as_late_is_believed() {
    let mut recent = RecentAccounts::default();
    recent.note(Address::ZERO, rich(5));
    let poor = AccountState { nonce: 5, balance: U256::from(1), code: AccountCode::Delegation };
    assert_eq!(recent.newer(&Address::ZERO, poor), poor);
}

#[test]
fn contracts_and_accounts_that_never_sent_are_not_remembered() {
    let mut recent = RecentAccounts::default();
    recent.note(Address::ZERO, AccountState { code: AccountCode::Contract, ..rich(5) });
    assert_eq!(recent.newer(&Address::ZERO, rich(4)), rich(4));
}
